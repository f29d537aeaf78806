"""Groups of the sandbox, launched and replaced, and boto3's own view of what came of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.commands import Commands
from opsctl.model.errors import Drifted, InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.tune.facts.tune_group import GroupFound, TuneGroup
from opsctl.tune.fleet import FleetInstance, FleetInterface
from opsctl.tune.group_hazards import GroupWish, hazards_of, refresh_hazards_of
from opsctl.tune.instance_types import TypeNetwork
from opsctl.tune.scaling_group import GroupMember, ScalingGroup, parse_group
from opsctl.tune.surroundings import LaunchSubnet
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.worker_groups import WORKERS, make_workers

ALL = {"group": WORKERS, "efa": True, "placement_group": "near"}


@pytest.fixture
def it() -> Iterator[tuple[World, Conditions]]:
    with timed_world(make_workers, durations=QUICK) as (world, about):
        world.clock = MovingClock(about)
        move(about, 60)
        yield world, about


def group() -> Json:
    named = {"AutoScalingGroupNames": [WORKERS]}
    return client("autoscaling").describe_auto_scaling_groups(**named)["AutoScalingGroups"][0]


def running() -> list[Json]:
    alive = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = client("ec2").describe_instances(Filters=alive)["Reservations"]
    return [one for reservation in found for one in reservation["Instances"]]


def refreshes() -> list[str]:
    found = client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=WORKERS)["InstanceRefreshes"]
    return [one["Status"] for one in found]


def titles(plan: Plan) -> list[str]:
    return [change.id for change in plan.changes]


def test_the_template_is_changed_and_no_member_is_touched(it: tuple[World, Conditions]) -> None:
    world, _ = it
    before = group()
    plan, journal = world.plan("tune-group", ALL), MemoryJournal()
    run(plan, world.aws, world, journal)
    after = group()
    assert after["Instances"] == before["Instances"]
    assert (after["LaunchTemplate"]["Version"], after["PlacementGroup"]) == ("2", "near")
    template = {"LaunchTemplateId": after["LaunchTemplate"]["LaunchTemplateId"], "Versions": ["2"]}
    (version,) = client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]
    kinds = [nic.get("InterfaceType") for nic in version["LaunchTemplateData"]["NetworkInterfaces"]]
    assert kinds == [None, "efa-only"]
    assert world.plan("tune-group", ALL).changes == ()
    undo(plan, world, journal)
    assert (group()["LaunchTemplate"], group().get("PlacementGroup")) == (before["LaunchTemplate"], None)


def test_a_refresh_replaces_every_member_by_one_with_efa_in_the_placement_group(
    it: tuple[World, Conditions],
) -> None:
    world, _ = it
    old = {one["InstanceId"] for one in group()["Instances"]}
    run(world.plan("tune-group", ALL), world.aws, world, MemoryJournal())
    run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    assert refreshes() == ["Successful"]
    new = running()
    assert not old & {one["InstanceId"] for one in new}
    assert [one["Placement"]["GroupName"] for one in new] == ["near", "near"]
    assert {nic["InterfaceType"] for one in new for nic in one["NetworkInterfaces"]} == {"interface", "efa-only"}
    assert world.plan("tune-refresh", {"group": WORKERS}).changes == ()


EXPRESS = {"group": WORKERS, "ena_express": True, "ena_express_udp": True}


def of_another_type(kind: str, **more: Any) -> None:
    """Have the group launch by a new version, of a type with ENA Express or without."""
    template = group()["LaunchTemplate"]["LaunchTemplateId"]
    (version,) = client("ec2").describe_launch_template_versions(LaunchTemplateId=template, Versions=["1"])[
        "LaunchTemplateVersions"
    ]
    data = {"ImageId": version["LaunchTemplateData"]["ImageId"], "InstanceType": kind, **more}
    data |= {} if more else {"SecurityGroupIds": version["LaunchTemplateData"]["SecurityGroupIds"]}
    client("ec2").create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    named = {"LaunchTemplateId": template, "Version": "2"}
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=WORKERS, LaunchTemplate=named)


def express_of(nics: list[Json]) -> list[Json]:
    return [one["Attachment"].get("EnaSrdSpecification") for one in nics]


def test_instances_are_launched_with_ena_express_and_an_undo_launches_plain_ones(
    it: tuple[World, Conditions],
) -> None:
    world, _ = it
    of_another_type("c6in.32xlarge")
    before, plan, journal = group(), world.plan("tune-group", EXPRESS), MemoryJournal()
    run(plan, world.aws, world, journal)
    assert group()["Instances"] == before["Instances"]
    assert world.plan("tune-group", EXPRESS).changes == ()
    run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    on = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
    launched = running()
    assert [express_of(one["NetworkInterfaces"]) for one in launched] == [[on], [on]]
    undo(plan, world, journal)
    assert group()["LaunchTemplate"] == before["LaunchTemplate"]
    found = client("ec2").describe_launch_template_versions(
        LaunchTemplateId=before["LaunchTemplate"]["LaunchTemplateId"]
    )
    assert [one["VersionNumber"] for one in found["LaunchTemplateVersions"]] == [1, 2]
    run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    assert [express_of(one["NetworkInterfaces"]) for one in running()] == [[None], [None]]


def test_a_launch_with_ena_express_of_a_type_without_it_fails_and_leaves_no_instance(
    it: tuple[World, Conditions],
) -> None:
    _, about = it
    on = {"DeviceIndex": 0, "EnaSrdSpecification": {"EnaSrdEnabled": True}}
    of_another_type("c5n.18xlarge", NetworkInterfaces=[on])
    client("autoscaling").set_desired_capacity(AutoScalingGroupName=WORKERS, DesiredCapacity=3)
    move(about, 60)
    last, *_ = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=WORKERS)["Activities"]
    assert (last["StatusCode"], "ENA Express is not supported" in last["StatusMessage"]) == ("Failed", True)
    assert len(running()) == 2


def test_efa_and_ena_express_are_one_version(it: tuple[World, Conditions]) -> None:
    world, _ = it
    of_another_type("c6in.32xlarge")
    run(world.plan("tune-group", ALL | EXPRESS), world.aws, world, MemoryJournal())
    run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    (first, *_) = running()
    kinds = sorted(
        (one["InterfaceType"], bool(express))
        for one, express in zip(first["NetworkInterfaces"], express_of(first["NetworkInterfaces"]), strict=True)
    )
    assert kinds == [("efa-only", False), ("efa-only", False), ("interface", True)]


SHARES = {"group": WORKERS, "queues": 64, "bandwidth_weighting": "vpc-1"}


def shares(one: Json) -> tuple[list[Json], Json]:
    nics = [nic["Attachment"].get("EnaQueueCount") for nic in one["NetworkInterfaces"]]
    return nics, one["NetworkPerformanceOptions"]["BandwidthWeighting"]


def test_everything_of_the_network_is_one_version_and_launched_so_and_undone(it: tuple[World, Conditions]) -> None:
    world, _ = it
    of_another_type("c8i.48xlarge")
    before, plan, journal = group(), world.plan("tune-group", ALL | EXPRESS | SHARES), MemoryJournal()
    run(plan, world.aws, world, journal)
    template = {"LaunchTemplateId": before["LaunchTemplate"]["LaunchTemplateId"]}
    *_, third = sorted(
        client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"],
        key=lambda one: one["VersionNumber"],
    )
    data = third["LaunchTemplateData"]
    assert third["VersionNumber"] == 3
    assert data["NetworkPerformanceOptions"] == {"BandwidthWeighting": "vpc-1"}
    assert [nic.get("EnaQueueCount") for nic in data["NetworkInterfaces"]] == [64, None]
    assert world.plan("tune-group", ALL | EXPRESS | SHARES).changes == ()
    run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    assert [shares(one) for one in running()] == [([64, None], "vpc-1")] * 2
    undo(plan, world, journal)
    assert group()["LaunchTemplate"] == before["LaunchTemplate"]
    assert len(client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]) == 2


def test_a_weighting_alone_leaves_the_interfaces_of_a_template_as_they_are(it: tuple[World, Conditions]) -> None:
    world, _ = it
    of_another_type("c8i.large")
    run(
        world.plan("tune-group", {"group": WORKERS, "bandwidth_weighting": "ebs-1"}),
        world.aws,
        world,
        MemoryJournal(),
    )
    named = {"LaunchTemplateId": group()["LaunchTemplate"]["LaunchTemplateId"], "Versions": ["2", "3"]}
    one, other = client("ec2").describe_launch_template_versions(**named)["LaunchTemplateVersions"]
    options = {"NetworkPerformanceOptions": {"BandwidthWeighting": "ebs-1"}}
    assert other["LaunchTemplateData"] == one["LaunchTemplateData"] | options
    back = {"group": WORKERS, "bandwidth_weighting": "default"}
    run(world.plan("tune-group", back), world.aws, world, MemoryJournal())
    assert world.plan("tune-group", back).changes == ()


@pytest.mark.parametrize(
    ("kind", "wish", "said"),
    [
        ("c8i.48xlarge", {"queues": 129}, "can have 128 queues on an interface of card 0, not 129"),
        ("c5n.18xlarge", {"queues": 4}, "the queues of c5n.18xlarge of workers cannot be moved"),
        ("c5n.18xlarge", {"bandwidth_weighting": "vpc-1"}, "cannot be weighted as vpc-1"),
    ],
    ids=["too many", "no queues", "no weighting"],
)
def test_what_the_type_does_not_have_is_refused_and_nothing_is_made(
    it: tuple[World, Conditions], kind: str, wish: dict[str, Json], said: str
) -> None:
    world, _ = it
    of_another_type(kind)
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("tune-group", {"group": WORKERS, **wish})
    assert said in str(caught.value.evidence)


@pytest.mark.parametrize(
    "more",
    [
        {"NetworkInterfaces": [{"DeviceIndex": 0, "EnaQueueCount": 4}]},
        {"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"}},
    ],
    ids=["queues", "weighting"],
)
def test_the_sandbox_launches_nothing_that_the_type_does_not_have(
    it: tuple[World, Conditions], more: dict[str, Any]
) -> None:
    _, about = it
    of_another_type("c5n.18xlarge", **more)
    client("autoscaling").set_desired_capacity(AutoScalingGroupName=WORKERS, DesiredCapacity=3)
    move(about, 60)
    last, *_ = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=WORKERS)["Activities"]
    assert (last["StatusCode"], "support" in last["StatusMessage"]) == ("Failed", True)
    assert len(running()) == 2


def test_a_type_without_ena_express_is_refused_and_nothing_is_made(it: tuple[World, Conditions]) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        it[0].plan("tune-group", EXPRESS)
    assert "c5n.18xlarge of workers has no ENA Express" in str(caught.value.evidence)


def test_only_the_placement_group_is_reason_enough_to_replace(it: tuple[World, Conditions]) -> None:
    world, _ = it
    run(world.plan("tune-group", ALL | {"efa": False}), world.aws, world, MemoryJournal())
    plan = world.plan("tune-refresh", {"group": WORKERS})
    assert plan.changes[0].params["Preferences"]["SkipMatching"] is False
    run(plan, world.aws, world, MemoryJournal())
    assert {one["Placement"]["GroupName"] for one in running()} == {"near"}


def test_a_refresh_whose_launches_fail_ends_the_run_and_says_so(it: tuple[World, Conditions]) -> None:
    world, about = it
    run(world.plan("tune-group", ALL), world.aws, world, MemoryJournal())
    about.faults.no_capacity |= {"us-east-1a"}
    with pytest.raises(Drifted, match="instance refresh of workers has not failed"):
        run(world.plan("tune-refresh", {"group": WORKERS}), world.aws, world, MemoryJournal())
    assert refreshes() == ["Failed"]


def test_a_group_that_names_latest_needs_no_telling(it: tuple[World, Conditions]) -> None:
    world, _ = it
    latest = {"LaunchTemplateId": group()["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"}
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=WORKERS, LaunchTemplate=latest)
    assert "use/use" not in titles(world.plan("tune-group", {"group": WORKERS, "efa": True}))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"group": "nobody", "efa": True}, "there is no Auto Scaling group 'nobody' here"),
        ({"group": WORKERS}, "nothing to change is named"),
        ({"group": WORKERS, "ena_express_udp": True}, "ENA Express itself is not asked for"),
        ({"group": WORKERS, "placement_group": "nowhere"}, "there is no placement group 'nowhere' here"),
    ],
    ids=["group", "nothing", "udp", "placement group"],
)
def test_what_is_not_there_is_bad_input(it: tuple[World, Conditions], inputs: dict[str, Json], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        it[0].plan("tune-group", inputs)
    assert said in caught.value.summary


def test_a_refresh_that_goes_on_and_a_suspended_process_refuse_another(it: tuple[World, Conditions]) -> None:
    world, _ = it
    run(world.plan("tune-group", ALL), world.aws, world, MemoryJournal())
    client("autoscaling").suspend_processes(AutoScalingGroupName=WORKERS, ScalingProcesses=["Launch"])
    client("autoscaling").start_instance_refresh(AutoScalingGroupName=WORKERS)
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("tune-refresh", {"group": WORKERS})
    assert {one.guard for one in caught.value.guards} == {"refreshing", "suspended"}


GROUP = ScalingGroup(name="g", template="lt-1", version="1", zones=("us-east-1a",), subnets=("s",))
EFA = TypeNetwork(name="c5n.18xlarge", efa=1, strategies=("cluster",))
WISH = GroupWish(group=GROUP, efa=True, of=EFA, placement_group="near", strategy="cluster")


def ids(wish: GroupWish) -> list[str]:
    return [f"{one.kind} {one.id}" for one in hazards_of(wish, Commands())]


def but(**more: Any) -> GroupWish:
    return WISH.model_copy(update={"group": GROUP.model_copy(update=more)})


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        (WISH, []),
        (but(tags={"eks:nodegroup-name": "n", "eks:cluster-name": "c"}), ["refuse kept"]),
        (but(tags={"AWSBatchServiceTag": "batch"}), ["refuse kept"]),
        (but(tags={"parallelcluster:cluster-name": "c"}), ["refuse kept"]),
        (but(tags={"aws:cloudformation:stack-name": "s"}), ["warn stack"]),
        (but(configuration="old", template=""), ["refuse no-template"]),
        (but(mixed=True, template=""), ["refuse mixed"]),
        (but(zones=("a", "b")), ["refuse zones"]),
        (WISH.model_copy(update={"of": None}), ["refuse no-type"]),
        (WISH.model_copy(update={"of": TypeNetwork(name="t3.micro")}), ["refuse no-efa", "refuse no-cluster"]),
        (WISH.model_copy(update={"windows": True}), ["refuse windows"]),
        (WISH.model_copy(update={"placement_group": "", "strategy": ""}), ["warn no-placement-group"]),
        (WISH.model_copy(update={"spot": True}), ["warn spot"]),
        (
            WISH.model_copy(update={"subnets": (LaunchSubnet(id="s", public=True),)}),
            ["accept no-public-address"],
        ),
        (
            WISH.model_copy(update={"subnets": (LaunchSubnet(id="s", public=True),), "public": False}),
            [],
        ),
    ],
    ids=[
        "nothing",
        "eks",
        "batch",
        "pcluster",
        "stack",
        "configuration",
        "mixed",
        "zones",
        "no type",
        "no efa",
        "windows",
        "no group",
        "spot",
        "public",
        "said",
    ],
)
def test_what_speaks_against_launching_so_is_named(wish: GroupWish, found: list[str]) -> None:
    assert ids(wish) == found


SRD = TypeNetwork(name="c6in.32xlarge", efa=2, ena_express=True, strategies=("cluster",))
BY_TWO = GROUP.model_copy(update={"desired": 2})
PLAIN = FleetInstance(
    id="i-1", name="other", type="c6in.32xlarge", placement_group="near", interfaces=(FleetInterface(id="eni-1"),)
)
OTHER = PLAIN.model_copy(update={"interfaces": (FleetInterface(id="eni-1", ena_express=True),)})


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, []),
        ({"of": EFA}, ["refuse no-express"]),
        ({"of": None}, ["refuse no-type"]),
        (
            {"group": BY_TWO.model_copy(update={"zones": ("us-east-1a", "us-east-1-bos-1a")})},
            ["refuse no-express"],
        ),
        (
            {"group": BY_TWO.model_copy(update={"zones": ("sa-east-1a", "sa-east-1b")}), "region": "sa-east-1"},
            ["warn express-zones"],
        ),
        ({"group": BY_TWO.model_copy(update={"zones": ("us-east-1a", "us-east-1b")})}, []),
        ({"beside": (PLAIN,)}, ["warn express-plain"]),
        ({"group": GROUP, "beside": ()}, ["warn express-plain"]),
        ({"group": GROUP, "beside": (OTHER,)}, []),
        (
            {
                "group": BY_TWO.model_copy(
                    update={"members": (GroupMember(instance="i-1", zone="a", state="InService", version="1"),)}
                ),
                "beside": (PLAIN,),
            },
            ["warn express-plain"],
        ),
    ],
    ids=[
        "nothing",
        "type",
        "no type",
        "local zone",
        "one zone only",
        "zones",
        "other end",
        "alone",
        "not alone",
        "own members",
    ],
)
def test_ena_express_needs_its_type_and_both_ends(more: dict[str, Any], found: list[str]) -> None:
    wish = GroupWish(group=BY_TWO, express=True, of=SRD, region="us-east-1").model_copy(update=more)
    assert [one for one in ids(wish) if one != "warn express-guest"] == found


def test_an_eks_node_group_is_named_with_the_command_that_updates_it() -> None:
    (hazard,) = hazards_of(
        but(tags={"eks:nodegroup-name": "n", "eks:cluster-name": "c"}), Commands(("--region", "x"))
    )
    assert "EKS node group n of cluster c" in hazard.what
    assert "aws eks update-nodegroup-version --cluster-name c --nodegroup-name n" in hazard.what
    assert hazard.what.endswith("--region x")


@pytest.mark.parametrize(
    ("member", "found"),
    [
        (GroupMember(instance="i", zone="a", state="InService", version="1", protected=True), "protected"),
        (GroupMember(instance="i", zone="a", state="Standby", version="1"), "standby"),
        (GroupMember(instance="i", zone="a", state="Pending:Wait", version="1"), "launching"),
    ],
    ids=["protected", "standby", "launching"],
)
def test_members_that_a_refresh_would_wait_for_are_named(member: GroupMember, found: str) -> None:
    assert [one.id for one in refresh_hazards_of(but(members=(member,)), Commands())] == [found]


def test_of_a_group_with_a_policy_of_several_types_nothing_is_guessed() -> None:
    parsed = parse_group({"AutoScalingGroupName": "g", "MixedInstancesPolicy": {}, "Instances": []})
    assert (parsed.mixed, parsed.template) == (True, "")


def test_the_types_of_a_policy_are_named_and_its_members_are_compared_with_its_template() -> None:
    named = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "t", "Version": "2"}
    several = {
        "LaunchTemplateSpecification": named,
        "Overrides": [{"InstanceType": "a.large"}, {"InstanceType": "b.large"}],
    }
    parsed = parse_group({"AutoScalingGroupName": "g", "MixedInstancesPolicy": {"LaunchTemplate": several}})
    assert (parsed.template, parsed.version, parsed.types) == ("lt-1", "2", ("a.large", "b.large"))
    (hazard,) = hazards_of(GroupWish(group=parsed, efa=True, placement_group="near"), Commands())
    assert "(MixedInstancesPolicy: a.large, b.large)" in hazard.what


@pytest.mark.parametrize(
    "how", [{"mixed": True}, {"configuration": "old", "template": ""}], ids=["mixed", "configuration"]
)
def test_a_placement_group_alone_asks_nothing_of_how_a_group_launches(how: dict[str, Any]) -> None:
    asked = {"efa": False, "of": None}
    assert hazards_of(but(**how).model_copy(update=asked), Commands()) == ()


def test_the_fact_counts_its_calls(it: tuple[World, Conditions]) -> None:
    world, _ = it
    reader = world.reader()
    found = run_fetching(TuneGroup(group=WORKERS, efa=True).read(world.about()), reader)
    assert isinstance(found, GroupFound)
    assert len(reader.made) <= 9
    assert (found.type, found.number, found.needs_version, found.pins) == ("c5n.18xlarge", "1", True, True)
