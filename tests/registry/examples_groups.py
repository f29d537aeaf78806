"""Examples of what is done to an Auto Scaling group and its members."""

from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.network import IMAGE
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.groups import group, make_group, only, subnets, template
from tests.kit.ha_account import instance_named
from tests.kit.ha_timeline import describe, targets
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage

_SERVING_S = 300
_NOBODY = "i-0f0f0f0f0f0f0f0f0"


def beside(instance: str) -> dict[str, Json]:
    """An empty group where an instance is; it carries the group's tag."""
    make_group(0, VPCZoneIdentifier=describe(instance)["SubnetId"], DesiredCapacity=0)
    client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "opsctl:ha", "Value": "g"}])
    return {"group": "g", "instance": instance}


def _empty(**more: Json) -> dict[str, Json]:
    return {"group": make_group(0, DesiredCapacity=0), "why": "it is needed"} | more


def _serving(stage: Stage, **more: Any) -> dict[str, Json]:
    """A group whose one instance is in service."""
    make_group(1, **more)
    stage.move(_SERVING_S)
    return {"group": "g", "instance": only(), "why": "a drill"}


def _made(_: Stage) -> dict[str, Json]:
    template("web")
    return {"group": "g", "template": "web", "subnets": subnets(), "why": "it watches the instance"}


def _attach(stage: Stage) -> dict[str, Json]:
    asked = beside(instance_named("legacy-web"))
    stage.move(_SERVING_S)
    return asked | {"why": "the group watches it"}


def _launched(stage: Stage) -> dict[str, Json]:
    return _serving(stage) | {"instance": _NOBODY, "zone": "us-east-1f"}


def _min_size(_: Stage) -> dict[str, Json]:
    return {"group": make_group(0, DesiredCapacity=1), "size": 1, "why": "it is replaced"}


def _two_versions() -> str:
    """A launch template with a second version; returns its id."""
    id_ = template("web")
    client("ec2").create_launch_template_version(
        LaunchTemplateId=id_, LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"}
    )
    return id_


def _launch_template(_: Stage) -> dict[str, Json]:
    id_ = _two_versions()
    make_group(0, DesiredCapacity=0, LaunchTemplate={"LaunchTemplateId": id_, "Version": "$Default"})
    return {"group": "g", "template": id_, "before": "$Default", "version": "2", "why": "it is newer"}


def _placement_group(_: Stage) -> dict[str, Json]:
    client("ec2").create_placement_group(GroupName="near", Strategy="cluster")
    make_group(0, DesiredCapacity=0, VPCZoneIdentifier=subnets()[0])
    return {"group": "g", "placement_group": "near", "why": "they talk to each other"}


def _refresh(stage: Stage) -> dict[str, Json]:
    id_ = _two_versions()
    asked = _serving(stage, LaunchTemplate={"LaunchTemplateId": id_, "Version": "1"})
    newer = {"LaunchTemplateId": id_, "Version": "2"}
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="g", LaunchTemplate=newer)
    return {"group": asked["group"], "why": "they are to be of version 2"}


def _resume(_: Stage) -> dict[str, Json]:
    asked = _empty(processes=["ReplaceUnhealthy"])
    client("autoscaling").suspend_processes(AutoScalingGroupName="g", ScalingProcesses=["ReplaceUnhealthy"])
    return asked


def _subnets(_: Stage) -> dict[str, Json]:
    both = subnets()
    asked = {"group": make_group(0, DesiredCapacity=0, VPCZoneIdentifier=",".join(both)), "why": "a drill"}
    return asked | {"before": both, "after": both[:1]}


def _target_group(_: Stage) -> dict[str, Json]:
    arn = client("elbv2").describe_target_groups(Names=["direct-web"])["TargetGroups"][0]["TargetGroupArn"]
    health = client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return beside(instance_named("direct-web-1")) | {"arn": arn, "port": health[0]["Target"]["Port"]}


def _members() -> Json:
    return sorted(one["InstanceId"] for one in group()["Instances"])


_NETWORK = (seed_network,)
EXAMPLES: dict[str, Example] = {
    "asg.attach": Example(given=_attach, seeds=_NETWORK, look=_members, kept="a group keeps its capacity in mind"),
    "asg.group": Example(given=_made),
    "asg.hook": Example(given=lambda _: _empty(hook="launch", at="LAUNCHING")),
    "asg.launch": Example(given=lambda _: _empty(), look=_members, kept="what was launched runs on, detached"),
    "asg.launch_template": Example(given=_launch_template),
    "asg.launched": Example(given=_launched),
    "asg.mark_unhealthy": Example(given=_serving),
    "asg.metrics": Example(given=lambda _: _empty(metrics=["GroupInServiceInstances"])),
    "asg.min_size": Example(given=_min_size),
    "asg.placement_group": Example(given=_placement_group),
    "asg.refresh": Example(given=_refresh),
    "asg.resume": Example(given=_resume),
    "asg.subnets": Example(given=_subnets),
    "asg.suspend": Example(given=lambda _: _empty(processes=["AZRebalance"])),
    "asg.target_group": Example(
        given=_target_group,
        seeds=_NETWORK,
        look=lambda: sorted(targets("direct-web")),
        kept="the target group stays with the group, which another change of the same undo deletes",
    ),
    "asg.terminate": Example(given=_serving),
}
