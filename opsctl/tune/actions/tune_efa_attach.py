"""Attaches efa-only interfaces to stopped instances."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Choice, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import is_alive, state_is
from opsctl.tune.efa_layout import EfaSlot
from opsctl.tune.efa_reads import EfaTarget, read_targets
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.interface_calls import (
    attach,
    attachment_id,
    deletion_is,
    detach,
    devices_used,
    interface_id,
    is_attached,
    is_free,
    made_for,
    set_deletion,
)

_REJECTED = ("InvalidParameterValue", "InvalidParameterCombination", "AttachmentLimitExceeded")
"""A device index that is taken, or that the card does not have: another one is tried."""
_FOR_GOOD = (*REFUSED_BEFORE_START, *_REJECTED, "IncorrectState", "InvalidNetworkInterface.InUse")
"""Codes after which the instance is started as it was: no other device index would help."""
_NOTE = (
    "Simplified automatic recovery ends: AWS does not restart an instance with an EFA on other hardware by "
    "itself. With more than one interface it gets no new public address at a start; an Elastic IP stays."
)


class TuneEfaAttach(Action):
    """Attach the efa-only interfaces of the same plan to stopped instances, to be deleted with them.

    Each goes to its network card at the device index of the user guide, or to another where AWS refuses that one.
    Undo detaches them, which needs the instances stopped as well.
    """

    name: ClassVar[str] = "tune.efa_attach"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    made_by: str = Field("", description="Id of the plan that made the interfaces; empty: this one.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")
    why: str = Field(description="What they are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one AttachNetworkInterface and one ModifyNetworkInterfaceAttribute for each place."""
        targets = yield from read_targets(self.instances, about.region, self.instance_type)
        places = [(one, slot) for one in targets for slot in one.slots]
        return [
            change
            for target, slot in places
            for change in self._placed(target, slot, self.made_by or about.plan_id)
        ]

    def _placed(self, target: EfaTarget, slot: EfaSlot, plan_id: str) -> list[Change]:
        of, card = target.instance, slot.card
        id_, kept = f"{of.id}-{card}", f"{of.id}-{card}-deletion"
        ours, what = made_for(plan_id, of.id, card), f"the EFA for network card {card} of {of.id}"
        stopped = state_is(of.id, "stopped").model_copy(update={"context": True})
        attached = Change(
            **dict(attach(reference(id_, "interface"), of.id, card, slot.devices[0])),
            id=id_,
            title=f"Attach an EFA to {of.title} at network card {card}",
            why=self.why,
            expect=(is_free(ours, what), stopped),
            proof=Proof(configured=(is_attached(ours, of.id, what),), within_s=120),
            undo=detach(reference(id_, "attachment")),
            risk=Risk(severity=Severity.HIGH, affects=(of.id,), note=_NOTE),
            outputs={"interface": interface_id(ours), "attachment": attachment_id(ours)},
            choice=Choice(
                what=f"device index of network card {card} of {of.id}",
                at=("params.DeviceIndex",),
                values=slot.devices,
                taken=devices_used(of.id, card),
                conflicts=_REJECTED,
            ),
            undo_only_if=(is_alive(of.id),),
            goes_back=_FOR_GOOD,
        )
        return [
            attached,
            self._deleted_with(
                kept,
                id_,
                of,
                (deletion_is(ours, what, deleted=False), deletion_is(ours, what, deleted=True)),
            ),
        ]

    def _deleted_with(
        self, id_: str, attached: str, of: FleetInstance, kept_then_not: tuple[Check, Check]
    ) -> Change:
        """Plan that the interface goes when its instance is terminated."""
        interface, attachment = reference(attached, "interface"), reference(attached, "attachment")
        kept, gone = kept_then_not
        return Change(
            **dict(set_deletion(interface, attachment, deleted=True)),
            id=id_,
            title=f"Allow the EFA of {of.title} to be deleted with it",
            why="An interface that outlives its instance keeps its subnet and security group from being deleted.",
            expect=(kept,),
            proof=Proof(configured=(gone,), within_s=60),
            undo=set_deletion(interface, attachment, deleted=False),
            depends_on=(attached,),
            undo_only_if=(is_alive(of.id),),
            goes_back=REFUSED_BEFORE_START,
        )
