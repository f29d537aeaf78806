"""Blocks on an account where others work too: nothing foreign is touched, nothing ineffective is planned."""

from collections.abc import Iterator

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.changes import Irreversible
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of, balancer, waf_on
from tests.kit.box_plans import plan_of
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

WHY = "the client is visible here"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def planned(world: World, action: str, arguments: dict[str, Json]) -> Plan:
    from opsctl.planning.run_fetching import run_fetching

    about = world.about()
    made = world.registry.actions[action].model_validate(arguments | {"why": WHY})
    return plan_of(*run_fetching(made.plan(about), world.reader()), plan_id=about.plan_id)


def apply(plan: Plan, world: World) -> None:
    Executor(plan, world.aws, MemoryJournal(), world.clock, lambda _line: None, lambda: False).apply()


def nacl(world: World, *addresses: str) -> Plan:
    return planned(world, "nacl.deny", {"network_acl": acl_of("edge-a"), "addresses": list(addresses)})


def waf(world: World, *addresses: str, **more: Json) -> Plan:
    base = waf_on("direct-alb") | {"scope": "REGIONAL", "region": "us-east-1", "addresses": list(addresses)}
    return planned(world, "waf.block", base | more)


def direct_acl() -> dict[str, Json]:
    found: dict[str, Json] = client("wafv2").get_web_acl_for_resource(ResourceArn=balancer("direct-alb"))["WebACL"]
    return found


def test_denies_get_distinct_numbers_below_the_allow_and_their_own_family(world: World) -> None:
    """Peers wrote IPv6 addresses into the IPv4 member with a /32."""
    changes = nacl(world, "203.0.113.9", "2001:db8::1", "203.0.113.10").changes
    assert [change.params["RuleNumber"] for change in changes] == [99, 97, 95]
    assert changes[0].params["CidrBlock"] == "203.0.113.9/32"
    assert changes[1].params["Ipv6CidrBlock"] == "2001:db8::1/128"
    assert {change.operation for change in changes} == {"CreateNetworkAclEntry"}, "created, never replaced"


def test_an_address_written_in_two_ways_is_blocked_once(world: World) -> None:
    assert len(nacl(world, "203.0.113.9", "203.0.113.9/32", "::ffff:203.0.113.9").changes) == 1


def test_what_is_denied_already_gives_no_change(world: World) -> None:
    apply(nacl(world, "203.0.113.0/28"), world)
    assert nacl(world, "203.0.113.9").changes == ()


def test_a_full_network_acl_refuses_with_its_table_and_evicts_nothing(world: World) -> None:
    """A sample evicted its oldest block silently when its slots were full."""
    apply(nacl(world, *(f"203.0.113.{n}" for n in range(1, 19))), world)
    with pytest.raises(RefusedByGuard) as caught:
        nacl(world, "203.0.113.99")
    assert "20 of 20 inbound rules" in caught.value.summary
    assert len(caught.value.evidence) == 20
    assert "--layer waf" in caught.value.hint


@pytest.mark.parametrize(
    ("network", "severity"),
    [
        ("203.0.113.9", "medium"),
        ("203.0.113.0/24", "medium"),
        ("203.0.112.0/23", "severe"),
        ("2001:db8::/47", "severe"),
    ],
)
def test_a_wide_network_is_severe(world: World, network: str, severity: str) -> None:
    assert nacl(world, network).changes[0].risk.severity == severity


def test_rules_sets_and_addresses_of_others_survive_block_and_undo(world: World) -> None:
    before = direct_acl()
    apply(waf(world, "203.0.113.9"), world)
    after = direct_acl()
    ours = [rule for rule in after["Rules"] if rule["Name"].startswith("opsctl-")]
    assert [rule for rule in after["Rules"] if rule not in ours] == before["Rules"]
    assert {name: after[name] for name in before if name not in ("Rules", "Capacity")} == {
        name: before[name] for name in before if name not in ("Rules", "Capacity")
    }
    assert ours[0]["Priority"] < min(rule["Priority"] for rule in before["Rules"])


def test_a_second_block_adds_to_the_set_and_keeps_what_a_colleague_put_there(world: World) -> None:
    """Ansible's module purges by default; others compare strings, so that a /32 is added twice."""
    apply(waf(world, "203.0.113.9"), world)
    (ours,) = [s for s in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if "opsctl" in s["Name"]]
    key = {"Name": ours["Name"], "Scope": "REGIONAL", "Id": ours["Id"]}
    current = client("wafv2").get_ip_set(**key)
    addresses = [*current["IPSet"]["Addresses"], "192.0.2.77/32"]
    client("wafv2").update_ip_set(
        **key, Addresses=addresses, LockToken=current["LockToken"], Description=ours["Description"]
    )
    plan = waf(world, "203.0.113.9/32", "203.0.113.10")
    assert [change.operation for change in plan.changes] == ["UpdateIPSet"]
    apply(plan, world)
    found = client("wafv2").get_ip_set(**key)["IPSet"]
    assert sorted(found["Addresses"]) == ["192.0.2.77/32", "203.0.113.10/32", "203.0.113.9/32"]
    assert found["Description"] == ours["Description"]


