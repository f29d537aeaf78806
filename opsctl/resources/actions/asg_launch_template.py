"""Sets the version of its launch template that an Auto Scaling group launches by."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.asg_launch_calls import set_template, template_is


class AsgLaunchTemplate(Action):
    """Have a group launch by another version of a launch template; undo sets the old one, as it was written.

    Instances that run stay as they are: an instance refresh replaces them, with `asg.refresh`.
    """

    name: ClassVar[str] = "asg.launch_template"

    group: str = Field(description="Name of the group.")
    template: str = Field(description="Id of the launch template.")
    before: str = Field(description="The version now, as the group names it: a number, $Latest or $Default.")
    version: Json = Field(description="The version wanted, or a reference to one that an earlier step makes.")
    roles: tuple[str, ...] = Field(
        (), description="ARNs of the roles of its instances, which are handed on to them."
    )
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        yield []
        named = f"version {self.version}" if isinstance(self.version, str) else "the new version"
        return [
            Change(
                **dict(set_template(self.group, self.template, self.version, self.roles)),
                id="use",
                title=f"Have {self.group} launch by {named} of {self.template} instead of {self.before}",
                why=self.why,
                expect=(template_is(self.group, self.template, self.before),),
                proof=Proof(configured=(template_is(self.group, self.template, self.version),), within_s=60),
                undo=set_template(self.group, self.template, self.before, self.roles),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    affects=(self.group,),
                    note="Every instance that the group launches from then on, also one that replaces a sick one.",
                ),
            )
        ]
