"""Examples of what block-ip does."""

from collections.abc import Callable

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network, seed_tenants
from tests.kit.block_targets import (
    BOTH,
    REGIONAL,
    acl_of,
    distribution,
    waf_on,
    waf_on_distribution,
    waf_on_tenant,
)
from tests.kit.inspected import group_named, make_inspected
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import client, state
from tests.kit.ports import MemoryJournal
from tests.kit.seeded import Seed
from tests.registry.example import Example, Stage


def _network_acl(_: Stage) -> dict[str, Json]:
    return {"network_acl": acl_of("edge-a"), "addresses": BOTH, "why": "first line"}


def _countries(_: Stage) -> dict[str, Json]:
    return {"distribution": distribution(), "name": "shop", "countries": ["KP", "IR"], "why": "attack"}


def _at_the_edge(given: Callable[[Stage], dict[str, Json]], *more: Seed) -> Example:
    kept = "lock tokens, ETags and moments of web ACLs and distributions are others"
    return Example(given=given, seeds=(seed_network, *more), look=state, kept=kept)


TERM: Json = {
    "until": "2026-12-02T08:00:00Z",
    "since": "2026-12-01T08:00:00Z",
    "by": "responder",
    "reason": "credential stuffing",
    "incident": "INC-12",
    "target": "shop.example.com",
}


def _blocked(stage: Stage, **more: Json) -> None:
    asked = {"addresses": BOTH, "target": "shop.example.com", "ttl": "1h"} | more
    carry_out(stage.world.plan("block-ip", asked), stage.world, MemoryJournal(), stage.path)


def _lift(stage: Stage) -> dict[str, Json]:
    _blocked(stage)
    return {"addresses": BOTH[:1], "why": "it was a customer"}


def _lift_due(stage: Stage) -> dict[str, Json]:
    _blocked(stage)
    stage.move(2 * 3600)
    return {"due": True, "why": "their end has passed"}


def _extend(stage: Stage) -> dict[str, Json]:
    _blocked(stage)
    return {"addresses": BOTH, "term": TERM}


def _lift_countries(stage: Stage) -> dict[str, Json]:
    _blocked(stage, addresses=[], countries=["KP", "IR"])
    return {"countries": ["KP"], "why": "it was a customer"}


def _extend_countries(stage: Stage) -> dict[str, Json]:
    _blocked(stage, addresses=[], countries=["KP", "IR"])
    return {"countries": ["KP"], "term": TERM | {"until": "never"}}


def _full_network_acl(_: Stage) -> dict[str, Json]:
    """Two neighbours of opsctl, and no rule left for any other."""
    acl, neighbours = acl_of("direct-a"), ["203.0.113.8", "203.0.113.9"]
    theirs = [f"192.0.2.{number}" for number in range(16)]
    for number, address in enumerate([*neighbours, *theirs], start=1):
        entry = {"RuleNumber": number, "Protocol": "-1", "RuleAction": "deny", "Egress": False}
        client("ec2").create_network_acl_entry(NetworkAclId=acl, CidrBlock=f"{address}/32", **entry)
    record = {"Key": "opsctl:block/run", "Value": f"{' '.join(neighbours)} until=2026-12-02T08:00:00Z"}
    client("ec2").create_tags(Resources=[acl], Tags=[record])
    return {"network_acl": acl, "addresses": ["198.51.100.7"], "why": "first line", "term": TERM}


LISTED = [f"45.7.{number}.0/24" for number in range(0, 10, 2)]


def _list(name: str) -> dict[str, Json]:
    given = waf_on(name) | {"scope": "REGIONAL", "region": "us-east-1", "why": "the ALB sees the client"}
    return given | {"list": "drop", "addresses": LISTED, "term": TERM | {"until": "never"}}


def _list_that_differs(stage: Stage) -> dict[str, Json]:
    asked = {"list": "drop", "addresses": [*LISTED[1:], "45.9.0.0/24"], "target": "direct.example.com"}
    carry_out(stage.world.plan("block-list", asked), stage.world, MemoryJournal(), stage.path)
    return _list("direct-alb")


