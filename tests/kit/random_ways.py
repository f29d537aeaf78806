"""Random ways in as AWS describes them: tables of rules about a few addresses, and the blocks asked about.

A case is plain JSON, so that a failing one can be made smaller and printed. Another kind of way is another
function in `SHAPES`: it draws a case, and `tests/kit/way_judges.py` has what opsctl and the oracle make of it.
"""

import ipaddress
from collections.abc import Callable
from random import Random

from opsctl.model.value import Json

POOLS = {4: ("198.51.100.0", 28), 6: ("2001:db8::", 124)}
NEUTRAL = "192.0.2.200"
"""In no block that is drawn: a proxy, or an address that a client invents."""
HEADERS = ("X-Forwarded-For", "CF-Connecting-IP", "X-Real-IP")
SERVICES = [[6, 443], [17, 53]]


def block(random: Random, version: int, narrow: int = 0) -> str:
    """A block of the pool: of its widths, from the whole of it and one wider down to one address."""
    base, length = POOLS[version]
    most = 32 if version == 4 else 128
    widths = [length - 1, length, *range(length + 1, most + 1)]
    chosen = random.choice(widths[narrow:])
    first = int(ipaddress.ip_address(base)) + random.randrange(16)
    address = ipaddress.ip_address(first)
    return str(ipaddress.ip_network(f"{address}/{chosen}", strict=False))


def any_block(random: Random) -> str:
    """A block of either family, now and then everybody."""
    if random.random() < 0.3:
        return random.choice(["0.0.0.0/0", "::/0"])
    return block(random, random.choice([4, 4, 4, 6]))


def entries(random: Random) -> list[Json]:
    """The inbound and outbound rules of a network ACL."""
    numbers = random.sample(range(1, 200), random.randrange(5))
    return [_entry(random, number) for number in numbers]


def _entry(random: Random, number: int) -> Json:
    where = any_block(random)
    protocol = random.choice(["-1", "-1", "6", "17"])
    ports = random.choice([None, {"From": 0, "To": 1023}, {"From": 443, "To": 443}, {"From": 50, "To": 100}])
    return {
        "RuleNumber": number,
        "Protocol": protocol,
        "RuleAction": random.choice(["allow", "allow", "deny"]),
        "Egress": random.random() < 0.1,
        ("Ipv6CidrBlock" if ":" in where else "CidrBlock"): where,
        **({"PortRange": ports} if ports and protocol != "-1" else {}),
    }


def permissions(random: Random) -> list[Json]:
    """The inbound rules of security groups."""
    return [_permission(random) for _ in range(random.randrange(1, 4))]


def _permission(random: Random) -> Json:
    protocol = random.choice(["-1", "tcp", "tcp", "udp"])
    low, high = random.choice([(0, 65535), (443, 443), (50, 100)])
    ports = {} if protocol == "-1" else {"FromPort": low, "ToPort": high}
    if random.random() < 0.15:
        return {"IpProtocol": protocol, **ports, "PrefixListIds": [{"PrefixListId": "pl-1"}]}
    where = any_block(random)
    member = {"Ipv6Ranges": [{"CidrIpv6": where}]} if ":" in where else {"IpRanges": [{"CidrIp": where}]}
    return {"IpProtocol": protocol, **ports, **member}


def web_acl(random: Random, name: str) -> Json:
    """A web ACL as GetWebACL tells it."""
    rules = [_rule(random, name, number) for number in random.sample(range(20), random.randrange(4))]
    action = random.choice(["Allow", "Allow", "Block"])
    return {"ARN": f"arn:aws:wafv2:r:a:regional/webacl/{name}/1", "Name": name, "Id": "1", "Rules": rules} | {
        "DefaultAction": {action: {}}
    }


def _rule(random: Random, acl: str, number: int) -> Json:
    name = f"{acl}-{number}"
    if random.random() < 0.08:
        statement: Json = {"RuleGroupReferenceStatement": {"ARN": name}}
        return {"Name": name, "Priority": number, "Statement": statement, "OverrideAction": {"None": {}}}
    action = random.choice(["Block", "Block", "Block", "Allow", "Allow", "Count", "Challenge"])
    return {"Name": name, "Priority": number, "Action": {action: {}}, "Statement": _statement(random, name, 2)}


