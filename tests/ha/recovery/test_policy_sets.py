"""What a policy of Data Lifecycle Manager made is one set by its tags, and is watched as the handler's own is."""

from tests.ha.recovery.harness import Simulation, make
from tests.ha.recovery.pair import pair
from tests.ha.recovery.scenarios import HOUR_S, RAID, by_policy
from tests.ha.recovery.test_scenarios import played
from tests.kit.memory_ec2 import Snapshot

RUN = "2026-09-21T11:07:00.000Z"


def used(name: str) -> set[str]:
    """The snapshots that the volumes in service were made from, at the end of a scenario."""
    world = played(name).world
    (new,) = world.in_service()
    return {each.snapshot for each in world.ec2.on(new.id)}


def runs_of(name: str) -> list[list[str]]:
    """The snapshots of each run of the policy, as they were taken: two volumes, so two a run."""
    ids = [each.id for each in played(name).world.ec2.snapshots.values() if "dlm:managed" in each.tags]
    return [ids[at : at + 2] for at in range(0, len(ids), 2)]


def test_the_newest_of_two_runs_an_hour_apart_is_restored_though_its_snapshots_began_a_second_apart() -> None:
    name = "the_zone_is_down_after_two_runs_of_a_policy_an_hour_apart"
    assert used(name) == set(runs_of(name)[1])


def test_a_run_in_which_a_snapshot_failed_or_was_taken_again_is_passed_over() -> None:
    for name in ("in_which_one_snapshot_failed", "that_was_tried_again"):
        whole = f"the_zone_is_down_after_a_run_of_a_policy_{name}"
        assert used(whole) == set(runs_of(whole)[0])


def test_a_set_that_the_policy_deletes_half_way_is_given_up_for_another_and_never_mixed_with_it() -> None:
    name = "a_policy_deletes_the_set_that_is_being_restored"
    assert used(name) == set(runs_of(name)[0])


def test_two_instances_in_one_run_are_two_sets() -> None:
    simulation = make(devices=RAID, allow_data_loss_s=3 * HOUR_S, dlm_every_s=HOUR_S)
    (_, second) = by_policy(simulation, 400, RUN)
    second.tags["opsctl:ha-instance"] = "i-another"
    watch(simulation)
    assert "SnapshotAgeSeconds" not in simulation.world.metrics


def test_the_age_of_the_policys_newest_set_is_published_and_the_handler_takes_no_snapshot_of_its_own() -> None:
    simulation = make(devices=RAID, dlm_every_s=HOUR_S)
    watch(simulation)
    assert "SnapshotAgeSeconds" not in simulation.world.metrics, (
        "so that the alarm tells of a policy that never ran"
    )
    by_policy(simulation, 4000, "2026-09-21T10:07:00.000Z")
    newest: list[Snapshot] = by_policy(simulation, 400, RUN)
    watch(simulation)
    age = simulation.world.metrics["SnapshotAgeSeconds"]
    assert 0 <= simulation.world.time.now() - newest[0].started - age < 60
    assert "ec2.create_snapshots" not in simulation.calls


def test_the_standby_that_took_over_is_the_policys_target_and_the_old_instance_is_not() -> None:
    for every_s in (0, HOUR_S):
        simulation = pair(dlm_every_s=every_s)
        simulation.world.impair()
        simulation.run(HOUR_S, until=simulation.failed_over)
        primary, standby = simulation.world.primary, simulation.world.standby
        targets = [each.tags.get("opsctl:ha-snapshots") for each in (primary, standby)]
        assert targets == (["retired", simulation.config.group] if every_s else [None, None])
        assert not simulation.errors


def watch(simulation: Simulation) -> None:
    """Let the schedule call the handler once."""
    simulation.invoke({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
