"""What can happen to a make-ha group: each scenario arranges an account in which an instance has just failed.

A scenario ends with the replacement in service, or with its launch abandoned and people told.
"""

from collections.abc import Callable
from dataclasses import dataclass

from opsctl.ha.recovery.package import PrivateRecord, RecoveredAddress
from opsctl.model.value import Json
from tests.ha.recovery.harness import ADDRESS, KEY, Simulation, make
from tests.kit.memory_ec2 import Instance, Snapshot, refused

RAID = ("/dev/sdf", "/dev/sdg")
HOUR_S = 3600


@dataclass(frozen=True)
class Scenario:
    """A named scenario, how it has to end and how soon."""

    name: str
    arrange: Callable[[], Simulation]
    ends: str
    within_s: float


SCENARIOS: dict[str, Scenario] = {}
LONG_S = 3600
"""A scenario that may take so long is not tried again for every call at which the handler may die."""


def scenario(ends: str = "in service", within_s: float = 900) -> Callable[[Callable[[], Simulation]], None]:
    """Register a scenario under its function's name."""

    def register(arrange: Callable[[], Simulation]) -> None:
        SCENARIOS[arrange.__name__] = Scenario(arrange.__name__, arrange, ends, within_s)

    return register


def fail(simulation: Simulation, zone: str = "a") -> Simulation:
    """Have the instance in service fail now; nothing that it wrote may be lost unless a test says so."""
    world = simulation.world
    (old,) = world.in_service()
    world.zones = [zone]
    world.ec2.write()
    if volumes := world.ec2.on(old.id):
        simulation.promised = volumes[0].content
    world.fail(old)
    return simulation


def snapshots(simulation: Simulation, age_s: float, name: str = "2026-09-21T14:00:00Z") -> list[Snapshot]:
    """Put one completed set of snapshots of the volumes in service into the account."""
    (old,) = simulation.world.in_service()
    tags = {"opsctl:ha-set": name, "opsctl:ha-kind": "scheduled"}
    ec2 = simulation.world.ec2
    return [ec2.add_snapshot(each, {**each.tags, **tags}, age_s) for each in ec2.on(old.id)]


def old_of(simulation: Simulation) -> Instance:
    """The instance that was there first."""
    return next(iter(simulation.world.ec2.instances.values()))


def at_call(simulation: Simulation, operation: str, action: Callable[[], object], times: int = 1) -> None:
    """Do something just before the first calls of an operation are carried out."""
    left = [times]

    def on_call(name: str) -> None:
        if name == operation and left[0] > 0:
            left[0] -= 1
            action()

    simulation.on_call = on_call


# The same zone


@scenario()
def same_zone() -> Simulation:
    return fail(make())


@scenario()
def two_volumes() -> Simulation:
    return fail(make(devices=RAID))


@scenario()
def no_address() -> Simulation:
    return fail(make(address=False))


@scenario()
def no_data() -> Simulation:
    return fail(make(devices=()))


@scenario()
def nothing_but_the_hooks() -> Simulation:
    return fail(make(devices=(), address=False))


@scenario()
def router_with_a_private_name() -> Simulation:
    record = PrivateRecord(zone_id="Z1", name="db.internal.", ttl=30)
    return fail(make(source_dest_check=False, record=record))


@scenario()
def the_first_snapshot_is_due_while_it_fails() -> Simulation:
    return fail(make(snapshot_every_s=HOUR_S))


@scenario()
def a_set_is_due_and_an_older_one_too_many() -> Simulation:
    simulation = make(devices=RAID, snapshot_every_s=HOUR_S, keep_snapshots=1)
    snapshots(simulation, 3 * HOUR_S, "2026-09-21T11:00:00Z")
    snapshots(simulation, 2 * HOUR_S, "2026-09-21T12:00:00Z")
    return fail(simulation)


# Another zone


@scenario()
def other_zone() -> Simulation:
    return fail(make(), "b")