def _statement(random: Random, name: str, depth: int) -> Json:
    kind = random.random()
    if depth and kind < 0.12:
        return {"NotStatement": {"Statement": _statement(random, f"{name}n", depth - 1)}}
    if depth and kind < 0.35:
        parts = [_statement(random, f"{name}{part}", depth - 1) for part in "ab"]
        return {random.choice(["AndStatement", "OrStatement", "OrStatement"]): {"Statements": parts}}
    if kind < 0.4:
        return {"GeoMatchStatement": {"CountryCodes": [name]}}
    reference: Json = {"ARN": random.choice(["low", "high", "six"])}
    if random.random() < 0.5:
        reference["IPSetForwardedIPConfig"] = {
            "HeaderName": random.choice([*HEADERS, "x-forwarded-for"]),
            "FallbackBehavior": random.choice(["MATCH", "NO_MATCH"]),
            "Position": random.choice(["FIRST", "LAST", "ANY"]),
        }
    return {"IPSetReferenceStatement": reference}


def _common(random: Random, shape: str) -> Json:
    sets = {"low": [block(random, 4, 1)], "high": [block(random, 4, 2), block(random, 4, 2)]}
    forwarded = None
    if random.random() < 0.6:
        forwarded = [random.choice(HEADERS), random.choice(["auto", "auto", "last", "any", "first"])]
    return {
        "shape": shape,
        "versions": random.choice([[4], [4, 6]]),
        "sets": sets | {"six": [block(random, 6, 1)]},
        "lists": {"pl-1": [block(random, 4)]},
        "forwarded": forwarded,
        "blocks": [block(random, random.choice([4, 4, 6]), 2) for _ in range(8)],
    }


def _gates(random: Random) -> Json:
    return {"acls": [entries(random) for _ in range(random.randrange(1, 3))], "permissions": permissions(random)}


def _balancer(random: Random) -> Json:
    return _common(random, "balancer") | {"gates": _gates(random), "web": web_acl(random, "web")}


def _targets(random: Random) -> Json:
    return _common(random, "targets") | {
        "gates": _gates(random),
        "targets": [_gates(random) for _ in range(random.randrange(1, 3))],
        "forwarded": None,
    }


def _edge(random: Random) -> Json:
    return _common(random, "edge") | {
        "gates": _gates(random),
        "front": web_acl(random, "front"),
        "web": web_acl(random, "web"),
    }


def _tenant(random: Random) -> Json:
    custom = random.choice([None, {"Action": "disable"}, {"Action": "override", "Arn": "own"}])
    return _common(random, "tenant") | {
        "front": web_acl(random, "front"),
        "own": web_acl(random, "own"),
        "tenant": {"Id": "dt-1", "Name": "t", "DistributionId": "E1", "Customizations": {"WebAcl": custom}},
    }


def _accelerated(random: Random) -> Json:
    gates = _gates(random)
    if random.random() < 0.15:  # a rule that admits the security group of the accelerator's own interfaces
        gates["permissions"].append({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-accelerator"}]})
    return _common(random, "accelerated") | {"gates": gates, "web": web_acl(random, "web")}


SHAPES: dict[str, Callable[[Random], Json]] = {
    "balancer": _balancer,
    "targets": _targets,
    "edge": _edge,
    "tenant": _tenant,
    "accelerated": _accelerated,
}


KEPT = ("blocks", "forwarded", "versions", "shape")


def smaller(case: Json) -> list[Json]:
    """Return cases with one thing less, the largest things first."""
    found: list[Json] = []
    if len(case["blocks"]) > 1:
        found += [case | {"blocks": [one]} for one in case["blocks"]]
    found += [case | {name: value} for name, value in case.items() for value in _less(value) if name not in KEPT]
    (only, *_) = case["blocks"]
    network = ipaddress.ip_network(only)
    if len(case["blocks"]) == 1 and network.prefixlen < network.max_prefixlen:
        found += [case | {"blocks": [str(half)]} for half in network.subnets()]
    return found


def _less(value: Json) -> list[Json]:
    if isinstance(value, list):
        shorter = [value[:at] + value[at + 1 :] for at in range(len(value))] if len(value) > 1 else []
        emptied: list[Json] = (
            [[]] if len(value) == 1 and isinstance(value[0], dict) and "Priority" in value[0] else []
        )
        inner = [[*value[:at], less, *value[at + 1 :]] for at, one in enumerate(value) for less in _less(one)]
        return [*shorter, *emptied, *inner]
    if isinstance(value, dict):
        if set(value) <= {"OrStatement", "AndStatement", "NotStatement"} and value:
            (body,) = value.values()
            return list(body["Statements"]) if "Statements" in body else [body["Statement"]]
        return [value | {name: less} for name, one in value.items() for less in _less(one)]
    return []
