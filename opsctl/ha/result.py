"""Puts the result of the look together, in the shape that playbooks use."""

import re

from opsctl.ha.checks.handler import check_handler, concurrency_of
from opsctl.ha.checks.instance import check_instance
from opsctl.ha.checks.keys import SERVICE_ROLE, check_keys, key_to_grant, keys_of_handler
from opsctl.ha.checks.network import check_network
from opsctl.ha.checks.placement import check_placement
from opsctl.ha.checks.preflight_finding import Mode, PreflightFinding
from opsctl.ha.checks.standby import check_standby
from opsctl.ha.checks.storage import check_storage
from opsctl.ha.checks.topic import topic_key
from opsctl.ha.checks.traffic import Registration, check_traffic, registrations
from opsctl.ha.checks.user_data import check_user_data
from opsctl.ha.expectations import ModeRow, Outlook, matrix, outlooks
from opsctl.ha.inventory import DataVolume, ElasticIp, Inventory
from opsctl.ha.modes import Bill, Cost, choose_mode, costs_of
from opsctl.ha.performance import check_performance
from opsctl.ha.snapshots import Snapshots, check_snapshot_policy, snapshots_of
from opsctl.ha.subnet_choice import SubnetChoice, choose_subnets
from opsctl.ha.tags import DEVICE_TAG, GROUP_TAG, ROLE_TAG, SNAPSHOTS_TAG
from opsctl.ha.template import template_of
from opsctl.model.value import Json, Value

_NAME_LIMIT = 45
_ORDER = ("block", "accept", "unknown", "warn", "fix", "carry")


class Row(Value):
    """A verdict as the table of the plan shows it; `named` is its line in a refusal."""

    id: str
    kind: str
    words: str
    what: str
    why: str
    flag: str
    named: str


class Tagging(Value):
    """Tags that one resource gets; `group` is named where others may take its place."""

    resource: str
    tags: dict[str, str]
    group: str = ""


class StandbyInstance(Value):
    """What the standby is launched with beside the launch template: its interface in another zone, and tags."""

    interface: dict[str, Json]
    tags: dict[str, str]
    other_tags: tuple[dict[str, Json], ...]


class KeyGrant(Value):
    """A KMS key that a role is let use."""

    key: str
    principal: str


class Names(Value):
    """The names and ARNs of everything that is made; each carries the group's name."""

    stem: str
    function: str
    function_arn: str
    role: str
    role_arn: str
    queue: str
    queue_arn: str
    topic: str
    topic_arn: str
    log_group: str
    hooks_rule: str
    sweep_rule: str
    failures_rule: str


class HaPreflightResult(Value):
    """What was found of an instance, what speaks against each mode, and what the steps of a plan need.

    `recover`, `standby` and `asg` tell the mode; `handled` that a handler moves volumes and addresses to another
    instance, as in both of the latter; `home` are the subnets in its present zone, `places` all of them by zone;
    `standby_instance` is what the standby is launched with; `attach` that the running instance is attached, not a
    new one launched.
    """

    instance: str
    title: str
    group: str
    zone: str
    vpc: str
    private_ip: str
    mode: str
    mode_reason: str
    recover: bool
    standby: bool
    handled: bool
    asg: bool
    attach: bool
    running: bool
    verdicts: tuple[Row, ...]
    outlook: tuple[Outlook, ...]
    rto: tuple[ModeRow, ...]
    rpo: tuple[ModeRow, ...]
    bills: tuple[Bill, ...]
    costs: tuple[Cost, ...]
    user_data_sha256: str
    has_user_data: bool
    data_volumes: tuple[DataVolume, ...]
    devices: tuple[str, ...]
    addresses: tuple[ElasticIp, ...]
    subnets: tuple[str, ...]
    home: tuple[str, ...]
    places: dict[str, tuple[str, ...]]
    zones: tuple[str, ...]
    target_groups: tuple[Registration, ...]
    health_checks: tuple[str, ...]
    roles: tuple[str, ...]
    instance_tags: dict[str, str]
    tagging: tuple[Tagging, ...]
    snapshots: Snapshots
    template: dict[str, Json]
    standby_instance: StandbyInstance
    root_keys: tuple[KeyGrant, ...]
    kms_keys: tuple[str, ...]
    topic_key: str
    source_dest_check_off: bool
    concurrency: int
    names: Names
    new_topic: bool
    ebs_check: bool