@scenario()
def other_zone_two_volumes_with_a_customer_key() -> Simulation:
    simulation = make(devices=RAID, key=KEY)
    first, second = simulation.world.ec2.volumes.values()
    first.type, first.iops, second.iops, second.size = "io2", 9000, 5000, 700
    return fail(simulation, "b")


@scenario(within_s=3 * HOUR_S)
def snapshot_pending_for_two_hours() -> Simulation:
    simulation = make(devices=RAID)
    simulation.world.ec2.snapshot_s = 2 * HOUR_S
    return fail(simulation, "b")


@scenario()
def two_snapshots_end_in_error() -> Simulation:
    simulation = make()
    simulation.world.ec2.failing_snapshots = 2
    return fail(simulation, "b")


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def every_snapshot_ends_in_error() -> Simulation:
    simulation = make()
    simulation.world.ec2.failing_snapshots = 99
    return fail(simulation, "b")


@scenario(within_s=HOUR_S)
def the_zone_is_down_and_an_older_state_is_allowed() -> Simulation:
    simulation = make(devices=RAID, allow_data_loss_s=HOUR_S)
    snapshots(simulation, 3000, "2026-09-21T13:20:00Z")
    (first, _) = snapshots(simulation, 1000)
    fail(simulation, "b")
    simulation.world.ec2.dead_zones.add("a")
    simulation.promised = first.content
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_is_down_after_a_set_by_data_lifecycle_manager() -> Simulation:
    simulation = make(allow_data_loss_s=HOUR_S)
    (snapshot,) = snapshots(simulation, 1000)
    del snapshot.tags["opsctl:ha-set"], snapshot.tags["opsctl:ha-kind"]
    fail(simulation, "b")
    simulation.world.ec2.dead_zones.add("a")
    simulation.promised = snapshot.content
    return simulation


def by_policy(simulation: Simulation, age_s: float, started: str) -> list[Snapshot]:
    """Put one run of Data Lifecycle Manager into the account, its snapshots a second apart."""
    (old,) = simulation.world.in_service()
    tags = {
        "opsctl:ha-set": started,
        "opsctl:ha-instance": old.id,
        "opsctl:ha-kind": "scheduled",
        "dlm:managed": "true",
    }
    ec2 = simulation.world.ec2
    made = [ec2.add_snapshot(each, {**each.tags, **tags}, age_s) for each in ec2.on(old.id)]
    for late, each in enumerate(made):
        each.started += late
        each.content = made[0].started
    return made


def dead_zone_after_runs(*ages_s: float) -> tuple[Simulation, list[list[Snapshot]]]:
    """A group of two volumes whose zone is down, after runs of a policy of some ages, the newest last."""
    simulation = make(devices=RAID, allow_data_loss_s=3 * HOUR_S, dlm_every_s=HOUR_S)
    runs = [by_policy(simulation, age, f"2026-09-21T1{n}:07:00.000Z") for n, age in enumerate(ages_s)]
    fail(simulation, "b")
    simulation.world.ec2.dead_zones.add("a")
    return simulation, runs


@scenario(within_s=HOUR_S)
def the_zone_is_down_after_two_runs_of_a_policy_an_hour_apart() -> Simulation:
    simulation, (_, newest) = dead_zone_after_runs(4000, 400)
    simulation.promised = newest[0].content
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_is_down_after_a_run_of_a_policy_in_which_one_snapshot_failed() -> Simulation:
    simulation, (whole, failed) = dead_zone_after_runs(4000, 400)
    failed[1].state = "error"
    simulation.promised = whole[0].content
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_is_down_after_a_run_of_a_policy_that_was_tried_again() -> Simulation:
    simulation, (whole, first, again) = dead_zone_after_runs(4000, 400, 200)
    first[1].state = "error"
    for each in again:
        each.tags["opsctl:ha-set"] = first[0].tags["opsctl:ha-set"]
    simulation.promised = whole[0].content
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_is_down_after_runs_of_a_policy_on_a_retired_instance() -> Simulation:
    simulation, (ours, retired) = dead_zone_after_runs(4000, 400)
    for each in retired:
        each.tags["opsctl:ha-role"] = "retired"
    simulation.promised = ours[0].content
    return simulation


