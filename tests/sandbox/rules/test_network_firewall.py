"""Network Firewall's rules on the sandbox: tokens, capacity, rule order and endpoints, which moto lacks."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.inspected import ALERT, firewall_in_front, group_named, policy, rule_group, stateful
from tests.kit.moto_account import client, fresh_world


@pytest.fixture(scope="module", autouse=True)
def _world() -> Iterator[None]:
    with fresh_world(seed_network):
        yield


def test_an_update_replaces_the_rules_under_its_token_alone() -> None:
    rule_group("one", {"StatefulRules": [ALERT]}, capacity=2)
    found = client("network-firewall").describe_rule_group(RuleGroupName="one")
    rules = {"RulesSource": {"StatefulRules": [ALERT, stateful("DROP", "192.0.2.1/32", 2)]}}
    rules["StatefulRuleOptions"] = found["RuleGroup"]["StatefulRuleOptions"]
    wanted = {"RuleGroupName": "one", "RuleGroup": rules}
    client("network-firewall").update_rule_group(UpdateToken=found["UpdateToken"], **wanted)
    assert group_named("one")["RuleGroupResponse"]["ConsumedCapacity"] == 2
    assert "Description" not in group_named("one")["RuleGroupResponse"], "what is not sent is gone"
    with pytest.raises(ClientError, match="InvalidTokenException"):
        client("network-firewall").update_rule_group(UpdateToken=found["UpdateToken"], **wanted)


def test_a_group_never_holds_more_than_it_was_made_for_nor_a_number_twice() -> None:
    with pytest.raises(ClientError, match="capacity exceeded"):
        rule_group("two", {"StatefulRules": [ALERT, stateful("DROP", "192.0.2.1/32", 2)]}, capacity=1)
    with pytest.raises(ClientError, match="need a sid each"):
        rule_group("two", {"StatefulRules": [ALERT, stateful("DROP", "192.0.2.1/32", 1)]})


def test_a_policy_takes_groups_of_its_own_rule_order() -> None:
    with pytest.raises(ClientError, match="another rule order"):
        policy(rule_group("three", {"StatefulRules": [ALERT]}, strict=False), strict=True)


def test_a_firewall_has_an_endpoint_that_a_route_can_lead_to() -> None:
    endpoint = firewall_in_front("legacy", policy(rule_group("four", {"StatefulRules": [ALERT]})))
    (told,) = client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert told["VpcEndpointType"] == "GatewayLoadBalancer"
    routes = [one for each in client("ec2").describe_route_tables()["RouteTables"] for one in each["Routes"]]
    assert endpoint in {one.get("GatewayId") for one in routes}, "EC2 tells it as a gateway"
