"""A drill of a standby on the strict account with the deployed handler: what it measures, and cut off anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.ha.facts.ha_status import HaStatusResult
from opsctl.model.errors import Unproved
from opsctl.model.plan import FactCall
from opsctl.planning.facts import look_up
from opsctl.render.views.ha_drill import drill_lines, markdown_drill
from opsctl.sandbox.rules import queue_settings as rules_queue_settings
from tests.kit.ha_account import undo
from tests.kit.moto_account import client
from tests.kit.ports import FakeClock, Faulty, Killed
from tests.kit.standby_world import GROUP, StandbyWorld, standby_world

FUNCTION = "opsctl-ha-legacy-web"


@pytest.fixture
def web() -> Iterator[StandbyWorld]:
    with standby_world() as made:
        yield made


def status(web: StandbyWorld) -> HaStatusResult:
    call = FactCall(uses="ha.status", arguments={"group": GROUP})
    web.world.clock = FakeClock(web.about.now())
    value = look_up({"status": call}, web.world.reader(), web.world.about(), web.world.registry)["status"]
    return HaStatusResult.model_validate(value)


def state_of(instance: str) -> str:
    answer = client("ec2").describe_instances(InstanceIds=[instance])
    return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])


def no_runs(web: StandbyWorld) -> None:
    """Have the handler never run again."""
    client("lambda").put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0)


def test_a_drill_stops_the_instance_and_the_alarm_itself_brings_the_standby_into_service(
    web: StandbyWorld, tmp_path: Path
) -> None:
    old, standby = web.id_of("primary"), web.id_of("standby")
    (volume,) = web.data()
    before = status(web)
    assert (before.works, before.mode) == (True, "standby"), before
    one = web.drill(tmp_path)
    one.go()
    found = one.result
    assert (found["old"], found["new"], web.owner(), web.id_of("primary")) == (old, standby, standby, standby)
    assert set(web.data().values()) == {standby}
    assert (state_of(old), web.id_of("retired")) == ("stopped", old)
    (data,) = found["data"]
    assert (data["lost_s"], data["volume"] != volume) == (0, True)
    assert found["marker"]["found_on"] == [data["volume"]]
    marks = found["milestones"]
    stages = ("call", "alarm_on", "launched", "volumes_attached", "address_moved", "in_service")
    assert [marks[name] for name in stages] == sorted(marks[name] for name in stages)
    assert marks["call"] == one.called_at("ec2.StopInstances")
    assert found["recovery_s"] == round(marks["in_service"] - marks["call"], 1)
    assert found["in_time"]
    told = [line for line in one.lines if line.endswith("\n")]
    assert len(told) == len(set(told)) == len(found["timeline"])
    assert web.plan is not None
    again = f"opsctl undo {web.plan.id}, then opsctl make-ha {standby} --mode standby --group {GROUP}"
    assert any(again in line for line in drill_lines(found))
    report = markdown_drill(found, "run-1")
    assert "was stopped at" in report
    assert "## Now" in report
    after = status(web)
    assert after.failed_over == standby
    wrong = {each.check for each in after.findings if each.state == "wrong"}
    assert wrong == {"standby", "alarm", "alarms"}


def test_after_a_failover_the_same_name_gets_a_new_standby_which_takes_over_in_its_turn(
    web: StandbyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_queue_settings, "now", web.about.now)
    first, second = web.id_of("primary"), web.id_of("standby")
    web.drill(tmp_path / "1").go()
    assert web.plan is not None
    undo(web.plan, web.world, web.journal)
    web.move(120)
    web.build(second)
    web.move(600)
    third = web.id_of("standby")
    assert third not in ("", first, second)
    assert (status(web).works, status(web).findings[0].state) == (True, "ok"), status(web)
    web.about.faults.impaired.add(second)
    web.move(1800)
    assert (web.owner(), web.id_of("primary"), set(web.data().values())) == (third, third, {third})
    assert (state_of(first), state_of(second)) == ("stopped", "stopped")


@pytest.mark.parametrize("fault", ["killed-before", "killed-after"])
def test_cut_off_at_the_stop_it_goes_on_and_tells_true_times(
    web: StandbyWorld, tmp_path: Path, fault: str
) -> None:
    standby = web.id_of("standby")
    one = web.drill(tmp_path)
    with pytest.raises(Killed):
        one.go(Faulty(web.world.aws, fault, 3))
    web.move(900)
    one.go()
    assert one.result["new"] == standby == web.owner()
    assert one.result["recovery_s"] < 300, "what nobody saw is timed by AWS and the handler"


def test_undo_starts_the_instance_again_while_the_standby_was_not_chosen(
    web: StandbyWorld, tmp_path: Path
) -> None:
    old, standby = web.id_of("primary"), web.id_of("standby")
    no_runs(web)
    one = web.drill(tmp_path, within="2m")
    with pytest.raises(Unproved, match="the alarm fired, and the standby was not chosen"):
        one.go()
    assert "the undo of this run starts" in one.result["todo"]
    one.undo()
    web.move(60)
    assert (state_of(old), state_of(standby), web.owner()) == ("running", "stopped", old)
    client("lambda").delete_function_concurrency(FunctionName=FUNCTION)
    web.move(900)
    assert (web.id_of("primary"), status(web).works) == (old, True), status(web)


def test_undo_in_the_middle_of_a_failover_starts_nothing(web: StandbyWorld, tmp_path: Path) -> None:
    old, standby = web.id_of("primary"), web.id_of("standby")
    web.about.faults.slow_snapshots.update(dict.fromkeys(web.data(), 900.0))
    one = web.drill(tmp_path)
    with pytest.raises(Killed):
        one.go(Faulty(web.world.aws, "killed-after", 3))
    web.move(300)
    told = {each.check: each.finding for each in status(web).findings}
    assert told["standby"].startswith(f"{standby} has been taking over since")
    one.undo()
    web.move(1800)
    assert (state_of(old), web.owner(), web.id_of("primary")) == ("stopped", standby, standby)