@scenario(within_s=HOUR_S)
def a_policy_deletes_the_set_that_is_being_restored() -> Simulation:
    simulation, (older, newest) = dead_zone_after_runs(4000, 400)
    simulation.world.ec2.volumes.clear()
    simulation.promised = older[0].content
    made: list[int] = []

    def prune() -> None:
        made.append(1)
        for each in newest if len(made) == 2 else ():
            del simulation.world.ec2.snapshots[each.id]
            simulation.kept.discard(each.id)

    at_call(simulation, "create_volume", prune, times=2)
    return simulation


@scenario(ends="abandoned", within_s=49 * HOUR_S)
def the_zone_is_down_and_no_loss_is_allowed() -> Simulation:
    simulation = make()
    snapshots(simulation, 1000)
    fail(simulation, "b")
    simulation.world.ec2.dead_zones.add("a")
    return simulation


@scenario(ends="abandoned", within_s=49 * HOUR_S)
def the_zone_is_down_and_the_snapshots_are_too_old() -> Simulation:
    simulation = make(allow_data_loss_s=600)
    snapshots(simulation, 1000)
    fail(simulation, "b")
    simulation.world.ec2.dead_zones.add("a")
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_comes_back_while_copies_are_made() -> Simulation:
    simulation = the_zone_is_down("b")
    current = simulation.world.ec2.volumes[next(iter(simulation.world.ec2.volumes))].content
    at_call(simulation, "create_volume", simulation.world.ec2.dead_zones.clear)
    simulation.promised = current
    return simulation


def the_zone_is_down(zone: str) -> Simulation:
    """A group whose zone is down, with a set of snapshots that may be used."""
    simulation = make(allow_data_loss_s=HOUR_S)
    (snapshot,) = snapshots(simulation, 1000)
    fail(simulation, zone)
    simulation.world.ec2.dead_zones.add("a")
    simulation.promised = snapshot.content
    return simulation


@scenario(within_s=HOUR_S)
def aws_calls_the_zone_impaired() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.zone_states["a"] = "impaired"
    simulation.world.ec2.snapshot_s = 10**9
    simulation.promised = next(iter(simulation.world.ec2.snapshots.values())).content
    return simulation


# Slow, and nothing is down: an older set is at hand, and is not taken


def slow(zone: str = "a") -> Simulation:
    """A failure with an older set of snapshots that the policy would allow; nothing written is to be lost."""
    simulation = make(devices=RAID, allow_data_loss_s=2 * HOUR_S)
    snapshots(simulation, 1000)
    return fail(simulation, zone)


@scenario(within_s=3 * HOUR_S)
def a_snapshot_takes_two_hours_and_an_older_state_is_allowed() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.snapshot_s = 2 * HOUR_S
    return simulation


@scenario(within_s=HOUR_S)
def a_stop_takes_half_an_hour() -> Simulation:
    simulation = slow()
    old_of(simulation).stop_s = 1800
    return simulation


@scenario(within_s=HOUR_S)
def an_old_one_shuts_down_for_half_an_hour() -> Simulation:
    simulation = slow("b")
    old_of(simulation).shutdown_s = 1800
    simulation.world.ec2.terminate(old_of(simulation))
    return simulation


@scenario(within_s=HOUR_S)
def a_detachment_takes_half_an_hour() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.detach_s = 1800
    return simulation


@scenario(within_s=HOUR_S)
def new_volumes_take_half_an_hour() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.create_s = 1800
    return simulation


@scenario(within_s=HOUR_S)
def an_attachment_takes_half_an_hour() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.attach_s = 1800
    return simulation


@scenario(within_s=HOUR_S)
def the_address_takes_half_an_hour_to_show() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.address_s = 1800
    return simulation


