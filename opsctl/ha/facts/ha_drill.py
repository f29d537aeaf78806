"""The facts behind `make-ha drill`: what would be replaced or stopped, and what speaks against doing it now."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.ha.drill.observation import moment
from opsctl.ha.drill.start import DrillVolume, HaDrillFacts
from opsctl.ha.ha_pair import Pair, zone_of
from opsctl.ha.health import configured
from opsctl.ha.own_group import own
from opsctl.ha.tags import DEVICE_TAG, GROUP_TAG, ROLE_TAG
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.spans import span
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags

ENDED = ("Successful", "Failed", "Cancelled")
REFRESHING = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")


class HaDrill(Fact):
    """Read what a drill of something that make-ha built needs, and what speaks against it; changes nothing."""

    name: ClassVar[str] = "ha.drill"
    Result: ClassVar[type[Value]] = HaDrillFacts

    group: str = Field(description="Name of the group, or of the standby.")
    by: Literal["auto", "replace", "unhealthy", "stop"] = Field(
        "auto", description="How the failure is caused; auto: replace for a group, stop for a standby."
    )
    snapshot_within_s: int = Field(86_400, ge=0, description="Age of the oldest snapshot that is recent enough.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the group or the standby, then all the rest at once."""
        owned = yield from own(self.group, about)
        self._refuse_other_kind(standby=isinstance(owned, Pair))
        reads = self._reads(owned)
        answers = yield list(reads.values())
        known = {name: one.value for (name, _), one in zip(reads.items(), answers, strict=True) if not one.refusal}
        gone = dict(zip(reads, answers, strict=True))["queue"].refusal
        config = configured(known.get("function"))
        newest = _newest(known.get("snapshots", {}), config.devices)
        both: dict[str, Json] = {
            "group": self.group,
            "volumes": tuple(_volumes(known.get("volumes", {}), config.devices)),
            "addresses": config.addresses,
            "newest_snapshot": f"{span(about.now - min(newest.values()))} old" if newest else "none",
            "marker": f"{datetime.fromtimestamp(about.now, UTC):%Y-%m-%dT%H:%M:%SZ} {about.plan_id}",
            "log_group": f"/aws/lambda/opsctl-{self.group}",
            "no_snapshot": tuple(self._too_old(newest, config.devices, about.now)),
            "no_queue": (f"there is no queue opsctl-{self.group}-dlq",)
            if gone is not None and gone.kind is RefusalKind.MISSING
            else (),
            "unread": tuple(_unread(reads, answers)),
        }
        own_part = (
            _of_pair(owned, about) if isinstance(owned, Pair) else self._of_group(owned, known, config.subnets)
        )
        return HaDrillFacts(**both, **own_part)

    def _refuse_other_kind(self, *, standby: bool) -> None:
        fitting = ("auto", "stop") if standby else ("auto", "replace", "unhealthy")
        if self.by not in fitting:
            kind = "a standby" if standby else "a group"
            raise InvalidInput.one(
                f"{self.group} is {kind}, and {self.by} is not for one",
                source="by",
                hint=f"choose one of {', '.join(fitting)}, or omit it",
            )

    def _of_group(
        self, group: Json, known: dict[str, Json], places: dict[str, tuple[str, ...]]
    ) -> dict[str, Json]:
        seats = [one for one in group["Instances"] if one["LifecycleState"] == "InService"]
        zone = seats[0]["AvailabilityZone"] if seats else ""
        zones = {one["SubnetId"]: one["AvailabilityZone"] for one in known.get("subnets", {}).get("Subnets", [])}
        subnets = _subnets(group)
        elsewhere = tuple(one for one in subnets if zones.get(one, zone) != zone)
        known_to_handler = {one for listed in places.values() for one in listed}
        placed = bool(places) and known_to_handler >= set(subnets)
        if placed:
            elsewhere = tuple(one for there, listed in places.items() if there != zone for one in listed)
        where = f"all in {zone}" if "subnets" in known else "their zones could not be read"
        return {
            "by": "replace" if self.by == "auto" else self.by,
            "instance": seats[0]["InstanceId"] if seats else "",
            "zone": zone,
            "subnets": subnets,
            "elsewhere": elsewhere,
            "placed": placed,
            "since": max((moment(one["StartTime"]) for one in _activities(known)), default=0.0),
            "busy": tuple(_busy(group, known)),
            "one_zone": () if elsewhere else (f"{', '.join(subnets)}: {where}",),
        }

    def _reads(self, owned: Json | Pair) -> dict[str, Read]:
        tagged = {"Filters": [{"Name": f"tag:{GROUP_TAG}", "Values": [self.group]}]}
        stem = f"opsctl-{self.group}"
        reads = {
            "volumes": Read(service="ec2", operation="DescribeVolumes", params=tagged),
            "snapshots": Read(
                service="ec2", operation="DescribeSnapshots", params={"OwnerIds": ["self"], **tagged}
            ),
            "function": Read(service="lambda", operation="GetFunction", params={"FunctionName": stem}),
            "queue": Read(service="sqs", operation="GetQueueUrl", params={"QueueName": f"{stem}-dlq"}),
        }
        if isinstance(owned, Pair):
            return reads
        params, ids = {"AutoScalingGroupName": self.group}, list(_subnets(owned))
        return reads | {
            "steps": Read(service="autoscaling", operation="DescribeScalingActivities", params=params),
            "refreshes": Read(service="autoscaling", operation="DescribeInstanceRefreshes", params=params),
            "subnets": Read(service="ec2", operation="DescribeSubnets", params={"SubnetIds": ids}),
        }

    def _too_old(self, newest: dict[str, float], devices: tuple[str, ...], now: float) -> Iterator[str]:
        for device in devices:
            begun = newest.get(device)
            if begun is None:
                yield f"{device}: no completed snapshot"
            elif now - begun > self.snapshot_within_s:
                limit = span(self.snapshot_within_s)
                yield f"{device}: the newest completed snapshot is {span(now - begun)} old, not under {limit}"


