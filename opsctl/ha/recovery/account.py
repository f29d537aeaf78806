"""The account as the recovery handler sees it: calls and their refusals, what is read of the group, and the log.

Deployed to AWS Lambda beside handler.py: of what is not in Python's own library it imports the runtime's botocore.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, HTTPClientError

Json = dict[str, Any]

TAG, DEVICE, ROLE, COPY = "opsctl:ha", "opsctl:ha-device", "opsctl:ha-role", "opsctl:ha-copy"
SET, SOURCE, KIND, WAIT = "opsctl:ha-set", "opsctl:ha-volume", "opsctl:ha-kind", "opsctl:ha-wait"
INSTANCE, POLICY, LOST = "opsctl:ha-instance", "opsctl:ha-snapshots", "opsctl:ha-zone-down"
OWN_TAGS = (TAG, DEVICE, ROLE, COPY, SET, SOURCE, KIND, WAIT, INSTANCE, POLICY, LOST)
TIME = "%Y-%m-%dT%H:%M:%SZ"
DAY_S = 86_400
USABLE = ("creating", "available", "in-use")
FILTER_VALUES = 200
"""The most values that a filter of EC2 takes."""

THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException")
BUSY = ("Unavailable", "ServiceUnavailable", "InternalError", "InternalFailure", "PriorRequestNotComplete")
CHANGING = (
    "IncorrectState",
    "IncorrectInstanceState",
    "VolumeInUse",
    "InvalidAttachment.NotFound",
    "ResourceContention",
)
UNSEEN = ("InvalidVolume.NotFound", "InvalidSnapshot.NotFound", "InvalidInstanceID.NotFound")
FULL = ("InsufficientVolumeCapacity", "ConcurrentSnapshotLimitExceeded", "SnapshotCreationPerVolumeRateExceeded")
TRANSIENT = {*THROTTLED, *BUSY, *CHANGING, *UNSEEN, *FULL}
"""Refusals that end by themselves."""


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class NotYet(Exception):
    """What an instance still waits for; `person` when time alone will not help, `hint` what a person can do."""

    def __init__(self, reason: str, *, person: bool = False, hint: str = "") -> None:
        super().__init__(reason)
        self.person = person
        self.hint = hint


class Refused(NotYet):
    """AWS refused a call, or did not answer it (`silent`): then nobody knows whether it was carried out."""

    def __init__(self, operation: str, code: str, message: str, *, silent: bool = False) -> None:
        what = f"AWS did not answer {operation} ({code})" if silent else ""
        what = what or f"AWS refused {operation} ({code}: {message})"
        super().__init__(what, person=not silent and code not in TRANSIENT)
        self.no_active_hook = "No active Lifecycle Action" in message
        self.zone_fails = operation == "create_snapshot" and (silent or code in BUSY)


class Held(NotYet):
    """The data is in hands that are not ours to force: never worked around with an older state."""


class Hopeless(Exception):
    """This instance cannot get its data, however long it waits."""


class Account:
    """One invocation's calls, reads and log lines."""

    def __init__(
        self, config: Json, clients: Callable[[str], Any], clock: Clock, log: Callable[[str], object]
    ) -> None:
        self.config, self.clients, self.clock, self._log = config, clients, clock, log
        self.name: str = config["group"]
        self.devices: list[str] = list(config["devices"])
        self.members: dict[str, str] = {}
        self.suspended: set[str] = set()
        self.subnets: list[str] = []
        self.desired = 0
        self.volumes: dict[str, Json] = {}
        self.instances: dict[str, Json] = {}
        self.known_snapshots: list[Json] | None = None

    def call(self, service: str, operation: str, **parameters: Any) -> Json:
        """Call AWS; a refusal, or silence, is a reason to wait. Every call that changes something is logged."""
        client = self.clients(service)
        if not operation.startswith("describe_"):
            ids = {
                key: value
                for key, value in parameters.items()
                if key.endswith(("Id", "Ids", "Resources", "Result", "ZoneIdentifier"))
            }
            self.note(operation, **ids)
        try:
            answer: Json = getattr(client, operation)(**parameters)
        except client.exceptions.ClientError as refusal:
            error = refusal.response["Error"]
            raise Refused(operation, error["Code"], error.get("Message", "")) from refusal
        except BotoCoreError as failure:
            silent = isinstance(failure, HTTPClientError)
            raise Refused(operation, type(failure).__name__, str(failure), silent=silent) from failure
        return answer

    def pages(self, operation: str, key: str, **parameters: Any) -> list[Json]:
        """Return all items of one of EC2's Describe calls."""
        found: list[Json] = []
        while True:
            answer = self.call("ec2", operation, **parameters)
            found += answer.get(key, ())
            if not answer.get("NextToken"):
                return found
            parameters["NextToken"] = answer["NextToken"]

    def read_group(self) -> bool:
        """Read the group; False when it is gone and there is nothing to recover."""
        answer = self.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[self.name])
        groups = answer["AutoScalingGroups"]
        self.members = {
            each["InstanceId"]: each["LifecycleState"] for group in groups for each in group["Instances"]
        }
        self.suspended = {each["ProcessName"] for group in groups for each in group.get("SuspendedProcesses", ())}
        listed = [each for group in groups for each in group.get("VPCZoneIdentifier", "").split(",")]
        self.subnets = [each for each in listed if each]
        self.desired = max((group.get("DesiredCapacity", 0) for group in groups), default=0)
        return bool(groups)

    def read_instances(self) -> None:
        """Read the group's volumes, and every instance that is a member or holds one of them."""
        self.known_snapshots = None
        volumes = self.pages("describe_volumes", "Volumes", Filters=[by_tag(TAG, self.name)])
        self.volumes = {each["VolumeId"]: each for each in volumes if each["State"] in USABLE}
        ids = {
            holder["InstanceId"] for each in volumes for holder in each.get("Attachments", ())
        } | self.members.keys()
        filters = [{"Name": "instance-id", "Values": sorted(ids)}]
        answers = self.pages("describe_instances", "Reservations", Filters=filters) if ids else []
        self.instances = {each["InstanceId"]: each for one in answers for each in one["Instances"]}

    def snapshots(self) -> list[Json]:
        """Return the group's own snapshots as far back as they matter, read once for each look at the instances.

        They can number thousands, and are read every minute: so only those of the last days are.
        """
        if self.known_snapshots is None:
            days = {"Name": "start-time", "Values": days_back(self.moment(), self.window_s())}
            where = {"OwnerIds": ["self"], "Filters": [by_tag(TAG, self.name), days]}
            self.known_snapshots = self.pages("describe_snapshots", "Snapshots", MaxResults=1000, **where)
        return self.known_snapshots

    def window_s(self) -> int:
        """Return how old a snapshot can be and still matter: as data, as the last made, or for the age's alarm.

        Two days more, for ages count from a launch that may have waited so long.
        """
        every = max(self.config.get("snapshot_every_s", 0), self.config.get("dlm_every_s", 0))
        window: int = max(self.config["allow_data_loss_s"], 3 * every) + 2 * DAY_S
        return window

    def moment(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def age(self, moment: datetime) -> float:
        """Return the seconds since a moment."""
        return self.clock.now() - moment.timestamp()

    def note(self, what: str, *, level: str = "info", **fields: Any) -> None:
        """Log one JSON object on one line."""
        entry = {"at": self.moment().strftime(TIME), "level": level, "group": self.name, "what": what, **fields}
        self._log(json.dumps(entry, default=str))


def days_back(now: datetime, seconds: float) -> list[str]:
    """Return the values of a start-time filter for everything since so many seconds ago: days, or months of many.

    EC2's filters compare times as text, and take wildcards (EC2 user guide, list and filter resources).
    """
    days = [now - timedelta(days=back) for back in range(int(seconds // DAY_S) + 2)]
    if len(days) <= FILTER_VALUES:
        return [f"{day:%Y-%m-%d}*" for day in days]
    return list(dict.fromkeys(f"{day:%Y-%m}*" for day in days))[:FILTER_VALUES]


def by_tag(key: str, value: str) -> Json:
    """Return a filter of a Describe call."""
    return {"Name": f"tag:{key}", "Values": [value]}


def tags_of(resource: Json) -> dict[str, str]:
    """Return the tags of an EC2 resource as a dictionary."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}


def tag_list(tags: dict[str, str], inherited: dict[str, str] | None = None) -> list[Json]:
    """Return tags for EC2, the inherited ones as far as they are a user's and there is room for 50."""
    users = {
        key: each for key, each in (inherited or {}).items() if key not in OWN_TAGS and not key.startswith("aws:")
    }
    return [{"Key": key, "Value": value} for key, value in {**tags, **users}.items()][:50]


def copy_of(volume: Json) -> tuple[str, str, str]:
    """Return the set, the instance and the source of a volume that was made as a copy; empty for any other."""
    set_id, _, rest = tags_of(volume).get(COPY, "").partition("/")
    instance, _, source = rest.partition("/")
    return set_id, instance, source


def zone_of(instance: Json) -> str:
    """Return the Availability Zone of an instance."""
    return str(instance["Placement"]["AvailabilityZone"])


def listed(names: Iterable[str]) -> str:
    """Return names as a person lists them."""
    return " and ".join(names)


def span(seconds: float) -> str:
    """Return a duration as a person says it."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
