"""From looks to a timeline, and from the timeline to times, losses and what a recovery hangs on."""

import pytest

from opsctl.ha.drill.observation import Disk, Note, Observation, ScalingActivity, Seat, observation_of
from opsctl.ha.drill.outcome import Subject, lacks, losses, milestones, stuck, successor, unseen
from opsctl.ha.drill.timeline import DrillTimeline, Moment, begin, lines_of, looked, probed
from opsctl.model.commands import Commands
from opsctl.model.reads import Answer
from tests.kit.canned import denied

T0 = 1_790_000_000.0
OLD, NEW = "i-old", "i-new"
SUBJECT = Subject(
    group="ha-web",
    instance=OLD,
    zone="eu-west-1a",
    by="replace",
    volumes={"/dev/sdf": "vol-1"},
    addresses=("eip-1",),
    marker="stamp",
)
LEAVES = ScalingActivity(id="1", says=f"Terminating EC2 instance: {OLD}", began=T0 + 1)
COMES = ScalingActivity(id="2", says=f"Launching a new EC2 instance: {NEW}", began=T0 + 2)
WAITS = Observation(
    seats=(
        Seat(instance=OLD, zone="eu-west-1a", state="Terminating:Wait"),
        Seat(instance=NEW, zone="eu-west-1a", state="Pending:Wait"),
    ),
    steps=(LEAVES, COMES),
    disks=(Disk(volume="vol-1", device="/dev/sdf", instance=OLD),),
    holders={"eip-1": OLD},
)
BACK = Observation(
    seats=(Seat(instance=NEW, zone="eu-west-1a", state="InService"),),
    steps=(
        LEAVES.model_copy(update={"ended": T0 + 50, "status": "Successful"}),
        COMES.model_copy(update={"ended": T0 + 60, "status": "Successful"}),
    ),
    disks=(Disk(volume="vol-1", device="/dev/sdf", instance=NEW, attached_at=T0 + 40),),
    holders={"eip-1": NEW},
    notes=(Note(at=T0 + 45, what="associate_address", about="eip-1, eni-1"),),
)


def test_a_moment_is_told_once_however_often_it_is_seen() -> None:
    timeline = begin(T0, T0, OLD, "replace")
    timeline, first = looked(timeline, WAITS, T0 + 3, OLD)
    timeline, again = looked(timeline, WAITS, T0 + 6, OLD)
    assert [one.key for one in first] == ["i-old Terminating:Wait", "i-new Pending:Wait", "step 1", "step 2"]
    assert again == []
    assert timeline.looked_at == T0 + 6


def test_times_are_those_of_whoever_knows_best() -> None:
    timeline = begin(T0, T0, OLD, "replace")
    timeline, _ = looked(timeline, WAITS, T0 + 3, OLD)
    timeline, _ = looked(timeline, BACK, T0 + 600, OLD)
    marks = milestones(timeline, BACK, SUBJECT)
    assert marks.model_dump() == {
        "call": T0 + 1,
        "out_of_service": T0 + 1,
        "alarm_on": None,
        "decided": None,
        "launched": T0 + 2,
        "hook_entered": T0 + 3,
        "volumes_attached": T0 + 40,
        "address_moved": T0 + 45,
        "in_service": T0 + 60,
        "first_bad_probe": None,
        "first_good_probe": None,
    }
    seen = next(one for one in timeline.moments if one.key == "eip-1 on i-new")
    assert (seen.source, seen.at, seen.not_before) == ("seen", T0 + 600, T0 + 3)


def test_without_the_handlers_log_the_address_moved_when_that_was_seen() -> None:
    timeline = begin(T0, T0, OLD, "replace")
    timeline, _ = looked(timeline, BACK.model_copy(update={"notes": ()}), T0 + 63, OLD)
    assert milestones(timeline, BACK, SUBJECT).address_moved == T0 + 63


def test_an_instance_told_of_as_failed_counts_from_the_telling() -> None:
    by_health = SUBJECT.model_copy(update={"by": "unhealthy"})
    timeline, _ = looked(begin(T0 - 20, T0, OLD, "unhealthy"), WAITS, T0 + 3, OLD)
    marks = milestones(timeline, WAITS, by_health)
    assert (marks.call, marks.out_of_service) == (T0 - 20, T0 + 1)


def test_the_log_of_earlier_days_is_not_part_of_the_story() -> None:
    old = Note(at=T0 - 30, what="associate_address", about="eip-1, eni-0")
    observation = WAITS.model_copy(update={"notes": (old, Note(at=T0 - 0.5, what="stop_instances", about=OLD))})
    timeline, _ = looked(begin(T0, T0, OLD, "replace"), observation, T0 + 3, OLD)
    assert [(one.says, one.at) for one in timeline.moments if one.source == "handler"] == [
        (f"stop_instances {OLD}", T0)
    ]


def test_a_probe_is_told_when_it_turns() -> None:
    timeline = begin(T0, T0, OLD, "replace")
    told = []
    for second, answer in enumerate(["", "status 502", "status 503", "", ""]):
        timeline, new = probed(timeline, answer, T0 + second)
        told += [one.says for one in new]
    assert told == ["the probe fails: status 502", "the probe succeeds"]


