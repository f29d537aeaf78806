"""Replaces the instances of an Auto Scaling group that it would launch otherwise now."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.asg_launch_calls import (
    has_refresh_since,
    no_refresh_goes_on,
    refresh_goes_on,
    refresh_is_done,
    refresh_since,
    refreshes_of,
    start_refresh,
)


class AsgRefresh(Action):
    """Start an instance refresh of a group, and wait until it was successful.

    Instances that were launched by what the group launches by now are skipped. There is no undo: what was replaced
    does not come back.
    """

    name: ClassVar[str] = "asg.refresh"

    group: str = Field(description="Name of the group.")
    min_healthy: int = Field(90, ge=0, le=100, description="Percentage of the group that stays in service.")
    max_healthy: int = Field(
        0,
        ge=0,
        le=200,
        description="Percentage that may be in service meanwhile; above 100 launches first. 0: as set.",
    )
    skip_matching: bool = Field(
        True, description="Leave what was launched by the version and type that the group launches by now."
    )
    within_s: int = Field(3600, ge=60, description="How long it is waited for.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StartInstanceRefresh and a wait."""
        answer = yield from require(refreshes_of(self.group))
        known = [one["InstanceRefreshId"] for one in answer.get("InstanceRefreshes", [])]
        return [self._started(known), self._done()]

    def _preferences(self) -> dict[str, Json]:
        asked: dict[str, Json] = {"SkipMatching": self.skip_matching, "MinHealthyPercentage": self.min_healthy}
        return asked | ({"MaxHealthyPercentage": self.max_healthy} if self.max_healthy else {})

    def _started(self, known: list[str]) -> Change:
        return Change(
            **dict(start_refresh(self.group, self._preferences())),
            id="start",
            title=f"Replace the instances of {self.group}, at least {self.min_healthy} % in service",
            why=self.why,
            expect=(has_refresh_since(self.group, known, there=False), no_refresh_goes_on(self.group)),
            proof=Proof(configured=(has_refresh_since(self.group, known, there=True),), within_s=60),
            undo=Irreversible(because="what was replaced does not come back"),
            outputs={"refresh": refresh_since(self.group, known)},
            risk=Risk(
                severity=Severity.SEVERE,
                affects=(self.group,),
                note="Instances are terminated with what is only on them; without capacity for new ones it fails.",
            ),
        )

    def _done(self) -> Change:
        refresh = reference("start", "refresh")
        return Change(
            **dict(Instruction(kind="wait", service="autoscaling", operation="DescribeInstanceRefreshes")),
            id="done",
            title=f"Wait until every instance of {self.group} was replaced",
            why="A refresh that fails leaves the group half replaced.",
            expect=(refresh_goes_on(self.group, refresh),),
            proof=Proof(
                configured=(refresh_is_done(self.group, refresh),),
                within_s=self.within_s,
                otherwise="resume the run to wait on; the refresh goes on by itself",
            ),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=("start",),
        )
