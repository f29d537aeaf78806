"""A 1/1/1 Auto Scaling group with hooks in memory, on the EC2 of `memory_ec2`, and the services beside it.

Rules: Auto Scaling user guide (lifecycle hooks, instance lifecycle policy, replacing unhealthy instances). A
replacement launches while the old instance is still terminating; a terminate hook that is abandoned retains.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsctl.model.value import Json
from tests.kit.memory_ec2 import ACCOUNT, REGION, Instance, MemoryEc2, Timeline, refused

GROUP = "ha-web"
HEARTBEAT_S, GLOBAL_S = 1800, 48 * 3600
COUNTED = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
HOOK_OF = {"Pending:Wait": "opsctl-launch", "Terminating:Wait": "opsctl-terminate"}


@dataclass
class Member:
    """An instance in the group; `waits_since` is when its present hook began, `ends` when it times out."""

    instance: Instance
    state: str
    active: bool = False
    waits_since: float = 0.0
    ends: float = 0.0


class MemoryGroup:
    """The group, Route 53, CloudWatch and SNS of one account."""

    def __init__(self) -> None:
        self.time = Timeline()
        self.ec2 = MemoryEc2(self.time)
        self.ec2.in_service = lambda key: key in self.members and self.members[key].state == "InService"
        self.authorize = self.ec2.authorize
        self.exists = True
        self.members: dict[str, Member] = {}
        self.suspended: set[str] = set()
        self.hooks = True
        self.minimum = self.desired = 1
        self.zones = ["a"]
        """Where the next launches go; the last one is used for ever."""
        self.subnets: list[str] = []
        """The group's subnets, named by their zone, if a test has set any: then launches go nowhere else."""
        self.full_zones: set[str] = set()
        """Zones without capacity."""
        self.launch_failures = 0
        self.activities: list[Json] = []
        """What became of each launch, newest first."""
        self.tell_fails: Exception | None = None
        """What publishing comes to, where it does not work."""
        self.image_volume: str = ""
        """A device at which the image brings a volume of its own."""
        self.instance_tags = {"opsctl:ha": GROUP}
        self.events: list[tuple[float, Json]] = []
        self.results: list[tuple[str, str, str]] = []
        """Every hook that was completed by a call: instance, hook, result."""
        self.timeouts: list[str] = []
        self.notifications: list[tuple[str, str]] = []
        self.metrics: dict[str, float] = {}
        self.records: dict[str, str] = {}
        self.time.after(5, self._maintain)

    # What happens

    def adopt(self, instance: Instance) -> None:
        """Have an instance in service that no hook ever saw, as AttachInstances does."""
        instance.state = "running"
        self.members[instance.id] = Member(instance, "InService")

    def fail(self, instance: Instance) -> None:
        """Find an instance unhealthy: it leaves, and its replacement starts at once."""
        self.ec2.write()
        self._enter(self.members[instance.id], "Terminating:Wait", "EC2 Instance-terminate Lifecycle Action")

    def delete_hooks(self) -> None:
        """DeleteLifecycleHook: pending launches are abandoned, pending terminations continue."""
        self.hooks = False
        for member in [each for each in self.members.values() if each.active]:
            self._settle(member, "ABANDON" if member.state == "Pending:Wait" else "CONTINUE")

    def state_of(self, instance: Instance) -> str:
        """An instance's lifecycle state; empty when it is no member."""
        return self.members[instance.id].state if instance.id in self.members else ""

    def in_service(self) -> list[Instance]:
        """The instances in service."""
        return [each.instance for each in self.members.values() if each.state == "InService"]

    def _maintain(self) -> None:
        self.time.after(5, self._maintain)
        for member in list(self.members.values()):
            state = member.instance.state
            if state == "terminated" and not member.active:
                del self.members[member.instance.id]
            elif member.state == "InService" and state != "running" and "ReplaceUnhealthy" not in self.suspended:
                self.fail(member.instance)
        counted = [each for each in self.members.values() if each.state in COUNTED]
        if self.exists and len(counted) < self.desired and "Launch" not in self.suspended:
            self._launch()

    def _launch(self) -> None:
        first = self.zones.pop(0) if len(self.zones) > 1 else self.zones[0]
        zones = [each.removeprefix("subnet-") for each in self.subnets] or [first]
        # Balanced best effort: one zone fails, another is tried.
        for zone in sorted(zones, key=lambda each: each != first):
            if not self.launch_failures and zone not in self.ec2.dead_zones | self.full_zones:
                break
            self._log_launch(zone, "Failed")
        else:
            self.launch_failures = max(0, self.launch_failures - 1)
            return
        self._log_launch(zone, "PreInService")
        instance = self.ec2.launch(zone, self.instance_tags)
        if self.image_volume:
            own = self.ec2.add_volume(zone, {})
            self.ec2.put_on(own, instance, self.image_volume)
        self.members[instance.id] = Member(instance, "Pending")
        self._enter(self.members[instance.id], "Pending:Wait", "EC2 Instance-launch Lifecycle Action")

    def _log_launch(self, zone: str, status: str) -> None:
        details = json.dumps({"Subnet ID": f"subnet-{zone}", "Availability Zone": zone})
        launch = {"Description": "Launching a new EC2 instance", "StatusCode": status, "Details": details}
        now = datetime.fromtimestamp(self.time.now(), UTC)
        self.activities.insert(0, {**launch, "StartTime": now, "StatusMessage": "No capacity."})

    def _enter(self, member: Member, state: str, detail_type: str) -> None:
        now = self.time.now()
        member.state = state
        if not self.hooks:
            member.active = True
            self._settle(member, "CONTINUE")
            return
        member.active, member.waits_since, member.ends = True, now, now + HEARTBEAT_S
        self.time.after(HEARTBEAT_S, lambda: self._expire(member))
        detail = {"AutoScalingGroupName": GROUP, "EC2InstanceId": member.instance.id,
                  "LifecycleHookName": HOOK_OF[state]}  # fmt: skip
        self.events.append((now, {"detail-type": detail_type, "source": "aws.autoscaling", "detail": detail}))

    def _expire(self, member: Member) -> None:
        left = min(member.ends, member.waits_since + GLOBAL_S) - self.time.now()
        if member.active and left > 0:
            self.time.after(left, lambda: self._expire(member))
        elif member.active:
            self.timeouts.append(member.instance.id)
            self._settle(member, "ABANDON")

    def _settle(self, member: Member, result: str) -> None:
        member.active = False
        if member.state == "Pending:Wait" and result == "CONTINUE":
            member.state = "InService"
        elif member.state == "Terminating:Wait" and result == "ABANDON":
            member.state = "Terminating:Retained"
        else:
            member.state = "Terminating:Proceed"
            self.ec2.terminate(member.instance)

    # Calls

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str]) -> Json:  # noqa: N803
        """The group."""
        members = [{"InstanceId": key, "LifecycleState": each.state, "AvailabilityZone": each.instance.zone}
                   for key, each in self.members.items()]  # fmt: skip
        suspended = [{"ProcessName": each} for each in sorted(self.suspended)]
        one = {"AutoScalingGroupName": GROUP, "Instances": members, "SuspendedProcesses": suspended,
               "DesiredCapacity": self.desired, "VPCZoneIdentifier": ",".join(self.subnets)}  # fmt: skip
        return {"AutoScalingGroups": [one] if self.exists else []}

    def describe_scaling_activities(self, AutoScalingGroupName: str, MaxRecords: int) -> Json:  # noqa: N803
        """The newest activities, newest first."""
        return {"Activities": self.activities[:MaxRecords]}

    def record_lifecycle_action_heartbeat(
        self, AutoScalingGroupName: str, LifecycleHookName: str, InstanceId: str  # noqa: N803
    ) -> Json:  # fmt: skip
        """Hold a hook."""
        member = self._acting("RecordLifecycleActionHeartbeat", InstanceId, LifecycleHookName)
        member.ends = self.time.now() + HEARTBEAT_S
        return {}

    def complete_lifecycle_action(
        self, AutoScalingGroupName: str, LifecycleHookName: str, InstanceId: str, LifecycleActionResult: str  # noqa: N803
    ) -> Json:  # fmt: skip
        """Complete a hook."""
        member = self._acting("CompleteLifecycleAction", InstanceId, LifecycleHookName)
        self.results.append((InstanceId, LifecycleHookName, LifecycleActionResult))
        self._settle(member, LifecycleActionResult)
        return {}

    def terminate_instance_in_auto_scaling_group(
        self, InstanceId: str, ShouldDecrementDesiredCapacity: bool  # noqa: N803
    ) -> Json:  # fmt: skip
        """Finish off an instance."""
        self._authorize("TerminateInstanceInAutoScalingGroup")
        member = self.members[InstanceId]
        member.state = "Terminating:Proceed"
        self.ec2.terminate(member.instance)
        return {"Activity": {}}

    def update_auto_scaling_group(self, AutoScalingGroupName: str, VPCZoneIdentifier: str) -> Json:  # noqa: N803
        """Set the subnets."""
        subnets = VPCZoneIdentifier.split(",")
        self._authorize("UpdateAutoScalingGroup", {"subnets": subnets})
        self.subnets = subnets
        return {}

    def change_resource_record_sets(self, HostedZoneId: str, ChangeBatch: Json) -> Json:  # noqa: N803
        """Set a record."""
        (record,) = [each["ResourceRecordSet"] for each in ChangeBatch["Changes"]]
        name, value = record["Name"], record["ResourceRecords"][0]["Value"]
        self.authorize("route53:ChangeResourceRecordSets", {f"arn:aws:route53:::hostedzone/{HostedZoneId}": {}},
                       {"record": name})  # fmt: skip
        self.records[name] = value
        return {"ChangeInfo": {}}

    def put_metric_data(self, Namespace: str, MetricData: list[Json]) -> Json:  # noqa: N803
        """Keep the last value of each metric."""
        self.authorize("cloudwatch:PutMetricData", {"*": {}}, {"namespace": Namespace})
        self.metrics.update({each["MetricName"]: each["Value"] for each in MetricData})
        return {}

    def publish(self, TopicArn: str, Subject: str, Message: str) -> Json:  # noqa: N803
        """Keep a notification."""
        self.authorize("sns:Publish", {TopicArn: {}}, {})
        if self.tell_fails is not None:
            raise self.tell_fails
        self.notifications.append((Subject, Message))
        return {"MessageId": "1"}

    def _acting(self, operation: str, instance_id: str, hook: str) -> Member:
        self._authorize(operation)
        member = self.members.get(instance_id)
        if member is None or not member.active or HOOK_OF.get(member.state) != hook:
            message = f"No active Lifecycle Action found with instance ID {instance_id}"
            raise refused("ValidationError", message)
        return member

    def _authorize(self, operation: str, request: Json = None) -> None:
        arn = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:0e:autoScalingGroupName/{GROUP}"
        self.authorize(f"autoscaling:{operation}", {arn: {"opsctl:ha": GROUP}}, request or {})

    def answer(self, service: str, operation: str, parameters: dict[str, Any]) -> Json:
        """Answer one call."""
        owner = self.ec2 if service == "ec2" else self
        answer: Json = getattr(owner, operation)(**parameters)
        return answer
