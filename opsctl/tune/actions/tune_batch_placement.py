"""Has a compute environment of AWS Batch launch into a placement group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.tune.batch_calls import back_again, is_valid, resource_is, update_environment

DONE_WITHIN_S = 1800


class TuneBatchPlacement(Action):
    """Update a compute environment to launch into a placement group; undo sets the one before.

    Where there was none there is no undo: AWS documents no way to take a placement group out of an environment.
    """

    name: ClassVar[str] = "tune.batch_placement"

    environment: str = Field(description="Name of the compute environment.")
    before: str = Field("", description="Name of its placement group now; empty: none.")
    placement_group: str = Field(description="Name of the placement group wanted.")
    minutes: int = Field(30, ge=1, le=7200, description="How long jobs that run may go on.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateComputeEnvironment."""
        yield []
        undo: Instruction | Irreversible = Irreversible(
            because="AWS documents no way to take a placement group out of a compute environment"
        )
        if self.before:
            undo = back_again(self.environment, {"placementGroup": self.before}, self.minutes)
        return [
            Change(
                **dict(
                    update_environment(self.environment, {"placementGroup": self.placement_group}, self.minutes)
                ),
                id="place",
                title=f"Have Batch launch {self.environment} into placement group {self.placement_group}",
                why=self.why,
                expect=(
                    resource_is(self.environment, "placementGroup", self.before, self._says(self.before)),
                    is_valid(self.environment),
                ),
                proof=Proof(
                    configured=(
                        resource_is(
                            self.environment,
                            "placementGroup",
                            self.placement_group,
                            self._says(self.placement_group),
                        ),
                    ),
                    effective=(is_valid(self.environment),),
                    within_s=DONE_WITHIN_S,
                ),
                undo=undo,
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(self.environment,),
                    note=f"Batch replaces its instances, and ends jobs that run longer than {self.minutes} min.",
                ),
            )
        ]

    def _says(self, group: str) -> str:
        return f"{self.environment} launches into {f'placement group {group}' if group else 'no placement group'}"