@scenario(within_s=HOUR_S)
def the_new_one_boots_for_half_an_hour() -> Simulation:
    simulation = make(devices=RAID, allow_data_loss_s=2 * HOUR_S)
    snapshots(simulation, 1000)
    simulation.world.ec2.boot_s = 1800
    return fail(simulation, "b")


@scenario(within_s=2 * HOUR_S)
def snapshots_are_refused_for_an_hour() -> Simulation:
    simulation = slow("b")
    until = simulation.world.time.now() + HOUR_S
    busy = refused("InternalError", "An internal error has occurred")

    def before(_: int, operation: str) -> BaseException | None:
        return busy if operation == "create_snapshot" and simulation.world.time.now() < until else None

    simulation.before = before
    return simulation


@scenario(within_s=2 * HOUR_S)
def one_volume_is_impaired_and_its_snapshot_slow() -> Simulation:
    simulation = slow("b")
    simulation.world.ec2.impaired = set(simulation.world.ec2.volumes)
    simulation.world.ec2.snapshot_s = HOUR_S
    return simulation


@scenario(within_s=2 * HOUR_S)
def the_zone_has_no_capacity_and_the_snapshot_is_slow() -> Simulation:
    simulation = slow("b")
    simulation.world.zones = ["a", "b"]
    simulation.world.launch_failures = 1
    simulation.world.ec2.snapshot_s = HOUR_S
    return simulation


@scenario(within_s=2 * HOUR_S)
def the_group_alone_is_ill_and_a_neighbour_is_well() -> Simulation:
    simulation = slow("b")
    simulation.world.zones = ["a", "b"]
    simulation.world.launch_failures = 1
    simulation.world.ec2.impaired = set(simulation.world.ec2.volumes)
    simulation.world.ec2.snapshot_s = HOUR_S
    simulation.world.ec2.neighbours["i-neighbour"] = "a"
    return simulation


@scenario()
def the_volumes_lost_their_tags_and_an_older_state_is_allowed() -> Simulation:
    simulation = slow()
    volumes = list(simulation.world.ec2.volumes.values())
    tags = [dict(each.tags) for each in volumes]
    for each in volumes:
        each.tags.clear()

    def give_back() -> None:
        for volume, mine in zip(volumes, tags, strict=True):
            volume.tags.update(mine)

    simulation.world.time.after(600, give_back)
    return simulation


# Where the group launches


ZONES = {each: (f"subnet-{each}",) for each in "abc"}


def placed(**config: Json) -> Simulation:
    """A group that launches where its data is, and may launch in two other zones."""
    simulation = make(devices=RAID, subnets=ZONES, **config)
    simulation.world.subnets = ["subnet-a"]
    return simulation


@scenario()
def the_replacement_comes_where_the_data_is() -> Simulation:
    return fail(placed(), "b")


@scenario(within_s=1200)
def the_zone_of_the_data_has_no_capacity() -> Simulation:
    simulation = fail(placed())
    simulation.world.full_zones = {"a"}
    return simulation


@scenario(within_s=HOUR_S)
def the_zone_of_the_data_is_down_and_others_are_known() -> Simulation:
    simulation = placed(allow_data_loss_s=HOUR_S)
    (snapshot, _) = snapshots(simulation, 1000)
    fail(simulation)
    simulation.world.ec2.dead_zones.add("a")
    simulation.promised = snapshot.content
    return simulation


# Events


@scenario()
def every_event_is_lost() -> Simulation:
    simulation = fail(make())
    simulation.deliver = lambda _: []
    return simulation


@scenario()
def every_event_comes_three_times_and_late() -> Simulation:
    simulation = fail(make(), "b")
    seen: list[int] = []

    def deliver(events: list[tuple[float, Json]]) -> list[tuple[float, Json]]:
        for moment, event in [each for each in events if id(each[1]) not in seen]:
            seen.append(id(event))
            events += [(moment + 40, event), (moment + 500, event)]
        return events

    simulation.deliver = deliver
    return simulation


