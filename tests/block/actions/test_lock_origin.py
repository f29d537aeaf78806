"""An origin that CloudFront alone may reach: seen by boto3 before, after, and once it was taken back."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.model.errors import Drifted, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.resources.group_rules import EDGE
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import planned
from tests.kit.block_targets import balancer, distribution
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

ASKED = {"target": "shop.example.com"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def group() -> str:
    found: str = client("elbv2").describe_load_balancers(Names=["shop-alb"])["LoadBalancers"][0]["SecurityGroups"][
        0
    ]
    return found


def edge() -> str:
    lists = client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    found: str = next(one["PrefixListId"] for one in lists if one["PrefixListName"] == EDGE)
    return found


def rules() -> set[tuple[str, int, int, str]]:
    filters = [{"Name": "group-id", "Values": [group()]}]
    return {
        (one["IpProtocol"], one["FromPort"], one["ToPort"], one.get("CidrIpv4") or one.get("PrefixListId", ""))
        for one in client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        if not one["IsEgress"]
    }


def listens_on(port: int) -> None:
    client("elbv2").create_listener(
        LoadBalancerArn=balancer("shop-alb"),
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}],
    )


def permission(port: int, **source: Json) -> dict[str, Json]:
    return {
        "GroupId": group(),
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}],
    }


def done(plan: Plan, world: World) -> MemoryJournal:
    journal = MemoryJournal()
    run(plan, world.aws, world, journal)
    return journal


def refused(world: World, guard: str) -> str:
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("lock-origin", ASKED)
    assert guard in caught.value.summary
    return " ".join(caught.value.evidence)


def test_the_list_takes_the_place_of_the_open_rules_and_undo_puts_them_back(world: World) -> None:
    listens_on(443)
    before = state()
    assert rules() == {("tcp", 80, 80, "0.0.0.0/0"), ("tcp", 443, 443, "0.0.0.0/0")}
    plan = world.plan("lock-origin", ASKED)
    assert [one.operation for one in plan.changes] == [
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]
    assert {one.risk.severity for one in plan.changes[1:]} == {"severe"}
    journal = done(plan, world)
    assert rules() == {("tcp", 80, 443, edge())}, "one rule for both ports: two would count 110 of 60"
    assert world.plan("lock-origin", ASKED).changes == ()
    undo(plan, world, journal)
    assert state() == before


def test_a_rule_comes_back_with_its_description_and_its_tags(world: World) -> None:
    source = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "everybody"}]}
    client("ec2").revoke_security_group_ingress(**permission(80, IpRanges=[{"CidrIp": "0.0.0.0/0"}]))
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "shop"}]}]
    client("ec2").authorize_security_group_ingress(**permission(80, **source), TagSpecifications=tags)
    before, plan = state(), world.plan("lock-origin", ASKED)
    journal = done(plan, world)
    undo(plan, world, journal)
    assert state() == before


def test_a_rule_for_the_list_that_was_there_stays_after_undo(world: World) -> None:
    client("ec2").authorize_security_group_ingress(**permission(80, PrefixListIds=[{"PrefixListId": edge()}]))
    before, plan = state(), world.plan("lock-origin", ASKED)
    assert [one.operation for one in plan.changes] == ["RevokeSecurityGroupIngress"]
    journal = done(plan, world)
    undo(plan, world, journal)
    assert state() == before


def test_nobody_is_shut_out_when_the_list_is_gone_again_before_the_open_rule_goes(world: World) -> None:
    client("ec2").authorize_security_group_ingress(**permission(80, PrefixListIds=[{"PrefixListId": edge()}]))
    plan = world.plan("lock-origin", ASKED)
    client("ec2").revoke_security_group_ingress(**permission(80, PrefixListIds=[{"PrefixListId": edge()}]))
    with pytest.raises(Drifted):
        done(plan, world)
    assert ("tcp", 80, 80, "0.0.0.0/0") in rules()


def test_after_the_lock_a_block_finds_the_bypass_closed(world: World) -> None:
    asked = {"addresses": ["203.0.113.9"], "target": "shop.example.com"}
    (told,) = [one for one in world.plan("block-ip", asked).warnings if one.id == "bypass"]
    assert "opsctl lock-origin shop.example.com" in told.evidence[0]
    done(world.plan("lock-origin", ASKED), world)
    plan = world.plan("block-ip", asked)
    assert [one.id for one in plan.warnings if one.id == "bypass"] == []
    assert {one.service for one in plan.changes} == {"wafv2", "cloudfront"}, "the distribution alone is blocked at"


def test_what_shares_the_group_is_named_and_shut_out_only_when_that_is_said(world: World) -> None:
    client("elbv2").set_security_groups(LoadBalancerArn=balancer("direct-alb"), SecurityGroups=[group()])
    assert "load balancer direct-alb" in refused(world, "shared-group")


def test_who_comes_directly_is_named(world: World) -> None:
    dns = client("elbv2").describe_load_balancers(Names=["shop-alb"])["LoadBalancers"][0]["DNSName"]
    zone = client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    record = {"Name": "old.example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": dns}]}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    config = {"Type": "HTTP", "FullyQualifiedDomainName": dns, "Port": 80, "ResourcePath": "/"}
    client("route53").create_health_check(CallerReference="1", HealthCheckConfig=config)
    told = refused(world, "comes-directly")
    assert "old.example.com leads straight to application load balancer shop-alb" in told
    assert "of Route 53 connects to" in told
    assert "route53-healthchecks" in told


def test_a_group_without_room_is_refused_before_anything_changes(world: World) -> None:
    for one in range(5):
        source = {"IpRanges": [{"CidrIp": f"192.0.2.{one}/32"}]}
        client("ec2").authorize_security_group_ingress(**permission(8000 + one, **source))
    before = state()
    assert "counts 7 of 60 inbound rules" in refused(world, "cannot-lock")
    assert state() == before


def test_a_target_without_a_distribution_is_refused(world: World) -> None:
    with pytest.raises(RefusedByGuard, match="no-distribution"):
        world.plan("lock-origin", {"target": "direct.example.com"})
    assert world.plan("lock-origin", {"target": distribution()}).changes


def test_the_action_itself_refuses_what_ec2_would(world: World) -> None:
    """A playbook of somebody's own may ask for more than the group has room for."""
    asked = {"group": group(), "prefix_list": edge()}
    done(planned(world, "ec2.admit_list", asked | {"from_port": 80, "to_port": 80}), world)
    with pytest.raises(RefusedByGuard, match="counts 57 of 60"):
        planned(world, "ec2.admit_list", asked | {"from_port": 443, "to_port": 443})
    with pytest.raises(ClientError, match="RulesPerSecurityGroupLimitExceeded"):
        client("ec2").authorize_security_group_ingress(**permission(443, PrefixListIds=[{"PrefixListId": edge()}]))
    with pytest.raises(RefusedByGuard, match="there is no prefix list pl-0"):
        planned(world, "ec2.admit_list", asked | {"prefix_list": "pl-0", "from_port": 443, "to_port": 443})
    gone = {"group": group(), "protocol": "tcp", "from_port": 9, "to_port": 9, "cidr": "0.0.0.0/0"}
    assert planned(world, "ec2.revoke_rule", gone).changes == ()