MANY: dict[str, Json] = {
    "addresses": [f"198.51.{one}.{two}" for one in range(100, 103) for two in range(0, 180, 2)]
}
"""More than the tags of an IP set can name."""


def _firewall(_: Stage) -> dict[str, Json]:
    found = client("network-firewall").describe_rule_group(RuleGroupName="drops")
    return {
        "rule_group": found["RuleGroupResponse"]["RuleGroupArn"],
        "addresses": BOTH,
        "why": "it stands in front",
    }


def _group_of_the_shop() -> str:
    balancer, *_ = client("elbv2").describe_load_balancers(Names=["shop-alb"])["LoadBalancers"]
    found: str = balancer["SecurityGroups"][0]
    return found


def _admitted(_: Stage) -> dict[str, Json]:
    lists = client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    edge = next(
        one["PrefixListId"] for one in lists if one["PrefixListName"].endswith("global.cloudfront.origin-facing")
    )
    return {
        "group": _group_of_the_shop(),
        "prefix_list": edge,
        "from_port": 80,
        "to_port": 443,
        "why": "it is in front",
    }


def _revoked(_: Stage) -> dict[str, Json]:
    rule = {"group": _group_of_the_shop(), "protocol": "tcp", "from_port": 80, "to_port": 80, "cidr": "0.0.0.0/0"}
    return rule | {"why": "nobody needs it"}


def _locked(given: Callable[[Stage], dict[str, Json]]) -> Example:
    return Example(given=given, seeds=(seed_network,), look=state, kept="a rule that is put back has another id")


EXAMPLES: dict[str, Example] = {
    "firewall.deny": Example(
        given=_firewall,
        seeds=(seed_network, make_inspected),
        look=lambda: group_named("drops"),
        kept="update tokens are others",
    ),
    "ec2.admit_list": _locked(_admitted),
    "ec2.revoke_rule": _locked(_revoked),
    "firewall.deny, recorded": Example(
        given=lambda stage: _firewall(stage) | {"term": TERM},
        seeds=(seed_network, make_inspected),
        look=lambda: group_named("drops"),
        kept="update tokens are others",
    ),
    "nacl.deny": Example(given=_network_acl, seeds=(seed_network,)),
    "nacl.deny, recorded": Example(
        given=lambda stage: _network_acl(stage) | {"term": TERM}, seeds=(seed_network,)
    ),
    "nacl.deny, a full one": Example(given=_full_network_acl, seeds=(seed_network,)),
    "waf.block, recorded": _at_the_edge(lambda _: waf_on("shop-alb") | REGIONAL | {"term": TERM}),
    "waf.block, many recorded": _at_the_edge(lambda _: waf_on("direct-alb") | REGIONAL | MANY | {"term": TERM}),
    "waf.block": _at_the_edge(lambda _: waf_on("shop-alb") | REGIONAL),
    "waf.block, a web ACL there": _at_the_edge(lambda _: waf_on("direct-alb") | REGIONAL),
    "waf.block, by header": _at_the_edge(
        lambda _: waf_on("direct-alb") | REGIONAL | {"forwarded_header": "X-Forwarded-For", "term": TERM}
    ),
    "waf.block, CloudFront": _at_the_edge(lambda _: REGIONAL | waf_on_distribution()),
    "waf.block, a tenant": _at_the_edge(lambda _: REGIONAL | waf_on_tenant(), seed_tenants),
    "waf.sync": _at_the_edge(lambda _: _list("shop-alb")),
    "waf.sync, what differs": _at_the_edge(_list_that_differs),
    "block.lift": _at_the_edge(_lift),
    "block.lift, what is due": _at_the_edge(_lift_due),
    "block.extend": _at_the_edge(_extend),
    "block.lift, countries": _at_the_edge(_lift_countries),
    "block.extend, countries": _at_the_edge(_extend_countries),
    "cloudfront.deny_countries": _at_the_edge(_countries),
    "cloudfront.deny_countries, recorded": _at_the_edge(lambda stage: _countries(stage) | {"term": TERM}),
}
