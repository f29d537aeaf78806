"""AWS WAF's and CloudFront's rules about web ACLs where moto has none, from AWS's documentation and API model."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.wafv2.models import wafv2_backends

from opsctl.aws.account import LiveAccount
from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import AWS_LIKE, QUICK, Durations, hand_clock, set_conditions
from opsctl.sandbox.engine.waf_capacity import capacity_of
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import planned
from tests.block.actions.test_waf_places import ANTI_DDOS, GROUP, HEADER
from tests.kit.block_targets import balancer, distribution, waf_on
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, timed_world
from tests.sandbox.rules.test_rules import ip_set, refused

VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def web_acl(name: str, *statements: Json, scope: str = "REGIONAL", **more: Json) -> dict[str, Json]:
    rules = [
        {
            "Name": f"r{number}",
            "Priority": number,
            "Statement": statement,
            "VisibilityConfig": VISIBLE,
            **(
                {"OverrideAction": {"None": {}}} if "Group" in next(iter(statement)) else {"Action": {"Block": {}}}
            ),
        }
        for number, statement in enumerate(statements)
    ]
    base = {"Name": name, "Scope": scope, "DefaultAction": {"Allow": {}}, "VisibilityConfig": VISIBLE}
    return base | {"Rules": rules} | more


def created(name: str, *statements: Json, scope: str = "REGIONAL", **more: Json) -> dict[str, Any]:
    made = client("wafv2").create_web_acl(**web_acl(name, *statements, scope=scope, **more))["Summary"]
    return {"Name": name, "Scope": scope, "Id": made["Id"], "ARN": made["ARN"]}


def read(acl: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client("wafv2").get_web_acl(**_key(acl))
    return found


def _key(acl: dict[str, Any]) -> dict[str, Any]:
    return {name: acl[name] for name in ("Name", "Scope", "Id")}


def rewrite(acl: dict[str, Any], **members: Json) -> dict[str, Any]:
    more = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": VISIBLE, "LockToken": read(acl)["LockToken"]}
    client("wafv2").update_web_acl(**_key(acl), **more, **members)
    found: dict[str, Any] = read(acl)["WebACL"]
    return found


def reference(arn: str) -> Json:
    return {"IPSetReferenceStatement": {"ARN": arn}}


def test_a_web_acl_keeps_its_analytics_setting_and_an_update_replaces_it(world: World) -> None:
    acl = created(
        "a", AnalyticsConfig={"Mode": "CROSS_REGION"}, CaptchaConfig={"ImmunityTimeProperty": {"ImmunityTime": 60}}
    )
    assert read(acl)["WebACL"]["AnalyticsConfig"] == {"Mode": "CROSS_REGION"}
    kept = rewrite(acl, AnalyticsConfig={"Mode": "DISABLED"})
    assert kept["AnalyticsConfig"] == {"Mode": "DISABLED"}
    assert "CaptchaConfig" not in kept
    assert "AnalyticsConfig" not in rewrite(acl)


def test_analytics_of_a_global_web_acl_are_on_unless_the_request_says_otherwise(world: World) -> None:
    assert read(created("on", scope="CLOUDFRONT"))["WebACL"]["AnalyticsConfig"] == {"Mode": "CROSS_REGION"}
    off = created("off", scope="CLOUDFRONT", AnalyticsConfig={"Mode": "DISABLED"})
    assert read(off)["WebACL"]["AnalyticsConfig"] == {"Mode": "DISABLED"}
    assert rewrite(off)["AnalyticsConfig"] == {"Mode": "CROSS_REGION"}, "what an update does not send is lost"


def test_application_config_alone_is_kept_when_it_is_not_sent(world: World) -> None:
    config = {"Attributes": [{"Name": "type", "Values": ["api"]}]}
    assert rewrite(created("a", ApplicationConfig=config))["ApplicationConfig"] == config


def timed(world: World, durations: Durations) -> HandClock:
    return hand_clock(set_conditions(world.account, clock=HandClock(), durations=durations))


def test_what_was_just_made_cannot_be_referred_to_for_a_while(world: World) -> None:
    clock = timed(world, Durations(waf_object=20))
    arn = client("wafv2").create_ip_set(**ip_set("new"))["Summary"]["ARN"]
    refused("WAFUnavailableEntityException", client("wafv2").create_web_acl, **web_acl("a", reference(arn)))
    clock.move_to(clock.now() + 21)
    acl = created("a", reference(arn))
    attach = {"WebACLArn": acl["ARN"], "ResourceArn": balancer("shop-alb")}
    refused("WAFUnavailableEntityException", client("wafv2").associate_web_acl, **attach)
    clock.move_to(clock.now() + 21)
    client("wafv2").associate_web_acl(**attach)


def test_an_action_is_called_once_a_second_and_associations_once_in_two(world: World) -> None:
    clock = timed(world, Durations(waf_call=1))
    wafv2 = client("wafv2")
    wafv2.create_ip_set(**ip_set("one"))
    refused("ThrottlingException", wafv2.create_ip_set, **ip_set("two"))
    acl = created("a")
    clock.move_to(clock.now() + 1)
    wafv2.create_ip_set(**ip_set("two"))
    attach = {"WebACLArn": acl["ARN"], "ResourceArn": balancer("shop-alb")}
    wafv2.associate_web_acl(**attach)
    clock.move_to(clock.now() + 1.5)
    refused("ThrottlingException", wafv2.disassociate_web_acl, ResourceArn=attach["ResourceArn"])
    clock.move_to(clock.now() + 0.5)
    wafv2.disassociate_web_acl(ResourceArn=attach["ResourceArn"])


def test_both_paces_hold_calls_and_references_up_and_an_instant_one_does_not() -> None:
    assert all(pace.waf_call and pace.waf_object for pace in (QUICK, AWS_LIKE))
    assert not Durations().waf_call
    assert not Durations().waf_object


@pytest.mark.parametrize("kept", ["ip_sets", "wacls"])
def test_a_region_holds_a_hundred_objects_of_a_kind(world: World, kept: str) -> None:
    wafv2 = client("wafv2")
    make = wafv2.create_ip_set if kept == "ip_sets" else wafv2.create_web_acl
    params = ip_set if kept == "ip_sets" else web_acl
    held = getattr(wafv2_backends[world.account]["us-east-1"], kept)
    held.update({f"arn:{number}": next(iter(held.values())) for number in range(99 - len(held))})
    make(**params("last"))
    refused("WAFLimitsExceededException", make, **params("more"))


def test_a_web_acl_has_fifty_references(world: World) -> None:
    arn = client("wafv2").create_ip_set(**ip_set("often"))["Summary"]["ARN"]
    acl = created("a", *[reference(arn)] * 50)
    refused("WAFLimitsExceededException", client("wafv2").create_web_acl, **web_acl("b", *[reference(arn)] * 51))
    rules = web_acl("c", *[reference(arn)] * 51)["Rules"]
    refused("WAFLimitsExceededException", rewrite, acl=acl, Rules=rules)


def own(kind: str, **body: Json) -> Json:
    return {kind: body}


NONE = [{"Priority": 0, "Type": "NONE"}]
BODY = {"Body": {"OversizeHandling": "CONTINUE"}}
LOWER = [{"Priority": 0, "Type": "LOWERCASE"}, {"Priority": 1, "Type": "URL_DECODE"}]
PATH: dict[str, Json] = {"FieldToMatch": {"UriPath": {}}}
NEAR = {"IPSetReferenceStatement": {"ARN": "arn", "IPSetForwardedIPConfig": {"Position": "ANY"}}}
SET = reference("arn")
COSTS: list[tuple[Json, int]] = [
    (SET, 1),
    (NEAR, 5),
    (HEADER, 2),
    (own("ByteMatchStatement", PositionalConstraint="CONTAINS", TextTransformations=LOWER, **PATH), 30),
    (own("GeoMatchStatement", CountryCodes=["KP"]), 1),
    (own("RegexMatchStatement", RegexString="a", TextTransformations=NONE, **PATH), 3),
    (own("SqliMatchStatement", TextTransformations=LOWER, **PATH), 40),
    (own("NotStatement", Statement=SET), 1),
    (own("AndStatement", Statements=[SET, NEAR]), 6),
    (own("OrStatement", Statements=[SET, SET, HEADER]), 4),
    (own("RateBasedStatement", Limit=100, AggregateKeyType="IP", ScopeDownStatement=SET), 3),
    (GROUP, 700),
    (ANTI_DDOS, 50),
    ({"ManagedRuleGroupStatement": GROUP["ManagedRuleGroupStatement"] | {"ScopeDownStatement": SET}}, 701),
]


@pytest.mark.parametrize(("statement", "units"), COSTS, ids=range(len(COSTS)))
def test_each_statement_has_its_capacity_units(statement: Json, units: int) -> None:
    assert capacity_of(statement, lambda _arn: 7) == units
    assert capacity_of({"RuleGroupReferenceStatement": {"ARN": "x"}}, lambda _arn: 7) == 7


@pytest.mark.parametrize(
    "wrong", [{"HeaderName": "X Forwarded"}, {"FallbackBehavior": "BLOCK"}, {"Position": "MIDDLE"}]
)
def test_a_forwarded_address_has_a_header_and_words_that_aws_knows(world: World, wrong: dict[str, str]) -> None:
    """The pattern and the values of the service model, which the SDK does not check."""
    arn = client("wafv2").create_ip_set(**ip_set("listed", "203.0.113.9/32"))["Summary"]["ARN"]
    config = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "NO_MATCH", "Position": "ANY"}

    def nested(config: dict[str, str]) -> Json:
        inner = {"IPSetReferenceStatement": {"ARN": arn, "IPSetForwardedIPConfig": config}}
        return {"NotStatement": {"Statement": inner}}

    created("good", nested(config))
    refused(
        "WAFInvalidParameterException", client("wafv2").create_web_acl, **web_acl("bad", nested(config | wrong))
    )


def test_units_add_up_and_more_than_five_thousand_are_refused(world: World) -> None:
    acl = created("a", *[GROUP] * 7)
    assert read(acl)["WebACL"]["Capacity"] == 4900
    refused("WAFLimitsExceededException", client("wafv2").create_web_acl, **web_acl("b", *[GROUP] * 8))
    refused("WAFLimitsExceededException", rewrite, acl=acl, Rules=web_acl("c", *[GROUP] * 8)["Rules"])
    assert rewrite(acl, Rules=web_acl("c", GROUP, HEADER)["Rules"])["Capacity"] == 702
    rules = web_acl("d", GROUP)["Rules"]
    assert client("wafv2").check_capacity(Scope="REGIONAL", Rules=rules)["Capacity"] == 700


def test_what_a_global_web_acl_protects_of_another_kind_is_listed_by_its_arn(world: World) -> None:
    arn = created("global", scope="CLOUDFRONT")["ARN"]
    listed = client("wafv2").list_resources_for_web_acl(WebACLArn=arn, ResourceType="AMPLIFY")
    assert listed["ResourceArns"] == []


def test_cloudfront_takes_a_global_web_acl_that_is_there(world: World) -> None:
    cloudfront, name = client("cloudfront"), distribution()

    def attach(arn: str) -> None:
        tag = cloudfront.get_distribution(Id=name)["ETag"]
        cloudfront.associate_distribution_web_acl(Id=name, WebACLArn=arn, IfMatch=tag)

    def rewrite_with(web_acl: str) -> None:
        found = cloudfront.get_distribution_config(Id=name)
        config = found["DistributionConfig"] | {"WebACLId": web_acl}
        cloudfront.update_distribution(Id=name, DistributionConfig=config, IfMatch=found["ETag"])

    regional, there = created("regional")["ARN"], created("global", scope="CLOUDFRONT")["ARN"]
    refused("InvalidArgument", attach, arn=regional)
    refused("EntityNotFound", attach, arn=there.replace("/global/", "/other/"))
    for wrong in (regional, there + "0", "not-an-id"):
        refused("InvalidWebACLId", rewrite_with, web_acl=wrong)
    attach(there)
    for right in ("", "473e64fd-f30b-4765-81a0-62ad96dd167a", there):
        rewrite_with(right)
        assert cloudfront.get_distribution_config(Id=name)["DistributionConfig"]["WebACLId"] == right


def test_a_block_waits_until_what_it_made_can_be_referred_to_and_keeps_to_the_pace() -> None:
    """Three objects that need each other, each written at once, at AWS's own pace."""
    with timed_world(seed_network, durations=Durations(waf_object=30, waf_call=1)) as (world, about):
        world.clock = MovingClock(about)
        world.aws = LiveAccount(world.aws._clients, world.identity, world.clock)
        base = waf_on("shop-alb") | {"scope": "REGIONAL", "region": "us-east-1"}
        start, journal = state(), MemoryJournal()
        plan = planned(world, "waf.block", base | {"addresses": ["203.0.113.9", "2001:db8::/64"]})
        began = about.now()
        run(plan, world.aws, world, journal)
        assert waf_on("shop-alb")["web_acl"]
        assert 60 <= about.now() - began < 120, (
            "each reference is tried again until it is visible, and not for long"
        )
        undo(plan, world, journal)
        assert state() == start
