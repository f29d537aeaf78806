"""A block by a header beside one by the source: each with its own rule and set, taken back by itself."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import add_rule, allow_list, direct_acl, planned, waf
from tests.kit.block_targets import REGIONAL, waf_on
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

ADDRESS = "203.0.113.9"
HEADER = "CF-Connecting-IP"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def rules() -> dict[str, Json]:
    return {rule["Name"]: rule["Statement"] for rule in direct_acl()["Rules"] if "opsctl" in rule["Name"]}


def addresses() -> dict[str, list[str]]:
    sets = client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"]
    ours = [one for one in sets if "opsctl" in one["Name"]]
    keys = [{"Name": one["Name"], "Scope": "REGIONAL", "Id": one["Id"]} for one in ours]
    return {key["Name"]: client("wafv2").get_ip_set(**key)["IPSet"]["Addresses"] for key in keys}


def blocked(world: World, **inputs: Json) -> tuple[Plan, MemoryJournal]:
    asked = {"addresses": [ADDRESS], "target": "direct.example.com", "layer": "waf", **inputs}
    plan, journal = world.plan("block-ip", asked), MemoryJournal()
    run(plan, world.aws, world, journal)
    return plan, journal


def test_a_rule_looks_at_the_header_and_at_the_source_in_a_set_of_its_own(world: World) -> None:
    blocked(world, forwarded_header="X-Forwarded-For")
    ((name, statement),) = rules().items()
    assert name == "opsctl-block-ipv4-by-x-forwarded-for"
    parts = [one["IPSetReferenceStatement"] for one in statement["OrStatement"]["Statements"]]
    assert [one.get("IPSetForwardedIPConfig") for one in parts] == [
        None,
        {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "NO_MATCH", "Position": "LAST"},
        {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "NO_MATCH", "Position": "ANY"},
    ]
    assert len({one["ARN"] for one in parts}) == 1
    ((set_name, held),) = addresses().items()
    assert (held, set_name.startswith(f"{name}-direct-acl")) == ([f"{ADDRESS}/32"], True)
    assert blocked(world, forwarded_header="x-forwarded-for")[0].changes == (), "headers have no case"


def test_both_kinds_live_beside_each_other_and_undo_takes_back_its_own(world: World) -> None:
    before = state()
    plan, journal = blocked(world)
    alone = state()
    by_header, its_journal = blocked(world, forwarded_header=HEADER, reason="through the CDN")
    assert sorted(rules()) == ["opsctl-block-ipv4", "opsctl-block-ipv4-by-cf-connecting-ip"]
    assert list(addresses().values()) == [[f"{ADDRESS}/32"]] * 2
    undo(by_header, world, its_journal)
    assert state() == alone
    undo(plan, world, journal)
    assert state() == before


def test_a_second_address_is_put_into_the_set_that_the_header_has(world: World) -> None:
    blocked(world, forwarded_header=HEADER)
    plan, _ = blocked(world, forwarded_header="cf-connecting-ip", addresses=["203.0.113.10"])
    assert [one.operation for one in plan.changes] == ["TagResource", "UpdateIPSet"]
    assert [len(held) for held in addresses().values()] == [2]


def test_who_lists_verifies_and_unblocks_sees_by_which_header(world: World) -> None:
    blocked(world, forwarded_header=HEADER, position="last")
    listed = run_fetching(BlockLedger().read(world.about()), world.reader())
    assert isinstance(listed, Ledgered)
    (row,) = [one for one in listed.rows if one.ours]
    assert (row.via, row.what) == (f"{HEADER}:last", f"IP set of AWS WAF, by header {HEADER}:last")
    found = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert isinstance(found, Verified)
    assert (found.holds, found.blocks) == (True, 1)
    run(world.plan("unblock-ip", {"addresses": [ADDRESS]}), world.aws, world, MemoryJournal())
    assert list(addresses().values()) == [[]]


def test_a_rule_that_stops_looking_at_the_header_is_found(world: World) -> None:
    """Somebody turned our rule into one about the source alone: the block is not what it was."""
    blocked(world, forwarded_header=HEADER)
    acl = direct_acl()
    for rule in acl["Rules"]:
        if "opsctl" in rule["Name"]:
            rule["Statement"] = rule["Statement"]["OrStatement"]["Statements"][0]
    key = {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]}
    kept = {name: acl[name] for name in ("DefaultAction", "VisibilityConfig", "Rules")}
    client("wafv2").update_web_acl(**key, **kept, LockToken=client("wafv2").get_web_acl(**key)["LockToken"])
    found = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert isinstance(found, Verified)
    assert [one.holds for one in found.ways] == [False]


def test_an_allow_list_of_the_proxy_gets_the_rule_in_front_of_it(world: World) -> None:
    """A rule that lets in whoever connects from the CDN would let everybody in who comes through it."""
    add_rule("cdn", 3, allow_list("173.245.48.0/20"), "Allow")
    given = waf_on("direct-alb") | REGIONAL | {"forwarded_header": HEADER, "addresses": [ADDRESS]}
    (added,) = [one for one in planned(world, "waf.block", given).changes if one.id.startswith("rule-")]
    assert "the last address of header CF-Connecting-IP" in added.why
    assert "what is no address there (NO_MATCH)" in added.why
    assert "priority 0" in added.title
    (cdn,) = [one for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"] == "partners"]
    key = {"Name": "partners", "Scope": "REGIONAL", "Id": cdn["Id"]}
    client("wafv2").update_ip_set(**key, Addresses=[f"{ADDRESS}/32"], LockToken=cdn["LockToken"])
    with pytest.raises(RefusedByGuard, match="allows the address before any block could apply") as caught:
        planned(world, "waf.block", given)
    assert caught.value.hint == "remove the address from that allow list first"


def test_seven_units_that_a_web_acl_has_no_room_for_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = direct_acl()["Capacity"]
    monkeypatch.setattr("opsctl.block.web_acl_calls.CAPACITY_LIMIT", used + 6)
    assert waf(world, ADDRESS).changes
    with pytest.raises(RefusedByGuard, match="capacity units") as caught:
        waf(world, ADDRESS, forwarded_header="X-Forwarded-For")
    assert "nacl" not in caught.value.hint, "packets do not show a header"
