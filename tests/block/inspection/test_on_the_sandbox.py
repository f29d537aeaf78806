"""Network Firewall on the sandbox: seen on every way, used only where the drop is certain."""

from collections.abc import Iterator

import pytest

from opsctl.block.block_rows import BlockRow
from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.changes import Change
from opsctl.model.errors import Drifted
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.canned import ABOUT, Canned, denied, drive
from tests.kit.ha_account import run, undo
from tests.kit.inspected import ALERT, firewall_in_front, group_named, policy, rule_group, stateful
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.picture import OPEN, VPC, Picture, interface
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world

ATTACKER = "203.0.113.7"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def decide(world: World, target: str = "legacy-web", **more: Json) -> Decision:
    asked = {"target": target, "addresses": [ATTACKER], "layer": "network-firewall"} | more
    found = run_fetching(BlockDecision.model_validate(asked).read(world.about()), world.reader())
    assert isinstance(found, Decision)
    return found


def block(world: World, **more: Json) -> Plan:
    asked = {"addresses": [ATTACKER], "target": "legacy-web", "layer": "network-firewall", "ttl": "never"}
    return world.plan("block-ip", asked | more)


def drops(capacity: int = 10) -> str:
    return rule_group("drops", {"StatefulRules": [ALERT]}, strict=False, capacity=capacity)


def the_change(plan: Plan) -> Change:
    (change,) = [one for one in plan.changes if one.operation == "UpdateRuleGroup"]
    return change


