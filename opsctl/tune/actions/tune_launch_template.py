"""Makes a version of a launch template whose instances have EFAs, ENA Express, queues or a bandwidth weighting."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.ec2 import describe
from opsctl.resources.marks import described
from opsctl.tune.efa_group_calls import group_id
from opsctl.tune.instance_types import TypeNetwork, parse_types
from opsctl.tune.launch_wish import LaunchWish, over_its_queues, weighting_of, wished_interfaces
from opsctl.tune.scaling_group import efas_of
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


class TuneLaunchTemplate(Action):
    """Create a version of a launch template with another network, for instances launched from now on.

    An EFA is on every network card that takes one, ENA queues and ENA Express are at every interface that has
    addresses. The rest is that of the version it is made from. Undo deletes the new version, unless it is the
    default one by then or an Auto Scaling group launches by it.
    """

    name: ClassVar[str] = "tune.launch_template"
    outputs: ClassVar[tuple[str, ...]] = ("version",)

    template: str = Field(description="Id of the launch template.")
    version: str = Field(
        "$Default", description="Version that the new one is like: a number, $Default or $Latest."
    )
    efa: bool = Field(False, description="An EFA on every network card that takes one.")
    ena_express: bool = Field(False, description="ENA Express on at every interface that has it.")
    ena_express_udp: bool = Field(False, description="For UDP as well, whose datagrams then come in order.")
    queues: int = Field(0, ge=0, description="ENA queues of every interface; 0: as it is.")
    weighting: Literal["keep", "default", "vpc-1", "ebs-1"] = Field(
        "keep", description="How bandwidth is shared: the network (vpc-1), or EBS (ebs-1); keep: as it is."
    )
    vpc: str = Field("", description="Id of the VPC that instances are launched into; for EFAs.")
    group: str = Field(
        "opsctl-efa", description="Name of the security group of the EFAs in that VPC; it lets itself in and out."
    )
    type: str = Field("", description="Instance type, where something else than the template says it.")
    groups: tuple[str, ...] = Field(
        (), description="Ids of the security groups of instances, where the template names none."
    )
    why: str = Field(description="What it is for.")

    @property
    def wish(self) -> LaunchWish:
        """What is wished of the interfaces."""
        return LaunchWish(
            efa=self.efa,
            ena_express=self.ena_express,
            ena_express_udp=self.ena_express and self.ena_express_udp,
            queues=self.queues,
            weighting=self.weighting,
        )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateLaunchTemplateVersion, none where the version has all of it already.

        Raises:
            RefusedByGuard: instances of this version could not be launched so.
        """
        if not self.wish.any:
            yield []
            return []
        answer = yield from require(versions_of(self.template, self.version))
        source: Json = answer["LaunchTemplateVersions"][0]
        data = source["LaunchTemplateData"]
        of = yield from self._type(data, about.region)
        interfaces = self._interfaces(data, of)
        if interfaces == data.get("NetworkInterfaces", []) and self.weighting in ("keep", weighting_of(data)):
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
        if of is None:
            raise RefusedByGuard(f"EC2 knows no type {named} here; {_NOTHING}", "use another")
        lacking = [part.words for part in self.wish.parts if not part.fits(of)]
        if self.queues and not lacking:
            lacking += over_its_queues(data.get("NetworkInterfaces", []), self.wish, of)
        if lacking:
            what = f"{named} of launch template {self.template} has not what is asked ({'; '.join(lacking)})"
            raise RefusedByGuard(f"{what}; {_NOTHING}", "use another")
        return of

    def _interfaces(self, data: Json, of: TypeNetwork) -> list[Json]:
        """Lay the interfaces out; what the launch would be refused for is refused here."""
        given, shared = data.get("NetworkInterfaces", []), data.get("SecurityGroupIds", []) or list(self.groups)
        if not self.wish.of_interfaces:
            return list(given)
        made = wished_interfaces(given, self.wish, of, _GROUP, shared)
        if len(made) > 1 and any(one.get("AssociatePublicIpAddress") for one in made):
            raise RefusedByGuard(
                f"launch template {self.template} asks for a public address, which AWS gives only to an instance "
                f"with one interface; {_NOTHING}",
                "make a version that does not, once they are reached by private addresses or a load balancer",
            )
        if (self.efa or not given) and not [one for one in made[0].get("Groups", []) if one != _GROUP]:
            raise RefusedByGuard(
                f"launch template {self.template} names no security group by its id, and an interface that is "
                f"named would get the default one of the VPC; {_NOTHING}",
                "make a version that names it",
            )
        return made

    def _made(self, source: str, data: Json, of: TypeNetwork, interfaces: list[Json], plan_id: str) -> Change:
        what = self._what(interfaces)
        mark = described(plan_id, f"version {source} with {what}")
        named = [_with_group(one, reference("create", "group")) for one in interfaces]
        outputs = {"version": version_number(self.template, mark)}
        if named != interfaces:
            outputs["group"] = group_id(self.group, self.vpc)
        driver = ", whether or not the image has the driver" if self.efa else ""
        return Change(
            **dict(self._create(source, data, mark, f"{plan_id}-version", named)),
            id="create",
            title=f"Create a version of {self.template} like {source}, with {what} for {of.name}",
            why=self.why,
            expect=(version_exists(self.template, mark, there=False),),
            proof=Proof(configured=(version_exists(self.template, mark, there=True),), within_s=60),
            undo=delete_version(self.template, reference("create", "version")),
            undo_only_if=(is_not_default(self.template, mark), no_group_launches_by(self.template, "create")),
            outputs=outputs,
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=(self.template,),
                note=f"Whoever launches by $Latest launches so from now on{driver}; what runs stays as it is.",
            ),
        )

    def _create(self, source: str, data: Json, mark: str, token: str, named: list[Json]) -> Instruction:
        interfaces = named if self.wish.of_interfaces else []
        return create_version(
            self.template, source, data, mark, token, interfaces=interfaces, weighting=self.weighting
        )

    def _what(self, interfaces: list[Json]) -> str:
        parts = [f"{efas_of(interfaces)} EFA"] if self.efa else []
        if self.ena_express:
            parts.append("ENA Express (UDP as well)" if self.ena_express_udp else "ENA Express")
        parts += [one.words for one in self.wish.parts if one.queues or one.weighting != "keep"]
        return " and ".join(one for one in (", ".join(parts[:-1]), parts[-1]) if one)


def _with_group(interface: Json, group: Json) -> Json:
    groups = [group if one == _GROUP else one for one in interface.get("Groups", [])]
    return {**interface, "Groups": groups} if groups else interface
