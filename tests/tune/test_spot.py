"""Which of a fleet could run on Spot, and who takes care of an interruption."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.reads import Read
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import QUICK
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.tune.facts.tune_spot import GROUPS_A_CALL, SpotFound, TuneSpot
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.spot import SpotGroup, spot_types, units_of, watching_rules
from tests.kit.canned import ABOUT, Canned, drive
from tests.kit.command import opsctl
from tests.kit.moto_account import client, fresh_world
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.worker_groups import WORKERS, make_workers
from tests.tune.fleets import ENA, HPC, instance, nic

TYPES = {ENA.name: True, HPC.name: True}
GROUP = SpotGroup(name="g", desired=3, zones=2, mixed=True, rebalances=True)
MEMBER = instance(ENA, auto_scaling_group="g")


def judged(one: FleetInstance, group: SpotGroup | None = None, **types: bool) -> tuple[str, str, list[str]]:
    (unit,) = units_of([one], TYPES | types, {"g": group} if group else {}, [])
    return unit.spot, unit.because, list(unit.todo)


@pytest.mark.parametrize(
    ("one", "group", "spot", "because"),
    [
        (instance(ENA), None, "no", "nothing launches it again when it is taken away"),
        (instance(ENA, spot=True), None, "is", "its instances are Spot"),
        (instance(ENA, type="t9.new"), None, "unknown", "EC2 did not say whether t9.new is there on Spot"),
        (MEMBER, GROUP, "could", "the group launches a replacement when one is taken away"),
        (MEMBER, None, "unknown", "its Auto Scaling group could not be read"),
        (MEMBER, SpotGroup(name="g", desired=1), "no", "an outage of minutes"),
        (
            instance(HPC, auto_scaling_group="g", interfaces=(nic(), nic("efa-only", device=1))),
            GROUP,
            "no",
            "jobs run on several",
        ),
        (instance(ENA, batch=True), None, "could", "AWS Batch launches jobs again that have attempts"),
        (instance(ENA, cluster="c"), None, "could", "its manager launches what is missing"),
    ],
    ids=["lone", "spot", "new", "group", "unread", "of one", "efa", "batch", "cluster"],
)
def test_a_unit_is_judged_by_what_launches_it(
    one: FleetInstance, group: SpotGroup | None, spot: str, because: str
) -> None:
    found = judged(one, group)
    assert (found[0], because in found[1]) == (spot, True), found


def test_a_type_without_spot_cannot() -> None:
    (unit,) = units_of([MEMBER], {ENA.name: False}, {"g": GROUP}, [])
    assert (unit.spot, unit.because) == ("no", "m5.large is not there on Spot")


def test_what_a_group_lacks_comes_first() -> None:
    (unit,) = units_of([MEMBER], TYPES, {"g": SpotGroup(name="g", desired=2)}, [])
    assert [line.split(" ")[0] for line in unit.todo] == ["use", "launch", "switch", "have"]


def test_what_handles_an_interruption_is_named() -> None:
    group = GROUP.model_copy(update={"hooks": ("drain",)})
    (unit,) = units_of([MEMBER], TYPES, {"g": group}, ["spot-watch"])
    assert unit.handled_by == ("Capacity Rebalancing", "EventBridge rule spot-watch", "termination hook drain")
    assert unit.todo == ()


def test_only_enabled_rules_that_hear_of_interruptions_count() -> None:
    pattern = json.dumps({"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]})
    rules = [
        {"Name": "hears", "State": "ENABLED", "EventPattern": pattern},
        {"Name": "off", "State": "DISABLED", "EventPattern": pattern},
        {"Name": "timer", "State": "ENABLED"},
        {"Name": "other", "State": "ENABLED", "EventPattern": '{"detail-type": ["Other"]}'},
    ]
    assert watching_rules({"Rules": rules}) == ("hears",)


def test_more_groups_than_a_call_takes_are_read_in_several() -> None:
    tagged = [
        {
            "InstanceId": f"i-{number}",
            "InstanceType": ENA.name,
            "Tags": [{"Key": "aws:autoscaling:groupName", "Value": f"g{number:03}"}],
        }
        for number in range(GROUPS_A_CALL + 1)
    ]

    def described(read: Read) -> Any:
        names = read.params["AutoScalingGroupNames"]
        assert len(names) <= GROUPS_A_CALL
        return {"AutoScalingGroups": [{"AutoScalingGroupName": name, "DesiredCapacity": 2} for name in names]}

    answers: dict[str, Canned] = {
        "ec2.DescribeInstances": {"Reservations": [{"Instances": tagged}]},
        "ec2.DescribeInstanceTypes": {
            "InstanceTypes": [{"InstanceType": ENA.name, "SupportedUsageClasses": ["spot"]}]
        },
        "autoscaling.DescribeAutoScalingGroups": described,
        "autoscaling.DescribeLifecycleHooks": {"LifecycleHooks": []},
        "events.ListRules": {"Rules": []},
    }
    found, reader = drive(TuneSpot(all=True).read(ABOUT), answers)
    assert isinstance(found, SpotFound)
    assert [one.spot for one in found.units] == ["could"] * len(tagged)
    assert reader.apis().count("autoscaling.DescribeAutoScalingGroups") == 2


def test_types_are_read_by_their_usage_classes() -> None:
    answer = {
        "InstanceTypes": [
            {"InstanceType": "a", "SupportedUsageClasses": ["on-demand", "spot"]},
            {"InstanceType": "b", "SupportedUsageClasses": ["on-demand"]},
        ]
    }
    assert spot_types(answer) == {"a": True, "b": False}


def test_it_is_told_of_a_group_of_the_account_in_every_form(tmp_path: Path) -> None:
    with timed_world(make_workers, durations=QUICK) as (world, about):
        world.clock = MovingClock(about)
        move(about, 60)
        reader = world.reader()
        found = run_fetching(TuneSpot(group=WORKERS).read(world.about()), reader)
        forms = [
            opsctl(tmp_path, "tune", "spot", "--all", *form) for form in ((), ("-o", "json"), ("-o", "markdown"))
        ]
        members = client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    assert isinstance(found, SpotFound)
    assert (found.units[0].spot, found.units[0].instances) == ("could", len(members))
    assert (reader.rounds, found.unknown) == (2, ())
    assert [done.returncode for done in forms] == [0, 0, 0], forms
    assert "Auto Scaling group workers, 2 instances of c5n.18xlarge: could run on Spot" in forms[0].stdout
    told: dict[str, Any] = json.loads(forms[1].stdout)["result"]
    assert told["units"][0]["spot"] == "could"
    assert "| could |" in forms[2].stdout


def test_instances_of_which_the_same_is_to_be_said_are_told_together(tmp_path: Path) -> None:
    with fresh_world(make_fleet):
        done = opsctl(tmp_path, "tune", "spot", "--all")
    assert done.stdout.count("nothing launches it again") == 1
    assert done.stdout.count("put it under an Auto Scaling group first") == 1
    assert all(f"hpc-{number} (i-" in done.stdout for number in range(1, 7))


@pytest.mark.parametrize("command", ["check", "spot"])
@pytest.mark.parametrize(
    "argv", [(), ("--all", "hpc-1"), ("--tag", "hpc")], ids=["nothing", "all-and-one", "no-tag"]
)
def test_a_selection_that_is_none_is_refused_before_anything_is_read(
    command: str, argv: tuple[str, ...], tmp_path: Path
) -> None:
    done = opsctl(tmp_path, "tune", command, *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "reading" not in done.stderr