def result_of(inventory: Inventory, group: str, unknown: list[PreflightFinding]) -> HaPreflightResult:
    """Judge what was seen, choose the mode, and return everything a plan needs."""
    places = choose_subnets(inventory)
    judged = [*check_instance(inventory), *check_placement(inventory, places), *check_network(inventory)]
    judged += [
        *check_storage(inventory),
        *check_keys(inventory),
        *check_traffic(inventory),
        *check_standby(inventory),
        *check_handler(inventory),
    ]
    judged += [
        *check_user_data(inventory),
        *check_performance(inventory),
        *check_snapshot_policy(inventory),
        *unknown,
    ]
    choice = choose_mode(inventory.wanted, judged)
    name = group or group_name(inventory)
    targets, template = registrations(inventory), template_of(inventory, name)
    snapshots = snapshots_of(inventory, name, handled=choice.mode != "recover")
    outlook = outlooks(inventory, balanced=bool(targets))
    targeted = {SNAPSHOTS_TAG: name} if snapshots.dlm else {}
    return HaPreflightResult(
        instance=inventory.id,
        title=f"{inventory.tags['Name']} ({inventory.id})" if inventory.tags.get("Name") else inventory.id,
        group=name,
        zone=inventory.zone,
        vpc=str(inventory.instance.get("VpcId", "")),
        private_ip=inventory.primary_ip,
        mode=choice.mode,
        mode_reason=choice.reason,
        recover=choice.mode == "recover",
        standby=choice.mode == "standby",
        handled=choice.mode != "recover",
        asg=choice.mode == "asg",
        attach=not inventory.wanted.fresh,
        running=inventory.state == "running",
        verdicts=_rows(judged, choice.mode),
        outlook=outlook,
        rto=matrix(outlook, choice.mode, "rto"),
        rpo=matrix(outlook, choice.mode, "rpo"),
        bills=tuple(_bill(inventory, mode, choice.mode) for mode in ("recover", "standby", "asg")),
        costs=costs_of(inventory, choice.mode, _alarm_count(inventory, choice.mode)),
        user_data_sha256=inventory.user_data_digest,
        has_user_data=bool(inventory.user_data),
        data_volumes=inventory.data_volumes,
        devices=tuple(one.device for one in inventory.data_volumes),
        addresses=inventory.elastic_ips,
        subnets=tuple(one.id for one in places.subnets),
        home=places.by_zone.get(inventory.zone, ()),
        places=places.by_zone if choice.mode == "asg" else {},
        zones=places.zones,
        target_groups=targets,
        health_checks=("EBS", *(("ELB",) if targets else ())),
        roles=_roles(inventory),
        instance_tags={**inventory.own_tags, GROUP_TAG: name, **targeted},
        tagging=_tagging(inventory, name, choice.mode, {} if inventory.wanted.fresh else targeted),
        snapshots=snapshots,
        template=template,
        standby_instance=_standby_instance(inventory, name, template, places),
        root_keys=_root_keys(inventory),
        kms_keys=keys_of_handler(inventory, choice.mode),
        topic_key=topic_key(inventory),
        source_dest_check_off=inventory.instance.get("SourceDestCheck") is False,
        concurrency=concurrency_of(inventory),
        names=_names(inventory, name),
        new_topic=not inventory.wanted.topic,
        ebs_check=inventory.type_info.get("Hypervisor") == "nitro",
    )


def group_name(inventory: Inventory) -> str:
    """Return the default name of the group: short enough for every name that is made from it."""
    clean = re.sub(r"[^A-Za-z0-9-]+", "-", inventory.tags.get("Name", "")).strip("-")[:_NAME_LIMIT].strip("-")
    return f"ha-{clean or inventory.id}"


