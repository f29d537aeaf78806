"""Stops an instance whose volumes and address go to another one."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.undo.ec2_handback_calls import no_other_runs
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import group_exists
from opsctl.resources.ec2_instance_calls import (
    has_devices,
    is_alive,
    settled,
    start_instance,
    state_is,
    stop_instance,
)
from opsctl.resources.undo_steps import wait

STOPPED_WITHIN_S = 900


class Ec2Retire(Action):
    """Stop an instance, so that nothing writes to its volumes any more; one that is stopped gives no call.

    Undo starts it again, but only while it has its data volumes and no other instance of the group runs: it would
    serve nothing, or something old, beside the one that has taken its place. The tag `opsctl:ha` tells which.
    """

    name: ClassVar[str] = "ec2.retire"

    instance: str = Field(description="Id of the instance.")
    group: str = Field(description="Name of the group that replaces it; its instances carry the tag opsctl:ha.")
    devices: tuple[str, ...] = Field((), description="Device names of its data volumes, such as /dev/sdf.")
    why: str = Field(description="What replaces it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StopInstances."""
        yield []
        return [
            Change(
                **dict(stop_instance(self.instance)),
                id="stop",
                title=f"Stop {self.instance}",
                why=self.why,
                expect=(state_is(self.instance, "running"),),
                proof=Proof(configured=(state_is(self.instance, "stopped"),), within_s=STOPPED_WITHIN_S),
                undo=start_instance(self.instance),
                undo_only_if=(
                    is_alive(self.instance),
                    has_devices(self.instance, self.devices),
                    group_exists(self.group),
                    no_other_runs(self.group, self.instance),
                ),
                undo_first=(
                    wait(
                        "stopped",
                        "an instance can be started only once it has stopped",
                        until=settled(self.instance),
                        within_s=STOPPED_WITHIN_S,
                        otherwise="check in the EC2 console why it does not stop, then run the undo again",
                    ),
                ),
                risk=Risk(
                    severity=Severity.SEVERE,
                    affects=(self.instance,),
                    note="The service is down until the new instance has the volumes and the address.",
                ),
            )
        ]
