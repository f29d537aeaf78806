"""The lone instance legacy-web, what protects it once it is in a group, and what must never happen to it."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opsctl.ha.recovery.package import HANDLER, code
from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine import volume_data
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions, Durations
from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_model import Member
from opsctl.sandbox.rules.autoscaling import scaling_of
from opsctl.sandbox.worlds.network import make_legacy, make_network
from tests.kit import timed
from tests.kit.functions import role, rule
from tests.kit.groups import LAUNCH, TERMINATE
from tests.kit.moto_account import World, client

GROUP = "ha-legacy-web"
HOOKS = {"opsctl-launch": LAUNCH, "opsctl-terminate": TERMINATE}


class Broken(AssertionError):
    """Something happened that must never happen."""


@dataclass
class HaWorld:
    """The account, its time, and what belongs to legacy-web."""

    world: World
    about: Conditions
    instance: str
    allocation: str
    subnets: dict[str, str]
    """A subnet of each zone."""
    devices: dict[str, str]
    """The protected devices, and the volume that each had at the beginning."""
    allowed_loss_s: float = 0.0
    _snapshots: set[str] = field(default_factory=set)
    _volumes: set[str] = field(default_factory=set)
    _seen: int = 0

    def move(self, seconds: float) -> None:
        """Let time pass; after every step nothing may be broken."""
        self.check()
        timed.move(self.about, seconds, self.check)
        self.check()

    def until(self, true: Callable[[], bool], within_s: float) -> float:
        """Let time pass until something is true; returns the seconds it took.

        Raises:
            Broken: it does not become true in time.
        """
        began = self.about.now()
        while not true():
            if self.about.now() - began >= within_s:
                raise Broken(f"not within {within_s} s")
            self.move(5)
        return self.about.now() - began

    # What there is

    @property
    def ec2(self) -> Any:
        """moto's own EC2, for what no API tells."""
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.world.account][REGION]

    @property
    def scaling(self) -> Scaling:
        """The sandbox's own Auto Scaling."""
        return scaling_of(self.world.account, REGION)

    def members(self) -> list[Member]:
        """The members of the group."""
        group = self.scaling.groups.get(GROUP)
        return list(group.members) if group else []

    def serving(self) -> str | None:
        """The instance in service, if there is one."""
        return next((one.instance_id for one in self.members() if one.state == "InService"), None)

    def owner(self) -> str | None:
        """The instance that has the Elastic IP."""
        (address,) = self.ec2.address_by_allocation([self.allocation])
        return address.eni.instance.id if address.eni and address.eni.instance else None

    def data_of(self, instance: str) -> dict[str, Any]:
        """The protected devices of an instance and moto's volumes on them."""
        return {
            volume.attachment.device: volume
            for volume in self.ec2.volumes.values()
            if volume.attachment and volume.attachment.instance.id == instance
            if volume.attachment.device in self.devices
        }

    def loss_s(self, instance: str) -> float:
        """How many seconds of data an instance misses, of what was ever written."""
        missing = [0.0]
        for device, volume in self.data_of(instance).items():
            others = [one for one in self.ec2.volumes.values() if volume_data.origin(one) == self.devices[device]]
            newest = max((volume_data.data_at(one) for one in others if one is not volume), default=0.0)
            missing.append(newest - volume_data.begins_at(volume))
        return max(missing)

    # What must never be

    def check(self) -> None:
        """Check everything that must never be.

        Raises:
            Broken: it is.
        """
        self._check_writers()
        self._check_origins()
        self._check_address()
        self._check_kept()
        self._check_completions()

    def _check_writers(self) -> None:
        """Never two writers: of all copies of a volume's data, one at most is written by a running instance."""
        for device, first in self.devices.items():
            writers = [
                volume.attachment.instance.id
                for volume in self.ec2.volumes.values()
                if volume_data.origin(volume) == first and volume_data.is_written(volume)
                if volume.attachment.instance.placement.zone not in self.about.faults.dark_zones
            ]
            if len(writers) > 1:
                raise Broken(f"{writers} all write the data of {device}")

    def _check_origins(self) -> None:
        """Never an empty volume: what is on a protected device descends from what was there first."""
        for member in self._member_ids():
            for device, volume in self.data_of(member).items():
                if volume_data.origin(volume) != self.devices[device]:
                    raise Broken(f"{volume.id} on {device} of {member} is not the data of {self.devices[device]}")

    def _check_address(self) -> None:
        """The address moves last: a member that has it has its data."""
        owner = self.owner()
        if (
            owner in self._member_ids()
            and owner != self.instance
            and set(self.data_of(owner)) != set(self.devices)
        ):
            state = self.ec2.get_instance_by_id(owner).state
            if state == "running" and self._state_of(owner).startswith(("Pending", "InService")):
                raise Broken(f"{owner} has the address and not its data")

    def _check_kept(self) -> None:
        """No snapshot with data and no volume that ever held data is deleted."""
        ours = {one.id for one in self.ec2.snapshots.values() if self._is_ours(one)}
        volumes = {one.id for one in self.ec2.volumes.values() if self._is_ours(one)}
        if self._snapshots - ours or self._volumes - volumes:
            raise Broken(f"{sorted((self._snapshots - ours) | (self._volumes - volumes))} were deleted")
        self._snapshots, self._volumes = ours, volumes

    def _is_ours(self, thing: Any) -> bool:
        return getattr(thing, "data_origin", getattr(thing, "id", "")) in self.devices.values()

    def _check_completions(self) -> None:
        """A hook is completed once, and a launch goes on only with all its data and the address."""
        done = self.scaling.completed
        for number, (instance, hook, result) in enumerate(done[self._seen :], self._seen):
            if (instance, hook) in [(one, name) for one, name, _ in done[:number]]:
                raise Broken(f"{hook} of {instance} was completed twice")
            if hook == "opsctl-launch" and result == "CONTINUE":
                self._check_whole(instance)
        self._seen = len(done)

    def _check_whole(self, instance: str) -> None:
        held = self.data_of(instance)
        if set(held) != set(self.devices):
            raise Broken(f"{instance} goes into service with {sorted(held)} of {sorted(self.devices)}")
        if self.owner() != instance:
            raise Broken(f"{instance} goes into service and {self.owner()} has the address")
        if self.loss_s(instance) > self.allowed_loss_s:
            raise Broken(f"{instance} goes into service {self.loss_s(instance)} s behind")

    def _member_ids(self) -> list[str]:
        return [one.instance_id for one in self.members()]

    def _state_of(self, instance: str) -> str:
        member = self.scaling.groups[GROUP].member(instance)
        return member.state if member else ""

    # Protection

    def protect(self, handler: str = "", config: dict[str, Json] | None = None, **settings: Any) -> None:
        """Put the instance into a group with a handler, as the plan of make-ha does, straight through the API.

        The handler is a source of one file, and the group launches in all zones; where none is given, it is what
        make-ha deploys, which chooses the zones itself.
        """
        self._tag()
        template = self._template()
        self._function(handler, config or {})
        asg, name = client("autoscaling"), {"AutoScalingGroupName": GROUP}
        asg.create_auto_scaling_group(
            **name,
            MinSize=0,
            MaxSize=1,
            DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
            VPCZoneIdentifier=",".join(self.subnets.values()) if handler else self.subnets["us-east-1a"],
            HealthCheckType="EC2,EBS",
            HealthCheckGracePeriod=60,
            DefaultInstanceWarmup=0,
            InstanceMaintenancePolicy={"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100},
            InstanceLifecyclePolicy={"RetentionTriggers": {"TerminateHookAbandon": "retain"}},
            DeletionProtection="prevent-force-deletion",
            Tags=[{"Key": "opsctl:ha", "Value": GROUP, "PropagateAtLaunch": True}],
            LifecycleHookSpecificationList=[
                {
                    "LifecycleHookName": hook,
                    "LifecycleTransition": kind,
                    "HeartbeatTimeout": 1800,
                    "DefaultResult": "ABANDON",
                }
                for hook, kind in HOOKS.items()
            ],
            **settings,
        )
        asg.suspend_processes(**name, ScalingProcesses=["AZRebalance", "InstanceRefresh"])
        asg.attach_instances(**name, InstanceIds=[self.instance])
        asg.update_auto_scaling_group(**name, MinSize=1)
        self.check()

    def _tag(self) -> None:
        ours = [{"Key": "opsctl:ha", "Value": GROUP}]
        client("ec2").create_tags(Resources=[self.instance, self.allocation, *self.devices.values()], Tags=ours)
        for device, volume in self.devices.items():
            about = [{"Key": "opsctl:ha-device", "Value": device}, {"Key": "opsctl:ha-role", "Value": "data"}]
            client("ec2").create_tags(Resources=[volume], Tags=about)

    def _template(self) -> str:
        image = client("ec2").create_image(
            InstanceId=self.instance,
            Name=f"{GROUP} image",
            NoReboot=True,
            BlockDeviceMappings=[{"DeviceName": device, "NoDevice": ""} for device in self.devices],
        )["ImageId"]
        found = client("ec2").describe_images
        self.until(lambda: found(ImageIds=[image])["Images"][0]["State"] == "available", 3600)
        groups = [group.id for group in self.ec2.get_instance_by_id(self.instance).security_groups]
        made: str = client("ec2").create_launch_template(
            LaunchTemplateName=GROUP,
            LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small", "SecurityGroupIds": groups},
        )["LaunchTemplate"]["LaunchTemplateId"]
        return made

    def _function(self, handler: str, config: dict[str, Json]) -> None:
        packed, entry = base64.b64decode(code()), HANDLER
        if handler:
            whole, entry = io.BytesIO(), "handler.lambda_handler"
            with zipfile.ZipFile(whole, "w") as archive:
                archive.writestr("handler.py", handler)
            packed = whole.getvalue()
        arn = role(f"opsctl-{GROUP}")
        self.move(self.about.durations.role)
        function = client("lambda").create_function(
            FunctionName=f"opsctl-{GROUP}",
            Runtime="python3.12",
            Handler=entry,
            Role=arn,
            Timeout=840,
            Code={"ZipFile": packed},
            Environment={"Variables": {"OPSCTL_HA": json.dumps(self.config() | config)}},
        )["FunctionArn"]
        client("lambda").put_function_concurrency(FunctionName=f"opsctl-{GROUP}", ReservedConcurrentExecutions=1)
        pattern = {
            "source": ["aws.autoscaling"],
            "detail-type": ["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"],
            "detail": {"AutoScalingGroupName": [GROUP]},
        }
        rule(f"opsctl-{GROUP}-hooks", function, EventPattern=json.dumps(pattern))
        rule(f"opsctl-{GROUP}-sweep", function, ScheduleExpression="rate(1 minute)")
        self.move(self.about.durations.function)

    def config(self) -> dict[str, Json]:
        """What the handler is told."""
        return {
            "group": GROUP,
            "region": REGION,
            "addresses": [{"allocation_id": self.allocation, "device_index": 0, "private_index": 0}],
            "devices": list(self.devices),
            "allow_data_loss_s": int(self.allowed_loss_s),
            "source_dest_check": None,
            "record": None,
            "snapshot_every_s": 0,
            "topic_arn": "",
            "namespace": "opsctl/ha",
        }


@contextmanager
def ha_world(*, durations: Durations = AWS_LIKE, more_volumes: int = 0) -> Iterator[HaWorld]:
    """Give legacy-web in an account of its own, on a clock that is moved by hand."""

    def seed(clients: Callable[[str], Any]) -> None:
        net = make_network(clients)
        make_legacy(clients, net)

    with timed.timed_world(seed, durations=durations) as (world, about):
        (found,) = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["legacy-web"]}])[
            "Reservations"
        ]
        instance = found["Instances"][0]
        devices = {
            one["DeviceName"]: one["Ebs"]["VolumeId"]
            for one in instance["BlockDeviceMappings"]
            if one["DeviceName"] != instance["RootDeviceName"]
        }
        made = HaWorld(world, about, instance["InstanceId"], _address_of(instance), _subnets(instance), devices)
        for number in range(more_volumes):
            made.devices[f"/dev/sd{'ghijklmnop'[number]}"] = _one_more(made, number)
        made.move(300)
        yield made


def _address_of(instance: dict[str, Any]) -> str:
    found = client("ec2").describe_addresses(
        Filters=[{"Name": "instance-id", "Values": [instance["InstanceId"]]}]
    )["Addresses"]
    allocation: str = found[0]["AllocationId"]
    return allocation


def _subnets(instance: dict[str, Any]) -> dict[str, str]:
    zones = {instance["Placement"]["AvailabilityZone"]: instance["SubnetId"]}
    filters = [{"Name": "vpc-id", "Values": [instance["VpcId"]]}]
    for subnet in client("ec2").describe_subnets(Filters=filters)["Subnets"]:
        zones.setdefault(subnet["AvailabilityZone"], subnet["SubnetId"])
    return zones


def _one_more(made: HaWorld, number: int) -> str:
    device = f"/dev/sd{'ghijklmnop'[number]}"
    volume: str = client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=10 + number, VolumeType="gp3")[
        "VolumeId"
    ]
    timed.move(made.about, 30)
    client("ec2").attach_volume(VolumeId=volume, InstanceId=made.instance, Device=device)
    timed.move(made.about, 30)
    return volume