@scenario()
def events_come_out_of_order() -> Simulation:
    simulation = fail(make())

    def deliver(events: list[tuple[float, Json]]) -> list[tuple[float, Json]]:
        moved = [(moment + 200 if "terminate" in event["detail-type"] and moment % 1 == 0 else moment, event)
                 for moment, event in events]  # fmt: skip
        return sorted(((moment + 0.5, event) for moment, event in moved), key=lambda each: each[0])

    simulation.deliver = deliver
    return simulation


# The old instance


@scenario()
def the_old_one_is_terminated_outside_and_takes_ten_minutes() -> Simulation:
    simulation = make()
    (old,) = simulation.world.in_service()
    simulation.world.ec2.write()
    simulation.promised = simulation.world.ec2.on(old.id)[0].content
    old.shutdown_s = 600
    simulation.world.ec2.terminate(old)
    return simulation


@scenario(within_s=1200)
def the_old_one_stops_only_by_force() -> Simulation:
    simulation = make()
    old_of(simulation).stops_only_by_force = True
    return fail(simulation)


@scenario(ends="abandoned", within_s=49 * HOUR_S)
def the_old_one_never_stops() -> Simulation:
    simulation = make()
    old_of(simulation).stop_s = 10**9
    return fail(simulation)


@scenario()
def the_old_one_was_retained() -> Simulation:
    simulation = fail(make())
    member = simulation.world.members[old_of(simulation).id]
    member.active, member.state = False, "Terminating:Retained"
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def somebody_attached_the_volume_elsewhere() -> Simulation:
    simulation = fail(make())
    ec2 = simulation.world.ec2
    rescue = ec2.launch("a", {"Name": "rescue"})
    (volume,) = ec2.on(old_of(simulation).id)
    ec2.put_on(volume, rescue, "/dev/sdx")
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def somebody_wants_two_instances() -> Simulation:
    simulation = make()
    simulation.world.desired = 2
    return simulation


# The new instance


@scenario()
def the_new_one_dies_with_its_data() -> Simulation:
    simulation = fail(make())
    ec2 = simulation.world.ec2
    at_call(simulation, "associate_address", lambda: ec2.terminate(list(ec2.instances.values())[-1]))
    return simulation


@scenario()
def the_new_one_dies_while_its_copies_are_made() -> Simulation:
    simulation = fail(make(devices=RAID), "b")
    ec2, world = simulation.world.ec2, simulation.world
    world.zones = ["b", "c"]
    at_call(simulation, "create_volume", lambda: ec2.terminate(list(ec2.instances.values())[-1]))
    return simulation


@scenario()
def the_move_is_taken_back_by_the_next_launch() -> Simulation:
    simulation = fail(make(devices=RAID), "b")
    ec2, world = simulation.world.ec2, simulation.world
    world.zones = ["b", "a"]
    at_call(simulation, "attach_volume", lambda: ec2.terminate(list(ec2.instances.values())[-1]))
    return simulation


@scenario()
def launches_find_no_capacity_at_first() -> Simulation:
    simulation = make()
    simulation.world.launch_failures = 20
    return fail(simulation)


@scenario()
def volumes_find_no_capacity_at_first() -> Simulation:
    simulation = fail(make(), "b")
    seen: list[int] = []

    def before(_: int, operation: str) -> Exception | None:
        if operation == "create_volume" and len(seen) < 3:
            seen.append(1)
            return refused("InsufficientVolumeCapacity", "There is not enough capacity")
        return None

    simulation.before = before
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_image_brings_a_volume_of_its_own() -> Simulation:
    simulation = make()
    simulation.world.image_volume = "/dev/sdf"
    return fail(simulation)


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_second_interface_is_missing() -> Simulation:
    second = RecoveredAddress(allocation_id="eipalloc-2", device_index=1)
    return fail(make(addresses=(RecoveredAddress(allocation_id=ADDRESS), second)))


