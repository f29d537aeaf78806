"""What is found of instances whose network is to be changed: what is missing, and what speaks against a stop."""

import subprocess
from collections.abc import Iterator

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.sandbox.worlds.network import IMAGE
from opsctl.tune.batch import Fleet, batches_of
from opsctl.tune.driver_look import NOBODY_CAN_TELL, DriverLook, driver_look
from opsctl.tune.facts.tune_change import ChangeFound, TuneChange
from opsctl.tune.hazard import HazardSubject, hazards_of
from opsctl.tune.instance_types import NetworkCard, QueueLimit
from opsctl.tune.machine import HIBERNATED, Machine, parse_machines
from opsctl.tune.machine_types import MachineType
from opsctl.tune.obstacle import obstacles_of
from opsctl.tune.placing import placing_hazards
from opsctl.tune.wish import TuneWish
from tests.kit.ha_account import instance_named
from tests.kit.moto_account import World, client, fresh_world
from tests.tune.fleets import nic

OLD = MachineType(name="m4.16xlarge", ena="supported")
PLAIN = Machine(
    id="i-a",
    name="a",
    type=OLD.name,
    state="running",
    zone="us-east-1a",
    interfaces=(nic(),),
    platform="Linux/UNIX",
)
ENA = TuneWish(ena=True)


def found(
    more: dict[str, object], of: MachineType = OLD, wish: TuneWish = ENA, then: MachineType | None = None
) -> list[tuple[str, str]]:
    machine = Machine.model_validate(dict(PLAIN) | more)
    about = HazardSubject(machine=machine, now=of, then=then or of, wish=wish)
    return [(one.kind, one.id) for one in (*obstacles_of(about), *hazards_of(about))]


def test_a_plain_instance_has_only_its_driver_to_be_looked_at() -> None:
    assert found({}) == [("accept", "ena-driver")]
    assert found({"agent": "online"}) == []
    assert found({"agent": "online", "windows": True}) == [("accept", "ena-driver")]


@pytest.mark.parametrize(
    ("hazard", "more"),
    [
        ("managed", {"auto_scaling_group": "web"}),
        ("managed", {"cluster": "genomics"}),
        ("managed", {"batch": True}),
        ("managed", {"operator": "eks.amazonaws.com"}),
        ("state", {"state": "stopping"}),
        ("hibernated", {"state": "stopped", "reason": HIBERNATED}),
        ("spot", {"lifecycle": "spot"}),
        ("capacity-block", {"lifecycle": "capacity-block"}),
        ("dedicated-host", {"tenancy": "host"}),
        ("root-store", {"root_store": "instance-store"}),
        ("uses-no-reservation", {"preference": "none"}),
        ("uses-no-reservation", {"outpost": "arn:aws:outposts:us-east-1:123456789012:outpost/op-1"}),
        ("uses-no-reservation", {"platform": "Windows BYOL"}),
        ("paravirtual", {"virtualization": "paravirtual"}),
    ],
)
def test_what_may_not_come_back_is_refused(hazard: str, more: dict[str, object]) -> None:
    assert ("refuse", hazard) in found(more)


def test_a_type_without_ena_is_refused() -> None:
    assert ("refuse", "ena-unsupported") in found({}, MachineType(name="c4.8xlarge"))


@pytest.mark.parametrize(
    ("hazard", "more"),
    [
        ("public-address", {"public": "203.0.113.9"}),
        ("no-public-address", {"public": "203.0.113.9", "interfaces": (nic(), nic(device=1))}),
    ],
)
def test_what_a_stop_loses_is_to_be_accepted_by_name(hazard: str, more: dict[str, object]) -> None:
    assert ("accept", hazard) in found(more)
    assert ("accept", hazard) not in found(more | {"state": "stopped"})


def test_an_instance_store_is_lost_by_a_stop_alone() -> None:
    disks = OLD.model_copy(update={"instance_store": True})
    assert ("accept", "instance-store") in found({}, disks)
    assert ("accept", "instance-store") not in found({"state": "stopped"}, disks)


