"""Blocks in host firewalls on the sandbox: whom a script reaches, what is read back, how long that counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.engine.guest import System
from opsctl.sandbox.worlds.agents import give_agents
from opsctl.sandbox.worlds.seeding import Clients, seed_network
from tests.kit.fleet import described, firewall_of, guest_named, ids_of
from tests.kit.ha_account import inverse_plan, run
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world

ATTACKER, API = "203.0.113.7", "api.example.com"
AL2023 = System("amzn", "2023", "Amazon Linux 2023", "6.1.129", "2.13.2g")


def seed(clients: Clients) -> None:
    seed_network(clients)
    give_agents(clients, "api-1", "legacy-web")


class Account:
    """The network worlds with two agents, on a clock of their own."""

    def __init__(self, world: World, about: Conditions, path: Path) -> None:
        self.world, self.about, self.path = world, about, path

    def decide(self, target: str = API, **more: Json) -> Decision:
        asked = {"target": target, "addresses": [ATTACKER], "layer": "host"} | more
        found = run_fetching(BlockDecision.model_validate(asked).read(self.world.about()), self.world.reader())
        assert isinstance(found, Decision)
        return found

    def listed(self) -> Ledgered:
        found = run_fetching(BlockLedger(layer="host").read(self.world.about()), self.world.reader())
        assert isinstance(found, Ledgered)
        return found

    def verified(self) -> Verified:
        found = run_fetching(BlockVerified().read(self.world.about()), self.world.reader())
        assert isinstance(found, Verified)
        return found

    def block(self, target: str = API, ttl: str = "2h") -> tuple[Plan, MemoryJournal]:
        asked = {"addresses": [ATTACKER], "target": target, "layer": "host", "ttl": ttl}
        plan, journal = self.world.plan("block-ip", asked), MemoryJournal()
        (self.path / plan.id).mkdir()
        carry_out(plan, self.world, journal, self.path / plan.id)
        return plan, journal


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with timed_world(seed) as (world, about):
        world.clock = MovingClock(about)
        about.durations = QUICK
        yield Account(world, about, tmp_path)


def all_agents() -> None:
    """Give api-2 the role of api-1."""
    profile = client("iam").list_instance_profiles()["InstanceProfiles"][0]["InstanceProfileName"]
    client("ec2").associate_iam_instance_profile(
        IamInstanceProfile={"Name": profile}, InstanceId=ids_of("api-2")[0]
    )


def test_an_instance_that_no_script_reaches_is_named_and_keeps_the_way_open(account: Account) -> None:
    decision = account.decide()
    assert [one.name for one in decision.points] == ["api-1"]
    assert [way.covered for way in decision.ways] == [False]
    reason = decision.open[0].partition(": ")[2]
    assert reason.startswith("instance api-2 ("), "what is missing comes before what was left out"
    assert "has no SSM agent" in reason
    account.block()
    assert firewall_of("api-1")
    after = account.decide()
    assert not after.ways[0].dropped, "one of two instances still answers"
    assert "api-1" not in after.open[0]


@pytest.mark.parametrize("system", [None, AL2023])
def test_a_block_is_read_back_and_its_undo_too(account: Account, system: System | None) -> None:
    if system is not None:
        guest_named("legacy-web").system = system
    plan, journal = account.block("legacy-web")
    told = dict(journal.records[-1][2])
    assert [one["exit"] for one in told["proof"]["ran"]] == [0]
    after = account.decide("legacy-web")
    assert after.ways[0].dropped
    assert "the firewall of instance legacy-web" in after.ways[0].verdict
    assert "as it was read at 20" in after.ways[0].verdict
    again = {"addresses": [ATTACKER], "target": "legacy-web", "layer": "host"}
    assert account.world.plan("block-ip", again | {"ttl": "2h"}).changes == ()
    carry_out(inverse_plan(plan, journal), account.world, MemoryJournal(), account.path / plan.id)
    assert firewall_of("legacy-web") == {}
    assert not account.decide("legacy-web").ways[0].dropped, "the undo has read it back as well"


def test_a_block_for_longer_is_made_beside_the_one_that_ends_first(account: Account) -> None:
    account.block("legacy-web")
    assert account.decide("legacy-web", ttl="1h").longer
    move(account.about, 60)
    plan, journal = account.block("legacy-web", ttl="5h")
    assert [one.id for one in plan.changes] == ["host/run"]
    assert account.decide("legacy-web", ttl="4h").longer
    shorter = account.world.plan(
        "block-ip", {"addresses": [ATTACKER], "target": "legacy-web", "layer": "host", "ttl": "1h"}
    )
    assert (shorter.changes, [one.id for one in shorter.warnings]) == ((), ["blocked-for-longer"])
    carry_out(inverse_plan(plan, journal), account.world, MemoryJournal(), account.path / plan.id)
    assert not account.decide("legacy-web", ttl="4h").longer
    assert account.decide("legacy-web", ttl="1h").longer, "the first block is there until its own end"


def test_all_targets_have_to_drop_before_the_way_is_closed(account: Account) -> None:
    all_agents()
    assert account.decide().outlook == "1 of 1 ways closed"
    account.block()
    assert account.decide().standing == "1 of 1 ways closed"


def test_a_reading_counts_for_an_hour_and_not_beyond_a_start(account: Account) -> None:
    account.block("legacy-web")
    id_ = ids_of("legacy-web")
    move(account.about, 1200)
    assert account.decide("legacy-web").ways[0].dropped
    client("ec2").stop_instances(InstanceIds=id_)
    move(account.about, 300)
    assert "is stop" in account.decide("legacy-web").open[0]
    client("ec2").start_instances(InstanceIds=id_)
    move(account.about, 300)
    assert firewall_of("legacy-web") == {}, "a start comes without the rules"
    assert not account.decide("legacy-web").ways[0].dropped


def test_a_reading_of_long_ago_proves_nothing(account: Account) -> None:
    account.block("legacy-web")
    move(account.about, 2 * 3600 - 60)
    assert not account.decide("legacy-web").ways[0].dropped


def test_behind_an_application_load_balancer_it_is_refused(account: Account) -> None:
    decision = account.decide("direct.example.com")
    assert decision.points == ()
    assert "sees only the proxy's addresses: dropping those would cut everybody" in decision.open[0]


def test_what_cannot_be_sent_a_script_says_why(account: Account) -> None:
    (id_,) = ids_of("legacy-web")
    account.about.faults.lost_agents.add(id_)
    assert "was online once, and does not answer" in account.decide("legacy-web").open[0]
    assert described("legacy-web")["InstanceId"] == id_


def test_a_mode_that_only_a_web_acl_has_is_refused(account: Account) -> None:
    assert "it cannot count" in account.decide("legacy-web", mode="count").ways[0].layers[0].reason


def test_too_many_addresses_for_a_script_are_refused(account: Account) -> None:
    many = [f"203.0.{net}.{host}" for net in (112, 114) for host in range(0, 200, 2)]
    decision = account.decide("legacy-web", addresses=many)
    assert decision.points == ()
    assert "200 networks are too many for the firewall of an instance" in decision.open[0]


def test_no_other_layer_asks_systems_manager_anything(account: Account) -> None:
    reader = account.world.reader()
    run_fetching(BlockDecision(target=API, addresses=(ATTACKER,)).read(account.world.about()), reader)
    assert not [read for read in reader.made if read.service == "ssm"]


def test_the_list_has_what_was_read_back_until_it_ends_and_sends_nothing(account: Account) -> None:
    assert account.listed().rows == ()
    plan, journal = account.block("legacy-web")
    sent = len(client("ssm").list_commands()["Commands"])
    (row,) = account.listed().rows
    assert (row.address, row.resource, row.layer, row.run) == ("203.0.113.7/32", "legacy-web", "host", plan.id)
    assert row.until == plan.facts["term"]["until"]
    assert row.what.startswith(f"its firewall (iptables), ends by itself, by run {plan.id}, read at 20")
    assert len(client("ssm").list_commands()["Commands"]) == sent
    carry_out(inverse_plan(plan, journal), account.world, MemoryJournal(), account.path / plan.id)
    assert account.listed().rows == ()
    account.block("legacy-web")
    move(account.about, 2 * 3600)
    assert account.listed().rows == (), "it has ended by itself"


def test_the_list_leaves_out_a_machine_that_was_started_since(account: Account) -> None:
    account.block("legacy-web")
    client("ec2").stop_instances(InstanceIds=ids_of("legacy-web"))
    move(account.about, 300)
    assert account.listed().rows == ()
    client("ec2").start_instances(InstanceIds=ids_of("legacy-web"))
    move(account.about, 300)
    assert account.listed().rows == ()


def test_a_command_that_read_nothing_back_is_no_empty_firewall(account: Account) -> None:
    account.block("legacy-web")
    client("ssm").send_command(
        InstanceIds=ids_of("legacy-web"),
        DocumentName="AWS-RunShellScript",
        Comment="opsctl host 20260101-000001-lost 1",
        Parameters={"commands": ["true"]},
    )
    move(account.about, 120)
    found = account.listed()
    assert found.rows == ()
    assert "its last command read nothing" in found.unknown[0]
    assert not account.decide("legacy-web").ways[0].dropped


def test_an_end_in_a_firewall_is_moved_by_another_rule_alone_and_an_old_reading_is_no_proof(
    account: Account,
) -> None:
    blocked, _ = account.block("legacy-web", ttl="5h")
    world, of = account.world, ids_of("legacy-web")[0]
    (row,) = run_fetching(BlockLedger(hosts=True).read(world.about()), world.reader()).rows  # type: ignore[attr-defined]
    assert (row.layer, row.run) == ("host", blocked.id)
    with pytest.raises(RefusedByGuard, match="host-firewalls-only") as refused:
        world.plan("blocks-extend", {"addresses": [ATTACKER], "ttl": "9h"})
    (_, typed) = refused.value.evidence
    assert f"block-ip {ATTACKER} --target {of} --layer host --until " in typed
    assert not world.plan("blocks-extend", {"addresses": [ATTACKER], "ttl": "1h"}).changes
    account.block(ttl="2h")
    entries = {"addresses": [ATTACKER], "target": API, "layer": "nacl", "ttl": "1h"}
    run(world.plan("block-ip", entries), world.aws, world, MemoryJournal())
    plan = world.plan("blocks-extend", {"addresses": [ATTACKER], "ttl": "9h"})
    assert (bool(plan.changes), "in-host-firewalls" in [one.id for one in plan.warnings]) == (True, True)
    assert account.verified().in_hosts == 2
    move(account.about, 3700)
    stale = account.verified()
    assert (stale.in_hosts, len(stale.unknown), stale.holds) == (0, 2, False)
    assert "opsctl verify" in stale.unknown[0]


def test_whoever_unblocks_an_address_is_told_of_the_firewalls_that_still_drop_it(account: Account) -> None:
    blocked, _ = account.block("legacy-web")
    plan = account.world.plan("unblock-ip", {"addresses": [ATTACKER]})
    (told,) = [one for one in plan.warnings if one.id == "in-host-firewalls"]
    assert (
        f"203.0.113.7 at legacy-web (its firewall (iptables), ends by itself, by run {blocked.id}"
        in told.evidence[0]
    )
    other = account.world.plan("unblock-ip", {"addresses": ["192.0.2.1"]})
    assert "in-host-firewalls" not in {one.id for one in other.warnings}