# Tags, volumes and addresses that somebody took away


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_volumes_are_gone_and_there_is_no_snapshot() -> Simulation:
    simulation = fail(make(devices=RAID))
    simulation.world.ec2.volumes.clear()
    return simulation


@scenario()
def the_volumes_are_gone_and_an_older_state_is_allowed() -> Simulation:
    simulation = make(devices=RAID, allow_data_loss_s=HOUR_S)
    taken = snapshots(simulation, 1000)
    fail(simulation)
    simulation.world.ec2.volumes.clear()
    simulation.promised = taken[0].content
    return simulation


@scenario()
def one_of_two_volumes_is_gone_and_an_older_state_is_allowed() -> Simulation:
    simulation = make(devices=RAID, allow_data_loss_s=HOUR_S)
    taken = snapshots(simulation, 1000)
    fail(simulation)
    del simulation.world.ec2.volumes[next(iter(simulation.world.ec2.volumes))]
    simulation.promised = taken[0].content
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_tags_of_the_volume_were_removed() -> Simulation:
    simulation = fail(make())
    for volume in simulation.world.ec2.volumes.values():
        volume.tags.clear()
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def two_volumes_claim_one_device() -> Simulation:
    simulation = make()
    simulation.world.ec2.add_volume("a", dict(next(iter(simulation.world.ec2.volumes.values())).tags))
    return fail(simulation)


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_instances_lack_the_groups_tag() -> Simulation:
    simulation = make()
    simulation.world.instance_tags = {}
    return fail(simulation)


def outside(simulation: Simulation, state: str) -> Simulation:
    """Take the old instance out of the group, which then launches another."""
    old = old_of(simulation)
    del simulation.world.members[old.id]
    old.state = state
    return simulation


@scenario()
def the_old_one_is_outside_the_group_and_stopped() -> Simulation:
    return outside(make(devices=RAID), "stopped")


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_old_one_is_outside_the_group_and_runs() -> Simulation:
    return outside(make(), "running")


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_old_one_is_outside_the_group_stopped_and_without_its_tag() -> Simulation:
    simulation = outside(make(), "stopped")
    old_of(simulation).tags.clear()
    return simulation


@scenario()
def somebody_takes_the_address_twice() -> Simulation:
    simulation = fail(make())
    addresses = simulation.world.ec2.addresses
    at_call(simulation, "describe_addresses", lambda: addresses.update({ADDRESS: "eni-9999"}), times=3)
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def somebody_takes_the_address_for_ever() -> Simulation:
    simulation = fail(make())
    addresses = simulation.world.ec2.addresses
    at_call(simulation, "describe_addresses", lambda: addresses.update({ADDRESS: "eni-9999"}), times=10**9)
    return simulation


@scenario(ends="abandoned", within_s=2 * HOUR_S)
def the_address_was_released() -> Simulation:
    simulation = fail(make())
    simulation.world.ec2.addresses.clear()
    return simulation


# Operators


@scenario(ends="undone")
def the_hooks_are_deleted_during_recovery() -> Simulation:
    simulation = fail(make())
    at_call(simulation, "attach_volume", simulation.world.delete_hooks)
    simulation.world.time.after(30, lambda: setattr(simulation.world, "desired", 0))
    return simulation


@scenario()
def the_group_is_suspended_during_recovery() -> Simulation:
    simulation = fail(make())
    at_call(simulation, "stop_instances", lambda: simulation.world.time.after(
        20, lambda: simulation.world.suspended.update({"ReplaceUnhealthy", "Launch", "Terminate"})))  # fmt: skip
    return simulation


@scenario()
def the_minimum_becomes_zero_during_recovery() -> Simulation:
    simulation = fail(make(), "b")
    at_call(simulation, "create_snapshot", lambda: setattr(simulation.world, "minimum", 0))
    return simulation


@scenario(ends="undone")
def the_group_is_deleted() -> Simulation:
    simulation = fail(make())
    world = simulation.world

    def delete() -> None:
        world.exists = False
        world.members.clear()

    at_call(simulation, "detach_volume", delete)
    return simulation