def test_a_drop_goes_into_a_group_with_room_is_proved_and_taken_back(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    before = group_named("drops")
    plan, journal = block(world), MemoryJournal()
    assert "StartFlowFlush" in the_change(plan).risk.note
    assert the_change(plan).risk.affects == ("everything else behind Network Firewall edge-firewall",)
    run(plan, world.aws, world, journal)
    after = group_named("drops")
    assert sources() == ["ANY", "203.0.113.7/32"]
    assert after["RuleGroupResponse"]["Description"] == before["RuleGroupResponse"]["Description"]
    decision = decide(world)
    assert (decision.standing, decision.ways[0].verdict) == (
        "1 of 1 ways closed",
        "dropped by Network Firewall edge-firewall",
    )
    assert block(world).changes == ()
    undo(plan, world, journal)
    assert group_named("drops") == before


def test_somebody_elses_rule_of_the_meantime_stays(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    plan, journal = block(world), MemoryJournal()
    add(stateful("DROP", "192.0.2.1/32", 7))
    run(plan, world.aws, world, journal)
    add(stateful("DROP", "192.0.2.2/32", 8))
    undo(plan, world, journal)
    sources = [
        rule["Header"]["Source"] for rule in group_named("drops")["RuleGroup"]["RulesSource"]["StatefulRules"]
    ]
    assert sources == ["ANY", "192.0.2.1/32", "192.0.2.2/32"]


def test_a_group_that_was_filled_since_is_a_drift(world: World) -> None:
    firewall_in_front("legacy", policy(drops(capacity=2), strict=False))
    plan = block(world)
    add(stateful("DROP", "192.0.2.1/32", 7))
    with pytest.raises(Drifted, match="has room for 1 more of its 2 rules"):
        run(plan, world.aws, world, MemoryJournal())


def add(rule: Json) -> None:
    found = client("network-firewall").describe_rule_group(RuleGroupName="drops")
    found["RuleGroup"]["RulesSource"]["StatefulRules"].append(rule)
    client("network-firewall").update_rule_group(
        UpdateToken=found["UpdateToken"],
        RuleGroupName="drops",
        RuleGroup=found["RuleGroup"],
        Description=found["RuleGroupResponse"]["Description"],
    )


def listed(world: World) -> list[BlockRow]:
    found = run_fetching(BlockLedger(layer="network-firewall").read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    return list(found.rows)


def sources() -> list[str]:
    return [rule["Header"]["Source"] for rule in group_named("drops")["RuleGroup"]["RulesSource"]["StatefulRules"]]


def carry(world: World, playbook: str, **inputs: Json) -> Plan:
    plan = world.plan(playbook, inputs)
    run(plan, world.aws, world, MemoryJournal())
    return plan


def test_its_end_is_recorded_listed_extended_and_kept(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    plan = block(world, ttl="2h", incident="INC-12")
    run(plan, world.aws, world, MemoryJournal())
    (row,) = listed(world)
    assert (row.address, row.kind, row.incident, row.run) == ("203.0.113.7/32", "opsctl", "INC-12", plan.id)
    assert row.until == plan.facts["term"]["until"]
    carry(world, "blocks-extend", addresses=[ATTACKER], ttl="3d")
    assert listed(world)[0].until > row.until
    assert sources() == ["ANY", "203.0.113.7/32"]
    verified = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert isinstance(verified, Verified)
    assert (verified.blocks, verified.wrong) == (1, ())
    carry(world, "unblock-ip", addresses=[ATTACKER])
    assert (sources(), listed(world), group_named("drops")["RuleGroupResponse"]["Tags"]) == (["ANY"], [], [])


def test_what_is_due_is_taken_out_and_nothing_else() -> None:
    with timed_world(seed_network) as (world, about):
        world.clock = MovingClock(about)
        firewall_in_front("legacy", policy(drops(), strict=False))
        run(block(world, ttl="2h"), world.aws, world, MemoryJournal())
        add(stateful("DROP", "192.0.2.1/32", 7, Protocol="IP"))
        assert [one.kind for one in listed(world)] == ["opsctl", "foreign"]
        assert world.plan("blocks-expire", {}).changes == ()
        move(about, 2 * 3600 + 1)
        carry(world, "blocks-expire")
        assert sources() == ["ANY", "192.0.2.1/32"]


def test_an_undo_leaves_what_another_run_has_recorded_since(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    first, journal = block(world, ttl="2h"), MemoryJournal()
    run(first, world.aws, world, journal)
    second = block(world, ttl="4d")
    assert [one.operation for one in second.changes] == ["TagResource"]
    run(second, world.aws, world, MemoryJournal())
    undo(first, world, journal)
    assert sources() == ["ANY", "203.0.113.7/32"]
    assert [one.until for one in listed(world)] == [second.facts["term"]["until"]]


def test_a_block_that_somebody_took_out_by_hand_is_missed(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    run(block(world, ttl="2h"), world.aws, world, MemoryJournal())
    found = client("network-firewall").describe_rule_group(RuleGroupName="drops")
    found["RuleGroup"]["RulesSource"]["StatefulRules"].pop()
    client("network-firewall").update_rule_group(
        UpdateToken=found["UpdateToken"], RuleGroupName="drops", RuleGroup=found["RuleGroup"]
    )
    verified = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert isinstance(verified, Verified)
    assert "203.0.113.7 was removed from drops" in verified.wrong[0]


def test_where_the_drop_is_not_certain_the_reason_is_named(world: World) -> None:
    groups = [drops(), rule_group("partners", {"StatefulRules": [stateful("PASS", "ANY", 1)]}, strict=False)]
    firewall_in_front("legacy", policy(*groups, strict=False))
    decision = decide(world)
    assert decision.points == ()
    assert "rule group partners may let in 0.0.0.0/0 before a drop counts" in decision.open[0]


def test_it_is_seen_on_the_way_whatever_layer_is_asked_for(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    decision = decide(world, layer="auto")
    assert [one.layer for one in decision.points] == ["nacl"]
    assert any("Network Firewall edge-firewall" in node.gates for node in decision.graph.nodes)


def test_a_way_that_stays_open_is_told_of_it(world: World) -> None:
    firewall_in_front("legacy", policy(drops(), strict=False))
    many = [f"203.0.{net}.{host}" for net in (112, 114) for host in range(0, 200, 2)]
    told = decide(world, layer="nacl", addresses=many).recommendations
    assert "--layer network-firewall puts a drop into Network Firewall edge-firewall" in told[1]
    assert told[2] == "as a last resort, --layer host drops it in the firewalls of legacy-web"


def test_without_one_in_the_way_it_says_so(world: World) -> None:
    assert (
        "no route leads to network load balancer api-nlb through a Network Firewall"
        in decide(world, "api-nlb").open[0]
    )


def test_an_endpoint_of_another_appliance_is_named_and_left(world: World) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["legacy"]}])["Subnets"][0]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=subnet["VpcId"],
        ServiceName="com.example.appliance",
        VpcEndpointType="GatewayLoadBalancer",
        SubnetIds=[subnet["SubnetId"]],
    )
    table = ec2.create_route_table(VpcId=subnet["VpcId"])["RouteTable"]["RouteTableId"]
    ec2.create_route(
        RouteTableId=table,
        DestinationCidrBlock="0.0.0.0/0",
        VpcEndpointId=endpoint["VpcEndpoint"]["VpcEndpointId"],
    )
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    assert "is that of no Network Firewall of VPC" in decide(world).open[0]
    assert "an appliance behind endpoint vpce-" in str(decide(world).graph.nodes)


def pictured(*routes: Json) -> Picture:
    """An instance in a subnet whose table has these routes."""
    picture = Picture()
    group, subnet = picture.security_group("web", OPEN), picture.subnet("x")
    picture.instance("i-x", interface("eni-1", subnet, [group], public="203.0.113.9"), name="x")
    picture.routes.append({"VpcId": VPC, "Associations": [{"SubnetId": subnet}], "Routes": list(routes)})
    return picture


def decided(picture: Picture, answers: dict[str, Canned] | None = None) -> Decision:
    fact = BlockDecision(target="x", addresses=("198.51.100.7",), layer="network-firewall")
    decision, _ = drive(fact.read(ABOUT), picture.answers() | (answers or {}))
    assert isinstance(decision, Decision)
    return decision


AUTOMATED = {"FirewallArn": "arn:aws:network-firewall:eu-west-1:123456789012:firewall/nsm-1", "Status": "active"}


def test_the_firewall_of_an_internet_gateway_belongs_to_network_security_manager() -> None:
    route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "IgwFirewall": AUTOMATED}
    decision = decided(pictured(route))
    assert "Network Firewall nsm-1 is made and managed by Network Security Manager" in decision.open[0]
    assert any("Network Firewall nsm-1" in node.gates for node in decision.graph.nodes)
    pending = route | {"IgwFirewall": AUTOMATED | {"Status": "pending"}}
    assert "no route leads to x" in decided(pictured(pending)).open[0]


def test_routes_that_may_not_be_read_are_no_proof_that_there_is_none() -> None:
    decision = decided(pictured(), {"ec2.DescribeRouteTables": denied("ec2.DescribeRouteTables")})
    assert "cannot tell whether routes lead to x at 203.0.113.9 through a firewall" in decision.open[0]
    assert any("DescribeRouteTables" in text for text in decision.unknown)


ARN = "arn:aws:network-firewall:eu-west-1:123456789012:firewall/edge"
FIREWALL = {
    "Firewall": {"FirewallId": "f-1", "FirewallArn": ARN, "FirewallPolicyArn": f"{ARN}-policy"},
    "FirewallStatus": {"SyncStates": {"eu-west-1a": {"Attachment": {"EndpointId": "vpce-1"}}}},
}
NEXT = {"UpdateToken": "t", "FirewallPolicyResponse": {"FirewallPolicyName": "edge"}}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (NEXT, "is of the next generation"),
        (denied("network-firewall.Any"), "cannot tell what Network Firewall f-1"),
    ],
)
def test_a_policy_that_is_not_understood_is_named_and_left(told: Canned, reason: str) -> None:
    picture = pictured({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vpce-1"})
    answers: dict[str, Canned] = {
        "network-firewall.ListFirewalls": {"Firewalls": [{"FirewallArn": ARN}]},
        "network-firewall.DescribeFirewall": FIREWALL,
        "network-firewall.DescribeFirewallPolicy": told,
    }
    assert reason in decided(picture, answers).open[0]
