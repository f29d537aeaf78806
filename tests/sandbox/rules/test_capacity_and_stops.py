"""Capacity Reservations, and what of an instance changes only while it is stopped, as the API model says."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.fleet import described
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        yield made


def reserve(count: int = 1, kind: str = "m4.16xlarge", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = client("ec2").create_capacity_reservation(
        InstanceType=kind,
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=count,
        **more,
    )["CapacityReservation"]
    return made


def now(made: dict[str, Any]) -> tuple[str, int]:
    ids = [made["CapacityReservationId"]]
    (found,) = client("ec2").describe_capacity_reservations(CapacityReservationIds=ids)["CapacityReservations"]
    return found["State"], found["AvailableInstanceCount"]


def refused(call: str, **params: Any) -> str:
    with pytest.raises(ClientError) as told:
        getattr(client("ec2"), call)(**params)
    code: str = told.value.response["Error"]["Code"]
    return code


def stopped(name: str) -> str:
    instance: str = described(name)["InstanceId"]
    client("ec2").stop_instances(InstanceIds=[instance])
    return instance


def test_an_open_reservation_is_used_by_what_runs_and_keeps_its_place_while_it_is_stopped(world: World) -> None:
    made = reserve(2)
    assert (now(made), described("hpc-4")["CapacityReservationId"]) == (
        ("active", 1),
        made["CapacityReservationId"],
    )
    old = stopped("hpc-4")
    assert now(made) == ("active", 2)
    conditions(world.account).faults.no_capacity = {"us-east-1a"}
    client("ec2").start_instances(InstanceIds=[old])
    assert now(made) == ("active", 1)
    client("ec2").cancel_capacity_reservation(CapacityReservationId=made["CapacityReservationId"])
    assert (now(made), described("hpc-4")["State"]["Name"]) == (("cancelled", 0), "running")
    assert "CapacityReservationId" not in described("hpc-4")


def test_without_capacity_a_reservation_is_refused_and_so_is_a_start_that_has_none(world: World) -> None:
    old = stopped("hpc-4")
    conditions(world.account).faults.no_capacity = {"us-east-1a"}
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        reserve()
    assert refused("start_instances", InstanceIds=[old]) == "InsufficientInstanceCapacity"


def test_inside_a_cluster_group_it_is_for_the_groups_instances_alone(world: World) -> None:
    (group,) = client("ec2").describe_placement_groups(GroupNames=["hpc"])["PlacementGroups"]
    inside = reserve(3, "c5n.18xlarge", PlacementGroupArn=group["GroupArn"])
    outside = reserve(3, "c5n.18xlarge")
    assert (now(inside), now(outside)) == (("active", 1), ("active", 3))


def test_a_token_makes_one_reservation_and_an_end_is_an_end(world: World) -> None:
    assert (
        reserve(ClientToken="once")["CapacityReservationId"]
        == reserve(ClientToken="once")["CapacityReservationId"]
    )
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        reserve(EndDateType="limited")
    with pytest.raises(ClientError, match="in the past"):
        reserve(EndDateType="limited", EndDate="2020-01-01T00:00:00Z")
    strange = [{"Name": "tag:opsctl:plan", "Values": ["x"]}]
    assert refused("describe_capacity_reservations", Filters=strange) == "InvalidParameterValue"


def test_type_group_and_queues_change_on_a_stopped_instance_only(world: World) -> None:
    nic = described("hpc-3")["NetworkInterfaces"][0]
    running = described("hpc-3")["InstanceId"]
    attached = {"AttachmentId": nic["Attachment"]["AttachmentId"], "EnaQueueCount": 16}
    queues = {"NetworkInterfaceId": nic["NetworkInterfaceId"], "Attachment": attached}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("modify_instance_attribute", {"InstanceId": running, "InstanceType": {"Value": "c6i.32xlarge"}}),
        ("modify_instance_placement", {"InstanceId": running, "GroupName": "hpc"}),
        ("modify_network_interface_attribute", queues),
    ]
    assert {refused(name, **params) for name, params in calls} == {"IncorrectInstanceState"}
    stopped("hpc-3")
    for name, params in calls:
        getattr(client("ec2"), name)(**params)
    found = described("hpc-3")
    told = found["NetworkInterfaces"][0]["Attachment"]["EnaQueueCount"]
    assert (found["InstanceType"], found["Placement"]["GroupName"], told) == ("c6i.32xlarge", "hpc", 16)


def test_a_type_that_does_not_fit_is_refused_at_the_change_or_at_the_start(world: World) -> None:
    old, unknown = stopped("hpc-4"), {"Value": "c5n.gigantic"}
    assert (
        refused("modify_instance_attribute", InstanceId=old, InstanceType=unknown)
        == "InvalidInstanceAttributeValue"
    )
    client("ec2").modify_instance_attribute(InstanceId=old, InstanceType={"Value": "c5n.18xlarge"})
    with pytest.raises(ClientError, match=r"Enhanced networking .* is required for the 'c5n.18xlarge'"):
        client("ec2").start_instances(InstanceIds=[old])
    client("ec2").modify_instance_attribute(InstanceId=old, EnaSupport={"Value": True})
    client("ec2").modify_instance_attribute(InstanceId=old, InstanceType={"Value": "c6gn.16xlarge"})
    assert refused("start_instances", InstanceIds=[old]) == "Unsupported"


def test_a_group_takes_only_what_its_strategy_takes(world: World) -> None:
    old = stopped("hpc-4")
    client("ec2").modify_instance_attribute(InstanceId=old, InstanceType={"Value": "t3.large"})
    assert refused("modify_instance_placement", InstanceId=old, GroupName="hpc") == "InvalidParameterCombination"
    unknown = refused("modify_instance_placement", InstanceId=old, GroupName="nobody")
    assert unknown == "InvalidPlacementGroup.Unknown"
