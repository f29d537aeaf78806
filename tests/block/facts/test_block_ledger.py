"""The list of blocks: what the account itself records, the same for everybody, foreign blocks by what they are."""

from collections.abc import Iterator

import pytest

from opsctl.block.block_rows import BlockRow
from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.model.errors import RefusedByGuard
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of, waf_on
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal

TARGET = "direct.example.com"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def block(world: World, **inputs: Json) -> MemoryJournal:
    journal = MemoryJournal()
    run(world.plan("block-ip", {"target": TARGET, **inputs}), world.aws, world, journal)
    return journal


def listed(world: World, **asked: Json) -> Ledgered:
    found = run_fetching(BlockLedger.model_validate(asked).read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    return found


def test_a_block_is_listed_at_each_resource_that_carries_it(world: World) -> None:
    block(world, addresses=["203.0.113.9"], ttl="2h", reason="scraper, #1", incident="INC-12")
    rows = listed(world).rows
    assert {(row.address, row.layer, row.kind) for row in rows} == {
        ("203.0.113.9/32", "waf", "opsctl"),
        ("203.0.113.9/32", "nacl", "opsctl"),
    }
    for row in rows:
        assert (row.by, row.incident, row.reason, row.target) == ("responder", "INC-12", "scraper 1", TARGET)
        assert row.until > row.since
    assert not listed(world).due


def test_a_target_finds_its_blocks_however_it_was_typed_and_those_of_others_are_named(world: World) -> None:
    block(world, target=f"https://{TARGET.upper()}/login", addresses=["203.0.113.9"], ttl="2h")
    here = listed(world, target=TARGET, addresses=["203.0.113.9"])
    assert (len(here.rows), here.elsewhere) == (2, ())
    other = listed(world, target="shop.example.com", addresses=["203.0.113.9"])
    assert (other.rows, len(other.elsewhere)) == ((), 2)
    plan = world.plan("unblock-ip", {"addresses": ["203.0.113.9"], "target": "shop.example.com"})
    assert [one.id for one in plan.warnings] == ["not-blocked", "for-other-targets"]
    assert not plan.changes
    with pytest.raises(RefusedByGuard, match="for-other-targets"):
        world.plan("blocks-extend", {"addresses": ["203.0.113.9"], "target": "shop.example.com"})
    assert world.plan("unblock-ip", {"addresses": ["203.0.113.9"], "target": TARGET}).changes


@pytest.mark.parametrize(("partition", "cloudfront"), [("aws", True), ("aws-cn", True), ("aws-us-gov", False)])
def test_cloudfront_is_read_where_it_is(world: World, partition: str, *, cloudfront: bool) -> None:
    about, reader = world.about(), world.reader()
    about = about.model_copy(update={"identity": about.identity.model_copy(update={"partition": partition})})
    found = run_fetching(BlockLedger().read(about), reader)
    assert isinstance(found, Ledgered)
    assert found.unknown == ()
    assert any(one.service == "cloudfront" for one in reader.made) is cloudfront
    scopes = {one.params["Scope"] for one in reader.made if one.operation == "ListIPSets"}
    assert scopes == {"REGIONAL", *(["CLOUDFRONT"] if partition == "aws" else [])}


def test_after_undo_nothing_is_listed(world: World) -> None:
    plan = world.plan("block-ip", {"target": TARGET, "addresses": ["203.0.113.9"]})
    journal = MemoryJournal()
    run(plan, world.aws, world, journal)
    assert listed(world).rows
    undo(plan, world, journal)
    assert listed(world).rows == ()


def test_what_others_block_is_foreign_with_what_it_is(world: World) -> None:
    acl = acl_of("edge-a")
    entry = {"NetworkAclId": acl, "RuleAction": "deny", "Egress": False}
    ec2 = client("ec2")
    ports = {"From": 22, "To": 22}
    ec2.create_network_acl_entry(RuleNumber=40, Protocol="-1", CidrBlock="198.51.100.0/24", **entry)
    ec2.create_network_acl_entry(RuleNumber=41, Protocol="6", PortRange=ports, CidrBlock="192.0.2.1/32", **entry)
    ec2.create_tags(Resources=[acl], Tags=[{"Key": "aws:cloudformation:stack-name", "Value": "edge"}])
    found = listed(world)
    assert [(row.address, row.kind, row.what, row.until) for row in found.rows] == [
        ("192.0.2.1/32", "foreign", "deny rule 41 of tcp 22, CloudFormation stack edge", ""),
        ("198.51.100.0/24", "foreign", "deny rule 40, CloudFormation stack edge", ""),
    ]
    assert listed(world, foreign=False).rows == ()
    assert [row.rule for row in listed(world, addresses=["198.51.100.7"]).rows] == [40]


def test_a_set_of_others_is_found_by_the_record_on_it(world: World) -> None:
    """Its name says nothing: only the Tagging API leads there."""
    acl = waf_on("direct-alb")["web_acl"]
    theirs = client("wafv2").create_ip_set(
        Name="corp-blocklist", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"]
    )["Summary"]
    name, acl_id = acl.split("/")[-2:]
    got = client("wafv2").get_web_acl(Name=name, Scope="REGIONAL", Id=acl_id)
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    rule = {
        "Name": "corp",
        "Priority": 0,
        "Statement": {"IPSetReferenceStatement": {"ARN": theirs["ARN"]}},
        "Action": {"Block": {}},
        "VisibilityConfig": visible,
    }
    client("wafv2").update_web_acl(
        Name=name,
        Scope="REGIONAL",
        Id=acl_id,
        DefaultAction=got["WebACL"]["DefaultAction"],
        Rules=[rule],
        VisibilityConfig=got["WebACL"]["VisibilityConfig"],
        LockToken=got["LockToken"],
    )
    block(world, addresses=["203.0.113.9"], ip_sets=["corp-blocklist"], layer="waf")
    rows = {row.address: (row.kind, row.resource) for row in listed(world).rows}
    assert rows == {
        "203.0.113.9/32": ("opsctl", "corp-blocklist"),
        "192.0.2.0/24": ("foreign", "corp-blocklist"),
    }


def test_many_addresses_are_each_listed_though_tags_have_no_room_for_them(world: World) -> None:
    many = [f"198.51.{one}.{two}" for one in range(100, 112) for two in range(0, 200, 2)]
    plan = world.plan("block-ip", {"addresses": many, "target": TARGET, "layer": "waf", "ttl": "never"})
    journal = MemoryJournal()
    run(plan, world.aws, world, journal)
    rows = listed(world).rows
    assert {row.address for row in rows} == {f"{one}/32" for one in many}
    assert {(row.kind, row.until) for row in rows} == {("opsctl", "never")}
    undo(plan, world, journal)
    assert listed(world).rows == ()
    assert [
        one["Name"] for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if "list" in one["Name"]
    ] == []


def test_calls_grow_by_pages_and_by_what_carries_blocks_not_by_what_the_account_has(world: World) -> None:
    block(world, addresses=["203.0.113.9"])

    def calls() -> int:
        reader = world.reader()
        run_fetching(BlockLedger().read(world.about()), reader)
        return len(reader.made)

    few = calls()
    vpc = client("ec2").create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    for number in range(30):
        client("ec2").create_network_acl(VpcId=vpc)
        client("wafv2").create_ip_set(
            Name=f"theirs-{number}", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[]
        )
    assert calls() == few


def test_thousands_of_blocks_are_never_held_against_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(world, addresses=[f"203.0.{113 + one % 2}.{one}" for one in range(1, 120, 2)], ttl="2h")

    def compared(*_: object) -> bool:
        raise AssertionError("rows were compared")

    monkeypatch.setattr(BlockRow, "__eq__", compared)
    assert len(listed(world).rows) >= 60
    assert len(listed(world, target="shop.example.com", addresses=["203.0.114.1"]).elsewhere) >= 1
