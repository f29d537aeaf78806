"""What of a Network Firewall policy certainly drops an address, and where a drop of it can go."""

import pytest

from opsctl.block.inspection.rule_groups import (
    BY_ACTION,
    STRICT,
    PolicySeen,
    RuleGroupSeen,
    drop_rule,
    group_arns,
    parse_group,
    parse_policy,
)
from opsctl.model.value import Json
from tests.kit.inspected import FORWARD, stateful

ACCOUNT = "123456789012"
ATTACKER = "203.0.113.7/32"
OURS = drop_rule(ATTACKER, 500, "run")


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:network-firewall:us-east-1:{account}:stateful-rulegroup/{name}"


def group(name: str = "g", *rules: Json, account: str = ACCOUNT, **more: Json) -> RuleGroupSeen:
    """A rule group as DescribeRuleGroup tells of it; `source`, `about` and `variables` replace what is usual."""
    source = more.get("source") or {"StatefulRules": list(rules)}
    about = {"RuleGroupArn": arn(name, account), "Capacity": 10, "ConsumedCapacity": len(rules)}
    shown: Json = {"RulesSource": source, "RuleVariables": more.get("variables")}
    return parse_group({"RuleGroupResponse": about | (more.get("about") or {}), "RuleGroup": shown})


def policy(*groups: RuleGroupSeen, order: str = BY_ACTION, **more: Json) -> PolicySeen:
    """A policy with these groups, the first with the lowest priority, told the other way round."""
    listed = [{"ResourceArn": one.arn, "Priority": number} for number, one in enumerate(groups, start=1)]
    document: Json = {
        "StatelessDefaultActions": FORWARD,
        "StatelessFragmentDefaultActions": FORWARD,
        "StatefulRuleGroupReferences": listed[::-1],
        "StatefulEngineOptions": {"RuleOrder": order},
    }
    answer = {"FirewallPolicy": document | more, "FirewallPolicyResponse": {"FirewallPolicyName": "edge"}}
    assert len(group_arns(answer)) == len(groups)
    return parse_policy(answer, groups)


def test_a_drop_of_ours_is_certain_where_nothing_lets_the_address_in_before() -> None:
    seen = policy(group("other", stateful("ALERT", "ANY", 1)), group("g", OURS))
    assert seen.dropped([ATTACKER, "203.0.113.8/32"]) == (ATTACKER,)
    found = seen.place_for(["203.0.113.8/32"], ACCOUNT)
    assert isinstance(found, RuleGroupSeen)
    assert found.name == "other"


PASS_ALL = stateful("PASS", "ANY", 1)
PASS_VARIABLE = stateful("PASS", "$PARTNERS", 1)
PASS_US = stateful("PASS", "203.0.113.0/24", 1)
PASS_BACK = stateful("PASS", "10.0.0.0/8", 1, Direction="ANY", Destination="203.0.113.7/32")
SURICATA = {"RulesString": "drop ip 1.2.3.4 any -> any any (sid:1;)\npass tcp any any -> any 443 (sid:2;)"}


@pytest.mark.parametrize("rule", [PASS_ALL, PASS_VARIABLE, PASS_US, PASS_BACK])
def test_a_rule_that_may_pass_the_address_comes_before_every_drop(rule: Json) -> None:
    seen = policy(group("g", OURS), group("last", rule))
    assert seen.dropped([ATTACKER]) == ()
    assert "rule group last may let in" in str(seen.place_for([ATTACKER], ACCOUNT))
    strict = policy(group("g", OURS), group("last", rule), order=STRICT)
    assert strict.dropped([ATTACKER]) == (ATTACKER,), "by the strict order the last group comes last"
    assert policy(group("first", rule), group("g", OURS), order=STRICT).dropped([ATTACKER]) == ()


@pytest.mark.parametrize(
    "rule",
    [
        stateful("PASS", "10.0.0.0/8", 1),
        stateful("PASS", "10.0.0.0/8", 1, Direction="ANY", Destination="10.1.0.0/16"),
    ],
)
def test_a_rule_that_passes_others_is_in_nobodys_way(rule: Json) -> None:
    assert policy(group("g", rule, OURS)).dropped([ATTACKER]) == (ATTACKER,)


