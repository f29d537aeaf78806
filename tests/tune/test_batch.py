"""Compute environments of AWS Batch: what they lack, and how they are changed, as boto3 describes them then."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.tune.batch_environment import BatchEnvironment, BatchJobs, parse_environment, parse_job_definitions
from opsctl.tune.batch_findings import BatchLook, findings_of
from opsctl.tune.facts.tune_batch import BatchFound, TuneBatch
from opsctl.tune.instance_types import TypeNetwork
from opsctl.tune.launch_wish import LaunchWish
from opsctl.tune.surroundings import LaunchSubnet, Surroundings
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.worker_groups import ENVIRONMENT, make_environment

WISH = {"environment": ENVIRONMENT, "efa": True, "placement_group": "near"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_environment) as made:
        yield made


def resources() -> Json:
    found = client("batch").describe_compute_environments(computeEnvironments=[ENVIRONMENT])
    return found["computeEnvironments"][0]["computeResources"]


def test_it_is_launched_with_efas_and_their_group_and_undone_but_for_the_placement_group(world: World) -> None:
    before = resources()
    plan, journal = world.plan("tune-batch", WISH), MemoryJournal()
    run(plan, world.aws, world, journal)
    after = resources()
    assert (after["launchTemplate"]["version"], after["placementGroup"]) == ("2", "near")
    template = {"LaunchTemplateId": after["launchTemplate"]["launchTemplateId"], "Versions": ["2"]}
    (version,) = client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]
    efas = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["opsctl-efa"]}])
    efa = efas["SecurityGroups"][0]["GroupId"]
    primary, second = version["LaunchTemplateData"]["NetworkInterfaces"]
    assert (primary["Groups"], second["InterfaceType"], second["Groups"]) == (
        before["securityGroupIds"],
        "efa-only",
        [efa],
    )
    assert after["securityGroupIds"] == [*before["securityGroupIds"], efa]
    assert world.plan("tune-batch", WISH).changes == ()
    undo(plan, world, journal)
    assert resources() == {**before, "placementGroup": "near"}


def test_where_only_the_security_group_is_missing_it_is_added_and_taken_out_again(world: World) -> None:
    run(world.plan("tune-batch", WISH), world.aws, world, MemoryJournal())
    before = {**resources(), "securityGroupIds": resources()["securityGroupIds"][:1]}
    named = {"securityGroupIds": before["securityGroupIds"]}
    client("batch").update_compute_environment(computeEnvironment=ENVIRONMENT, computeResources=named)
    plan, journal = world.plan("tune-batch", WISH), MemoryJournal()
    assert [change.title for change in plan.changes] == [
        "Add security group opsctl-efa to what Batch launches for hpc"
    ]
    run(plan, world.aws, world, journal)
    assert len(resources()["securityGroupIds"]) == 2
    assert world.plan("tune-batch", WISH).changes == ()
    undo(plan, world, journal)
    assert resources() == before


def test_without_a_wish_nothing_is_planned_and_all_is_found(world: World) -> None:
    assert world.plan("tune-batch", {"environment": ENVIRONMENT}).changes == ()
    found = run_fetching(TuneBatch(environment=ENVIRONMENT).read(world.about()), world.reader())
    assert isinstance(found, BatchFound)
    assert [one.id for one in found.findings] == ["no-placement-group", "no-interfaces", "security-groups"]
    assert (found.refused, found.unread) == ((), ())


def test_what_batch_cannot_update_is_refused_with_what_to_do() -> None:
    def old(clients: Any) -> None:
        make_environment(clients, allocationStrategy="BEST_FIT")

    with fresh_world(old) as world, pytest.raises(RefusedByGuard) as caught:
        world.plan("tune-batch", WISH)
    assert "make a new environment with the service-linked role and BEST_FIT_PROGRESSIVE" in str(
        caught.value.evidence
    )


def test_it_is_launched_with_ena_express_and_undone() -> None:
    def of_another_type(clients: Any) -> None:
        make_environment(clients, instanceTypes=["c6in.32xlarge"])

    with fresh_world(of_another_type) as world:
        wish, before = {"environment": ENVIRONMENT, "ena_express": True}, resources()
        plan, journal = world.plan("tune-batch", wish), MemoryJournal()
        run(plan, world.aws, world, journal)
        after = resources()
        assert {**after, "launchTemplate": before["launchTemplate"]} == before
        template = {"LaunchTemplateId": after["launchTemplate"]["launchTemplateId"], "Versions": ["2"]}
        (version,) = client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]
        (nic,) = version["LaunchTemplateData"]["NetworkInterfaces"]
        assert (nic["EnaSrdSpecification"]["EnaSrdEnabled"], nic["Groups"]) == (True, before["securityGroupIds"])
        assert world.plan("tune-batch", wish).changes == ()
        undo(plan, world, journal)
        assert resources() == before


def test_it_is_launched_with_queues_and_a_weighting_and_undone_and_limits_refuse() -> None:
    def of_another_type(clients: Any) -> None:
        make_environment(clients, instanceTypes=["c8i.48xlarge"])

    with fresh_world(of_another_type) as world:
        wish: dict[str, Json] = {"environment": ENVIRONMENT, "queues": 64, "bandwidth_weighting": "ebs-1"}
        before, plan, journal = resources(), world.plan("tune-batch", wish), MemoryJournal()
        run(plan, world.aws, world, journal)
        template = {"LaunchTemplateId": resources()["launchTemplate"]["launchTemplateId"], "Versions": ["2"]}
        (version,) = client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]
        (nic,) = version["LaunchTemplateData"]["NetworkInterfaces"]
        assert (nic["EnaQueueCount"], nic["Groups"]) == (64, before["securityGroupIds"])
        assert version["LaunchTemplateData"]["NetworkPerformanceOptions"] == {"BandwidthWeighting": "ebs-1"}
        assert world.plan("tune-batch", wish).changes == ()
        undo(plan, world, journal)
        assert resources() == before
        with pytest.raises(RefusedByGuard) as caught:
            world.plan("tune-batch", wish | {"queues": 129})
        assert "can have 128 queues on an interface of card 0, not 129" in str(caught.value.evidence)


def test_a_type_of_an_environment_without_such_a_share_refuses(world: World) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("tune-batch", {"environment": ENVIRONMENT, "queues": 4, "bandwidth_weighting": "vpc-1"})
    said = str(caught.value.evidence)
    assert "the queues of c5n.18xlarge of hpc cannot be moved" in said
    assert "the bandwidth of c5n.18xlarge of hpc cannot be weighted as vpc-1" in said


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"environment": ENVIRONMENT, "jobs": ["mpi"]}, "no active job definition is called mpi"),
        ({"environment": "nothing"}, "there is no compute environment 'nothing' here"),
        ({"environment": ENVIRONMENT, "placement_group": "nowhere"}, "there is no placement group 'nowhere' here"),
    ],
    ids=["job", "environment", "placement group"],
)
def test_what_is_not_there_is_bad_input(world: World, inputs: dict[str, Json], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        world.plan("tune-batch", inputs)
    assert said in caught.value.summary


BEST = BatchEnvironment(
    name="e",
    types=("c5n.18xlarge",),
    subnets=("s",),
    groups=("sg",),
    placement_group="near",
    template="lt",
    version="1",
    strategy="BEST_FIT_PROGRESSIVE",
    role="arn:aws:iam::1:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
)
AROUND = Surroundings(
    types={"c5n.18xlarge": TypeNetwork(name="c5n.18xlarge", efa=1), "t3.micro": TypeNetwork(name="t3.micro")},
    subnets={"s": LaunchSubnet(id="s", zone="a")},
    self_ruled={"sg": True},
)
NICS = ({"DeviceIndex": 0}, {"DeviceIndex": 1, "InterfaceType": "efa-only"})
LOOK = BatchLook(environment=BEST, around=AROUND, interfaces=NICS, strategy="cluster")
SRD = TypeNetwork(name="c6in.32xlarge", efa=2, ena_express=True)
MPI = BatchJobs(name="mpi:1", nodes=4, containers=1, with_device=1)


def but(**more: Any) -> BatchLook:
    return LOOK.model_copy(update={"environment": BEST.model_copy(update=more)})


@pytest.mark.parametrize(
    ("look", "found"),
    [
        (LOOK, ["note driver"]),
        (but(managed=False), ["refuse no-instances"]),
        (but(kind="FARGATE"), ["refuse no-instances"]),
        (but(status="UPDATING"), ["refuse not-valid", "note driver"]),
        (but(role="arn:aws:iam::1:role/mine"), ["refuse not-updatable", "note driver"]),
        (but(overrides=2), ["refuse overrides", "note driver"]),
        (but(types=("c5n",)), ["lacks families", "note driver"]),
        (but(types=("t3.micro",)), ["lacks no-efa", "note driver"]),
        (but(types=("x9.odd",)), ["unknown types-unread", "note driver"]),
        (but(types=("c5n.18xlarge", "t3.micro")), ["lacks no-efa", "lacks several-types", "note driver"]),
        (but(template=""), ["lacks no-template", "note driver"]),
        (but(placement_group=""), ["lacks no-placement-group", "note driver"]),
        (LOOK.model_copy(update={"strategy": "spread"}), ["lacks not-cluster", "note driver"]),
        (but(groups=("other",)), ["unknown security-groups", "note driver"]),
        (LOOK.model_copy(update={"interfaces": ()}), ["lacks no-interfaces"]),
        (but(version="$Latest").model_copy(update={"interfaces": ()}), ["lacks no-interfaces", "lacks latest"]),
        (LOOK.model_copy(update={"jobs": (MPI,)}), ["note driver"]),
        (
            LOOK.model_copy(update={"jobs": (MPI.model_copy(update={"with_device": 0}),)}),
            ["lacks device", "note driver"],
        ),
        (but(kind="SPOT"), ["note driver", "note spot"]),
        (but(kind="SPOT").model_copy(update={"jobs": (MPI,)}), ["refuse spot-multi-node", "note driver"]),
        (
            but(groups=("sg", "b", "c", "d", "e", "f")).model_copy(update={"jobs": (MPI,)}),
            ["lacks groups", "note driver"],
        ),
    ],
    ids=[
        "best",
        "unmanaged",
        "fargate",
        "updating",
        "role",
        "overrides",
        "families",
        "type",
        "unread",
        "types",
        "template",
        "group",
        "spread",
        "security",
        "interfaces",
        "latest",
        "jobs",
        "device",
        "spot",
        "spot nodes",
        "groups",
    ],
)
def test_an_environment_is_judged_by_what_efa_needs_in_batch(look: BatchLook, found: list[str]) -> None:
    assert [f"{one.kind} {one.id}" for one in findings_of(look)] == found


@pytest.mark.parametrize(
    ("look", "found"),
    [
        ({}, ["note express-guest"]),
        ({"types": {"c5n.18xlarge": TypeNetwork(name="c5n.18xlarge", efa=1)}}, ["refuse no-express"]),
        ({"subnets": {"s": LaunchSubnet(id="s", zone="us-east-1-bos-1a")}}, ["refuse no-express"]),
        (
            {"subnets": {one: LaunchSubnet(id=one, zone=one) for one in ("us-east-1a", "us-east-1b")}},
            ["note express-guest"],
        ),
    ],
    ids=["fits", "type", "local zone", "zones"],
)
def test_ena_express_of_an_environment_needs_its_types_and_zones(look: dict[str, Any], found: list[str]) -> None:
    around = Surroundings(types={"c6in.32xlarge": SRD}, self_ruled={"sg": True}).model_copy(update=look)
    asked = LOOK.model_copy(update={"around": around, "wish": LaunchWish(ena_express=True), "region": "us-east-1"})
    judged = [f"{one.kind} {one.id}" for one in findings_of(asked)]
    assert [one for one in judged if "express" in one][: len(found)] == found


def test_ena_express_that_could_be_on_is_a_note() -> None:
    asked = LOOK.model_copy(update={"around": AROUND.model_copy(update={"types": {"c6in.32xlarge": SRD}})})
    assert "express-off" in [one.id for one in findings_of(asked) if one.kind == "note"]


def test_two_zones_are_one_too_many() -> None:
    subnets = {"s": LaunchSubnet(id="s", zone="a"), "t": LaunchSubnet(id="t", zone="b")}
    look = LOOK.model_copy(update={"around": AROUND.model_copy(update={"subnets": subnets})})
    assert [one.id for one in findings_of(look)] == ["zones", "driver"]


def test_job_definitions_are_read_in_every_form_and_by_their_newest_revision() -> None:
    device = {"linuxParameters": {"devices": [{"hostPath": "/dev/infiniband/uverbs0"}]}}
    answer = {
        "jobDefinitions": [
            {"jobDefinitionName": "one", "revision": 1, "type": "container", "containerProperties": {}},
            {"jobDefinitionName": "one", "revision": 2, "type": "container", "containerProperties": device},
            {"jobDefinitionName": "one", "revision": 3, "status": "INACTIVE", "type": "container"},
            {
                "jobDefinitionName": "many",
                "revision": 1,
                "type": "multinode",
                "nodeProperties": {
                    "numNodes": 8,
                    "nodeRangeProperties": [
                        {"container": device},
                        {"ecsProperties": {"taskProperties": [{"containers": [device, {}]}]}},
                    ],
                },
            },
        ]
    }
    assert parse_job_definitions(answer) == (
        BatchJobs(name="many:1", nodes=8, containers=3, with_device=2),
        BatchJobs(name="one:2", nodes=1, containers=1, with_device=1),
    )


def test_an_environment_that_names_no_strategy_has_best_fit() -> None:
    parsed = parse_environment(
        {"computeEnvironmentName": "e", "type": "MANAGED", "computeResources": {"type": "EC2"}}
    )
    assert (parsed.strategy, parsed.updatable) == ("BEST_FIT", False)
