"""Whether an instance reaches the nodes of a cache, by what EC2 and Systems Manager describe.

Sources: VPC user guide, "Security group rules" (allow rules only; a rule names ranges, groups or prefix lists)
and ElastiCache guide, "Access patterns for accessing an ElastiCache cache in an Amazon VPC". Network ACLs and
routes are not looked at: the first script asks every node before any of them is emptied.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence

from opsctl.caches.elasticache_nodes import CacheNodes
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

SUGGESTED_OF = 50
_ID = re.compile(r"i-[0-9a-f]{8,17}")


class Reach(Value):
    """An instance that is to ask a cache: why it cannot, and what of that could not be told."""

    instance: str
    name: str = ""
    refused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def find_reach(asked: str, cache: CacheNodes) -> Fetching[Reach]:
    """Judge whether an instance, by its id or its Name tag, reaches a cache and runs scripts.

    Raises:
        InvalidInput: there is no such instance, or there are several.
        FactUnknown: instances may not be read.
    """
    instance = yield from _instance(asked)
    name, own = str(instance["InstanceId"]), _groups_of(instance)
    groups = list(dict.fromkeys((*cache.groups, *own)))
    reads = {
        "agent": Read(
            service="ssm",
            operation="DescribeInstanceInformation",
            params={"Filters": [{"Key": "InstanceIds", "Values": [name]}]},
        ),
        "rules": Read(service="ec2", operation="DescribeSecurityGroups", params={"GroupIds": groups}),
        "place": _place(cache),
    }
    answers = dict(zip(reads, (yield list(reads.values())), strict=True))
    refused = [*_agent(answers["agent"], instance)]
    unknown = [f"{what}: {one.refusal}" for what, one in answers.items() if one.refusal is not None]
    vpc = _vpc(answers["place"].value or {})
    if vpc and vpc != instance.get("VpcId"):
        refused.append(f"it is in {instance.get('VpcId')}, the cache in {vpc}")
    if answers["rules"].refusal is None:
        told = {str(one["GroupId"]): one for one in answers["rules"].value.get("SecurityGroups") or []}
        found = list(_ways(told, cache, instance, own))
        refused += [text for known, text in found if known]
        unknown += [text for known, text in found if not known]
    return Reach(instance=name, name=_named(instance), refused=tuple(refused), unknown=tuple(unknown))


def who_reaches(cache: CacheNodes) -> Fetching[tuple[str, ...]]:
    """Name running instances that a rule of the cache's groups lets in by their group, with agents online.

    What may not be read names nobody: this is only a suggestion.
    """
    groups = Read(service="ec2", operation="DescribeSecurityGroups", params={"GroupIds": list(cache.groups)})
    told = yield from fetch(groups)
    described = (told.value or {}).get("SecurityGroups") or []
    rules = [
        rule for one in described if one["GroupId"] in cache.groups for rule in one.get("IpPermissions") or []
    ]
    fitting = [rule for rule in rules if _permits_port(rule, cache.port)]
    let_in = sorted({str(one.get("GroupId")) for rule in fitting for one in rule.get("UserIdGroupPairs") or []})
    if not let_in:
        return ()
    wanted = {"instance.group-id": let_in, "instance-state-name": ["running"]}
    filters = [{"Name": name, "Values": values} for name, values in wanted.items()]
    found = yield from fetch(Read(service="ec2", operation="DescribeInstances", params={"Filters": filters}))
    listed = [one for each in (found.value or {}).get("Reservations") or [] for one in each["Instances"]]
    instances = {str(one["InstanceId"]): _named(one) for one in listed[:SUGGESTED_OF]}
    if not instances:
        return ()
    asked = {"Filters": [{"Key": "InstanceIds", "Values": sorted(instances)}]}
    agents = yield from fetch(Read(service="ssm", operation="DescribeInstanceInformation", params=asked))
    online = [
        str(one["InstanceId"])
        for one in (agents.value or {}).get("InstanceInformationList") or []
        if one.get("PingStatus") == "Online" and one.get("PlatformType") == "Linux"
    ]
    return tuple(f"{one} ({instances[one]})" if instances.get(one) else one for one in sorted(online))


def _instance(asked: str) -> Fetching[Json]:
    by_id = _ID.fullmatch(asked) is not None
    params = {"InstanceIds": [asked]} if by_id else {"Filters": [{"Name": "tag:Name", "Values": [asked]}]}
    answer = yield from fetch(Read(service="ec2", operation="DescribeInstances", params=params))
    if answer.refusal is not None and not answer.known:
        raise FactUnknown(answer.refusal)
    found = [
        one
        for each in (answer.value or {}).get("Reservations") or []
        for one in each["Instances"]
        if one["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(str(one["InstanceId"]) for one in found)[:5])
        raise InvalidInput.one(
            f"{len(found)} instances are named {asked!r}", source="via", hint=f"give an id: {ids}"
        )
    raise InvalidInput.one(f"there is no instance {asked!r}", source="via", hint="give its id or its Name tag")


def _groups_of(instance: Json) -> tuple[str, ...]:
    interfaces = [group for one in instance.get("NetworkInterfaces") or [] for group in one.get("Groups") or []]
    listed = [str(one["GroupId"]) for one in (*(instance.get("SecurityGroups") or []), *interfaces)]
    return tuple(dict.fromkeys(listed))


def _named(instance: Json) -> str:
    return next((str(one["Value"]) for one in instance.get("Tags") or [] if one["Key"] == "Name"), "")


def _place(cache: CacheNodes) -> Read:
    if cache.subnets:
        return Read(service="ec2", operation="DescribeSubnets", params={"SubnetIds": [cache.subnets[0]]})
    if cache.subnet_group:
        params = {"CacheSubnetGroupName": cache.subnet_group}
        return Read(service="elasticache", operation="DescribeCacheSubnetGroups", params=params)
    return Read(service="ec2", operation="DescribeSecurityGroups", params={"GroupIds": list(cache.groups)})


def _vpc(told: Json) -> str:
    """The VPC of the first subnet, of the subnet group, or of the cache's security groups."""
    for listed in ("Subnets", "CacheSubnetGroups", "SecurityGroups"):
        for one in told.get(listed) or []:
            return str(one.get("VpcId") or "")
    return ""


