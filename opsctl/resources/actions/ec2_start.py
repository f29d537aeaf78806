"""Starts instances that the same plan has stopped, and goes back when AWS has no room for them."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Retry, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.actions.ec2_stop import STOPPED_WITHIN_S, stands_still
from opsctl.resources.ec2_capacity_calls import NO_CAPACITY, REFUSED_FOR_GOOD
from opsctl.resources.ec2_instance_calls import (
    all_in_state,
    is_alive,
    no_start_failed,
    none_terminated,
    start_instance,
    starts_or_runs,
    state_is,
    stop_instance,
)

RUNNING_WITHIN_S = 900
NOTHING_BACK = "nothing that was done meanwhile can be taken back, so they run on"
TRIED_FOR_S = 120
"""How long a start is tried again while AWS has no capacity; it comes and goes within minutes."""


class Ec2Start(Action):
    """Start instances and wait until they run. Undo stops them.

    When AWS refuses one for good, everything of its turn is taken back, so it belongs into one with `ec2.stop`.
    """

    name: ClassVar[str] = "ec2.start"

    instances: tuple[str, ...] = Field(description="Ids of the instances that were stopped.")
    why: str = Field(description="Why.")
    final: bool = Field(False, description="Nothing of the turn can be taken back: an undo does not stop them.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StartInstances for each, then a wait."""
        yield []
        if not self.instances:
            return []
        waiting = Change(
            **dict(Instruction(kind="wait", service="ec2", operation="DescribeInstances")),
            id="running",
            title=f"Wait until {', '.join(self.instances)} {'runs' if len(self.instances) == 1 else 'run'}",
            why="AWS can still find no room for an instance after it took the call.",
            expect=(no_start_failed(self.instances), none_terminated(self.instances)),
            proof=Proof(configured=(all_in_state(self.instances, "running"),), within_s=RUNNING_WITHIN_S),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=self.instances,
            goes_back=NO_CAPACITY,
        )
        return [*(self._start(one) for one in self.instances), waiting]

    def _start(self, instance: str) -> Change:
        start = start_instance(instance)
        return Change(
            **dict(start.model_copy(update={"retry": Retry(codes=NO_CAPACITY, within_s=TRIED_FOR_S)})),
            id=instance,
            title=f"Start {instance}",
            why=self.why,
            expect=(state_is(instance, "stopped"),),
            proof=Proof(
                configured=(starts_or_runs(instance),),
                possible=(none_terminated((instance,)),),
                within_s=STOPPED_WITHIN_S,
            ),
            undo=Irreversible(because=NOTHING_BACK) if self.final else stop_instance(instance),
            undo_first=(stands_still(instance),),
            undo_passing=True,
            undo_risk=Risk(severity=Severity.SEVERE, affects=(instance,), note="It is stopped again."),
            undo_only_if=(is_alive(instance),),
            goes_back=REFUSED_FOR_GOOD,
        )
