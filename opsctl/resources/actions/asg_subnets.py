"""Sets the subnets in which an Auto Scaling group launches."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_member_calls import launched_elsewhere, set_subnets, subnets_are


class AsgSubnets(Action):
    """Set the subnets of a group; undo sets the old ones.

    With `back`, this takes back an earlier step of the same playbook and so has no undo of its own. With
    `instance` and `zone`, undo leaves the list as it is once a replacement was launched in another zone, for there
    its data is then. AWS writes the list whole: where somebody else has changed it meanwhile, nothing is written.
    """

    name: ClassVar[str] = "asg.subnets"

    group: str = Field(description="Name of the group.")
    before: tuple[str, ...] = Field(description="The subnets now.")
    after: tuple[str, ...] = Field(description="The subnets wanted.")
    back: bool = Field(False, description="Whether this reverts an earlier step.")
    instance: str = Field("", description="Id of the instance for whose replacement this is.")
    zone: str = Field("", description="The zone that it is in.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        yield []
        gone = [one for one in self.before if one not in self.after]
        new = [one for one in self.after if one not in self.before]
        parts = [f"remove {', '.join(gone)}"] if gone else []
        parts += [f"add {', '.join(new)} again" if self.back else f"add {', '.join(new)}"] if new else []
        undo: Instruction | Irreversible = set_subnets(self.group, self.before)
        if self.back:
            undo = Irreversible(because="it reverts an earlier step")
        still_here = (launched_elsewhere(self.group, self.instance, self.zone, so=False),) if self.instance else ()
        return [
            Change(
                **dict(set_subnets(self.group, self.after)),
                id="subnets",
                title=f"Change the subnets of {self.group}: {' and '.join(parts)}",
                why=self.why,
                expect=(subnets_are(self.group, self.before),),
                proof=Proof(configured=(subnets_are(self.group, self.after),), within_s=60),
                undo=undo,
                undo_only_if=still_here,
                risk=Risk(severity=Severity.LOW if self.back else Severity.MEDIUM),
            )
        ]
