"""What groups and Batch launch: instance refreshes, placement groups, adapters, updates of an environment.

Each rule is from AWS's references: StartInstanceRefresh, UpdateAutoScalingGroup, UpdateComputeEnvironment.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from tests.kit.groups import refused
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world
from tests.kit.worker_groups import ENVIRONMENT, WORKERS, make_environment, make_workers

NAMED: dict[str, Any] = {"AutoScalingGroupName": WORKERS}


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(make_workers, make_environment, durations=QUICK) as (_, made):
        move(made, 60)
        yield made


def asg() -> Any:
    return client("autoscaling")


def group() -> Json:
    return asg().describe_auto_scaling_groups(AutoScalingGroupNames=[WORKERS])["AutoScalingGroups"][0]


def refresh() -> Json:
    return asg().describe_instance_refreshes(**NAMED)["InstanceRefreshes"][0]


def ids() -> list[str]:
    return sorted(one["InstanceId"] for one in group()["Instances"])


def version(**data: Any) -> str:
    template = {"LaunchTemplateId": group()["LaunchTemplate"]["LaunchTemplateId"]}
    like = client("ec2").describe_launch_template_versions(**template, Versions=["1"])["LaunchTemplateVersions"][0]
    made = client("ec2").create_launch_template_version(
        **template, LaunchTemplateData={**like["LaunchTemplateData"], **data}
    )
    number = str(made["LaunchTemplateVersion"]["VersionNumber"])
    asg().update_auto_scaling_group(**NAMED, LaunchTemplate={**template, "Version": number})
    return number


def test_a_refresh_replaces_one_after_the_other_and_says_how_far_it_is(about: Conditions) -> None:
    old = ids()
    started = asg().start_instance_refresh(**NAMED)["InstanceRefreshId"]
    assert (refresh()["InstanceRefreshId"], refresh()["Status"], refresh()["PercentageComplete"]) == (
        started,
        "Pending",
        0,
    )
    move(about, 12)
    assert refresh()["Status"] == "InProgress"
    assert len(set(old) & set(ids())) >= 1
    move(about, 120)
    assert (refresh()["Status"], refresh()["PercentageComplete"]) == ("Successful", 100)
    assert not set(old) & set(ids())


def test_a_group_has_one_refresh_at_a_time_and_a_cancelled_one_stops(about: Conditions) -> None:
    asg().start_instance_refresh(**NAMED)
    refused("InstanceRefreshInProgress", asg().start_instance_refresh, **NAMED)
    asg().cancel_instance_refresh(**NAMED)
    assert refresh()["Status"] == "Cancelled"
    old = ids()
    move(about, 120)
    assert ids() == old
    refused("ActiveInstanceRefreshNotFound", asg().cancel_instance_refresh, **NAMED)


def test_with_skip_matching_what_the_group_launches_by_now_stays(about: Conditions) -> None:
    old = ids()
    asg().start_instance_refresh(**NAMED, Preferences={"SkipMatching": True})
    move(about, 120)
    assert (refresh()["Status"], ids()) == ("Successful", old)


def test_an_instance_names_the_version_that_it_was_launched_by(about: Conditions) -> None:
    newest = version(EbsOptimized=True)
    latest = {"LaunchTemplateId": group()["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"}
    asg().update_auto_scaling_group(**NAMED, LaunchTemplate=latest)
    asg().start_instance_refresh(**NAMED, Preferences={"SkipMatching": True})
    move(about, 120)
    assert group()["LaunchTemplate"]["Version"] == "$Latest"
    assert {one["LaunchTemplate"]["Version"] for one in group()["Instances"]} == {newest}


@pytest.mark.parametrize("process", ["Launch", "Terminate"])
def test_a_suspended_process_fails_a_refresh(about: Conditions, process: str) -> None:
    asg().suspend_processes(**NAMED, ScalingProcesses=[process])
    asg().start_instance_refresh(**NAMED)
    move(about, 30)
    assert (refresh()["Status"], process in refresh()["StatusReason"]) == ("Failed", True)


def test_healthy_percentages_are_at_most_100_apart() -> None:
    apart = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 200}
    refused("ValidationError", asg().start_instance_refresh, **NAMED, Preferences=apart)


def test_a_group_launches_into_its_placement_group_until_it_has_none(about: Conditions) -> None:
    asg().update_auto_scaling_group(**NAMED, PlacementGroup="near")
    asg().start_instance_refresh(**NAMED)
    move(about, 120)
    found = client("ec2").describe_instances(InstanceIds=ids())["Reservations"]
    assert {one["Placement"]["GroupName"] for each in found for one in each["Instances"]} == {"near"}
    asg().update_auto_scaling_group(**NAMED, PlacementGroup="")
    assert "PlacementGroup" not in group()


def test_a_placement_group_has_to_be_there_and_a_cluster_one_is_in_one_zone() -> None:
    refused("ValidationError", asg().update_auto_scaling_group, **NAMED, PlacementGroup="nowhere")
    vpc = client("ec2").describe_subnets(SubnetIds=[group()["VPCZoneIdentifier"]])["Subnets"][0]["VpcId"]
    other = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.40.1.0/24", AvailabilityZone="us-east-1b")
    both = f"{group()['VPCZoneIdentifier']},{other['Subnet']['SubnetId']}"
    asg().update_auto_scaling_group(**NAMED, VPCZoneIdentifier=both)
    refused("ValidationError", asg().update_auto_scaling_group, **NAMED, PlacementGroup="near")


def test_a_group_launches_adapters_of_the_kinds_that_its_template_names(about: Conditions) -> None:
    nics = [{"DeviceIndex": 0}, {"DeviceIndex": 1, "NetworkCardIndex": 0, "InterfaceType": "efa-only"}]
    version(NetworkInterfaces=nics, SecurityGroupIds=[])
    asg().start_instance_refresh(**NAMED, Preferences={"SkipMatching": True})
    move(about, 120)
    found = client("ec2").describe_instances(InstanceIds=ids())["Reservations"]
    kinds = {
        nic["InterfaceType"] for each in found for one in each["Instances"] for nic in one["NetworkInterfaces"]
    }
    assert kinds == {"interface", "efa-only"}


def test_an_environment_keeps_what_an_update_of_its_infrastructure_says() -> None:
    batch = client("batch")
    batch.update_compute_environment(computeEnvironment=ENVIRONMENT, computeResources={"placementGroup": "near"})
    (found,) = batch.describe_compute_environments()["computeEnvironments"]
    assert found["computeResources"]["placementGroup"] == "near"
    assert found["computeResources"]["instanceTypes"] == ["c5n.18xlarge"]


def test_an_environment_with_best_fit_or_a_role_of_its_own_is_not_updated() -> None:
    batch, iam = client("batch"), client("iam")
    (found,) = batch.describe_compute_environments()["computeEnvironments"]
    role = iam.create_role(RoleName="own", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    best = {**found["computeResources"], "allocationStrategy": "BEST_FIT"}
    for name, service, resources in (
        ("own", role, found["computeResources"]),
        ("best", found["serviceRole"], best),
    ):
        batch.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            state="ENABLED",
            serviceRole=service,
            computeResources=resources,
        )
        asked: dict[str, Any] = {"computeEnvironment": name, "computeResources": {"placementGroup": "near"}}
        refused("ClientException", batch.update_compute_environment, **asked)
        batch.update_compute_environment(computeEnvironment=name, computeResources={"maxvCpus": 8})