NEW = MachineType(
    name="c5n.18xlarge",
    ena="required",
    efa=1,
    architectures=("x86_64",),
    virtualizations=("hvm",),
    root_stores=("ebs",),
    boot_modes=("uefi",),
    cards=(NetworkCard(index=0, interfaces=2),),
    strategies=("cluster",),
    nitro=True,
    volumes=27,
)
BECOMES_NEW = TuneWish(instance_type=NEW.name)
ON = {"ena": True, "architecture": "x86_64", "boot_mode": "uefi"}


def test_a_type_that_fits_has_only_the_driver_of_its_disks_to_be_looked_at() -> None:
    assert found(ON, wish=BECOMES_NEW, then=NEW) == [("accept", "nvme-driver")]
    assert found(ON | {"agent": "online"}, wish=BECOMES_NEW, then=NEW) == []
    assert found(ON, OLD.model_copy(update={"nitro": True}), BECOMES_NEW, NEW) == []


@pytest.mark.parametrize(
    "more",
    [
        {"architecture": "arm64"},
        {"virtualization": "paravirtual"},
        {"boot_mode": "legacy-bios"},
        {"hibernates": True},
        {"ena": False},
        {"interfaces": (nic("efa"), nic("efa", device=1))},
        {"interfaces": (nic(), nic(device=1), nic(device=2))},
        {"interfaces": (nic(card=1),)},
        {"interfaces": (nic(express=True),)},
        {"placement_group": "apart", "strategy": "spread"},
        {"volumes": 27},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_type_that_does_not_fit_is_refused(more: dict[str, object]) -> None:
    assert ("refuse", "type-unfit") in found(ON | more, wish=BECOMES_NEW, then=NEW)


FLEXIBLE = NEW.model_copy(
    update={"name": "c6i.8xlarge", "flexible_queues": True, "queue_limits": {0: QueueLimit(interface=32, card=40)}}
)


@pytest.mark.parametrize(
    ("of", "queues", "interfaces", "fits"),
    [
        (FLEXIBLE, 32, 1, True),
        (FLEXIBLE, 33, 1, False),
        (FLEXIBLE, 20, 2, True),
        (FLEXIBLE, 21, 2, False),
        (NEW, 8, 1, False),
    ],
)
def test_queues_are_those_that_the_type_and_its_card_have(
    of: MachineType, queues: int, interfaces: int, fits: bool
) -> None:
    more = ON | {"interfaces": tuple(nic(device=number) for number in range(interfaces))}
    assert (("refuse", "queues-unsupported") not in found(more, of, TuneWish(queues=queues))) is fits


def test_the_vf_is_for_types_that_have_it_and_its_one_way_is_to_be_accepted() -> None:
    wish = TuneWish(sriov=True)
    legacy = MachineType(name="c4.8xlarge")
    assert found({}, legacy, wish) == [("accept", "vf-driver"), ("accept", "vf-one-way")]
    assert ("refuse", "vf-unsupported") in found({}, OLD, wish)
    assert ("refuse", "paravirtual") in found({"virtualization": "paravirtual"}, legacy, wish)


def test_what_names_a_reservation_cannot_become_another_kind() -> None:
    more = ON | {"targets": True}
    assert ("refuse", "uses-no-reservation") in found(more, wish=BECOMES_NEW, then=NEW)
    assert ("refuse", "uses-no-reservation") not in found(more)


def moved(strategy: str, *zones: str, members: tuple[str, ...] = ()) -> list[str]:
    subjects = [
        HazardSubject(
            machine=PLAIN.model_copy(update={"id": f"i-{number}", "zone": zone}),
            now=NEW,
            then=NEW.model_copy(update={"strategies": ("cluster", "spread")}),
            wish=TuneWish(placement_group="close"),
        )
        for number, zone in enumerate(zones)
    ]
    there = [PLAIN.model_copy(update={"id": f"i-m{number}", "zone": zone}) for number, zone in enumerate(members)]
    return [one.instance for one in placing_hazards(subjects, there, strategy)]


def test_a_cluster_group_is_in_one_zone_and_a_spread_group_has_seven_a_zone() -> None:
    assert moved("cluster", "a", "a", members=("a",)) == []
    assert moved("cluster", "a", "a", "b") == ["i-2"]
    assert moved("cluster", "b", members=("a", "a")) == ["i-0"]
    assert moved("spread", *"aaaa", members=("a", "a", "a", "b")) == []
    assert moved("spread", *"aab", members=("a",) * 6) == ["i-0", "i-1"]
    assert moved("partition", "a") == ["i-0"]


def fleet(*machines: Machine, others: tuple[Machine, ...] = ()) -> Fleet:
    return Fleet(machines=machines, others=others, groups={"close": "arn:close"})


def reserved(of: Fleet, wish: TuneWish, size: int = 0) -> list[list[tuple[str, int, int, str]]]:
    made = batches_of(of, wish, size)
    return [[(one.type, one.count, one.others, one.placement_group) for one in batch.capacity] for batch in made]


A, B = PLAIN, PLAIN.model_copy(update={"id": "i-b", "name": "b"})


def test_capacity_is_kept_for_what_instances_become_and_for_the_way_back() -> None:
    assert reserved(fleet(A, B), ENA) == [[("m4.16xlarge", 2, 0, "")]]
    there = [("m4.16xlarge", 2, 0, ""), ("c5n.18xlarge", 2, 0, "")]
    assert reserved(fleet(A, B), BECOMES_NEW) == [there]
    inside = [("m4.16xlarge", 2, 0, ""), ("m4.16xlarge", 2, 0, "arn:close")]
    assert reserved(fleet(A, B), TuneWish(placement_group="close")) == [inside]


def test_what_runs_beside_would_use_an_open_reservation_and_is_counted_in() -> None:
    other = B.model_copy(update={"id": "i-c"})
    assert reserved(fleet(A, others=(other,)), ENA) == [[("m4.16xlarge", 2, 1, "")]]
    for apart in (
        {"preference": "none"},
        {"reservation": "cr-1"},
        {"state": "stopped"},
        {"zone": "b"},
        {"type": "x"},
    ):
        assert reserved(fleet(A, others=(other.model_copy(update=apart),)), ENA) == [[("m4.16xlarge", 1, 0, "")]]


def test_instances_of_other_turns_are_counted_as_what_they_are_by_then() -> None:
    first, second = reserved(fleet(A, B), BECOMES_NEW, size=1)
    assert first == [("m4.16xlarge", 2, 1, ""), ("c5n.18xlarge", 1, 0, "")]
    assert second == [("m4.16xlarge", 1, 0, ""), ("c5n.18xlarge", 2, 1, "")]


def test_nothing_is_reserved_for_what_is_stopped_or_has_its_own_place() -> None:
    assert reserved(fleet(A.model_copy(update={"state": "stopped"})), ENA) == [[]]
    assert reserved(fleet(A.model_copy(update={"targets": True})), ENA) == [[]]


def test_a_place_in_a_reservation_is_kept_there_unless_others_would_take_it() -> None:
    inside = A.model_copy(update={"reservation": "cr-1"})
    assert reserved(fleet(inside), ENA) == [[]]
    assert reserved(fleet(inside), BECOMES_NEW) == [[("c5n.18xlarge", 1, 0, "")]]
    beside = fleet(inside, others=(B.model_copy(update={"id": "i-c"}),))
    assert reserved(beside, ENA) == [[("m4.16xlarge", 2, 1, "")]]


def test_a_turn_in_which_nothing_can_be_taken_back_is_final() -> None:
    legacy = PLAIN.model_copy(update={"type": "c4.8xlarge"})
    assert [one.final for one in batches_of(fleet(legacy), TuneWish(sriov=True), 0)] == [True]
    assert [one.final for one in batches_of(fleet(legacy), TuneWish(sriov=True, ena=True), 0)] == [False]


def look(more: dict[str, object], wish: TuneWish, then: MachineType, accepted: tuple[str, ...] = ()) -> DriverLook:
    machine = Machine.model_validate(dict(PLAIN) | {"agent": "online"} | more)
    return driver_look([HazardSubject(machine=machine, now=OLD, then=then, wish=wish)], accepted)


def test_guests_are_asked_for_the_drivers_that_they_need() -> None:
    assert look({}, ENA, OLD).modules == ("ena",)
    assert look({}, TuneWish(sriov=True), MachineType(name="c4.8xlarge")).modules == ("ixgbevf",)
    new = look(ON, BECOMES_NEW, NEW)
    assert new.modules == ("ena", "nvme")
    assert "/etc/fstab" in new.commands[-1]
    done = subprocess.run(["/bin/sh", "-n"], input="\n".join(new.commands), text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert look({"agent": "none"}, ENA, OLD) == look({"ena": True}, ENA, OLD) == DriverLook()


def test_a_guest_that_cannot_tell_is_gone_on_with_where_every_doubt_is_accepted_by_name() -> None:
    both = BECOMES_NEW.model_copy(update={"ena": True})
    told = [look({}, both, NEW, named) for named in ((), ("ena-driver",), ("nvme-driver", "ena-driver"))]
    assert [(one.unseen, one.expected) for one in told] == [(False, (0,)), (False, (0,)), (True, (0, 4))]
    assert "--accept ena-driver --accept nvme-driver" in told[0].commands[0]
    nowhere = {"PATH": "/nonexistent"}
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(told[0].commands)], env=nowhere, capture_output=True, text=True
    )
    assert (done.returncode, "modinfo is missing" in done.stderr) == (NOBODY_CAN_TELL, True)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        yield made


def change(world: World, **given: object) -> ChangeFound:
    told = run_fetching(TuneChange.model_validate(given).read(world.about()), world.reader())
    assert isinstance(told, ChangeFound)
    return told


def test_only_what_is_not_so_yet_is_in_a_turn(world: World) -> None:
    told = change(world, instances=["hpc-1", "hpc-4"], ena=True)
    old = instance_named("hpc-4")
    assert [(one.instances, one.running, one.ena) for one in told.batches] == [((old,), (old,), (old,))]
    assert [(one.type, one.zone, one.count) for one in told.batches[0].capacity] == [
        ("m4.16xlarge", "us-east-1a", 1)
    ]
    assert [one.split()[0] for one in told.already] == ["hpc-1"]


def test_three_rounds_are_enough_whatever_is_wished(world: World) -> None:
    """Instances; what they are, are in and could be in; then agents, and what runs beside them."""
    reader = world.reader()
    wishes: dict[str, object] = {"ena": True, "instance_type": "c6in.32xlarge", "placement_group": "hpc"}
    told = run_fetching(TuneChange.model_validate({"instances": ("hpc-4",), **wishes}).read(world.about()), reader)
    assert isinstance(told, ChangeFound)
    assert {read.api for read in reader.made} >= {
        "ssm.DescribeInstanceInformation",
        "ec2.DescribeInstanceTypeOfferings",
        "ec2.DescribePlacementGroups",
        "ec2.DescribeInstanceAttribute",
    }
    assert reader.rounds == 3


def test_what_is_looked_at_next_is_all_that_was_changed(world: World) -> None:
    for names, words in (
        (["hpc-3"], ("tune", "check", instance_named("hpc-3"))),
        (["hpc-2", "hpc-3"], ("tune", "check", "--all")),
    ):
        (following,) = world.plan(
            "tune-apply", {"instances": names, "placement_group": "near", "create": "cluster"}
        ).next
        assert following.words == words


def test_stop_protection_is_refused(world: World) -> None:
    old = instance_named("hpc-4")
    client("ec2").modify_instance_attribute(InstanceId=old, DisableApiStop={"Value": True})
    try:
        with pytest.raises(RefusedByGuard, match="stop-protection"):
            world.plan("tune-apply", {"instances": ["hpc-4"], "ena": True})
    finally:
        client("ec2").modify_instance_attribute(InstanceId=old, DisableApiStop={"Value": False})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"instances": ["hpc-4"]}, "nothing to change is named"),
        ({"instances": ["hpc-9"], "ena": True}, "no such instance here: hpc-9"),
        ({"instances": ["nobody-*"], "ena": True}, "no such instance here"),
        ({"instances": ["hpc-4"], "instance_type": "c5n.gigantic"}, "does not know type 'c5n.gigantic'"),
        ({"instances": ["hpc-4"], "placement_group": "close"}, "there is no placement group 'close'"),
        ({"instances": ["hpc-4"], "create": "cluster"}, "no placement group is named"),
        ({"instances": ["hpc-4"], "placement_group": "hpc", "create": "spread"}, "with strategy cluster"),
    ],
)
def test_a_wish_for_nothing_or_nobody_is_bad_input(world: World, given: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        change(world, **given)


def test_a_name_that_several_have_is_bad_input(world: World) -> None:
    other = instance_named("hpc-6")
    client("ec2").create_tags(Resources=[other], Tags=[{"Key": "Name", "Value": "hpc-4"}])
    try:
        with pytest.raises(InvalidInput, match="2 instances are named 'hpc-4'"):
            change(world, instances=["hpc-4"], ena=True)
    finally:
        client("ec2").create_tags(Resources=[other], Tags=[{"Key": "Name", "Value": "hpc-6"}])


@pytest.mark.parametrize(
    ("given", "guard"),
    [
        ({"instances": ["hpc-5"], "ena": True}, "ena-unsupported"),
        ({"instances": ["hpc-1"], "instance_type": "c6gn.16xlarge"}, "type-unfit"),
        ({"instances": ["hpc-1"], "instance_type": "m5.large"}, "type-unfit"),
        ({"instances": ["hpc-1"], "queues": 8}, "queues-unsupported"),
        ({"instances": ["hpc-4"], "sriov": True}, "vf-unsupported"),
    ],
)
def test_an_impossible_wish_is_refused_in_one_line_before_anything_is_planned(
    world: World, given: dict[str, Json], guard: str
) -> None:
    with pytest.raises(RefusedByGuard, match=guard):
        world.plan("tune-apply", given)


def test_what_is_stopped_already_is_changed_and_stays_stopped() -> None:
    with fresh_world(make_fleet) as own:
        old = instance_named("hpc-4")
        client("ec2").stop_instances(InstanceIds=[old])
        changes = own.plan("tune-apply", {"instances": [old], "ena": True}).changes
        assert [one.operation for one in changes] == ["CreateImage", "DescribeImages", "ModifyInstanceAttribute"]


def test_a_weighting_that_the_new_type_does_not_have_is_reset_before_the_type_is_changed() -> None:
    with fresh_world(make_fleet) as own:
        subnet = client("ec2").describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.30.0.0/24"]}])
        launched = client("ec2").run_instances(
            ImageId=IMAGE,
            InstanceType="c8a.12xlarge",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet["Subnets"][0]["SubnetId"],
        )["Instances"][0]["InstanceId"]
        client("ec2").stop_instances(InstanceIds=[launched])
        client("ec2").modify_instance_network_performance_options(InstanceId=launched, BandwidthWeighting="vpc-1")
        changes = own.plan("tune-apply", {"instances": [launched], "instance_type": "c6a.12xlarge"}).changes
        told = [one.operation for one in changes if one.operation.startswith("Modify")]
        assert told == ["ModifyInstanceNetworkPerformanceOptions", "ModifyInstanceAttribute"]
        kept = own.plan("tune-apply", {"instances": [launched], "instance_type": "c8a.24xlarge"}).changes
        assert [one.operation for one in kept if one.operation.startswith("Modify")] == ["ModifyInstanceAttribute"]


@pytest.mark.parametrize(
    ("told", "operator"),
    [
        ({"Tags": [{"Key": "karpenter.sh/nodepool", "Value": "gpu"}]}, "Karpenter node pool gpu"),
        ({"Tags": [{"Key": "aws:elasticmapreduce:job-flow-id", "Value": "j-1"}]}, "EMR cluster j-1"),
        ({"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}}, "eks.amazonaws.com"),
        ({"Operator": {"Managed": False}}, ""),
    ],
)
def test_who_else_replaces_what_is_stopped_is_known_by_operator_and_tags(told: Json, operator: str) -> None:
    plain = {"InstanceId": "i-1", "InstanceType": "m5.large", "State": {"Name": "running"}}
    (machine,) = parse_machines([{"Reservations": [{"Instances": [plain | told]}]}])
    assert machine.operator == operator


def test_for_a_pattern_the_names_that_it_stands_for_are_typed(world: World) -> None:
    assert change(world, instances=["hpc-4"], ena=True).confirm == "hpc-4"
    told = change(world, instances=["hpc-[12]*", "hpc-3", "hpc-?"], queues=16)
    assert told.confirm == "6 instances"
    assert change(world, instances=["hpc-4*"], ena=True).confirm == "hpc-4"
