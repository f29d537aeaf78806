"""Has a compute environment of AWS Batch launch by another version of its launch template."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.tune.batch_calls import (
    back_again,
    has_groups,
    is_valid,
    only_groups,
    resource_is,
    update_environment,
)
from opsctl.tune.efa_group_calls import group_id

DONE_WITHIN_S = 1800


class TuneBatchTemplate(Action):
    """Update a compute environment to another version of its launch template; undo sets the old one again.

    With `group`, the security group of that name is added to those of the environment, which count before the
    template's. AWS replaces the instances; jobs that run may go on for some minutes.
    """

    name: ClassVar[str] = "tune.batch_template"

    environment: str = Field(description="Name of the compute environment.")
    template: str = Field("", description="Id of the launch template, where the environment names that.")
    template_name: str = Field("", description="Its name, where the environment names that.")
    before: str = Field(description="The version now: a number, $Latest or $Default.")
    version: Json = Field(description="The version wanted, or a reference to one that an earlier step makes.")
    groups: tuple[str, ...] = Field((), description="Ids of its security groups now.")
    group: str = Field("", description="Name of the security group to add; empty: none.")
    vpc: str = Field("", description="Id of the VPC of that group.")
    minutes: int = Field(30, ge=1, le=7200, description="How long jobs that run may go on.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateComputeEnvironment."""
        yield []
        outputs = {"group": group_id(self.group, self.vpc)} if self.group else {}
        added = (*self.groups, reference("use", "group")) if self.group else ()
        before = (only_groups(self.environment, self.groups),) if self.group else ()
        after = (has_groups(self.environment, added),) if self.group else ()
        return [
            Change(
                **dict(update_environment(self.environment, self._resources(self.version, added), self.minutes)),
                id="use",
                title=self._title(),
                why=self.why,
                expect=(self._is(self.before), *before, is_valid(self.environment)),
                proof=Proof(
                    configured=(self._is(self.version), *after),
                    effective=(is_valid(self.environment),),
                    within_s=DONE_WITHIN_S,
                ),
                undo=back_again(
                    self.environment,
                    self._resources(self.before, self.groups if self.group else ()),
                    self.minutes,
                ),
                outputs=outputs,
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(self.environment,),
                    note=f"Batch replaces its instances, and ends jobs that run longer than {self.minutes} min.",
                ),
            )
        ]

    def _title(self) -> str:
        if self.version == self.before:
            return f"Add security group {self.group} to what Batch launches for {self.environment}"
        return f"Have Batch launch {self.environment} by the new version of its launch template"

    def _resources(self, version: Json, groups: tuple[Json, ...]) -> dict[str, Json]:
        named = (
            {"launchTemplateId": self.template} if self.template else {"launchTemplateName": self.template_name}
        )
        resources: dict[str, Json] = {"launchTemplate": {**named, "version": version}}
        if groups:
            resources["securityGroupIds"] = list(groups)
        return resources

    def _is(self, version: Json) -> Check:
        named = f"version {version}" if isinstance(version, str) else "the new version"
        says = f"{self.environment} launches by {named}"
        return resource_is(self.environment, "launchTemplate.version", version, says)