def _names(inventory: Inventory, group: str) -> Names:
    stem = f"opsctl-{group}"
    where = f"{inventory.region}:{inventory.account}"
    return Names(
        stem=stem,
        function=stem,
        function_arn=f"arn:{inventory.partition}:lambda:{where}:function:{stem}",
        role=stem,
        role_arn=f"arn:{inventory.partition}:iam::{inventory.account}:role/{stem}",
        queue=f"{stem}-dlq",
        queue_arn=f"arn:{inventory.partition}:sqs:{where}:{stem}-dlq",
        topic=stem,
        topic_arn=inventory.wanted.topic or f"arn:{inventory.partition}:sns:{where}:{stem}",
        log_group=f"/aws/lambda/{stem}",
        hooks_rule=f"{stem}-hooks",
        sweep_rule=f"{stem}-sweep",
        failures_rule=f"{stem}-failures",
    )


def _rows(judged: list[PreflightFinding], mode: Mode) -> tuple[Row, ...]:
    fitting = [one for one in judged if mode in one.modes]
    fitting.sort(key=lambda one: _ORDER.index(one.kind))
    return tuple(
        Row(
            id=one.id,
            kind=one.kind,
            words=one.flag or one.words,
            what=one.what,
            why=one.why,
            flag=one.flag,
            named=f"{one.id}: {one.what}: {one.why}",
        )
        for one in fitting
    )


def _bill(inventory: Inventory, mode: Mode, chosen: Mode) -> Bill:
    items = [one.short for one in costs_of(inventory, mode, _alarm_count(inventory, mode)) if one.short]
    return Bill(mode=f"> {mode}" if mode == chosen else f"  {mode}", adds=", ".join(items))


def _alarm_count(inventory: Inventory, mode: Mode) -> int:
    nitro = inventory.type_info.get("Hypervisor") == "nitro"
    if mode == "recover":
        return 3 if nitro else 2
    of_snapshots = 2 if inventory.wanted.snapshots == "dlm" else 1
    return (4 if mode == "standby" else 5) + (
        of_snapshots if inventory.data_volumes and inventory.wanted.rpo_s else 0
    )


def _standby_instance(
    inventory: Inventory, group: str, template: dict[str, Json], choice: SubnetChoice
) -> StandbyInstance:
    """The first subnet in another zone is the standby's; its name tells it apart."""
    subnet = next((one.id for one in choice.subnets if one.zone != inventory.zone), "")
    name = {"Name": _standby_name(inventory.tags["Name"])} if inventory.tags.get("Name") else {}
    return StandbyInstance(
        interface={**template["NetworkInterfaces"][0], "SubnetId": subnet},
        tags={**inventory.own_tags, **name, GROUP_TAG: group, ROLE_TAG: "standby"},
        other_tags=tuple(template["TagSpecifications"]),
    )


def _standby_name(name: str) -> str:
    """The standby of `web` is `web standby`; the next, once that has taken over, is `web standby 2`.

    Earlier versions named it `web twin`.
    """
    earlier = re.fullmatch(r"(.+) (?:standby|twin)(?: (\d+))?", name)
    return f"{earlier[1]} standby {int(earlier[2] or 1) + 1}" if earlier else f"{name} standby"


def _tagging(inventory: Inventory, group: str, mode: Mode, targeted: dict[str, str]) -> tuple[Tagging, ...]:
    """One that gives its volumes away, as with --fresh, is not what snapshots are taken of."""
    role = {ROLE_TAG: "primary"} if mode == "standby" else {}
    replaced = group if mode in ("asg", "standby") else ""
    found = [Tagging(resource=inventory.id, tags={GROUP_TAG: group, **role, **targeted}, group=replaced)]
    for one in inventory.data_volumes:
        found.append(Tagging(resource=one.id, tags={GROUP_TAG: group, DEVICE_TAG: one.device, ROLE_TAG: "data"}))
    found += [Tagging(resource=one.allocation_id, tags={GROUP_TAG: group}) for one in inventory.elastic_ips]
    return tuple(found)


def _roles(inventory: Inventory) -> tuple[str, ...]:
    profile = (inventory.answers.get("profile") or {}).get("InstanceProfile", {})
    return tuple(str(role["Arn"]) for role in profile.get("Roles", []))


def _root_keys(inventory: Inventory) -> tuple[KeyGrant, ...]:
    key = key_to_grant(inventory)
    role = f"role/aws-service-role/autoscaling.amazonaws.com/{SERVICE_ROLE}"
    return (
        (KeyGrant(key=key, principal=f"arn:{inventory.partition}:iam::{inventory.account}:{role}"),) if key else ()
    )
