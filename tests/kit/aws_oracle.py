"""What AWS does to a packet or request, written from its documentation over its own JSON, not from opsctl's code.

Slow and plain on purpose: one address, one rule after the other. What a request has besides its addresses (does a
rule group match? is the rate exceeded?) is given as an answer for each such statement.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opsctl.model.value import Json

NUMBERS = {"tcp": 6, "udp": 17}


@dataclass(frozen=True)
class Request:
    """One request as a web ACL gets to see it; `answers` are those of statements that are about something else."""

    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)


def inside(address: str, block: str) -> bool:
    """Whether a block of the same family has the address."""
    found, network = ipaddress.ip_address(address), ipaddress.ip_network(block)
    return found.version == network.version and found in network


def network_acl_lets_in(entries: Iterable[Json], address: str, protocol: int, port: int) -> bool:
    """VPC user guide, network ACL rules: the lowest number that matches decides; the last rule, *, denies."""
    for entry in sorted(entries, key=lambda one: int(one["RuleNumber"])):
        if entry["Egress"] or not inside(address, entry.get("CidrBlock") or entry["Ipv6CidrBlock"]):
            continue
        span = entry.get("PortRange")
        if entry["Protocol"] != "-1":
            if int(entry["Protocol"]) != protocol:
                continue
            if span and not span["From"] <= port <= span["To"]:
                continue
        return bool(entry["RuleAction"] == "allow")
    return False


def security_groups_let_in(
    permissions: Iterable[Json], lists: Mapping[str, Sequence[str]], address: str, protocol: int, port: int
) -> bool:
    """EC2 user guide, security groups: whatever one rule of any group allows gets in, nothing else does."""
    for one in permissions:
        other = one["IpProtocol"] != "-1" and (
            NUMBERS[one["IpProtocol"]] != protocol or not one["FromPort"] <= port <= one["ToPort"]
        )
        if other:
            continue
        blocks = [each["CidrIp"] for each in one.get("IpRanges", [])]
        blocks += [each["CidrIpv6"] for each in one.get("Ipv6Ranges", [])]
        blocks += [block for each in one.get("PrefixListIds", []) for block in lists[each["PrefixListId"]]]
        if any(inside(address, block) for block in blocks):
            return True
    return False


def web_acl_lets_in(acl: Json, sets: Mapping[str, Sequence[str]], request: Request) -> bool:
    """WAF developer guide, web ACL rule evaluation: by priority, until one allows or blocks; else the default.

    Count goes on; so do Challenge and CAPTCHA for a request with a token, which a client may have. Of a rule group
    the answer says what its rules do: allow, block or nothing.
    """
    for rule in sorted(acl["Rules"], key=lambda one: int(one["Priority"])):
        statement = rule["Statement"]
        if "RuleGroupReferenceStatement" in statement:
            done = request.answers[statement["RuleGroupReferenceStatement"]["ARN"]]
            if done != "nothing":
                return done == "allow"
            continue
        (action,) = rule["Action"]
        if action in ("Allow", "Block") and matches(statement, sets, request):
            return bool(action == "Allow")
    return "Allow" in acl["DefaultAction"]


def matches(statement: Json, sets: Mapping[str, Sequence[str]], request: Request) -> bool:
    """WAF developer guide, rule statements: what each does with a request."""
    ((kind, body),) = statement.items()
    if kind == "NotStatement":
        return not matches(body["Statement"], sets, request)
    if kind == "AndStatement":
        return all(matches(one, sets, request) for one in body["Statements"])
    if kind == "OrStatement":
        return any(matches(one, sets, request) for one in body["Statements"])
    if kind == "GeoMatchStatement":
        return request.answers[",".join(body["CountryCodes"])] == "yes"
    assert kind == "IPSetReferenceStatement"
    blocks = sets[body["ARN"]]
    config = body.get("IPSetForwardedIPConfig")
    if config is None:
        return any(inside(request.source, block) for block in blocks)
    return _forwarded(config, blocks, request)


def _forwarded(config: Json, blocks: Sequence[str], request: Request) -> bool:
    """WAF developer guide, forwarded IP addresses.

    Without the header the statement does not match, whatever the fallback. First, last, or any of the last ten
    addresses; the fallback is for what is no address at the position. Names of headers have no case (RFC 9110).
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    if config["HeaderName"].lower() not in headers:
        return False
    listed = [one.strip() for one in headers[config["HeaderName"].lower()].split(",")]
    if config["Position"] == "ANY":
        return any(inside(one, block) for one in listed[-10:] for block in blocks)
    looked_at = listed[0] if config["Position"] == "FIRST" else listed[-1]
    try:
        ipaddress.ip_address(looked_at)
    except ValueError:
        return bool(config["FallbackBehavior"] == "MATCH")
    return any(inside(looked_at, block) for block in blocks)


def web_acl_of_tenant(tenant: Json, parent: Json | None, others: Mapping[str, Json]) -> Json | None:
    """CloudFront API reference, WebAclCustomization: override takes another web ACL, disable none."""
    custom = (tenant.get("Customizations") or {}).get("WebAcl") or {}
    if custom.get("Action") == "override":
        return others[custom["Arn"]]
    return None if custom.get("Action") == "disable" else parent
