"""What a compute environment of AWS Batch lacks for EFA and placement, and what keeps it from being changed.

Sources: AWS Batch user guide (EFA, multi-node parallel jobs, launch template support, updating compute
environments) and API reference.
"""

from collections.abc import Iterator
from typing import Literal

from opsctl.model.value import Json, Value
from opsctl.tune.batch_environment import DEVICE, BatchEnvironment, BatchJobs
from opsctl.tune.express_reach import local_zones, zones_apart
from opsctl.tune.launch_wish import LaunchWish, lacks, over_its_queues
from opsctl.tune.mtu import EXPRESS
from opsctl.tune.scaling_group import efas_of
from opsctl.tune.surroundings import Surroundings

Kind = Literal["refuse", "lacks", "unknown", "note"]
MOST_GROUPS = 5
"""Security groups of an environment for multi-node jobs (AWS Batch user guide)."""


class BatchFinding(Value):
    """Something found: `refuse` keeps it from being changed at all, `lacks` is mended or is yours to mend."""

    id: str
    kind: Kind
    what: str
    fix: str

    @property
    def says(self) -> str:
        """The whole in one line, for guards."""
        return f"{self.what}: {self.fix}"


class BatchLook(Value):
    """What was read of an environment."""

    environment: BatchEnvironment
    jobs: tuple[BatchJobs, ...] = ()
    around: Surroundings = Surroundings()
    interfaces: tuple[Json, ...] = ()
    """Those of the version of the launch template that it uses."""
    weighting: str = "default"
    strategy: str = ""
    """Of its placement group."""
    running: tuple[str, ...] = ()
    number: str = ""
    """Of the version that it uses, whatever it calls that."""
    wish: LaunchWish = LaunchWish()
    region: str = ""

    @property
    def efas(self) -> int:
        """EFAs of that version."""
        return efas_of(self.interfaces)

    def lacks(self, wish: LaunchWish) -> bool:
        """Whether that version has not all of it, for a type of the environment that can have it."""
        fitting = [of for of in self.around.types.values() if wish.fits(of)]
        return bool(fitting) and lacks(self.interfaces, wish, fitting[0], self.weighting)


def findings_of(look: BatchLook) -> tuple[BatchFinding, ...]:
    """Everything that was found, what refuses first."""
    rules = (_blocked, _types, _places, _interfaces, _express, _shares, _jobs)
    found = [one for rule in rules for one in rule(look)]
    order: list[Kind] = ["refuse", "lacks", "unknown", "note"]
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _blocked(look: BatchLook) -> Iterator[BatchFinding]:
    of = look.environment
    if not of.on_instances:
        what = (
            f"{of.name} is {'UNMANAGED' if not of.managed else of.kind}, where Batch launches no instances by it"
        )
        yield _finding("no-instances", "refuse", what, "make a managed environment of type EC2 for EFA")
        return
    if of.status != "VALID":
        yield _finding("not-valid", "refuse", f"{of.name} is {of.status}", "wait, or mend it first")
    if not of.updatable:
        because = "has a service role of its own" if "/aws-service-role/" not in of.role else "uses BEST_FIT"
        fix = (
            "make a new environment with the service-linked role and BEST_FIT_PROGRESSIVE, put it first in the "
            "queue, and let the old one run empty"
        )
        yield _finding("not-updatable", "refuse", f"{of.name} {because}: AWS cannot update its instances", fix)
    if of.overrides:
        what = f"{of.name} has {of.overrides} launch template overrides, each with interfaces of its own"
        yield _finding("overrides", "refuse", what, "give each of those templates a version with the EFAs")


def _types(look: BatchLook) -> Iterator[BatchFinding]:
    of = look.environment
    if not of.on_instances:
        return
    sized = [name for name in of.types if "." in name]
    families = [name for name in of.types if "." not in name]
    if families:
        what = f"{', '.join(families)} of {of.name} lets Batch choose sizes, also those without EFA"
        yield _finding("families", "lacks", what, "name the sizes that take an EFA")
    without = [name for name in sized if name in look.around.types and not look.around.types[name].efa]
    if without:
        yield _finding("no-efa", "lacks", f"{', '.join(without)} of {of.name} takes no EFA", "take it out")
    unread = [name for name in sized if name not in look.around.types]
    if unread:
        what = f"whether {', '.join(unread)} takes an EFA"
        yield _finding("types-unread", "unknown", what, "let the caller read ec2:DescribeInstanceTypes")
    if len(sized) > 1:
        what = f"{of.name} launches {len(sized)} types by one launch template, and each has other network cards"
        yield _finding("several-types", "lacks", what, "make an environment for each type with EFA")


def _places(look: BatchLook) -> Iterator[BatchFinding]:
    of = look.environment
    if not of.on_instances:
        return
    zones = sorted({one.zone for one in look.around.subnets.values()})
    if len(zones) > 1:
        what = f"{of.name} launches in {', '.join(zones)}, and EFA traffic stays in one zone"
        yield _finding("zones", "lacks", what, "leave the subnets of one zone")
    if not of.placement_group:
        what = f"{of.name} has no placement group, and Batch has EFA inside one cluster placement group only"
        yield _finding("no-placement-group", "lacks", what, "--placement-group NAME")
    elif look.strategy and look.strategy != "cluster":
        what = f"placement group {of.placement_group} of {of.name} is {look.strategy}, not cluster"
        yield _finding("not-cluster", "lacks", what, "--placement-group NAME")


