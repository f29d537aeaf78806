"""Gives network interfaces of stopped instances a number of ENA queues."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.ec2 import describe_batches
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import is_alive
from opsctl.tune.attribute_calls import has_queues, is_stopped, set_queues


class TuneQueues(Action):
    """Set the ENA queues of attached interfaces whose instance is stopped, one call each. Undo sets what was set.

    AWS does not document whether a running instance takes it, so it is done to stopped ones.
    """

    name: ClassVar[str] = "tune.queues"

    interfaces: tuple[str, ...] = Field(description="Ids of the interfaces; none: nothing is to be done.")
    queues: int = Field(ge=1, description="How many ENA queues each gets.")
    why: str = Field("As many CPUs of the guest can work on packets as there are queues.", description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyNetworkInterfaceAttribute for each that has another number."""
        found: list[Json] = []
        for read in describe_batches(
            "DescribeNetworkInterfaces", about.region, "network-interface-id", self.interfaces
        ):
            found += (yield from require(read)).get("NetworkInterfaces", [])
        return [self._set(one) for one in found if _queues(one) != self.queues]

    def _set(self, one: Json) -> Change:
        id_, attachment = one["NetworkInterfaceId"], one["Attachment"]
        stopped: tuple[Check, ...] = (is_stopped(attachment["InstanceId"]),)
        return Change(
            **dict(set_queues(id_, attachment["AttachmentId"], self.queues)),
            id=id_,
            title=f"Set the ENA queues of {id_} to {self.queues}",
            why=self.why,
            expect=(has_queues(id_, _queues(one)), *stopped),
            proof=Proof(configured=(has_queues(id_, self.queues),), within_s=60),
            undo=set_queues(id_, attachment["AttachmentId"], _queues(one)),
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=(attachment["InstanceId"],),
                note="Queues of one card are shared by its interfaces; the guest has to bind its interrupts anew.",
            ),
            undo_only_if=(is_alive(attachment["InstanceId"]),),
            goes_back=REFUSED_BEFORE_START,
        )


def _queues(one: Json) -> int:
    return int(one.get("Attachment", {}).get("EnaQueueCount", 0))
