"""Switches a rule of EventBridge on, and leaves everything else of it as it is."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.rule_calls import disable_rule, enable_rule, rule_state_is
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence


class EventsEnable(Action):
    """Enable a rule, also one that an earlier step makes; undo disables it.

    It calls EnableRule and never PutRule, which clears what it is not given.
    """

    name: ClassVar[str] = "events.enable"

    rule: str = Field(description="Name of the rule.")
    bus: str = Field("default", description="Name of its bus.")
    note: str = Field("", description="What happens from then on.")
    why: str = Field(description="Why it is switched on.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one EnableRule."""
        yield from ()
        return [
            Change(
                **dict(enable_rule(self.rule, self.bus)),
                id="enable",
                title=f"Switch rule {self.rule} on",
                why=sentence(self.why),
                expect=(rule_state_is(self.rule, self.bus, "DISABLED"),),
                proof=Proof(configured=(rule_state_is(self.rule, self.bus, "ENABLED"),), within_s=60),
                undo=disable_rule(self.rule, self.bus),
                risk=Risk(severity=Severity.MEDIUM, note=self.note),
            )
        ]