def _interfaces(look: BatchLook) -> Iterator[BatchFinding]:
    of = look.environment
    if not of.on_instances:
        return
    if not (of.template or of.template_name):
        what = f"{of.name} has no launch template, so its instances get a plain interface"
        yield _finding("no-template", "lacks", what, "make a launch template, and have the environment use it")
    elif look.lacks(LaunchWish(efa=True)) or not look.efas:
        has = f"asks for {look.efas} EFA, of those that its type takes" if look.efas else "asks for no EFA"
        yield _finding("no-interfaces", "lacks", f"the launch template of {of.name} {has}", "--efa")
    wish = look.wish if look.wish.any else LaunchWish(efa=True)
    if of.version == "$Latest" and (look.lacks(wish) or not look.efas):
        what = f"{of.name} launches by $Latest, which an undo would find changed: Batch reads it at each update"
        number = f", which is {look.number} now" if look.number else ""
        yield _finding("latest", "lacks", what, f"have the environment name the number of a version{number}")
    ruled = look.around.self_ruled
    if of.groups and not any(ruled.get(group) for group in of.groups):
        kind: Kind = "lacks" if all(group in ruled for group in of.groups) else "unknown"
        what = (
            f"no security group of {of.name} (they count before the template's) is known to let all of itself pass"
        )
        yield _finding("security-groups", kind, what, "--efa adds one")
    if look.efas:
        what = f"nobody has looked whether the image of {of.name} has the EFA driver"
        yield _finding("driver", "note", what, "use an image with what aws-efa-installer installs")


def _express(look: BatchLook) -> Iterator[BatchFinding]:
    of, types = look.environment, look.around.types
    if not of.on_instances or not types:
        return
    without = [name for name, each in types.items() if not each.ena_express]
    if not without and not look.wish.ena_express and look.lacks(LaunchWish(ena_express=True)):
        what = f"the launch template of {of.name} turns ENA Express on at no interface, or not at each"
        yield _finding("express-off", "note", what, "--ena-express")
    if not look.wish.ena_express:
        return
    if without:
        what = f"{', '.join(without)} of {of.name} has no ENA Express"
        yield _finding("no-express", "refuse", what, "choose a type with ENA Express")
    zones = {one.zone for one in look.around.subnets.values()}
    local, apart = local_zones(zones, look.region), zones_apart(zones, look.region)
    if local:
        what = f"{of.name} launches in Local Zone {', '.join(local)}, which has no ENA Express"
        yield _finding("no-express", "refuse", what, "leave its subnets out")
    if apart:
        what = f"{of.name} launches in {', '.join(apart)}, and in {look.region} ENA Express works inside one zone"
        yield _finding("express-zones", "note", what, "leave the subnets of one zone")
    what = f"with packets above {EXPRESS} bytes ENA Express falls back to plain ENA, and 9001 is the default"
    fix = f"set the MTU to {EXPRESS} in the image or the user data"
    yield _finding("express-guest", "note", what, fix)


def _shares(look: BatchLook) -> Iterator[BatchFinding]:
    """ENA queues and the weighting of the bandwidth, which every type of the environment has to have."""
    of, wish = look.environment, look.wish
    if not of.on_instances:
        return
    for name, each in look.around.types.items():
        if not each.weighs(wish.weighting):
            what = f"the bandwidth of {name} of {of.name} cannot be weighted as {wish.weighting}"
            yield _finding("weighting-unsupported", "refuse", what, "take it out, or keep the weighting")
        if wish.queues and not each.flexible_queues:
            what = f"the queues of {name} of {of.name} cannot be moved"
            yield _finding("queues-unsupported", "refuse", what, "choose a type with flexible ENA queues")
        elif wish.queues:
            for what in over_its_queues(look.interfaces, wish, each):
                yield _finding("queues-unsupported", "refuse", f"{name} of {of.name} {what}", "ask for fewer")


def _jobs(look: BatchLook) -> Iterator[BatchFinding]:
    of = look.environment
    multi = [one for one in look.jobs if one.multi_node]
    if multi and of.spot:
        what = f"{of.name} is {of.kind}, and {_named(multi)} runs on several nodes, which Batch has not on Spot"
        yield _finding("spot-multi-node", "refuse", what, "make an environment of type EC2 for them")
    elif of.spot:
        what = f"{of.name} is {of.kind}: an interruption ends the job on that instance"
        yield _finding("spot", "note", what, "have jobs write checkpoints, and give them attempts")
    if multi and len(of.groups) > MOST_GROUPS:
        what = f"{of.name} has {len(of.groups)} security groups, and multi-node jobs have {MOST_GROUPS} at most"
        yield _finding("groups", "lacks", what, "take some out")
    blind = [one for one in look.jobs if one.with_device < one.containers]
    if blind:
        what = f"{_named(blind)} maps no {DEVICE}0 into its containers, so that they see no EFA"
        fix = "register a revision with linuxParameters.devices hostPath /dev/infiniband/uverbs0"
        yield _finding("device", "lacks", what, fix)


def _named(jobs: list[BatchJobs]) -> str:
    return ", ".join(one.name for one in jobs)


def _finding(id_: str, kind: Kind, what: str, fix: str) -> BatchFinding:
    return BatchFinding(id=id_, kind=kind, what=what, fix=fix)
