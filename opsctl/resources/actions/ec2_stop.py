"""Stops instances, so that what only a stopped instance takes can be changed."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import (
    all_in_state,
    is_alive,
    none_started_again,
    none_terminated,
    settled,
    start_instance,
    state_is,
    stop_instance,
    stops_or_stopped,
)
from opsctl.resources.undo_steps import wait

STOPPED_WITHIN_S = 900


class Ec2Stop(Action):
    """Stop instances as their operating systems do it, all at once, and wait until they have stopped.

    Undo starts them again, but for those that were terminated meanwhile. Instance store and an automatic public
    address are lost.
    """

    name: ClassVar[str] = "ec2.stop"

    instances: tuple[str, ...] = Field(description="Ids of the instances; those that run.")
    launched: tuple[str, ...] = Field(
        (), description="LaunchTime of each, in that order; none: a start or stop by somebody else is not noticed."
    )
    why: str = Field(description="What they are stopped for.")
    note: str = Field("", description="What the stop means for whoever uses them.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StopInstances for each, then a wait."""
        yield []
        if not self.instances:
            return []
        have = "has" if len(self.instances) == 1 else "have"
        waiting = Change(
            **dict(Instruction(kind="wait", service="ec2", operation="DescribeInstances")),
            id="stopped",
            title=f"Wait until {', '.join(self.instances)} {have} stopped",
            why="Only a stopped instance takes what follows.",
            expect=(none_terminated(self.instances), *self._not_started()),
            proof=Proof(
                configured=(all_in_state(self.instances, "stopped"),), within_s=STOPPED_WITHIN_S, passing=True
            ),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=self.instances,
            goes_back=REFUSED_BEFORE_START,
        )
        return [*(self._stop(one) for one in self.instances), waiting]

    def _not_started(self) -> tuple[Check, ...]:
        launched = dict(zip(self.instances, self.launched, strict=False))
        return (none_started_again(launched),) if launched else ()

    def _stop(self, instance: str) -> Change:
        return Change(
            **dict(stop_instance(instance)),
            id=instance,
            title=f"Stop {instance}",
            why=self.why,
            expect=(state_is(instance, "running"),),
            proof=Proof(
                configured=(stops_or_stopped(instance),),
                possible=(none_terminated((instance,)),),
                within_s=STOPPED_WITHIN_S,
                passing=True,
            ),
            undo=start_instance(instance),
            undo_first=(stands_still(instance),),
            risk=Risk(severity=Severity.SEVERE, affects=(instance,), note=self.note),
            undo_risk=Risk(note="What runs on it begins again."),
            undo_only_if=(is_alive(instance),),
            only_ours=bool(self.launched),
            goes_back=REFUSED_BEFORE_START,
        )


def stands_still(instance: str) -> Change:
    """Wait until an instance is neither starting nor stopping, before an undo does either."""
    return wait(
        f"{instance}-settled",
        "in between it can be neither started nor stopped",
        until=settled(instance),
        within_s=STOPPED_WITHIN_S,
        otherwise="check in the EC2 console why it does not come to rest, then go on",
    )
