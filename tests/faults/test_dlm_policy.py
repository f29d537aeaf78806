"""A snapshot policy on an account: applied twice, taken back, broken at its call, and changed by others."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from opsctl.execution.asking import Asking
from opsctl.execution.inverse import references_of
from opsctl.model.errors import Drifted, OpsctlError
from opsctl.model.plan import Plan
from opsctl.planning.run_fetching import run_fetching
from opsctl.resources.actions.dlm_policy import DlmPolicy
from tests.kit.box_plans import plan_of
from tests.kit.ha_account import inverse_plan, run, undo
from tests.kit.lifecycle import TARGET, lifecycle_role, policy
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal


@pytest.fixture
def world() -> Iterator[World]:
    server()
    with fresh_world() as made:
        yield made


def planned(world: World) -> Plan:
    about = world.about()
    asked = {
        "tag": TARGET["Key"],
        "value": TARGET["Value"],
        "role": lifecycle_role(),
        "every_h": 1,
        "why": "backups",
    }
    return plan_of(
        *run_fetching(DlmPolicy.model_validate(asked).plan(about), world.reader()), plan_id=about.plan_id
    )


def policies() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("dlm").get_lifecycle_policies()["Policies"]
    return found


def test_applied_twice_it_is_one_policy_and_undone_it_is_gone(world: World) -> None:
    plan, journal = planned(world), MemoryJournal()
    run(plan, world.aws, world, journal)
    (made,) = policies()
    run(plan, world.aws, world, MemoryJournal())
    assert policies() == [made]
    undo(plan, world, journal)
    assert policies() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_breaks_leaves_no_second_policy_and_no_orphan(world: World, fault: str) -> None:
    plan, journal = planned(world), MemoryJournal()
    with suppress(OpsctlError, Killed):  # an answer that is lost is found again without either
        run(plan, Faulty(world.aws, fault, 1), world, journal)
    run(plan, world.aws, world, journal)
    assert len(policies()) == 1
    undo(plan, world, journal)
    assert policies() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_an_undo_that_breaks_is_finished_by_the_next(world: World, fault: str) -> None:
    plan, journal = planned(world), MemoryJournal()
    run(plan, world.aws, world, journal)
    with suppress(OpsctlError, Killed):
        run(inverse_plan(plan, journal), Faulty(world.aws, fault, 1), world, MemoryJournal())
    undo(plan, world, journal)
    assert policies() == []


def test_a_policy_that_somebody_made_for_the_tag_meanwhile_is_drift(world: World) -> None:
    plan = planned(world)
    client("dlm").create_lifecycle_policy(**policy(lifecycle_role("other")))
    with pytest.raises(Drifted):
        run(plan, world.aws, world, MemoryJournal())
    assert len(policies()) == 1


SCHEDULE = "its target, schedule and retention are the planned ones"


@pytest.mark.parametrize("change", [{"State": "DISABLED"}, {"keep": 1}, {"cron": "cron(0 0/6 * * ? *)"}])
def test_what_others_change_of_it_no_longer_holds_and_it_is_still_undone(
    world: World, change: dict[str, Any]
) -> None:
    plan, journal = planned(world), MemoryJournal()
    run(plan, world.aws, world, journal)
    (made,) = (one["PolicyId"] for one in policies())
    details = client("dlm").get_lifecycle_policy(PolicyId=made)["Policy"]["PolicyDetails"]
    (schedule,) = details["Schedules"]
    schedule["RetainRule"]["Count"] = change.get("keep", 48)
    schedule["CreateRule"]["CronExpression"] = change.get("cron", schedule["CreateRule"]["CronExpression"])
    state = change.get("State", "ENABLED")
    client("dlm").update_lifecycle_policy(PolicyId=made, State=state, PolicyDetails=details)
    asking = Asking(world.aws, references_of(plan))
    assert [each.says for each in map(asking.judge, plan.changes[0].proof.effective) if not each.held] == [
        f"the policy for {TARGET['Key']}={TARGET['Value']} is enabled" if state == "DISABLED" else SCHEDULE
    ]
    undo(plan, world, journal)
    assert policies() == []
