"""The origins of one target: explored, their security groups read rule by rule, and who comes in directly."""

from collections.abc import Mapping, Sequence

from opsctl.block import cloudfront, elbv2
from opsctl.block.bypass import LOCKABLE
from opsctl.block.direct_visitors import direct_visitors, list_health_checks
from opsctl.block.facts.block_origins import Origins
from opsctl.block.node_kinds.origins import ports_of
from opsctl.block.origins import OWN_PORTS, GroupSeen, Lock, fronted, lock_of, private_origins
from opsctl.block.target_paths import paths_to
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.packet import Service
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.traffic_paths import OF_CLOUDFRONT, TrafficPath, ways_in
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read, Refusal
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value
from opsctl.resources import ec2
from opsctl.resources.ec2 import Interface, parse_tags
from opsctl.resources.group_rules import (
    RULES_AT_MOST,
    describe_group_rules,
    parse_group_rules,
    parse_prefix_lists,
    rules_quota,
)
from opsctl.resources.owners import owner_of


class _Seen(Value):
    """What one origin needs, and what was found of it besides."""

    lock: Lock = Lock()
    unlockable: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def origins_of(target: str, about: Context) -> Fetching[Origins]:
    """Find the origins of a target, and what each needs so that CloudFront alone gets in."""
    web, survey = yield from paths_to(target, about)
    ways = ways_in(web)
    fronts = fronted(ways)
    nodes = [node for node in web.nodes if node.place in fronts]
    distributions = tuple(dict.fromkeys(title for titles in fronts.values() for title in titles))
    private = private_origins(ways)
    if not nodes:
        says = f"nothing to lock{_needless(private)}"
        return Origins(
            unfronted=_unfronted(target, ways, private),
            private=private,
            unknown=web.unknown,
            standing=says,
            outlook=says if private else "",
        )
    seen = yield from gather([_seen(node, ways, web, survey) for node in nodes])
    left = [node.title for node, one in zip(nodes, seen, strict=True) if _is_open(one)]
    return Origins(
        names=tuple(node.title for node in nodes),
        fronts=distributions,
        open=tuple(left),
        admissions=tuple(each for one in seen for each in one.lock.admissions),
        revocations=tuple(each for one in seen for each in one.lock.revocations),
        unlockable=_each([one.unlockable for one in seen]),
        shared=_each([one.shared for one in seen if one.lock.revocations]),
        direct=_each([one.direct for one in seen if one.lock.revocations]),
        stays=_each([one.lock.stays for one in seen]),
        private=private,
        unknown=_each([web.unknown, *(one.unknown for one in seen)]),
        standing=_line(len(nodes), left) + _needless(private),
        outlook=_line(len(nodes), [text for one in seen for text in one.unlockable]) + _needless(private),
    )


def _is_open(one: _Seen) -> bool:
    return bool(one.lock.revocations or one.unlockable)


def _line(all_of_them: int, left: Sequence[str]) -> str:
    still = f"; STILL OPEN: {first_few(left, 3)}" if left else ""
    return f"{all_of_them - len(left)} of {all_of_them} origins admit CloudFront alone{still}"


def _needless(private: Sequence[str]) -> str:
    return f"; no lock is needed for {first_few(private, 3)}" if private else ""


def _unfronted(target: str, ways: Sequence[TrafficPath], private: Sequence[str]) -> tuple[str, ...]:
    """Say why there is nothing to lock: no distribution, or nothing behind it that could be locked."""
    if private:
        return ()
    behind = [way.name for way in ways if way.entrance.place.kind in OF_CLOUDFRONT]
    if behind:
        return (f"nothing behind it can be reached directly: {first_few(behind, 3)}",)
    return tuple(way.name for way in ways) or (f"no way in to {target} was found",)


def _each(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for part in parts for text in part))


