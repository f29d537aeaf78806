"""Stops the primary of a pair for a drill."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.ha_pair import is_instance_of, stands_by
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_instance_calls import start_instance, state_is, stop_instance

STOPPED_WITHIN_S = 900


class HaStop(Action):
    """Stop the primary of a pair, while its standby stands by.

    Undo starts it again, but only while nothing has been decided: once the standby was chosen, it takes over.
    """

    name: ClassVar[str] = "ha.stop"

    group: str = Field(description="Name of the pair.")
    instance: str = Field(description="Id of its primary.")
    standby_instance: str = Field(description="Id of its standby.")
    why: str = Field(description="Why it is stopped.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StopInstances."""
        yield []
        ready = (is_instance_of(self.group, self.instance), stands_by(self.group, self.standby_instance))
        return [
            Change(
                **dict(stop_instance(self.instance)),
                id=self.instance,
                title=f"Stop {self.instance}",
                why=self.why,
                expect=(state_is(self.instance, "running"), *ready),
                proof=Proof(configured=(state_is(self.instance, "stopped"),), within_s=STOPPED_WITHIN_S),
                undo=start_instance(self.instance),
                undo_only_if=ready,
                risk=Risk(
                    severity=Severity.SEVERE,
                    affects=(self.instance,),
                    note=f"The service is down until {self.standby_instance} has the volumes and the address.",
                ),
            )
        ]
