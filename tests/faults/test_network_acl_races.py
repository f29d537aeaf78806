"""Responders who plan a deny at one network ACL at the same time: each gets a number, or is told why not."""

from collections.abc import Iterator

import pytest

from opsctl.execution.choosing import as_made
from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of
from opsctl.model.errors import AwsRefused, Drifted
from opsctl.model.plan import Plan
from opsctl.model.report import EventRow
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of
from tests.kit.box_plans import plan_of
from tests.kit.ha_account import run
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

QUOTA = {"ServiceCode": "vpc", "QuotaCode": "L-2AEEBF1A"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def planned(world: World, *addresses: str) -> Plan:
    about = world.about()
    arguments = {"network_acl": acl_of("edge-a"), "addresses": addresses, "why": "first line"}
    action = world.registry.actions["nacl.deny"].model_validate(arguments)
    return plan_of(*run_fetching(action.plan(about), world.reader()), plan_id=about.plan_id)


def undo(plan: Plan, world: World, journal: MemoryJournal) -> None:
    events = [EventRow(at="", change=name, event=event, detail=detail) for name, event, detail in journal.records]
    inverse = inverse_of(as_made(plan, events), journal.intended())
    run(plan_of(*inverse, plan_id="undo"), world.aws, world, MemoryJournal())


def denied() -> dict[int, str]:
    acls = client("ec2").describe_network_acls(NetworkAclIds=[acl_of("edge-a")])["NetworkAcls"]
    return {
        one["RuleNumber"]: one["CidrBlock"]
        for one in acls[0]["Entries"]
        if not one["Egress"] and one["RuleAction"] == "deny" and one["RuleNumber"] < 32767
    }


def test_the_second_of_two_responders_takes_the_next_number_and_each_undoes_his_own(world: World) -> None:
    start = state()
    plans = [planned(world, "203.0.113.9", "203.0.113.10"), planned(world, "198.51.100.7", "198.51.100.8")]
    numbers = [[change.params["RuleNumber"] for change in plan.changes] for plan in plans]
    assert numbers == [[99, 97], [99, 97]]
    journals = [MemoryJournal(), MemoryJournal()]
    for plan, journal in zip(plans, journals, strict=True):
        run(plan, world.aws, world, journal)
    assert denied() == {
        99: "203.0.113.9/32",
        97: "203.0.113.10/32",
        95: "198.51.100.7/32",
        93: "198.51.100.8/32",
    }
    undo(plans[0], world, journals[0])
    assert denied() == {95: "198.51.100.7/32", 93: "198.51.100.8/32"}
    undo(plans[1], world, journals[1])
    assert state() == start


def test_the_same_address_by_two_responders_is_one_entry_that_only_its_maker_takes_back(world: World) -> None:
    plans, journals = [planned(world, "203.0.113.9") for _ in range(2)], [MemoryJournal(), MemoryJournal()]
    for plan, journal in zip(plans, journals, strict=True):
        run(plan, world.aws, world, journal)
    assert denied() == {99: "203.0.113.9/32"}
    assert journals[1].last(plans[1].changes[0].id) == "skipped"
    undo(plans[0], world, journals[0])
    assert denied() == {}


def test_an_allow_that_has_come_before_the_deny_is_drift(world: World) -> None:
    plan = planned(world, "203.0.113.9")
    key = {"NetworkAclId": acl_of("edge-a"), "RuleNumber": 40, "Egress": False}
    client("ec2").create_network_acl_entry(
        **key,
        Protocol="6",
        PortRange={"From": 443, "To": 443},
        RuleAction="allow",
        CidrBlock="203.0.113.0/28",
    )
    with pytest.raises(Drifted, match="no allow rule before 100"):
        Executor(plan, world.aws, MemoryJournal(), world.clock, print, lambda: False).apply()
    assert denied() == {}
    client("ec2").delete_network_acl_entry(**key)


def test_more_than_twenty_are_planned_where_the_quota_was_raised(world: World) -> None:
    client("service-quotas").request_service_quota_increase(**QUOTA, DesiredValue=30)
    plan = planned(world, *(f"203.0.113.{n}" for n in range(28)))
    assert len(plan.changes) == 28


def test_many_at_once_all_succeed_up_to_the_quota_and_then_are_told_of_it(world: World) -> None:
    client("service-quotas").request_service_quota_increase(**QUOTA, DesiredValue=40)
    plans = [planned(world, f"203.0.113.{n}") for n in range(50)]
    for plan in plans[:38]:
        run(plan, world.aws, world, MemoryJournal())
    assert sorted(denied()) == list(range(25, 100, 2)), "two allows are rules as well"
    for plan in plans[38:]:
        with pytest.raises(AwsRefused, match="NetworkAclEntryLimitExceeded"):
            run(plan, world.aws, world, MemoryJournal())
