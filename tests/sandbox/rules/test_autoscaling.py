"""Auto Scaling's rules: each from a fact about AWS (sections 0, 3 and 4 of the facts about make-ha)."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.groups import (
    LAUNCH,
    TERMINATE,
    activities,
    complete,
    group,
    make_group,
    only,
    refused,
    states,
    subnets,
    template,
)
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world

NAME: dict[str, Any] = {"AutoScalingGroupName": "g"}


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world() as (_, about):
        yield about


def asg() -> Any:
    return client("autoscaling")


def run(subnet: str) -> str:
    made: str = client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1, SubnetId=subnet
    )["Instances"][0]["InstanceId"]
    return made


def lone(desired: int = 0) -> tuple[str, list[str]]:
    nets = subnets()
    make_group(0, VPCZoneIdentifier=",".join(nets), DesiredCapacity=desired)
    return run(nets[0]), nets


def state_of(instance: str) -> str:
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    name: str = found["State"]["Name"]
    return name


def test_a_launch_hook_holds_the_instance_and_continue_lets_it_into_service() -> None:
    make_group(hooks=(LAUNCH,))
    assert states() == ["Pending:Wait"]
    complete(only(), "CONTINUE")
    assert states() == ["InService"]
    assert [one["StatusCode"] for one in activities()] == ["Successful"]


def test_the_event_of_a_hook_carries_what_aws_says_it_carries(about: Conditions) -> None:
    make_group(hooks=(LAUNCH,))
    (event,) = about.events
    assert event["source"] == "aws.autoscaling"
    assert event["detail-type"] == "EC2 Instance-launch Lifecycle Action"
    assert event["resources"] == [group()["AutoScalingGroupARN"]]
    assert set(event["detail"]) == {
        "LifecycleActionToken",
        "AutoScalingGroupName",
        "LifecycleHookName",
        "EC2InstanceId",
        "LifecycleTransition",
        "Origin",
        "Destination",
    }


def test_an_action_is_completed_by_its_token_too(about: Conditions) -> None:
    make_group(hooks=(LAUNCH,))
    token = about.events[0]["detail"]["LifecycleActionToken"]
    asg().complete_lifecycle_action(
        **NAME, LifecycleHookName="launching", LifecycleActionToken=token, LifecycleActionResult="CONTINUE"
    )
    assert states() == ["InService"]


def test_completing_twice_or_late_finds_no_active_action() -> None:
    make_group(hooks=(LAUNCH,))
    instance = only()
    complete(instance, "CONTINUE")
    again: dict[str, Any] = {
        **NAME,
        "LifecycleHookName": "launching",
        "InstanceId": instance,
        "LifecycleActionResult": "CONTINUE",
    }
    words = f"No active Lifecycle Action found with instance ID {instance}"
    refused("ValidationError", asg().complete_lifecycle_action, says=words, **again)
    token = {"LifecycleActionToken": "0" * 36}
    refused("ValidationError", asg().complete_lifecycle_action, says="with token 000", **again, **token)


def test_without_a_heartbeat_the_default_result_is_taken(about: Conditions) -> None:
    make_group(hooks=(LAUNCH,))
    first = only()
    move(about, 3599)
    assert states() == ["Pending:Wait"]
    move(about, 1)
    assert state_of(first) == "terminated"
    assert activities()[0]["StatusCode"] == "Cancelled"


def test_a_heartbeat_begins_the_wait_anew(about: Conditions) -> None:
    make_group(hooks=(LAUNCH,))
    first = only()
    move(about, 3000)
    asg().record_lifecycle_action_heartbeat(**NAME, LifecycleHookName="launching", InstanceId=first)
    move(about, 3000)
    assert (only(), states()) == (first, ["Pending:Wait"])


def test_heartbeats_do_not_outlive_the_global_timeout(about: Conditions) -> None:
    make_group(0)
    asg().put_lifecycle_hook(**NAME, LifecycleHookName="h", LifecycleTransition=LAUNCH, HeartbeatTimeout=30)
    (hook,) = asg().describe_lifecycle_hooks(**NAME)["LifecycleHooks"]
    assert (hook["GlobalTimeout"], hook["DefaultResult"]) == (3000, "ABANDON")
    asg().set_desired_capacity(**NAME, DesiredCapacity=1)
    first = only()
    for _ in range(149):
        move(about, 20)
        asg().record_lifecycle_action_heartbeat(**NAME, LifecycleHookName="h", InstanceId=first)
    move(about, 20)
    assert state_of(first) == "terminated"


def test_a_global_timeout_is_never_longer_than_two_days() -> None:
    make_group(0)
    asg().put_lifecycle_hook(**NAME, LifecycleHookName="h", LifecycleTransition=LAUNCH, HeartbeatTimeout=1800)
    (hook,) = asg().describe_lifecycle_hooks(**NAME)["LifecycleHooks"]
    assert hook["GlobalTimeout"] == 172_800


@pytest.mark.parametrize("heartbeat", [29, 7201])
def test_a_heartbeat_timeout_is_between_half_a_minute_and_two_hours(heartbeat: int) -> None:
    make_group(0)
    hook = {**NAME, "LifecycleHookName": "h", "LifecycleTransition": LAUNCH, "HeartbeatTimeout": heartbeat}
    refused("ValidationError", asg().put_lifecycle_hook, **hook)


def test_the_replacement_is_launched_while_the_old_one_still_terminates() -> None:
    make_group(hooks=(TERMINATE,))
    asg().terminate_instance_in_auto_scaling_group(InstanceId=only(), ShouldDecrementDesiredCapacity=False)
    assert states() == ["Terminating:Wait", "InService"]


@pytest.mark.parametrize("result", ["CONTINUE", "ABANDON"])
def test_both_results_of_a_termination_hook_let_the_instance_die(result: str) -> None:
    make_group(hooks=(TERMINATE,))
    old = only()
    asg().terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
    complete(old, result, "terminating")
    assert (state_of(old), states()) == ("terminated", ["InService"])


def retaining() -> str:
    policy = {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
    make_group(hooks=(TERMINATE,), InstanceLifecyclePolicy=policy)
    old = only()
    asg().terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
    return old


def test_an_abandoned_termination_keeps_the_instance_where_the_policy_retains() -> None:
    old = retaining()
    complete(old, "ABANDON", "terminating")
    assert (state_of(old), states()) == ("running", ["Terminating:Retained", "InService"])
    asg().terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
    assert (state_of(old), states()) == ("terminated", ["InService"])


def test_a_termination_that_times_out_is_retained_and_one_that_continues_is_not(about: Conditions) -> None:
    old = retaining()
    move(about, 3600)
    assert states()[0] == "Terminating:Retained"
    new = group()["Instances"][1]["InstanceId"]
    asg().terminate_instance_in_auto_scaling_group(InstanceId=new, ShouldDecrementDesiredCapacity=False)
    complete(new, "CONTINUE", "terminating")
    assert (state_of(new), state_of(old)) == ("terminated", "running")


@pytest.mark.parametrize(("kind", "after"), [(LAUNCH, "terminated"), (TERMINATE, "terminated")])
def test_deleting_a_hook_completes_what_waits(kind: str, after: str, about: Conditions) -> None:
    make_group(hooks=(kind,))
    old = only()
    if kind == TERMINATE:
        asg().terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
    asg().delete_lifecycle_hook(**NAME, LifecycleHookName=kind.rsplit("_", 1)[1].lower())
    assert state_of(old) == after


@pytest.mark.parametrize("how", ["stop_instances", "terminate_instances"])
def test_an_instance_that_no_longer_runs_is_replaced(how: str, about: Conditions) -> None:
    make_group(hooks=(TERMINATE,))
    old = only()
    getattr(client("ec2"), how)(InstanceIds=[old])
    move(about, 60)
    assert states() == ["Terminating:Wait", "InService"]


def test_an_instance_marked_unhealthy_is_replaced(about: Conditions) -> None:
    make_group()
    old = only()
    asg().set_instance_health(InstanceId=old, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    move(about, 60)
    assert (state_of(old), states()) == ("terminated", ["InService"])


def test_a_mark_within_the_grace_period_counts_only_when_it_is_told_to(about: Conditions) -> None:
    make_group(HealthCheckGracePeriod=600)
    asg().set_instance_health(InstanceId=only(), HealthStatus="Unhealthy")
    move(about, 60)
    assert group()["Instances"][0]["HealthStatus"] == "Healthy"


def test_an_impaired_instance_is_given_a_few_minutes(about: Conditions) -> None:
    make_group()
    old = only()
    about.faults.impaired.add(old)
    move(about, 60)
    assert only() == old
    move(about, 180)
    assert only() != old


def test_nobody_knows_means_nobody_replaces(about: Conditions) -> None:
    make_group()
    old = only()
    about.faults.impaired.add(old)
    about.faults.dark_zones.add(group()["Instances"][0]["AvailabilityZone"])
    move(about, 3600)
    assert only() == old


def test_a_group_that_launches_first_keeps_the_old_one_until_the_new_one_serves(about: Conditions) -> None:
    about.faults.launch_before_terminate = True
    make_group(hooks=(LAUNCH,))
    old = only()
    complete(old, "CONTINUE")
    client("ec2").stop_instances(InstanceIds=[old])
    move(about, 60)
    assert states() == ["InService", "Pending:Wait"]
    complete(group()["Instances"][1]["InstanceId"], "CONTINUE")
    assert (only() != old, state_of(old)) == (True, "terminated")


def test_a_maintenance_policy_of_its_own_overrides_the_setting_of_the_account(about: Conditions) -> None:
    asg().put_account_setting(Name="launchBeforeTerminate", Value="true")
    policy = {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}
    make_group(hooks=(LAUNCH, TERMINATE), InstanceMaintenancePolicy=policy)
    assert group()["InstanceMaintenancePolicy"] == policy
    old = only()
    complete(old, "CONTINUE")
    client("ec2").stop_instances(InstanceIds=[old])
    move(about, 60)
    assert states() == ["Terminating:Wait", "Pending:Wait"]


def test_a_launch_without_capacity_is_tried_in_another_zone(about: Conditions) -> None:
    about.faults.no_capacity.add("us-east-1b")
    make_group()
    assert group()["Instances"][0]["AvailabilityZone"] == "us-east-1a"
    failed, done = activities()
    assert (failed["StatusCode"], done["StatusCode"]) == ("Failed", "Successful")
    assert about.events[0]["detail-type"] == "EC2 Instance Launch Unsuccessful"


def test_a_replacement_starts_in_the_zone_with_the_fewest_instances_and_not_where_the_old_one_was(
    about: Conditions,
) -> None:
    make_group()
    move(about, 60)
    (old,) = group()["Instances"]
    asg().set_instance_health(InstanceId=old["InstanceId"], HealthStatus="Unhealthy")
    move(about, 120)
    (new,) = group()["Instances"]
    assert new["AvailabilityZone"] != old["AvailabilityZone"]


def test_a_group_without_any_capacity_goes_on_trying_less_and_less_often(about: Conditions) -> None:
    about.faults.no_capacity |= {"us-east-1a", "us-east-1b"}
    make_group()
    move(about, 3600)
    assert 10 < len(activities()) < 20
    about.faults.no_capacity.clear()
    move(about, 3600)
    assert states() == ["InService"]


def test_a_suspended_group_neither_launches_nor_ends_anything(about: Conditions) -> None:
    make_group()
    old = only()
    asg().suspend_processes(**NAME, ScalingProcesses=["ReplaceUnhealthy", "Launch", "Terminate"])
    client("ec2").stop_instances(InstanceIds=[old])
    move(about, 3600)
    assert only() == old
    asg().resume_processes(**NAME, ScalingProcesses=["ReplaceUnhealthy", "Launch", "Terminate"])
    assert group()["SuspendedProcesses"] == []
    move(about, 60)
    assert only() != old


def test_a_process_nobody_knows_cannot_be_suspended() -> None:
    make_group(0)
    refused("ValidationError", asg().suspend_processes, **NAME, ScalingProcesses=["Sleep"])


def test_attaching_runs_no_hook_and_raises_the_desired_capacity() -> None:
    instance, _ = lone()
    asg().put_lifecycle_hook(**NAME, LifecycleHookName="launching", LifecycleTransition=LAUNCH)
    asg().create_or_update_tags(
        Tags=[
            {
                "ResourceId": "g",
                "ResourceType": "auto-scaling-group",
                "Key": "k",
                "Value": "v",
                "PropagateAtLaunch": True,
            }
        ]
    )
    asg().attach_instances(**NAME, InstanceIds=[instance])
    assert (group()["DesiredCapacity"], states()) == (1, ["InService"])
    # Nothing names the template of an attached instance.
    assert "LaunchTemplate" not in group()["Instances"][0]
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert {"Key": "aws:autoscaling:groupName", "Value": "g"} in found["Tags"]
    assert {"Key": "k", "Value": "v"} in found["Tags"]


def test_attaching_beyond_the_maximum_is_refused() -> None:
    instance, _ = lone(desired=1)
    says = "To attach 1 instance(s), please update"
    refused("ValidationError", asg().attach_instances, says=says, **NAME, InstanceIds=[instance])


def test_only_a_running_instance_of_the_groups_zones_outside_any_group_is_attached() -> None:
    instance, nets = lone()
    attach = asg().attach_instances
    refused("ValidationError", attach, says="does not exist", **NAME, InstanceIds=["i-0123456789abcdef0"])
    client("ec2").stop_instances(InstanceIds=[instance])
    refused("ValidationError", attach, says="'running'", **NAME, InstanceIds=[instance])
    client("ec2").start_instances(InstanceIds=[instance])
    asg().update_auto_scaling_group(**NAME, VPCZoneIdentifier=nets[1])
    refused("ValidationError", attach, says="availability zone", **NAME, InstanceIds=[instance])
    asg().update_auto_scaling_group(**NAME, VPCZoneIdentifier=",".join(nets))
    attach(**NAME, InstanceIds=[instance])
    refused("ValidationError", attach, says="already part of", **NAME, InstanceIds=[instance])


def test_an_instance_whose_image_is_gone_cannot_be_attached() -> None:
    nets = subnets()
    seed = run(nets[0])
    image = client("ec2").create_image(InstanceId=seed, Name="mine", NoReboot=True)["ImageId"]
    make_group(0, VPCZoneIdentifier=",".join(nets))
    instance = client("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=nets[0])["Instances"][0]
    client("ec2").deregister_image(ImageId=image)
    refused(
        "ValidationError",
        asg().attach_instances,
        says="no longer exists",
        **NAME,
        InstanceIds=[instance["InstanceId"]],
    )


def test_detaching_runs_no_hook_and_leaves_the_instance_running() -> None:
    instance, _ = lone()
    asg().put_lifecycle_hook(**NAME, LifecycleHookName="terminating", LifecycleTransition=TERMINATE)
    asg().attach_instances(**NAME, InstanceIds=[instance])
    asg().detach_instances(**NAME, InstanceIds=[instance], ShouldDecrementDesiredCapacity=True)
    assert (states(), group()["DesiredCapacity"], state_of(instance)) == ([], 0, "running")
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert "aws:autoscaling:groupName" not in [tag["Key"] for tag in found.get("Tags", [])]


def test_detaching_below_the_minimum_is_refused_and_without_decrement_is_replaced() -> None:
    make_group()
    old = only()
    detach: dict[str, Any] = {**NAME, "InstanceIds": [old]}
    refused("ValidationError", asg().detach_instances, **detach, ShouldDecrementDesiredCapacity=True)
    asg().detach_instances(**detach, ShouldDecrementDesiredCapacity=False)
    assert only() != old


def test_an_instance_that_is_not_in_service_cannot_be_detached() -> None:
    make_group(hooks=(LAUNCH,))
    detach: dict[str, Any] = {**NAME, "InstanceIds": [only()], "ShouldDecrementDesiredCapacity": False}
    refused("ValidationError", asg().detach_instances, says="is not in InService", **detach)


def test_terminating_below_the_minimum_is_refused() -> None:
    make_group()
    refused(
        "ValidationError",
        asg().terminate_instance_in_auto_scaling_group,
        says="desiredSize equals minSize (1)",
        InstanceId=only(),
        ShouldDecrementDesiredCapacity=True,
    )


def test_a_group_with_instances_is_deleted_only_by_force() -> None:
    make_group(hooks=(TERMINATE,))
    old = only()
    refused("ResourceInUse", asg().delete_auto_scaling_group, **NAME)
    asg().delete_auto_scaling_group(**NAME, ForceDelete=True)
    assert state_of(old) == "terminated"  # no hook ran
    assert asg().describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_protection_of_an_instance_does_not_stop_its_group_from_ending_it(about: Conditions) -> None:
    make_group()
    old = only()
    for attribute in ("DisableApiStop", "DisableApiTermination"):
        client("ec2").modify_instance_attribute(InstanceId=old, **{attribute: {"Value": True}})
    asg().set_instance_health(InstanceId=old, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    move(about, 600)
    assert state_of(old) == "terminated"


def test_a_protected_group_is_not_deleted_by_force() -> None:
    make_group(0, DeletionProtection="prevent-force-deletion")
    refused("ValidationError", asg().delete_auto_scaling_group, **NAME, ForceDelete=True)
    asg().delete_auto_scaling_group(**NAME)


def test_a_group_registers_its_instances_with_its_target_groups() -> None:
    nets = subnets()
    vpc = client("ec2").describe_subnets(SubnetIds=nets)["Subnets"][0]["VpcId"]
    arn = client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0][
        "TargetGroupArn"
    ]
    make_group(VPCZoneIdentifier=",".join(nets), TargetGroupARNs=[arn])

    def targets() -> list[str]:
        found = client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [one["Target"]["Id"] for one in found]

    assert targets() == [only()]
    asg().detach_instances(**NAME, InstanceIds=[only()], ShouldDecrementDesiredCapacity=False)
    assert targets() == [only()]


def test_target_groups_of_addresses_do_not_go_with_a_group() -> None:
    nets = subnets()
    vpc = client("ec2").describe_subnets(SubnetIds=nets)["Subnets"][0]["VpcId"]
    arn = client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    with pytest.raises(Exception, match="Provided Target Groups may not be valid"):
        make_group(VPCZoneIdentifier=",".join(nets), TargetGroupARNs=[arn])


def test_a_template_that_pins_addresses_or_a_subnet_is_refused() -> None:
    nic = {"DeviceIndex": 0, "PrivateIpAddress": "10.9.0.9"}
    with pytest.raises(Exception, match="not supported with Auto Scaling"):
        make_group(
            LaunchTemplate={"LaunchTemplateId": template("pinned", NetworkInterfaces=[nic]), "Version": "1"}
        )


def test_metrics_are_collected_once_they_are_enabled() -> None:
    make_group(0)
    asg().enable_metrics_collection(**NAME, Granularity="1Minute", Metrics=["GroupInServiceInstances"])
    assert group()["EnabledMetrics"] == [{"Metric": "GroupInServiceInstances", "Granularity": "1Minute"}]
    refused("ValidationError", asg().enable_metrics_collection, **NAME, Granularity="1Minute", Metrics=["Mood"])


def test_enabled_metrics_are_published_and_tell_the_group_as_it_is() -> None:
    make_group(0)
    listed = {"Namespace": "AWS/AutoScaling", "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "g"}]}
    metrics = client("cloudwatch").list_metrics
    assert metrics(**listed, RecentlyActive="PT3H")["Metrics"] == []
    enabled = ["GroupInServiceInstances", "GroupDesiredCapacity"]
    asg().enable_metrics_collection(**NAME, Granularity="1Minute", Metrics=enabled)
    assert sorted(one["MetricName"] for one in metrics(**listed)["Metrics"]) == sorted(enabled)


def test_the_account_says_whether_it_launches_before_it_terminates() -> None:
    (setting,) = asg().describe_account_settings()["Settings"]
    assert (setting["Name"], setting["Value"]) == ("launchBeforeTerminate", "false")


def test_a_group_has_no_refresh_in_progress_and_a_missing_group_is_named() -> None:
    make_group(0)
    assert asg().describe_instance_refreshes(**NAME)["InstanceRefreshes"] == []
    refused("ValidationError", asg().describe_instance_refreshes, says="'x' not found", AutoScalingGroupName="x")


def test_sizes_out_of_bounds_are_refused() -> None:
    make_group(0)
    refused("ValidationError", asg().update_auto_scaling_group, **NAME, MinSize=2)
    refused("ValidationError", asg().set_desired_capacity, **NAME, DesiredCapacity=2)
    asg().update_auto_scaling_group(**NAME, MinSize=1)
    assert (group()["DesiredCapacity"], states()) == (1, ["InService"])


def test_nothing_is_attached_while_launch_is_suspended() -> None:
    instance, _ = lone()
    asg().suspend_processes(**NAME, ScalingProcesses=["Launch"])
    says = "while the Launch process is suspended"
    refused("ValidationError", asg().attach_instances, says, **NAME, InstanceIds=[instance])
    asg().resume_processes(**NAME, ScalingProcesses=["Launch"])
    asg().attach_instances(**NAME, InstanceIds=[instance])
    assert states() == ["InService"]