@pytest.mark.parametrize(
    ("disk", "snapshots", "lost", "words"),
    [
        (Disk(volume="vol-1", device="/dev/sdf", instance=NEW), {}, 0, "vol-1 itself was attached again"),
        (
            Disk(volume="vol-2", device="/dev/sdf", instance=NEW, snapshot="snap-1"),
            {"snap-1": T0 + 20},
            0,
            "taken after the old instance left service",
        ),
        (
            Disk(volume="vol-2", device="/dev/sdf", instance=NEW, snapshot="snap-1"),
            {"snap-1": T0 - 3000},
            3001,
            "what was written in the last 3001 s is not on vol-2",
        ),
        (Disk(volume="vol-2", device="/dev/sdf", instance=NEW, snapshot="snap-1"), {}, None, "unknown: snap-1"),
        (Disk(volume="vol-1", device="/dev/sdf", instance=OLD), {}, None, "not in service yet"),
    ],
)
def test_the_age_of_the_data(disk: Disk, snapshots: dict[str, float], lost: float | None, words: str) -> None:
    observation = BACK.model_copy(update={"disks": (disk,)})
    (found,) = losses(observation, SUBJECT, snapshots, T0 + 1)
    assert found.lost_s == lost
    assert words in found.says


def test_a_volume_between_two_instances_has_not_come_back() -> None:
    observation = WAITS.model_copy(update={"disks": (Disk(volume="vol-1", device="/dev/sdf"),)})
    (found,) = losses(observation, SUBJECT, {}, T0 + 1)
    assert (found.lost_s, found.says) == (None, "not in service yet")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exists": False}, "group ha-web no longer exists"),
        ({"seats": None, "unread": ("AccessDenied at autoscaling.X",)}, "cannot be read: AccessDenied"),
        ({}, "i-new is Pending:Wait: release: i-old has not let go of vol-1"),
        (
            {"seats": (), "steps": (COMES.model_copy(update={"status": "Failed", "message": "No capacity"}),)},
            "the group cannot launch: No capacity",
        ),
        ({"seats": (Seat(instance=OLD, zone="a", state="InService"),)}, "i-old is still in service"),
        ({"seats": ()}, "the group has not launched a replacement"),
        (
            {"seats": (Seat(instance=NEW, zone="a", state="InService"),)},
            "lacks the volume of /dev/sdf and the address eip-1",
        ),
        (
            {
                "seats": BACK.seats,
                "disks": None,
                "holders": None,
                "unread": ("AccessDenied at ec2.DescribeVolumes",),
            },
            "its data volumes and its addresses cannot be read: AccessDenied at ec2.DescribeVolumes",
        ),
        (
            {"seats": BACK.seats, "disks": BACK.disks, "holders": BACK.holders},
            "the probe fails: status 502",
        ),
    ],
)
def test_what_a_recovery_hangs_on_is_named_with_what_to_do(changes: dict[str, object], words: str) -> None:
    note = Note(at=T0 + 5, what="release", instance=NEW, reason="i-old has not let go of vol-1")
    timeline, _ = looked(begin(T0, T0, OLD, "replace"), WAITS.model_copy(update={"notes": (note,)}), T0 + 6, OLD)
    timeline, _ = probed(timeline, "status 502", T0 + 7)
    what, todo = stuck(timeline, WAITS.model_copy(update=changes), SUBJECT, Commands())
    assert words in what
    assert todo


def test_only_an_instance_that_has_everything_has_recovered() -> None:
    assert successor(WAITS, SUBJECT) == ""
    assert (successor(BACK, SUBJECT), lacks(BACK, SUBJECT)) == (NEW, [])
    assert lacks(BACK.model_copy(update={"holders": {"eip-1": OLD}}), SUBJECT) == ["the address eip-1"]
    assert unseen(BACK, SUBJECT) == []
    hidden = BACK.model_copy(update={"disks": None})
    assert (lacks(hidden, SUBJECT), unseen(hidden, SUBJECT)) == ([], ["its data volumes"])


def test_what_cannot_be_read_is_unknown_and_not_absent() -> None:
    refusal = Answer(refusal=denied("autoscaling.DescribeAutoScalingGroups"))
    observation = observation_of({"group": refusal, "disks": Answer(value={"Volumes": []})}, 0.0)
    assert (observation.exists, observation.seats, observation.steps, observation.disks) == (True, None, None, ())
    assert observation.unread == ("AccessDenied at autoscaling.DescribeAutoScalingGroups",)
    timeline, new = looked(begin(T0, T0, OLD, "replace"), observation, T0 + 3, OLD)
    assert new == []
    assert timeline.present == (OLD,), "an instance that could not be seen has not left"


def test_activities_of_the_past_and_lines_that_are_not_the_handlers_are_left_out() -> None:
    past = {"ActivityId": "0", "StartTime": "2026-01-01T00:00:00+00:00", "Description": "old"}
    lines = ["START RequestId: 1", "{}", "[]", '{"at": "2026-09-21T13:00:00Z", "what": "stop_instances"}']
    observation = observation_of(
        {
            "steps": Answer(value={"Activities": [past]}),
            "log": Answer(value={"events": [{"message": line} for line in lines]}),
        },
        T0,
    )
    assert observation.steps == ()
    assert [one.what for one in observation.notes] == ["stop_instances"]


def test_what_is_told_after_something_later_says_so() -> None:
    first, seen, late = (
        Moment(key=says, at=1000.0 + at, says=says, source=source)
        for at, says, source in ((0, "asked", "opsctl"), (16, "seen", "seen"), (13, "attached", "handler"))
    )
    timeline = DrillTimeline(called_at=1000.0, looked_at=1000.0, moments=(first, seen))
    assert not any("known only now" in line for line in lines_of(timeline, [first, seen]))
    timeline = timeline.model_copy(update={"moments": (first, seen, late)})
    assert lines_of(timeline, [late]) == ["  +13.0 s  handler attached (known only now)"]
