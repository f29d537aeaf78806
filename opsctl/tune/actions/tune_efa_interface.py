"""Makes the efa-only interfaces of instances, before these are stopped for them."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.resources.marks import described, with_mark
from opsctl.tune.efa_group_calls import group_id
from opsctl.tune.efa_reads import EfaTarget, read_targets
from opsctl.tune.interface_calls import (
    PLACE_TAG,
    create_efa,
    delete_interface,
    interface_id,
    is_made,
    made_for,
    place_of,
)


class TuneEfaInterface(Action):
    """Create an efa-only interface for every network card of instances that takes one, in their own subnets.

    They have no addresses and are attached to nothing: `tune.efa_attach` of the same plan does that. Undo deletes
    them.
    """

    name: ClassVar[str] = "tune.efa_interface"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    group: str = Field(description="Name of the security group, in the VPC of each; it lets itself in and out.")
    tags: dict[str, str] = Field({}, description="Tags of the interfaces.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")
    why: str = Field(description="What they are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateNetworkInterface for each place."""
        targets = yield from read_targets(self.instances, about.region, self.instance_type)
        return [self._made(one, slot.card, about.plan_id) for one in targets for slot in one.slots]

    def _made(self, target: EfaTarget, card: int, plan_id: str) -> Change:
        id_, of = f"{target.instance.id}-{card}", target.instance
        ours, what = made_for(plan_id, of.id, card), f"the EFA for network card {card} of {of.id}"
        tags = with_mark(plan_id, {**self.tags, PLACE_TAG: place_of(of.id, card)})
        made = create_efa(
            target.subnet,
            reference(id_, "group"),
            described(plan_id, f"EFA of {of.id}, network card {card}"),
            f"{plan_id}-{id_}",
            tags,
        )
        return Change(
            **dict(made),
            id=id_,
            title=f"Create an efa-only interface for network card {card} of {of.title}",
            why=self.why,
            expect=(is_made(ours, what, there=False),),
            proof=Proof(configured=(is_made(ours, what, there=True),), within_s=60),
            undo=delete_interface(reference(id_, "interface")),
            outputs={"interface": interface_id(ours), "group": group_id(self.group, target.vpc)},
        )
