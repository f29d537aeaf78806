"""AWS may refuse any call of a failover, for a while or for ever: it waits, says so, and never makes it worse."""

from functools import cache

import pytest

from opsctl.ha.recovery.package import PrivateRecord
from opsctl.model.value import Json
from tests.ha.recovery.pair import PairSimulation, pair
from tests.ha.recovery.test_package import ON_BEHALF, actions
from tests.ha.recovery.test_standby import FAILS, HOUR, TWO, finish, in_a_dead_zone
from tests.kit.memory_ec2 import refused
from tests.kit.samples import one_in, part_of, some_or_all

EVERYTHING = ["impaired", "aws_stopped_it", "a router with a private name"]
SHARE = 4
"""Of so many operations the ordinary run takes one."""
ROUTER: dict[str, Json] = {
    "source_dest_check": False,
    "record": PrivateRecord(zone_id="Z1", name="db.internal."),
    "snapshot_every_s": HOUR,
    "keep_snapshots": 1,
}


def arranged(name: str) -> PairSimulation:
    """A pair of which one has failed."""
    if name in FAILS:
        return pair(FAILS[name], devices=TWO)
    return pair(FAILS["impaired"], devices=TWO, **ROUTER)


@cache
def operations(name: str) -> tuple[str, ...]:
    """The operations that a failover, and the hour after it, need when nothing is refused."""
    made = finish(arranged(name))
    made.run(HOUR)
    return tuple(sorted({each.partition(".")[2] for each in made.calls}))


def refuse(made: PairSimulation, operation: str, code: str, *, times: float = float("inf"), until: float) -> None:
    """Have one operation refused, so many times, until some moment."""
    left = [times]

    def before(_: int, called: str) -> Exception | None:
        if called != operation or left[0] <= 0 or made.world.time.now() >= until:
            return None
        left[0] -= 1
        return refused(code, "no")

    made.before = before


def told(made: PairSimulation) -> list[str]:
    return [subject for subject, _ in made.world.notifications]


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_any_call_may_be_throttled_five_times(name: str, share: int) -> None:
    for operation in one_in(share, f"operation {name}", operations(name)):
        made = arranged(name)
        refuse(made, operation, "RequestLimitExceeded", times=5, until=float("inf"))
        finish(made)


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_any_call_may_be_denied_for_five_minutes(name: str, share: int) -> None:
    for operation in one_in(share, f"operation {name}", operations(name)):
        made = arranged(name)
        refuse(made, operation, "UnauthorizedOperation", until=made.world.time.now() + 300)
        finish(made)


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_call_denied_for_ever_ends_with_people_told_and_no_flood_of_messages(name: str, share: int) -> None:
    for operation in one_in(share, f"operation {name}", operations(name)):
        made = arranged(name)
        refuse(made, operation, "UnauthorizedOperation", until=float("inf"))
        made.run(HOUR, until=made.failed_over)
        if operation == "publish":
            assert not told(made)
            assert [each for each in made.lines if each["what"] == "not told"]
        else:
            assert told(made), operation
        assert len(told(made)) <= 3, (operation, told(made))


@pytest.mark.parametrize("operation", ["describe_instances", "describe_alarms", "describe_instance_status"])
def test_when_it_may_not_even_look_people_are_told_once_and_every_run_fails_for_the_alarm(operation: str) -> None:
    made = arranged("impaired")
    refuse(made, operation, "UnauthorizedOperation", until=float("inf"))
    made.run(600)
    assert told(made) == ["ha-web: the failover cannot begin"]
    assert len(made.errors) >= 10
    assert made.world.primary.state == "running"
    assert made.world.standby.state == "stopped"


def test_no_capacity_for_the_standby_is_told_once_and_tried_every_minute() -> None:
    made = arranged("impaired")
    refuse(made, "start_instances", "InsufficientInstanceCapacity", until=made.world.time.now() + 2 * HOUR)
    made.run(2 * HOUR)
    assert [subject for subject in told(made) if "still waits" in subject]
    assert len(told(made)) == 1
    assert made.calls.count("ec2.start_instances") >= 100
    finish(made)


@pytest.mark.parametrize(
    ("devices", "config"),
    part_of(
        2,
        "roles",
        [
            ((), {}),
            (("/dev/sdf",), {}),
            (TWO, {"snapshot_every_s": HOUR, "keep_snapshots": 1}),
            (TWO, ROUTER),
            (TWO, {"allow_data_loss_s": HOUR}),
        ],
    ),
    ids=["no data", "one volume", "snapshots", "router", "loss allowed"],
)
def test_the_role_names_exactly_what_a_failover_calls(devices: tuple[str, ...], config: dict[str, Json]) -> None:
    played = []
    for arrange in FAILS.values():
        made = finish(pair(arrange, devices=devices, **config))
        made.run(4 * HOUR if config.get("snapshot_every_s") else 120)
        played.append(made)
    played.append(in_a_dead_zone(pair(devices=devices, **config)))
    needed = set().union(*(each.asked for each in played))
    granted = {each for each in actions(played[0].policy) if not each.startswith(ON_BEHALF)}
    assert granted == needed


@pytest.mark.parametrize("operation", ["create_tags", "stop_instances", "attach_volume", "associate_address"])
def test_a_denial_in_the_middle_is_told_with_the_call_that_was_refused(operation: str) -> None:
    made = arranged("impaired")
    refuse(made, operation, "UnauthorizedOperation", until=float("inf"))
    made.run(HOUR)
    assert any(f"AWS refused {operation}" in text for _, text in made.world.notifications)
