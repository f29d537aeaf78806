"""Reading the gates of a place: network ACLs of its subnets, its security groups, its web ACL."""

from collections.abc import Sequence

from opsctl.block import wafv2
from opsctl.block.topology.gates import GroupGate, NaclGate, OpenRule, WafGate
from opsctl.block.topology.nacl import NetworkAcl, parse_network_acl
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.webacl import ip_sets_in, parse_ip_set, parse_web_acl
from opsctl.block.wafv2 import Scope
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal, RefusalKind
from opsctl.model.value import Json
from opsctl.resources import ec2
from opsctl.resources.ec2 import Allow


def describe_network_acls(region: str) -> Read:
    """Read all network ACLs of a region."""
    return ec2.describe("DescribeNetworkAcls", region)


def parse_network_acls(answer: Json) -> tuple[NetworkAcl, ...]:
    """Parse DescribeNetworkAcls."""
    return tuple(parse_network_acl(one) for one in answer.get("NetworkAcls", []))


def nacl_gate(subnets: Sequence[str], region: str, survey: Survey) -> Fetching[NaclGate]:
    """Find the network ACLs of subnets, each once."""
    acls = yield from survey.ask(describe_network_acls(region), parse_network_acls)
    if isinstance(acls, Refusal):
        return NaclGate(acls=(), subnets=tuple(subnets), unknown=(cannot_tell("who is allowed in", acls),))
    known = yield from survey.ask(ec2.describe("DescribeSubnets", region), ec2.parse_subnets)
    found = tuple(acl for acl in acls if set(acl.subnets) & set(subnets))
    covered = {subnet for acl in found for subnet in acl.subnets}
    unknown = []
    for subnet in subnets:
        if subnet in covered:
            continue
        owner = "" if isinstance(known, Refusal) or subnet not in known else known[subnet].owner
        shared = owner and owner != survey.about.account
        why = f"account {owner} shares it and owns its network ACL" if shared else "none is visible"
        unknown.append(f"cannot tell which network ACL subnet {subnet} has: {why}")
    return NaclGate(acls=found, subnets=tuple(subnets), unknown=tuple(unknown))


def group_gate(groups: Sequence[str], region: str, survey: Survey) -> Fetching[GroupGate]:
    """Read the inbound rules of security groups, with prefix lists spelled out."""
    reads = ec2.describe_batches("DescribeSecurityGroups", region, "group-id", groups)
    answers = yield from survey.ask_each(reads, ec2.parse_inbound_rules)
    allows: list[Allow] = []
    unknown = []
    for answer in answers:
        if isinstance(answer, Refusal):
            unknown.append(cannot_tell("what security groups allow in", answer))
        else:
            allows += answer
    lists = sorted({one for allow in allows for one in allow.prefix_lists})
    names, entries, missing = yield from _prefix_lists(lists, region, survey)
    rules = [
        rule
        for allow in allows
        for rule in (
            *(_rule(allow, (cidr,), cidr) for cidr in allow.cidrs),
            *(
                _rule(allow, entries.get(one, ()), f"prefix list {names.get(one) or one}")
                for one in allow.prefix_lists
            ),
            *(_rule(allow, (), f"security group {group}") for group in allow.groups),
        )
    ]
    return GroupGate(groups=tuple(groups), rules=tuple(rules), unknown=(*unknown, *missing))


def web_acl_of_resource(resource: str, survey: Survey, scope: Scope = "REGIONAL") -> Fetching[WafGate]:
    """Read the web ACL of a resource with its IP sets; WAF answers `not found` when there is none."""
    raw = yield from survey.ask(wafv2.get_web_acl_for_resource(resource), dict)
    if isinstance(raw, Refusal) and raw.kind is not RefusalKind.MISSING:
        return WafGate(scope=scope, unknown=(cannot_tell("which web ACL is attached", raw),))
    if isinstance(raw, Refusal) or not raw.get("WebACL"):
        return WafGate(scope=scope)
    gate = yield from _with_ip_sets(raw, survey)
    return gate


def web_acl_of_distribution(web_acl: str, survey: Survey) -> Fetching[WafGate]:
    """Read the web ACL that a distribution names, with its IP sets; a bare id is WAF Classic."""
    if not web_acl:
        return WafGate(scope="CLOUDFRONT")
    if not wafv2.is_arn(web_acl):
        return WafGate(scope="CLOUDFRONT", classic=web_acl)
    raw = yield from survey.ask(wafv2.get_web_acl(web_acl), dict)
    if isinstance(raw, Refusal):
        return WafGate(scope="CLOUDFRONT", unknown=(cannot_tell("what its web ACL does", raw),))
    gate = yield from _with_ip_sets(raw, survey)
    return gate


def _with_ip_sets(raw: Json, survey: Survey) -> Fetching[WafGate]:
    arns = ip_sets_in(raw)
    answers = yield from survey.ask_each([wafv2.get_ip_set(arn) for arn in arns], _ip_set)
    known = {one.arn: one for one in answers if not isinstance(one, Refusal)}
    acl = parse_web_acl(raw, known)
    unknown = tuple(
        cannot_tell(f"what IP set {arn.split('/')[-2]} holds", one)
        for arn, one in zip(arns, answers, strict=True)
        if isinstance(one, Refusal)
    )
    return WafGate(scope=acl.scope, web_acl=acl, doubts=unknown)


def _ip_set(answer: Json) -> Json:
    return parse_ip_set(answer["IPSet"])


def _rule(allow: Allow, networks: tuple[str, ...], source: str) -> OpenRule:
    return OpenRule(
        group=allow.group, protocol=allow.protocol, ports=allow.ports, networks=networks, source=source
    )


def _prefix_lists(
    lists: Sequence[str], region: str, survey: Survey
) -> Fetching[tuple[dict[str, str], dict[str, tuple[str, ...]], tuple[str, ...]]]:
    """Return names and entries of prefix lists by id, and what could not be read of them."""
    if not lists:
        return {}, {}, ()
    yield from survey.prefetch(
        [
            ec2.describe("DescribeManagedPrefixLists", region),
            *(ec2.get_prefix_list_entries(one, region) for one in lists),
        ]
    )
    names = yield from survey.ask(ec2.describe("DescribeManagedPrefixLists", region), ec2.parse_prefix_list_names)
    answers = yield from survey.ask_each(
        [ec2.get_prefix_list_entries(one, region) for one in lists], ec2.parse_prefix_list_entries
    )
    known = {} if isinstance(names, Refusal) else names
    entries: dict[str, tuple[str, ...]] = {}
    unknown = []
    for one, answer in zip(lists, answers, strict=True):
        if not isinstance(answer, Refusal):
            entries[one] = answer
        elif not known.get(one, "").startswith("com.amazonaws."):
            unknown.append(cannot_tell(f"what prefix list {one} holds", answer))
    return known, entries, tuple(unknown)
