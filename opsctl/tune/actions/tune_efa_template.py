"""Makes a version of a launch template whose instances have an EFA on every network card that takes one."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.ec2 import describe
from opsctl.resources.marks import described
from opsctl.tune.efa_group_calls import group_id
from opsctl.tune.efa_layout import launch_interfaces
from opsctl.tune.instance_types import TypeNetwork, parse_types
from opsctl.tune.template_calls import (
    create_version,
    delete_version,
    is_not_default,
    no_group_launches_by,
    version_exists,
    version_number,
    versions_of,
)

_NOTHING = "nothing was changed"
_GROUP = "<the group of the EFAs>"


class TuneEfaTemplate(Action):
    """Create a version of a launch template with an EFA on every network card, for instances launched from now on.

    The rest is that of the version it is made from. Undo deletes the new version, unless it is the default one by
    then or an Auto Scaling group launches by it.
    """

    name: ClassVar[str] = "tune.efa_template"
    outputs: ClassVar[tuple[str, ...]] = ("version",)

    template: str = Field(description="Id of the launch template.")
    version: str = Field(
        "$Default", description="Version that the new one is like: a number, $Default or $Latest."
    )
    vpc: str = Field(description="Id of the VPC that instances are launched into.")
    group: str = Field(
        description="Name of the security group of the EFAs in that VPC; it lets itself in and out."
    )
    type: str = Field("", description="Instance type, where something else than the template says it.")
    groups: tuple[str, ...] = Field(
        (), description="Ids of the security groups of instances, where the template names none."
    )
    why: str = Field(description="What the EFAs are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateLaunchTemplateVersion, none where the version has all the EFAs already.

        Raises:
            RefusedByGuard: instances of this version could not be launched with them.
        """
        answer = yield from require(versions_of(self.template, self.version))
        source: Json = answer["LaunchTemplateVersions"][0]
        data = source["LaunchTemplateData"]
        of = yield from self._type(data, about.region)
        interfaces = self._interfaces(data, of)
        if interfaces == data.get("NetworkInterfaces"):
            return []
        return [self._made(str(source["VersionNumber"]), data, of, interfaces, about.plan_id)]

    def _type(self, data: Json, region: str) -> Fetching[TypeNetwork]:
        named = self.type or data.get("InstanceType", "")
        if not named:
            raise RefusedByGuard(
                f"launch template {self.template} names no instance type, so its network cards are not known; "
                f"{_NOTHING}",
                "make a version that names one",
            )
        answer = yield from require(describe("DescribeInstanceTypes", region, {"instance-type": [named]}))
        of = parse_types(answer).get(named)
        if of is None or not of.efa:
            raise RefusedByGuard(
                f"{named} of launch template {self.template} has no EFA; {_NOTHING}", "use another"
            )
        return of

    def _interfaces(self, data: Json, of: TypeNetwork) -> list[Json]:
        """Lay the interfaces out; what the launch would be refused for is refused here."""
        given, shared = data.get("NetworkInterfaces", []), data.get("SecurityGroupIds", []) or list(self.groups)
        made = launch_interfaces(given, of, _GROUP, shared)
        if len(made) > 1 and any(one.get("AssociatePublicIpAddress") for one in made):
            raise RefusedByGuard(
                f"launch template {self.template} asks for a public address, which AWS gives only to an instance "
                f"with one interface; {_NOTHING}",
                "make a version that does not, once they are reached by private addresses or a load balancer",
            )
        if not [one for one in made[0].get("Groups", []) if one != _GROUP]:
            raise RefusedByGuard(
                f"launch template {self.template} names no security group, and the default one of its VPC would "
                f"be lost; {_NOTHING}",
                "make a version that names it",
            )
        return made

    def _made(self, source: str, data: Json, of: TypeNetwork, interfaces: list[Json], plan_id: str) -> Change:
        mark = described(plan_id, f"version {source} with EFA")
        named = [_with_group(one, reference("create", "group")) for one in interfaces]
        efas = sum(str(one.get("InterfaceType", "")).startswith("efa") for one in interfaces)
        return Change(
            **dict(create_version(self.template, source, data, mark, f"{plan_id}-version", named)),
            id="create",
            title=f"Create a version of {self.template} like {source}, with {efas} EFA for {of.name}",
            why=self.why,
            expect=(version_exists(self.template, mark, there=False),),
            proof=Proof(configured=(version_exists(self.template, mark, there=True),), within_s=60),
            undo=delete_version(self.template, reference("create", "version")),
            undo_only_if=(is_not_default(self.template, mark), no_group_launches_by(self.template, "create")),
            outputs={"version": version_number(self.template, mark), "group": group_id(self.group, self.vpc)},
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=(self.template,),
                note=(
                    "Whoever launches by $Latest launches with EFAs from now on, whether or not the image has the "
                    "driver; instances that run stay as they are."
                ),
            ),
        )


def _with_group(interface: Json, group: Json) -> Json:
    groups = [group if one == _GROUP else one for one in interface.get("Groups", [])]
    return {**interface, "Groups": groups} if groups else interface
