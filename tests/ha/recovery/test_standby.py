"""A standby takes over from an instance that failed, from no other, and whatever happens on the way."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from opsctl.ha.recovery.account import TIME
from opsctl.ha.recovery.package import STANDBY_HANDLER
from opsctl.ha.recovery.standby import DRILL_FOR_S
from tests.ha.recovery.harness import Killed
from tests.ha.recovery.pair import Arrange, PairSimulation, pair
from tests.ha.recovery.test_kills import deaths, meeting_another_run
from tests.ha.recovery.test_package import ON_BEHALF, actions, run_alone
from tests.kit.memory_ec2 import refused
from tests.kit.samples import one_in, some_or_all

TWO = ("/dev/sdf", "/dev/sdg")
HOUR = 3600


def impaired(made: PairSimulation) -> None:
    made.world.impair()


def unreachable(made: PairSimulation) -> None:
    made.world.impair("insufficient-data")
    made.world.ec2.impaired.add(f"vol-root-{made.world.primary.id}")


def its_event_is_lost(made: PairSimulation) -> None:
    made.world.impair(told=False)


def its_event_comes_twice(made: PairSimulation) -> None:
    made.world.impair()
    made.world.raise_alarm()


def it_stops_only_by_force(made: PairSimulation) -> None:
    made.world.primary.stops_only_by_force = True
    made.world.impair()


def there_is_no_capacity_at_first(made: PairSimulation) -> None:
    made.world.ec2.starts_refused = 5
    made.world.impair()


def a_snapshot_takes_two_hours(made: PairSimulation) -> None:
    made.world.ec2.snapshot_s = 2 * HOUR
    made.world.impair()


def aws_stopped_it(made: PairSimulation) -> None:
    made.world.primary.state = "stopped"
    made.world.ec2.reasons[made.world.primary.id] = "Server.InternalError"
    made.world.raise_alarm()


FAILS: dict[str, Arrange] = {
    each.__name__: each
    for each in (
        impaired,
        unreachable,
        its_event_is_lost,
        its_event_comes_twice,
        it_stops_only_by_force,
        there_is_no_capacity_at_first,
        a_snapshot_takes_two_hours,
        aws_stopped_it,
    )
}
LONG = ("a_snapshot_takes_two_hours",)
SHARE = 3
"""Of so many calls that change something the ordinary run takes one."""


def finish(made: PairSimulation, seconds: float = 3 * HOUR) -> PairSimulation:
    made.run(seconds, until=made.failed_over)
    assert made.in_service() is made.world.standby
    assert made.world.roles()[made.world.primary.id] == "retired"
    assert made.world.primary.state == "stopped"
    return made


@pytest.mark.parametrize("devices", [TWO, ("/dev/sdf",), ()], ids=len)
@pytest.mark.parametrize("name", FAILS)
def test_the_standby_takes_over_with_data_and_address(name: str, devices: tuple[str, ...]) -> None:
    made = pair(FAILS[name], devices=devices)
    old = made.world.ec2.on(made.world.primary.id)
    finish(made)
    written = {each.content for each in old}
    assert {each.content for each in made.world.ec2.on(made.world.standby.id)} == written, "no write was lost"
    assert [subject for subject, _ in made.world.notifications if "failed over" in subject]
    assert not made.errors


def test_a_standby_that_an_earlier_version_tagged_as_twin_takes_over() -> None:
    made = pair(impaired)
    made.world.standby.tags["opsctl:ha-role"] = "twin"
    finish(made)


def test_after_a_failover_nothing_happens_any_more_and_nothing_fails_back() -> None:
    made = finish(pair(impaired))
    made.run(60)
    calls = len(made.calls)
    made.world.ec2.checks.clear()
    made.world.alarm = "OK"
    made.world.primary.state = "running"  # somebody starts the old one to look at it
    made.run(HOUR)
    assert made.in_service() is made.world.standby
    changing = [each for each in made.calls[calls:] if not each.startswith(("ec2.describe", "cloudwatch."))]
    assert changing == []


@pytest.mark.parametrize("name", ["stopped", "terminated", "healthy", "booting", "no alarm"])
def test_what_has_not_failed_is_left_alone(name: str) -> None:
    made = pair()
    primary = made.world.primary
    if name in ("stopped", "terminated"):
        primary.state = name
        made.world.ec2.reasons[primary.id] = "Client.UserInitiatedShutdown"
    made.world.ec2.checks[primary.id] = {"booting": "initializing", "no alarm": "impaired"}.get(name, "ok")
    if name != "no alarm":
        made.world.raise_alarm()
    made.run(HOUR)
    assert made.world.standby.state == "stopped"
    assert not [each for each in made.calls if not each.startswith(("ec2.describe", "cloudwatch."))]


def silent(made: PairSimulation) -> None:
    """Have EC2 say nothing of the instance, and its alarm go on for want of data."""
    made.world.impair("insufficient-data")


def a_neighbour_is_well(made: PairSimulation) -> None:
    made.world.ec2.dead_zones = {"a"}
    made.world.ec2.neighbours["i-neighbour"] = "a"
    made.world.ec2.checks["i-neighbour"] = "ok"
    silent(made)


@pytest.mark.parametrize("arrange", [silent, a_neighbour_is_well])
def test_no_answer_is_no_failure_and_people_are_told_how_to_say_what_they_know(arrange: Arrange) -> None:
    made = pair(arrange, devices=TWO, allow_data_loss_s=2 * HOUR)
    made.run(HOUR)
    assert (made.world.primary.state, made.world.standby.state) == ("running", "stopped")
    assert not [each for each in made.calls if not each.startswith(("ec2.describe", "cloudwatch.", "sns."))]
    ((subject, text),) = made.world.notifications
    assert subject == f"ha-web: cannot tell whether {made.world.primary.id} has failed"
    assert f"create-tags --resources {made.world.standby.id} --tags Key=opsctl:ha-zone-down,Value=a" in text


def ebs_says_so(made: PairSimulation) -> None:
    made.world.ec2.impaired.add(made.world.ec2.on(made.world.primary.id)[0].id)


def aws_says_so(made: PairSimulation) -> None:
    made.world.ec2.zone_states["a"] = "unavailable"


def a_person_says_so(made: PairSimulation) -> None:
    made.world.standby.tags["opsctl:ha-zone-down"] = "a"


@pytest.mark.parametrize("witness", [ebs_says_so, aws_says_so, a_person_says_so])
def test_a_second_witness_makes_of_no_answer_a_failure(witness: Arrange) -> None:
    made = pair(silent)
    made.run(10 * 60)
    assert not made.failed_over()
    witness(made)
    finish(made)


@pytest.mark.parametrize("witness", ["describe_volume_status", "describe_availability_zones"])
def test_a_witness_that_may_not_be_heard_says_nothing(witness: str) -> None:
    made = pair(silent)
    made.before = lambda _, called: refused("UnauthorizedOperation") if called == witness else None
    made.run(HOUR)
    assert made.world.standby.state == "stopped"
    assert "no witness" in {each["what"] for each in made.lines}


def stopped_by_a_drill(made: PairSimulation, age_s: float) -> None:
    """Have a drill stamp the instance so long ago, and stop it now, as a person would."""
    stamp = datetime.fromtimestamp(made.world.time.now() - age_s, UTC).strftime(TIME)
    made.world.primary.tags["opsctl:ha-drill"] = f"{stamp} 20261124-120000-abcd"
    made.world.ec2.write()
    made.world.primary.state = "stopped"
    made.world.ec2.reasons[made.world.primary.id] = "Client.UserInitiatedShutdown"
    made.world.raise_alarm()


def test_the_stop_of_a_drill_is_taken_for_a_failure() -> None:
    made = pair(devices=TWO)
    stopped_by_a_drill(made, 120)
    finish(made)
    assert [each["reason"] for each in made.lines if each["what"] == "failed"] == ["it is stopped (by a drill)"]


@pytest.mark.parametrize("stamp", ["an old one", "a running instance", "nonsense"])
def test_a_drills_stamp_alone_is_no_failure(stamp: str) -> None:
    made = pair()
    stopped_by_a_drill(made, DRILL_FOR_S + 1 if stamp == "an old one" else 120)
    if stamp == "a running instance":
        made.world.primary.state = "running"
    if stamp == "nonsense":
        made.world.primary.tags["opsctl:ha-drill"] = "yesterday"
    made.run(HOUR)
    assert made.world.standby.state == "stopped"


def test_people_are_told_which_run_to_undo_for_a_new_standby() -> None:
    made = pair()
    made.world.standby.tags["opsctl:plan"] = "20261124-120000-abcd"
    made.world.impair()
    finish(made)
    (text,) = [text for subject, text in made.world.notifications if "failed over" in subject]
    again = f"opsctl make-ha {made.world.standby.id} --mode standby --group ha-web"
    assert f"For a new standby: opsctl undo 20261124-120000-abcd, {again}" in text


def test_a_dead_zone_is_left_only_with_a_snapshot_that_the_policy_allows() -> None:
    made = pair(devices=TWO, allow_data_loss_s=2 * HOUR)
    volumes = made.world.ec2.on(made.world.primary.id)
    for volume in volumes:
        tags = {**volume.tags, "opsctl:ha-set": "s", "opsctl:ha-kind": "scheduled"}
        made.world.ec2.add_snapshot(volume, tags, age_s=HOUR)
    made.world.ec2.dead_zones = {"a"}
    made.world.impair("insufficient-data")
    made.run(HOUR, until=made.failed_over)
    assert made.in_service() is made.world.standby
    assert [subject for subject, _ in made.world.notifications if "older state" in subject]
    assert {each.tags["opsctl:ha-role"] for each in volumes} == {"retired"}


def in_a_dead_zone(made: PairSimulation) -> PairSimulation:
    """Have the zone die, and let an hour pass."""
    made.world.ec2.dead_zones = {"a"}
    made.world.impair("insufficient-data")
    made.run(HOUR)
    return made


def test_a_dead_zone_without_such_a_snapshot_is_waited_for_and_told() -> None:
    made = pair()
    made.world.ec2.dead_zones = {"a"}
    made.world.impair("insufficient-data")
    made.run(2 * HOUR)
    assert not made.failed_over()
    assert made.world.ec2.addresses == {"eipalloc-1": made.world.primary.interfaces[0]}
    assert [subject for subject, _ in made.world.notifications if "still waits" in subject]


def test_a_dead_zone_without_data_costs_only_time() -> None:
    made = pair(devices=())
    made.world.ec2.dead_zones = {"a"}
    made.world.impair("insufficient-data")
    made.run(HOUR, until=made.failed_over)
    assert made.in_service() is made.world.standby


def test_snapshots_are_made_on_schedule_before_and_after_a_failover() -> None:
    made = pair(snapshot_every_s=HOUR)
    made.run(3 * HOUR + 60)
    before = len(made.world.ec2.snapshots)
    assert before >= 3
    made.world.impair()
    finish(made)
    made.run(2 * HOUR)
    assert len(made.world.ec2.snapshots) > before + 1


def dying_at(number: int, at: int, _: str) -> BaseException | None:
    """Die after one call."""
    return Killed() if at == number else None


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", [each for each in FAILS if each not in LONG])
def test_a_handler_that_dies_at_any_call_leaves_nothing_that_the_next_run_cannot_finish(
    name: str, share: int
) -> None:
    undisturbed = finish(pair(FAILS[name], devices=TWO))
    for number in one_in(share, f"death {name}", [0, *deaths(undisturbed.calls)]):
        made = pair(FAILS[name], devices=TWO)
        made.after = partial(dying_at, number)
        finish(made)


@pytest.mark.parametrize("name", ["impaired", "aws_stopped_it"])
def test_a_second_run_in_the_middle_of_the_first_does_no_harm(name: str) -> None:
    undisturbed = finish(pair(FAILS[name], devices=TWO))
    for number in deaths(undisturbed.calls):
        made = pair(FAILS[name], devices=TWO)
        meeting_another_run(made, number)
        finish(made)


def test_the_role_allows_all_that_is_called_and_nothing_else() -> None:
    played = [finish(pair(each, devices=TWO, snapshot_every_s=HOUR, keep_snapshots=1)) for each in FAILS.values()]
    played[0].run(4 * HOUR)
    played.append(in_a_dead_zone(pair(devices=TWO, snapshot_every_s=HOUR)))
    needed = set().union(*(each.asked for each in played))
    granted = {each for each in actions(played[0].policy) if not each.startswith(ON_BEHALF)}
    assert granted == needed


def test_the_package_runs_by_itself(tmp_path: Path) -> None:
    run_alone(tmp_path, STANDBY_HANDLER, standby=True)
