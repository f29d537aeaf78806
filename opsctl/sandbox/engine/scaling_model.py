"""What an Auto Scaling group of the sandbox knows: its settings, members, hooks and history, as AWS shows them."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LEAVING = ("Terminating", "Terminated", "Detaching", "Detached", "Standby", "EnteringStandby")
GLOBAL_TIMEOUT_S = 172_800


@dataclass
class Hook:
    """A lifecycle hook."""

    name: str
    transition: str
    heartbeat: int = 3600
    result: str = "ABANDON"
    metadata: str | None = None

    @property
    def global_timeout(self) -> int:
        """The longest an instance can wait, heartbeats or not: 48 hours or a hundred heartbeats."""
        return min(GLOBAL_TIMEOUT_S, 100 * self.heartbeat)

    def shown(self, group: str) -> dict[str, Any]:
        """As DescribeLifecycleHooks shows it."""
        return {
            "LifecycleHookName": self.name,
            "AutoScalingGroupName": group,
            "LifecycleTransition": self.transition,
            "HeartbeatTimeout": self.heartbeat,
            "GlobalTimeout": self.global_timeout,
            "DefaultResult": self.result,
            **({"NotificationMetadata": self.metadata} if self.metadata else {}),
        }


@dataclass
class Wait:
    """One lifecycle action that an instance waits for."""

    hook: Hook
    due: float
    deadline: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def ends(self) -> float:
        """When the default result is taken, if nobody says anything."""
        return min(self.due, self.deadline)


@dataclass
class Activity:
    """One scaling activity."""

    description: str
    cause: str
    started: datetime
    details: str
    status: str = "InProgress"
    message: str | None = None
    ended: datetime | None = None
    progress: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def end(self, status: str, moment: datetime, message: str | None = None) -> None:
        """Close the activity."""
        self.status, self.ended, self.progress = status, moment, 100
        self.message = message or self.message

    def shown(self, group: "Group") -> dict[str, Any]:
        """As DescribeScalingActivities shows it."""
        return {
            "ActivityId": self.id,
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": group.arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.started,
            "StatusCode": self.status,
            "Progress": self.progress,
            "Details": self.details,
            **({"EndTime": self.ended} if self.ended else {}),
            **({"StatusMessage": self.message} if self.message else {}),
        }


@dataclass
class Member:
    """An instance of a group."""

    instance_id: str
    instance_type: str
    zone: str
    image_id: str
    template: dict[str, str] | None
    state: str = "Pending"
    health: str = "Healthy"
    protected: bool = False
    in_service_at: float = 0.0
    impaired_since: float | None = None
    waits: dict[str, Wait] = field(default_factory=dict)
    activity: Activity | None = None
    replacing: bool = False

    @property
    def counted(self) -> bool:
        """Whether it is part of the group's capacity; one that is leaving or retained is not."""
        return not self.state.startswith(LEAVING)

    def shown(self) -> dict[str, Any]:
        """As DescribeAutoScalingGroups shows it; an attached instance names no template (facts, section 3)."""
        return {
            "InstanceId": self.instance_id,
            "InstanceType": self.instance_type,
            "AvailabilityZone": self.zone,
            "LifecycleState": self.state,
            "HealthStatus": self.health,
            "ProtectedFromScaleIn": self.protected,
            **({"LaunchTemplate": self.template} if self.template else {}),
        }


@dataclass
class Group:
    """An Auto Scaling group."""

    name: str
    account: str
    region: str
    created: datetime
    template: dict[str, str]
    settings: dict[str, Any]
    """What was said and is only kept: maintenance policy, deletion protection, cooldown and so on."""
    min_size: int = 0
    max_size: int = 0
    desired: int = 0
    subnets: dict[str, str] = field(default_factory=dict)
    """The zone of each subnet."""
    tags: list[dict[str, Any]] = field(default_factory=list)
    target_groups: list[str] = field(default_factory=list)
    hooks: dict[str, Hook] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    refreshes: list[Any] = field(default_factory=list)
    """Its instance refreshes, the newest first."""
    failures: int = 0
    retry_pending: bool = False
    deleting: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """The ARN."""
        return (
            f"arn:aws:autoscaling:{self.region}:{self.account}:autoScalingGroup:{self.id}"
            f":autoScalingGroupName/{self.name}"
        )

    @property
    def zones(self) -> list[str]:
        """The zones of its subnets."""
        return list(dict.fromkeys(self.subnets.values()))

    def member(self, instance_id: str) -> Member | None:
        """Its member of that id."""
        return next((one for one in self.members if one.instance_id == instance_id), None)

    def runs(self, process: str) -> bool:
        """Tell whether a process is not suspended."""
        return process not in self.suspended

    def hooks_for(self, transition: str) -> list[Hook]:
        """The hooks of a transition."""
        return [hook for hook in self.hooks.values() if hook.transition == transition]

    @property
    def retains(self) -> bool:
        """Whether an instance whose termination was abandoned stays."""
        policy = self.settings.get("InstanceLifecyclePolicy") or {}
        return bool((policy.get("RetentionTriggers") or {}).get("TerminateHookAbandon") == "retain")

    def shown(self) -> dict[str, Any]:
        """As DescribeAutoScalingGroups shows it."""
        return {
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 0,
            "DefaultCooldown": 300,
            "TerminationPolicies": ["Default"],
            "NewInstancesProtectedFromScaleIn": False,
            "CapacityRebalance": False,
            "DeletionProtection": "none",
            "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
            **self.settings,
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "CreatedTime": self.created,
            "LaunchTemplate": self.template,
            "MinSize": self.min_size,
            "MaxSize": self.max_size,
            "DesiredCapacity": self.desired,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "AvailabilityZones": self.zones,
            "LoadBalancerNames": [],
            "TargetGroupARNs": list(self.target_groups),
            "Instances": [one.shown() for one in self.members],
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": reason} for name, reason in self.suspended.items()
            ],
            "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in self.metrics],
            "Tags": [
                {
                    "ResourceId": self.name,
                    "ResourceType": "auto-scaling-group",
                    "Key": tag["Key"],
                    "Value": tag.get("Value", ""),
                    "PropagateAtLaunch": bool(tag.get("PropagateAtLaunch")),
                }
                for tag in self.tags
            ],
            **({"Status": "Delete in progress"} if self.deleting else {}),
        }


def moment_of(seconds: float) -> datetime:
    """A date from seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)
