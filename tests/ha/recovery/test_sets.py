"""Which snapshots are read, which belong together, and which are too many."""

from datetime import UTC, datetime, timedelta

import pytest

from opsctl.ha.recovery.account import FILTER_VALUES, days_back
from opsctl.ha.recovery.sets import superfluous
from opsctl.model.value import Json
from tests.ha.recovery.harness import make
from tests.ha.recovery.scenarios import HOUR_S, snapshots
from tests.ha.recovery.test_recovery import message
from tests.ha.recovery.test_scenarios import played

NOW = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)
DEVICES = ("/dev/sdf", "/dev/sdg")


def taken(
    hours_ago: int,
    *,
    state: str = "completed",
    devices: tuple[str, ...] = DEVICES,
    tags: dict[str, str] | None = None,
) -> list[Json]:
    """One set of the schedule."""
    mine = {
        "opsctl:ha-role": "data",
        "opsctl:ha-kind": "scheduled",
        "opsctl:ha-set": f"{hours_ago}",
        **(tags or {}),
    }
    return [
        {
            "SnapshotId": f"snap-{hours_ago}{device[-1]}",
            "State": state,
            "StartTime": NOW - timedelta(hours=hours_ago),
            "Tags": [{"Key": key, "Value": value} for key, value in {**mine, "opsctl:ha-device": device}.items()],
        }
        for device in devices
    ]


def test_the_sets_beyond_the_newest_to_keep_are_too_many_oldest_first() -> None:
    every = [*taken(1), *taken(4), *taken(2), *taken(3)]
    assert superfluous(every, DEVICES, 2) == ["snap-4f", "snap-4g", "snap-3f", "snap-3g"]


def test_a_set_that_is_not_whole_counts_for_none_to_keep_and_is_itself_deleted_once_it_is_old() -> None:
    every = [*taken(1, devices=("/dev/sdf",)), *taken(2, state="pending"), *taken(3), *taken(4, state="error")]
    assert superfluous(every, DEVICES, 1) == ["snap-4f", "snap-4g"]


@pytest.mark.parametrize("keep", [3, 4, 48])
def test_nothing_is_too_much_until_there_are_as_many_whole_sets_as_are_kept(keep: int) -> None:
    assert superfluous([*taken(1), *taken(2), *taken(9, state="error"), *taken(3)], DEVICES, keep) == (
        ["snap-9f", "snap-9g"] if keep == 3 else []
    )


def test_a_policy_s_snapshots_and_those_of_a_move_are_never_too_many() -> None:
    policy = taken(9, tags={"opsctl:ha-instance": "i-1"}) + taken(8, tags={"opsctl:ha-snapshots": "ha-web"})
    move = taken(7, tags={"opsctl:ha-kind": "recovery"})
    assert superfluous([*policy, *move, *taken(1)], DEVICES, 1) == []


def test_days_are_asked_for_by_name_and_cover_the_beginning_of_the_first() -> None:
    assert days_back(NOW, 86_400) == ["2026-11-30*", "2026-11-29*", "2026-11-28*"]


@pytest.mark.parametrize("days", [1, 100, 198, 199, 400, 3000])
def test_a_filter_has_never_more_values_than_aws_takes(days: int) -> None:
    values = days_back(NOW, days * 86_400)
    assert len(values) <= FILTER_VALUES
    first = NOW - timedelta(days=days)
    assert any(f"{first:%Y-%m-%d}".startswith(each.removesuffix("*")) for each in values)


def test_the_handler_keeps_as_many_sets_of_its_own_as_it_is_told() -> None:
    simulation = make(devices=DEVICES, snapshot_every_s=HOUR_S, keep_snapshots=3)
    foreign = snapshots(simulation, 40 * HOUR_S, "somebody's")
    for each in foreign:
        del each.tags["opsctl:ha-kind"]
    simulation.run(8 * HOUR_S)
    ec2 = simulation.world.ec2
    mine = {each.tags["opsctl:ha-set"] for each in ec2.snapshots.values() if "opsctl:ha-kind" in each.tags}
    assert 3 <= len(mine) <= 4
    assert {each.id for each in foreign} <= ec2.snapshots.keys()


def test_old_snapshots_are_not_read_every_minute_and_still_found_when_the_policy_allows_them() -> None:
    simulation = make(allow_data_loss_s=30 * 86_400)
    snapshots(simulation, 20 * 86_400)
    simulation.run(130)
    assert simulation.world.metrics["SnapshotAgeSeconds"] > 20 * 86_400
    short = make(allow_data_loss_s=HOUR_S)
    snapshots(short, 20 * 86_400)
    short.run(130)
    assert "SnapshotAgeSeconds" not in short.world.metrics


def test_a_copy_that_was_never_used_is_named_when_the_recovery_is_over() -> None:
    simulation = played("the_new_one_dies_while_its_copies_are_made")
    unused = [one for one in simulation.world.ec2.volumes.values() if one.tags["opsctl:ha-role"] == "unused"]
    text = message(simulation, "recovered")
    assert len(unused) == 2
    for one in unused:
        assert f"Left over: {one.id}, a copy that was never used; it can be deleted." in text