def _seen(node: Node, ways: Sequence[TrafficPath], web: Web, survey: Survey) -> Fetching[_Seen]:
    gate = node.groups
    if node.blind or node.place.kind not in LOCKABLE:
        why = node.blind or "it has no security groups that opsctl could limit"
        return _Seen(unlockable=(f"{node.title}: {why}",))
    if gate is None:
        why = "it has no security group, and a network load balancer that was made without one never gets one"
        return _Seen(unlockable=(f"{node.title}: {why}",))
    region = node.place.region
    yield from survey.prefetch(_reads(gate.groups, region))
    groups, unread = yield from _groups(node, gate.groups, survey)
    listed = yield from survey.ask(ec2.describe("DescribeManagedPrefixLists", region), parse_prefix_lists)
    if isinstance(listed, Refusal):
        unread.append(cannot_tell("which prefix list is CloudFront's", listed))
    if unread or isinstance(listed, Refusal):
        return _Seen(unlockable=tuple(f"{node.title}: {text}" for text in unread), unknown=tuple(unread))
    quota, doubt = yield from _quota(region, survey)
    if node.place.kind in OWN_PORTS:
        ports = yield from ports_of(node.place, web.nodes, survey)
        node = node.model_copy(update={"services": tuple(Service(port=port) for port in ports)})
    lock = lock_of(node, groups, listed, quota, f"CloudFront alone is to reach {node.title}.")
    direct, missed = yield from direct_visitors(node, ways, survey)
    return _Seen(
        lock=lock,
        unlockable=(f"{node.title}: {lock.full}{doubt}",) if lock.full else (),
        shared=tuple(f"{text} (security group {one.id})" for one in groups for text in one.beside),
        direct=direct,
        unknown=missed,
    )


def _reads(groups: Sequence[str], region: str) -> list[Read]:
    return [
        *(describe_group_rules(one, region) for one in groups),
        *ec2.describe_batches("DescribeSecurityGroups", region, "group-id", groups),
        *(ec2.describe("DescribeNetworkInterfaces", region, {"group-id": [one]}) for one in groups),
        ec2.describe("DescribeManagedPrefixLists", region),
        elbv2.describe_load_balancers(region),
        rules_quota(region),
        list_health_checks(),
        cloudfront.list_distributions(),
    ]


def _quota(region: str, survey: Survey) -> Fetching[tuple[int, str]]:
    """Return how many rules a group may have; where that cannot be read, as many as every account has."""
    told = yield from survey.ask(rules_quota(region), _parse_quota)
    if isinstance(told, Refusal):
        return RULES_AT_MOST, f" (the quota could not be read, so {RULES_AT_MOST} is assumed)"
    return told, ""


def _parse_quota(answer: Json) -> int:
    return int((answer.get("Quota") or {}).get("Value") or RULES_AT_MOST)


def _groups(node: Node, groups: Sequence[str], survey: Survey) -> Fetching[tuple[list[GroupSeen], list[str]]]:
    region, found, unread = node.place.region, list[GroupSeen](), list[str]()
    (described,) = ec2.describe_batches("DescribeSecurityGroups", region, "group-id", groups)
    tags = yield from survey.ask(described, _parse_group_tags)
    balancers = yield from survey.ask(elbv2.describe_load_balancers(region), elbv2.parse_load_balancers)
    for one in groups:
        rules = yield from survey.ask(describe_group_rules(one, region), parse_group_rules)
        users = yield from survey.ask(
            ec2.describe("DescribeNetworkInterfaces", region, {"group-id": [one]}), ec2.parse_interfaces
        )
        if isinstance(rules, Refusal):
            unread.append(cannot_tell(f"what security group {one} admits", rules))
            continue
        if isinstance(users, Refusal):
            unread.append(cannot_tell(f"what else is in security group {one}", users))
            continue
        if isinstance(balancers, Refusal):
            unread.append(cannot_tell(f"which load balancers are in security group {one}", balancers))
            continue
        sharing = [it for it in balancers if one in it.security_groups and it.arn != node.resource]
        others = [f"load balancer {it.name}" for it in sharing]
        beside = [text for it in users if (text := _beside(it, node))]
        known: Mapping[str, Mapping[str, str]] = {} if isinstance(tags, Refusal) else tags
        found.append(GroupSeen(id=one, rules=rules, owner=owner_of(known.get(one, {})), beside=(*others, *beside)))
    return found, unread


def _parse_group_tags(answer: Json) -> dict[str, dict[str, str]]:
    return {one["GroupId"]: parse_tags(one) for one in answer.get("SecurityGroups", [])}


def _beside(one: Interface, node: Node) -> str:
    """Name what else is in a group; load balancers' own interfaces are named as load balancers."""
    itself = one.id == node.place.id or (one.instance and one.instance == node.resource)
    if itself or one.description.startswith("ELB "):
        return ""
    return f"instance {one.instance}" if one.instance else f"network interface {one.id}"