_UNREAD = {
    "steps": "whether a scaling activity is in progress",
    "refreshes": "whether an instance refresh is in progress",
    "subnets": "in which zones its subnets are",
    "volumes": "which data volumes it has",
    "snapshots": "how old its snapshots are",
    "function": "what the handler is configured to move",
    "queue": "whether its dead-letter queue exists",
}


def _unread(reads: Mapping[str, Read], answers: Sequence[Answer]) -> Iterator[str]:
    for (name, read), one in zip(reads.items(), answers, strict=True):
        if not one.known and one.refusal is not None:
            yield f"{_UNREAD[name]}: {one.refusal.code} at {read.api}"


def _of_pair(pair: Pair, about: Context) -> dict[str, Json]:
    primary = pair.primary or {}
    standby = str((pair.standby or {}).get("InstanceId", ""))
    since = pair.taking_over_since
    return {
        "by": "stop",
        "standby": True,
        "instance": str(primary.get("InstanceId", "")),
        "standby_instance": standby,
        "run_of_standby": pair.run,
        "zone": zone_of(primary),
        "subnets": (),
        "elsewhere": (),
        "since": about.now,
        "busy": (f"{standby} has been taking over since {since}",) if since else (),
        "one_zone": (),
    }


def _subnets(group: Json) -> tuple[str, ...]:
    return tuple(one for one in str(group.get("VPCZoneIdentifier", "")).split(",") if one)


def _activities(known: dict[str, Json]) -> list[Json]:
    found: list[Json] = known.get("steps", {}).get("Activities", [])
    return found


def _busy(group: Json, known: dict[str, Json]) -> Iterator[str]:
    for one in group["Instances"]:
        if one["LifecycleState"] != "InService":
            yield f"{one['InstanceId']} is {one['LifecycleState']}"
    for one in _activities(known):
        if one.get("StatusCode") not in ENDED:
            yield f"{one.get('Description')}: {one.get('StatusCode')}"
    for one in known.get("refreshes", {}).get("InstanceRefreshes", []):
        if one.get("Status") in REFRESHING:
            yield f"instance refresh {one.get('InstanceRefreshId')}: {one.get('Status')}"


def _volumes(answer: Json, devices: tuple[str, ...]) -> Iterator[DrillVolume]:
    for one in answer.get("Volumes", []):
        tags = parse_tags(one)
        if tags.get(ROLE_TAG) == "data" and tags.get(DEVICE_TAG) in devices:
            yield DrillVolume(volume=one["VolumeId"], device=tags[DEVICE_TAG])


def _newest(answer: Json, devices: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in answer.get("Snapshots", []):
        device = parse_tags(one).get(DEVICE_TAG, "")
        if one.get("State") == "completed" and device in devices:
            found[device] = max(found.get(device, 0.0), moment(one["StartTime"]))
    return found
