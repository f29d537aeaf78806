"""A drill on the strict account with the real handler: what it measures, and what cutting it off leaves."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsctl.model.errors import Interrupted, OpsctlError, Unproved
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK
from tests.kit.drills import Drill, drill, launched_by_the_drill, protected, subnets_of_the_group
from tests.kit.ha_world import HaWorld, ha_world
from tests.kit.moto_account import client
from tests.kit.ports import Faulty, Killed, Wrapping
from tests.kit.samples import part_of

IDLE = "def lambda_handler(event, context):\n    return None\n"


@pytest.fixture
def web() -> Iterator[HaWorld]:
    with ha_world(durations=QUICK) as made:
        yield protected(made)


@dataclass
class DiesLooking(Wrapping):
    """An account in which the process dies at its n-th look at the volumes."""

    at: int

    def read(self, read: Read) -> Answer:
        """Pass on, or die."""
        self.at -= read.operation == "DescribeVolumes"
        if self.at == 0:
            raise Killed
        return self.inner.read(read)


def stages(found: dict[str, Json]) -> list[str]:
    marks = {name: at for name, at in found["milestones"].items() if at is not None}
    return sorted(marks, key=lambda name: float(marks[name]))


def test_a_drill_replaces_the_instance_and_measures_every_stage(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path)
    one.go()
    found = one.result
    assert web.serving() == found["new"] != web.instance
    assert launched_by_the_drill(web) == [found["new"]]
    assert stages(found)[-3:] == ["volumes_attached", "address_moved", "in_service"]
    assert 10 < found["recovery_s"] < 240
    assert found["in_time"]
    assert found["message"] == f"recovered after {found['recovery_s']:.0f} s"
    assert [(each["lost_s"], each["volume"]) for each in found["data"]] == [(0, web.devices["/dev/sdf"])]
    assert found["marker"]["found_on"] == [web.devices["/dev/sdf"]]


def test_the_recovery_time_is_the_groups_own(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path)
    one.go()
    activities = web.scaling.groups["ha-legacy-web"].activities
    ended = next(each for each in activities if each.description.startswith("Terminating"))
    begun = next(each for each in activities if each.description.startswith("Launching"))
    assert begun.ended
    assert one.result["recovery_s"] == round((begun.ended - ended.started).total_seconds(), 1)


def test_the_timeline_is_told_live_and_once(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path)
    one.go()
    told = [line for line in one.lines if line.endswith("\n")]
    assert len(told) == len(set(told)) == len(one.result["timeline"])
    for words in (
        "was asked to replace",
        "Terminating:Wait",
        "stop_instances",
        "associate_address",
        "InService in",
    ):
        assert any(words in line for line in told), words


def test_in_another_zone_the_data_comes_by_snapshot_and_the_group_stays_there(
    web: HaWorld, tmp_path: Path
) -> None:
    one = drill(web, tmp_path, other_zone=True)
    one.go()
    found = one.result
    assert found["new_zone"] != found["old_zone"]
    web.move(120)
    assert subnets_of_the_group() == [web.subnets[found["new_zone"]]]
    (data,) = found["data"]
    assert (data["lost_s"], data["volume"] == web.devices["/dev/sdf"]) == (0, False)
    assert "taken after the old instance left service" in data["says"]
    assert found["marker"]["found_on"] == [data["volume"]], "the handler's copy carries the stamp on"


def test_a_group_that_is_told_of_a_failure_acts_by_itself(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path, by="unhealthy")
    one.go()
    marks = one.result["milestones"]
    assert marks["call"] == one.called_at("autoscaling.SetInstanceHealth")
    assert marks["out_of_service"] > marks["call"], "the group's next health check acts, not the call"
    assert web.serving() == one.result["new"]


@pytest.mark.parametrize(
    ("fault", "at"),
    part_of(
        2,
        "drill",
        [
            ("killed-before", 3),
            ("killed-after", 3),
            ("lost-before", 3),
            ("lost-after", 3),
            ("killed-after", 2),
        ],
    ),
)
def test_whatever_call_fails_one_instance_is_replaced_once_and_the_group_stays_where_its_data_is(
    tmp_path: Path, fault: str, at: int
) -> None:
    with ha_world(durations=QUICK) as made:
        web = protected(made)
        one = drill(web, tmp_path, other_zone=True)
        aws = Faulty(web.world.aws, fault, at)
        for _ in range(3):
            try:
                one.go(aws)
            except (OpsctlError, Killed):
                web.move(20)
                continue
            break
        assert one.result["recovered"]
        assert launched_by_the_drill(web) == [one.result["new"]], "never a second termination"
        web.move(120)
        assert subnets_of_the_group() == [web.subnets[one.result["new_zone"]]]


@pytest.mark.parametrize("at", [1, 2])
def test_killed_while_watching_and_resumed_it_reports_the_same_times(
    web: HaWorld, tmp_path: Path, at: int
) -> None:
    one = drill(web, tmp_path)
    with pytest.raises(Killed):
        one.go(DiesLooking(web.world.aws, at))
    called = one.called_at("autoscaling.TerminateInstanceInAutoScalingGroup")
    web.move(600)
    one.go()
    found = one.result
    assert found["milestones"]["call"] == called
    assert found["recovery_s"] < 240, "ten minutes of nobody watching are not the group's"
    assert launched_by_the_drill(web) == [found["new"]]
    late = [
        each for each in found["timeline"] if each["source"] == "seen" and each["at"] - each["not_before"] > 500
    ]
    assert late, "what nobody saw happen says since when it may have happened"


def test_a_stop_leaves_a_drill_that_goes_on(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path)
    asked = iter([False] * 4)
    with pytest.raises(Interrupted):
        one.go(stopping=lambda: next(asked, True))
    assert "stopped watching before it had recovered" in one.result["message"]
    one.go()
    assert one.result["recovered"]
    assert launched_by_the_drill(web) == [one.result["new"]]


def test_what_has_not_recovered_in_time_says_what_it_hangs_on(tmp_path: Path) -> None:
    with ha_world() as made:
        web = protected(made, IDLE)
        one = drill(web, tmp_path, within="2m")
        with pytest.raises(Unproved, match=r"not recovered after 2m: i-.* is Pending:Wait"):
            one.go()
        found = one.result
        assert not found["in_time"]
        assert found["recovery_s"] is None
        assert "aws logs tail /aws/lambda/opsctl-ha-legacy-web" in found["todo"]


def test_resumed_after_its_time_a_drill_says_how_late_the_recovery_was(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path, within="3s")
    with pytest.raises(Unproved, match="not recovered after 3s"):
        one.go()
    web.move(600)
    with pytest.raises(Unproved, match=r"recovered after .* s, later than the 3s allowed"):
        one.go()
    assert one.result["recovered"]
    assert not one.result["in_time"]


def test_no_capacity_is_named(web: HaWorld, tmp_path: Path) -> None:
    web.about.faults.no_capacity.update(web.subnets)
    one = drill(web, tmp_path, within="2m")
    with pytest.raises(Unproved, match=r"the group cannot launch: .*sufficient"):
        one.go()


def test_undo_in_the_middle_of_a_drill_puts_the_zone_back_and_takes_the_stamp_off(
    web: HaWorld, tmp_path: Path
) -> None:
    before = subnets_of_the_group()
    one = drill(web, tmp_path, other_zone=True)
    with pytest.raises(Killed):
        one.go(Faulty(web.world.aws, "killed-before", 3))
    assert subnets_of_the_group() != before
    one.undo()
    assert subnets_of_the_group() == before
    assert not stamps()
    assert web.serving() == web.instance


def test_undo_once_the_replacement_is_launched_leaves_the_group_where_its_data_goes(
    web: HaWorld, tmp_path: Path
) -> None:
    one = drill(web, tmp_path, other_zone=True)
    with pytest.raises(Killed):
        one.go(Faulty(web.world.aws, "killed-after", 3))
    one.undo()
    web.until(lambda: web.serving() not in (None, web.instance), 900)
    web.move(120)
    assert subnets_of_the_group() == [web.subnets["us-east-1b"]]


@pytest.mark.parametrize("other_zone", [False, True])
def test_undo_after_a_whole_drill_only_takes_the_stamp_off(web: HaWorld, tmp_path: Path, other_zone: bool) -> None:
    one = drill(web, tmp_path, other_zone=other_zone)
    one.go()
    web.move(120)
    serving, before = web.serving(), subnets_of_the_group()
    assert stamps()
    one.undo()
    assert (web.serving(), subnets_of_the_group()) == (serving, before)
    assert bool(stamps()) == other_zone, "the copy carries its source's stamp on"


def test_the_first_good_probe_after_a_bad_one_counts(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path, probe="http://legacy.example.com/health")

    answers, asked = iter(["", "status 502", "no answer"]), []

    def probe(url: str) -> str:
        asked.append(url)
        return next(answers, "")

    one.probe = probe
    one.go()
    marks = one.result["milestones"]
    assert marks["call"] < marks["first_bad_probe"] < marks["first_good_probe"]
    assert set(asked) == {"http://legacy.example.com/health"}
    assert one.result["recovery_s"] >= round(marks["first_good_probe"] - marks["call"], 1)


def test_a_service_that_never_answers_again_is_not_recovered(web: HaWorld, tmp_path: Path) -> None:
    one = drill(web, tmp_path, probe="http://legacy.example.com/", within="1m")
    one.probe = lambda _url: "status 502"
    with pytest.raises(Unproved, match="the probe fails: status 502"):
        one.go()


def test_a_second_drill_replaces_the_stamp_of_the_first(web: HaWorld, tmp_path: Path) -> None:
    first = drill(web, tmp_path / "1")
    first.go()
    web.move(300)
    second = drill(web, tmp_path / "2")
    second.go()
    assert stamps() == [second.result["marker"]["value"]] != [first.result["marker"]["value"]]
    first.undo()
    assert stamps() == [second.result["marker"]["value"]], "the undo of the first leaves the newer stamp"


def stamps() -> list[str]:
    filters = [{"Name": "key", "Values": ["opsctl:ha-drill"]}, {"Name": "resource-type", "Values": ["volume"]}]
    return [one["Value"] for one in client("ec2").describe_tags(Filters=filters)["Tags"]]


def test_a_drill_names_the_instance_it_was_planned_for_and_stops_when_that_is_gone(
    web: HaWorld, tmp_path: Path
) -> None:
    one: Drill = drill(web, tmp_path)
    client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=web.instance, ShouldDecrementDesiredCapacity=False
    )
    web.until(lambda: web.serving() not in (None, web.instance), 900)
    serving = web.serving()
    one.plan = one.plan.model_copy(update={"changes": one.plan.changes[1:]})
    one.go(Faulty(web.world.aws, "denied", 1))
    assert web.serving() == serving, "the replacement is left alone"