def test_an_alert_counts_as_an_end_by_the_strict_order_alone() -> None:
    alert = stateful("ALERT", "ANY", 1)
    assert policy(group("g", alert, OURS)).dropped([ATTACKER]) == (ATTACKER,)
    assert policy(group("g", alert, OURS), order=STRICT).dropped([ATTACKER]) == ()


@pytest.mark.parametrize(
    "more",
    [
        {"StatelessRuleGroupReferences": [{"ResourceArn": arn("less"), "Priority": 1}]},
        {"StatelessDefaultActions": ["aws:pass"]},
        {"StatelessFragmentDefaultActions": ["aws:drop"]},
    ],
)
def test_what_the_stateless_rules_do_not_forward_no_stateful_rule_drops(more: dict[str, Json]) -> None:
    seen = policy(group("g", OURS), **more)
    assert seen.dropped([ATTACKER]) == ()
    assert isinstance(seen.place_for([ATTACKER], ACCOUNT), str)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (group("g", account="999999999999"), "belongs to another account"),
        (group("T", account="aws-managed", about={"ConsumedCapacity": 5}), "T belongs to AWS"),
        (group("g", about={"Tags": [{"Key": "FMManaged", "Value": "true"}]}), "kept by Firewall Manager"),
        (group("FMManagedNetworkFirewallRules"), "kept by Firewall Manager"),
        (group("g", source={"RulesString": "drop ip 1.2.3.4 any -> any any (sid:1;)"}), "Suricata text"),
        (group("g", source={"RulesSourceList": {"Targets": ["x.org"]}}), "list of domains"),
        (group("g", OURS, about={"Capacity": 1}), "holds 1 of 1 rules"),
        (RuleGroupSeen(arn=arn("g"), unread="cannot tell what rule group g does"), "cannot tell"),
        (group("g"), "has no rules that can be added to"),
    ],
)
def test_a_group_that_takes_no_drop_says_why(one: RuleGroupSeen, reason: str) -> None:
    found = policy(one).place_for(["203.0.113.9/32"], ACCOUNT)
    assert isinstance(found, str)
    assert found.startswith("no rule group of policy edge can take a drop: ")
    assert reason in found


def test_a_group_whose_rules_aws_does_not_show_is_in_the_way_where_it_comes_first() -> None:
    hidden: Json = {"RuleGroupResponse": {"RuleGroupArn": arn("T", "aws-managed")}}
    groups = (parse_group(hidden), group("g", OURS))
    assert policy(*groups).dropped([ATTACKER]) == ()
    assert policy(*groups[::-1], order=STRICT).dropped([ATTACKER]) == (ATTACKER,)


def test_a_policy_without_stateful_groups_says_so() -> None:
    assert "it has no stateful rule group" in str(policy().place_for([ATTACKER], ACCOUNT))


def test_suricata_text_that_passes_is_in_the_way_and_its_numbers_are_known() -> None:
    text = group("text", source=SURICATA)
    assert (text.sids, policy(text, group("g", OURS)).dropped([ATTACKER])) == (("1", "2"), ())


def test_a_list_of_allowed_domains_passes_what_comes_from_home() -> None:
    allowed = {"RulesSourceList": {"Targets": ["x.org"], "GeneratedRulesType": "ALLOWLIST"}}
    assert policy(group("d", source=allowed), group("g", OURS)).dropped([ATTACKER]) == (ATTACKER,)
    home = {"IPSets": {"HOME_NET": {"Definition": ["203.0.113.0/24"]}}}
    widened = group("d", source=allowed, variables=home)
    assert policy(widened, group("g", OURS)).dropped([ATTACKER]) == ()


def test_a_drop_of_one_port_or_by_contents_drops_not_all() -> None:
    one_port = stateful("DROP", ATTACKER, 1, Protocol="IP", DestinationPort="443")
    contents = OURS | {"RuleOptions": [*OURS["RuleOptions"], {"Keyword": "content", "Settings": ['"x"']}]}
    for rule in (one_port, contents, stateful("DROP", ATTACKER, 1), stateful("REJECT", ATTACKER, 1)):
        assert policy(group("g", rule)).dropped([ATTACKER]) == ()
