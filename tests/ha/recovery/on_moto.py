"""A make-ha group on the sandbox's strict moto, its clock moved by hand, and the handler run as Lambda does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opsctl.ha.recovery.account import Refused
from opsctl.ha.recovery.handler import Recovery
from opsctl.ha.recovery.package import RecoveredAddress, RecoveryConfig
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world

GROUP = "ha-web"
HOOKS = {
    "opsctl-launch": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "opsctl-terminate": "autoscaling:EC2_INSTANCE_TERMINATING",
}
TAG = {"Key": "opsctl:ha", "Value": GROUP}
READS = ("describe_", "put_metric_data", "record_lifecycle_action_heartbeat")


@dataclass
class Watched:
    """A client of moto that keeps the names of the calls made through it; a test may act after one."""

    service: str
    calls: list[str]
    after: dict[str, Callable[[], object]]

    @property
    def exceptions(self) -> Any:
        """Where botocore keeps its error classes."""
        return client(self.service).exceptions

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append(operation)
            answer = getattr(client(self.service), operation)(**parameters)
            self.after.pop(operation, lambda: None)()
            return answer

        return call


@dataclass
class Account:
    """The account, its handler and its clock."""

    about: Conditions
    config: RecoveryConfig
    old: str
    volumes: list[str]
    calls: list[str] = field(default_factory=list)
    lines: list[Json] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    after: dict[str, Callable[[], object]] = field(default_factory=dict)
    lose_events: bool = False
    _next_event: int = 0

    def now(self) -> float:
        """The time, for the handler."""
        return self.about.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass, for the handler: more than it asks for, so that it looks less often."""
        move(self.about, max(seconds, 15))

    def invoke(self, event: Json) -> None:
        """Run the handler once, as a new process."""
        config = json.loads(json.dumps(self.config.model_dump(mode="json")))
        try:
            Recovery(config, lambda service: Watched(service, self.calls, self.after), self, self._log).run(
                event, 285
            )
        except Refused as refused:
            self.errors.append(str(refused))

    def _log(self, line: str) -> None:
        self.lines.append(json.loads(line))

    def run(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> bool:
        """Deliver events and run the schedule until something holds; returns whether it does."""
        end, sweep = self.now() + seconds, self.now() + 60
        while self.now() < end:
            lifecycle = [each for each in self.about.events if "Lifecycle Action" in each["detail-type"]]
            if self._next_event < len(lifecycle) and not self.lose_events:
                self._next_event += 1
                self.invoke(lifecycle[self._next_event - 1])
            elif self.now() >= sweep:
                sweep = self.now() + 60
                self.invoke({"detail-type": "Scheduled Event", "source": "aws.events"})
            else:
                self.sleep(15)
                continue
            if until():
                return True
        return until()

    def members(self) -> dict[str, str]:
        """The lifecycle state of every member."""
        answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return {each["InstanceId"]: each["LifecycleState"] for each in answer["AutoScalingGroups"][0]["Instances"]}

    def fail(self) -> None:
        """Find the instance in service unhealthy."""
        client("autoscaling").set_instance_health(InstanceId=self.old, HealthStatus="Unhealthy")

    def replacement(self) -> str:
        """The id of the replacement in service; empty while there is none."""
        found = [key for key, state in self.members().items() if state == "InService" and key != self.old]
        return found[0] if found else ""

    def in_service(self) -> bool:
        """Whether the replacement is in service."""
        return bool(self.replacement())

    def on(self, instance: str) -> dict[str, Json]:
        """The data volumes of an instance, by device."""
        filters = [{"Name": "attachment.instance-id", "Values": [instance]},
                   {"Name": "tag-key", "Values": ["opsctl:ha"]}]  # fmt: skip
        found = client("ec2").describe_volumes(Filters=filters)["Volumes"]
        return {each["Attachments"][0]["Device"]: each for each in found}

    def has_address(self, instance: str) -> bool:
        """Whether an instance has the group's Elastic IPs."""
        ids = [each.allocation_id for each in self.config.addresses]
        found = client("ec2").describe_addresses(AllocationIds=ids)["Addresses"]
        return all(each.get("InstanceId") == instance for each in found)

    def writes(self) -> list[str]:
        """The calls that changed something, in order."""
        return [each for each in self.calls if not each.startswith(READS)]


@contextmanager
def account(devices: tuple[str, ...] = ("/dev/sdf",), key: str = "", **config: Any) -> Iterator[Account]:
    """Give a group of one in zone a, with a volume a device and an Elastic IP, that has run for an hour."""
    with timed_world(durations=AWS_LIKE) as (_, about):
        ec2, asg = client("ec2"), client("autoscaling")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        zones = {f"10.9.{n}.0/24": f"us-east-1{zone}" for n, zone in enumerate("ab")}
        made = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone) for block, zone in zones.items()
        ]
        subnets = [each["Subnet"]["SubnetId"] for each in made]
        old = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1, SubnetId=subnets[0],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [TAG]}],
        )["Instances"][0]["InstanceId"]  # fmt: skip
        move(about, 60)
        volumes = [_volume(device, key) for device in devices]
        move(about, 60)
        for device, volume in zip(devices, volumes, strict=True):
            ec2.attach_volume(Device=device, VolumeId=volume, InstanceId=old)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.associate_address(AllocationId=address, InstanceId=old)
        topic = client("sns").create_topic(Name=f"opsctl-{GROUP}")["TopicArn"]
        settings = RecoveryConfig(
            group=GROUP, region="us-east-1", topic_arn=topic, devices=devices,
            addresses=(RecoveredAddress(allocation_id=address),), **({"keep_snapshots": 48} | config),
        )  # fmt: skip
        data = {"ImageId": IMAGE, "InstanceType": "t3.small"}
        template = ec2.create_launch_template(LaunchTemplateName=GROUP, LaunchTemplateData=data)["LaunchTemplate"]
        asg.create_auto_scaling_group(
            AutoScalingGroupName=GROUP, MinSize=0, MaxSize=1, DesiredCapacity=0,
            VPCZoneIdentifier=",".join(subnets), HealthCheckType="EC2",
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
            InstanceMaintenancePolicy={"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100},
            InstanceLifecyclePolicy={"RetentionTriggers": {"TerminateHookAbandon": "retain"}},
            LifecycleHookSpecificationList=[
                {"LifecycleHookName": name, "LifecycleTransition": kind, "HeartbeatTimeout": 1800}
                for name, kind in HOOKS.items()
            ],
            Tags=[TAG | {"PropagateAtLaunch": True, "ResourceId": GROUP, "ResourceType": "auto-scaling-group"}],
        )  # fmt: skip
        asg.attach_instances(AutoScalingGroupName=GROUP, InstanceIds=[old])
        asg.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=1)
        asg.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["AZRebalance"])
        move(about, 3600)
        yield Account(about, settings, old, volumes)


def _volume(device: str, key: str) -> str:
    tags = [TAG, {"Key": "opsctl:ha-device", "Value": device}, {"Key": "opsctl:ha-role", "Value": "data"},
            {"Key": "Backup", "Value": "yes"}]  # fmt: skip
    encrypted = {"Encrypted": True, "KmsKeyId": key} if key else {}
    made: str = client("ec2").create_volume(
        AvailabilityZone="us-east-1a", Size=50, VolumeType="gp3", Iops=5000, Throughput=300,
        TagSpecifications=[{"ResourceType": "volume", "Tags": tags}], **encrypted,
    )["VolumeId"]  # fmt: skip
    return made