def _agent(answer: Answer, instance: Json) -> Iterator[str]:
    if answer.refusal is not None:
        return
    agents = answer.value.get("InstanceInformationList") or []
    if not agents:
        yield "Systems Manager does not know it: give its role AmazonSSMManagedInstanceCore"
    elif agents[0].get("PingStatus") != "Online":
        state = instance["State"]["Name"]
        yield f"its SSM agent is {agents[0].get('PingStatus')}{'' if state == 'running' else f', it is {state}'}"
    elif agents[0].get("PlatformType") not in ("Linux", None):
        yield f"it runs {agents[0].get('PlatformType')}, and the script is one for Linux"


def _ways(
    told: dict[str, Json], cache: CacheNodes, instance: Json, own: Sequence[str]
) -> Iterator[tuple[bool, str]]:
    """What no rule lets through: in at the cache, out at the instance; False in front: a rule might."""
    addresses = [str(instance["PrivateIpAddress"])] if instance.get("PrivateIpAddress") else []
    rules_in = [rule for one in cache.groups for rule in told.get(one, {}).get("IpPermissions") or []]
    rules_out = [rule for one in own for rule in told.get(one, {}).get("IpPermissionsEgress") or []]
    for rules, groups, near, says in (
        (rules_in, own, addresses, f"no rule of {', '.join(cache.groups)} lets it in on port {cache.port}"),
        (rules_out, cache.groups, [], f"no rule of {', '.join(own)} lets it out on port {cache.port}"),
    ):
        verdicts = [_permits(rule, cache.port, near, groups) for rule in rules]
        if True in verdicts:
            continue
        yield (None not in verdicts), says if None not in verdicts else f"{says}, unless a prefix list does"


def _permits(rule: Json, port: int, addresses: Sequence[str], groups: Sequence[str]) -> bool | None:
    """Whether a rule permits it; None where it names a prefix list. Without addresses any range will do."""
    if not _permits_port(rule, port):
        return False
    ranges = [ipaddress.ip_network(one["CidrIp"], strict=False) for one in rule.get("IpRanges") or []]
    if any(not addresses or any(ipaddress.ip_address(each) in one for each in addresses) for one in ranges):
        return True
    if any(str(one.get("GroupId")) in groups for one in rule.get("UserIdGroupPairs") or []):
        return True
    return None if rule.get("PrefixListIds") else False


def _permits_port(rule: Json, port: int) -> bool:
    protocol = str(rule["IpProtocol"])
    of_port: bool = rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65_535)
    return protocol == "-1" or (protocol in ("tcp", "6") and of_port)