def add_rule(name: str, priority: int, statement: dict[str, Json], action: str) -> None:
    acl = direct_acl()
    key = {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]}
    current = client("wafv2").get_web_acl(**key)
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    rule = {"Name": name, "Priority": priority, "Statement": statement, "Action": {action: {}}}
    client("wafv2").update_web_acl(
        **key,
        DefaultAction=acl["DefaultAction"],
        Rules=[*acl["Rules"], rule | {"VisibilityConfig": visible}],
        VisibilityConfig=acl["VisibilityConfig"],
        LockToken=current["LockToken"],
    )


def allow_list(*addresses: str) -> dict[str, Json]:
    made = client("wafv2").create_ip_set(
        Name="partners", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=list(addresses)
    )
    return {"IPSetReferenceStatement": {"ARN": made["Summary"]["ARN"]}}


def test_an_earlier_allow_that_holds_the_address_is_refused_and_shown(world: World) -> None:
    add_rule("partners", 3, allow_list("203.0.113.0/28"), "Allow")
    with pytest.raises(RefusedByGuard) as caught:
        waf(world, "203.0.113.9")
    assert caught.value.evidence == ("rule partners allows 203.0.113.9, which is in IP set partners",)


def test_a_mode_changes_the_rules_action_and_has_a_rule_of_its_own(world: World) -> None:
    apply(waf(world, "203.0.113.9"), world)
    plan = waf(world, "203.0.113.9", mode="count")
    assert [change.operation for change in plan.changes] == ["CreateIPSet", "UpdateIPSet", "UpdateWebACL"]
    assert "Count" in str(plan.changes[2].edit)


@pytest.mark.parametrize("balancer_name", ["direct-alb", "shop-alb"])
def test_undoing_the_first_of_two_blocks_keeps_what_the_second_relies_on(world: World, balancer_name: str) -> None:
    """An undo removes what its run added, and never somebody else's protection."""
    base = {"scope": "REGIONAL", "region": "us-east-1"}
    first_journal, second_journal = MemoryJournal(), MemoryJournal()
    start = state()
    first = planned(world, "waf.block", waf_on(balancer_name) | base | {"addresses": ["203.0.113.9"]})
    run(first, world.aws, world, first_journal)
    second = planned(world, "waf.block", waf_on(balancer_name) | base | {"addresses": ["203.0.113.10"]})
    run(second, world.aws, world, second_journal)
    undo(first, world, first_journal)
    (ours,) = [s for s in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if "opsctl" in s["Name"]]
    found = client("wafv2").get_ip_set(Name=ours["Name"], Scope="REGIONAL", Id=ours["Id"])["IPSet"]
    assert found["Addresses"] == ["203.0.113.10/32"]
    assert waf_on(balancer_name)["web_acl"], "the web ACL is still attached"
    undo(second, world, second_journal)
    undo(first, world, first_journal)
    assert state() == start, "when nobody relies on it any more, undoing again takes the rest away"


def test_an_allowlist_of_countries_is_never_emptied(world: World) -> None:
    cloudfront = client("cloudfront")
    name = cloudfront.list_distributions()["DistributionList"]["Items"][0]["Id"]
    current = cloudfront.get_distribution_config(Id=name)
    config = current["DistributionConfig"]
    config["Restrictions"]["GeoRestriction"] = {
        "RestrictionType": "whitelist",
        "Quantity": 2,
        "Items": ["DE", "FR"],
    }
    cloudfront.update_distribution(Id=name, DistributionConfig=config, IfMatch=current["ETag"])
    arguments: dict[str, Json] = {"distribution": name, "countries": ["DE"]}
    apply(planned(world, "cloudfront.deny_countries", arguments), world)
    geo = cloudfront.get_distribution_config(Id=name)["DistributionConfig"]["Restrictions"]["GeoRestriction"]
    assert geo["Items"] == ["FR"]
    with pytest.raises(RefusedByGuard, match="the distribution would serve nobody"):
        planned(world, "cloudfront.deny_countries", arguments | {"countries": ["FR"]})


def test_every_change_can_be_undone(world: World) -> None:
    for plan in (nacl(world, "203.0.113.9"), waf(world, "203.0.113.9")):
        assert not [change for change in plan.changes if isinstance(change.undo, Irreversible)]
