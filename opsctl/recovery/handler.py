"""Brings data and address back to a replaced instance: the one file that `opsctl make-ha` deploys to AWS Lambda.

A reconciler without memory. Every invocation, whether a lifecycle event or the schedule started it, reads the
group afresh and takes each instance that waits in a hook as far as it gets; the next minute's invocation goes on.
All state is in AWS (lifecycle states, attachments, tags), so events that are lost, doubled, late or out of order,
and a run killed between any two calls, change nothing but the time it takes. EventBridge delivers lifecycle events
at best effort (Auto Scaling guide, ec2-auto-scaling-event-reference), hence the schedule.

A device's data is on the volume tagged `opsctl:ha-role=data`. A copy names its set of snapshots, its instance and
its source in `opsctl:ha-copy`, and counts only once the source is tagged `retired`: that one CreateTags call,
before the first attachment, is the moment a move happens. Nothing is ever deleted here, no volume is made empty,
and none is forced off an instance.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

Json = dict[str, Any]

TAG, DEVICE, ROLE, COPY = "opsctl:ha", "opsctl:ha-device", "opsctl:ha-role", "opsctl:ha-copy"
SET, SOURCE, KIND, WAIT = "opsctl:ha-set", "opsctl:ha-volume", "opsctl:ha-kind", "opsctl:ha-wait"
INSTANCE, POLICY = "opsctl:ha-instance", "opsctl:ha-snapshots"
OWN_TAGS = (TAG, DEVICE, ROLE, COPY, SET, SOURCE, KIND, WAIT, INSTANCE, POLICY)

LAUNCHING, TERMINATING, RETAINED = "Pending:Wait", "Terminating:Wait", "Terminating:Retained"
STANDBY_FAILED = "Terminating:Failed"
"""What standby.py calls an instance whose twin takes over; a group has no such state."""
HOOKS = {LAUNCHING: "opsctl-launch", TERMINATING: "opsctl-terminate"}
ABANDONED = "abandoned"
USABLE = ("creating", "available", "in-use")
GONE = ("shutting-down", "terminated")

BUDGET_S, POLL_S, POLL_FOR_S = 50, 4, 180
"""A run stays below the schedule's minute; what has not happened in three minutes is not worth polling for."""
MISSING_AFTER_S = 120
"""A tag or volume may take a moment to show in Describe calls, so "it is not there" needs a second look."""
FORCE_STOP_AFTER_S = 300
OLDER_SET_AFTER_S = 900
"""An old instance may hold a volume for ten minutes while it shuts down (zalando-stups/taupage#508)."""
TELL_AFTER_S, TELL_PERSON_AFTER_S = 600, 120
GIVE_UP_AFTER_S, GIVE_UP_SNAPSHOT_AFTER_S = 3600, 47 * 3600
"""A hook lives 48 hours at most, however often its heartbeat is recorded (PutLifecycleHook)."""
TIME = "%Y-%m-%dT%H:%M:%SZ"

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

TELLS = {
    "waits": (
        "{instance} still waits ({phase})",
        "{reason}.",
        "{instance} {where} ({state}). The handler tries again every minute{limit}.",
        "{hint}",
    ),
    "abandoned": (
        "gave up on {instance}",
        "{reason}.",
        "The launch of {instance} is abandoned: the group terminates it and launches another. No data is lost.",
        "{hint}",
    ),
    "retained": (
        "{instance} does not let go",
        "{reason}.",
        "The group retains {instance}, and AWS bills it, with its volumes. Nothing was forced off it.",
        "Stop it and detach its volumes by hand if its replacement needs them now; the handler goes on trying.",
    ),
    "older": (
        "restoring an older state of the data",
        "{reason}.",
        "{instance} gets the data as it was {age} before its launch (snapshot set {set}). Later writes are lost.",
        "Nothing for the service. The old volumes are kept, tagged opsctl:ha-role=retired: lost writes are there.",
    ),
    "recovered": (
        "recovered on {instance}",
        "{data}",
        "{instance} in {zone} goes into service with data and address, {took} after its launch.",
        "Look at the service itself.",
    ),
    "blind": (
        "the recovery cannot see",
        "{reason}.",
        "{instance} waits. Without the handler its hook times out, and a launch is then abandoned.",
        "Restore the permissions of the handler's role.",
    ),
    "cannot fail over": (
        "the failover cannot begin",
        "{reason}.",
        "The alarm on the instance is on, and the twin does nothing. The handler tries again every minute.",
        "Restore the permissions of the handler's role, or start the twin and move data and address by hand.",
    ),
    "failed over": (
        "failed over to {instance}",
        "{data}",
        "{instance} in {zone} has data and address. The old instance is stopped and kept; there is no twin now.",
        "Look at it. For a new twin: opsctl undo {run}, opsctl make-ha {instance} --mode standby --group {group}",
    ),
}
"""What people are told: subject, what happened, where things stand now, what to do."""


WHERE = {
    LAUNCHING: "is held back from service",
    TERMINATING: "is on its way out and still has the data",
    RETAINED: "was given up, and is kept and billed",
    STANDBY_FAILED: "is part of a failover to the twin",
}


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class NotYet(Exception):
    """What an instance still waits for; `person` when time alone will not help."""

    def __init__(self, reason: str, *, person: bool = False) -> None:
        super().__init__(reason)
        self.person = person


class Refused(NotYet):
    """AWS refused a call."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"AWS refused {operation} ({code}: {message})", person=code not in TRANSIENT)
        self.no_active_hook = "No active Lifecycle Action" in message
        self.zone_fails = operation == "create_snapshot" and code in BUSY


class Held(NotYet):
    """The data is in hands that are not ours to force: never worked around with an older state."""


class Hopeless(Exception):
    """This instance cannot get its data, however long it waits."""


class Account:
    """The account as the group's handler sees it: calls, reads, notifications and log lines."""

    def __init__(
        self, config: Json, clients: Callable[[str], Any], clock: Clock, log: Callable[[str], object]
    ) -> None:
        self.config, self.clients, self.clock, self._log = config, clients, clock, log
        self.name: str = config["group"]
        self.devices: list[str] = list(config["devices"])
        self.members: dict[str, str] = {}
        self.suspended: set[str] = set()
        self.volumes: dict[str, Json] = {}
        self.instances: dict[str, Json] = {}
        self.known_snapshots: list[Json] | None = None

    def call(self, service: str, operation: str, **parameters: Any) -> Json:
        """Call AWS; a refusal becomes a reason to wait. Every call that changes something is logged."""
        client = self.clients(service)
        if not operation.startswith("describe_"):
            ids = {
                key: value
                for key, value in parameters.items()
                if key.endswith(("Id", "Ids", "Resources", "Result"))
            }
            self.note(operation, **ids)
        try:
            answer: Json = getattr(client, operation)(**parameters)
        except client.exceptions.ClientError as refusal:
            error = refusal.response["Error"]
            raise Refused(operation, error["Code"], error.get("Message", "")) from refusal
        return answer

    def pages(self, operation: str, key: str, **parameters: Any) -> list[Json]:
        """Return all items of one of EC2's Describe calls."""
        found: list[Json] = []
        while True:
            answer = self.call("ec2", operation, **parameters)
            found += answer[key]
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
        return bool(groups)

    def read_instances(self) -> None:
        """Read the group's volumes, and every instance that is a member or holds one of them."""
        self.known_snapshots = None
        volumes = self.pages("describe_volumes", "Volumes", Filters=[by_tag(TAG, self.name)])
        self.volumes = {
            each["VolumeId"]: each for each in volumes if each["State"] in ("creating", "available", "in-use")
        }
        ids = {
            holder["InstanceId"] for each in volumes for holder in each.get("Attachments", ())
        } | self.members.keys()
        filters = [{"Name": "instance-id", "Values": sorted(ids)}]
        answers = self.pages("describe_instances", "Reservations", Filters=filters) if ids else []
        self.instances = {each["InstanceId"]: each for one in answers for each in one["Instances"]}

    def snapshots(self) -> list[Json]:
        """Return the group's own snapshots, read once for each look at the instances."""
        if self.known_snapshots is None:
            where = {"OwnerIds": ["self"], "Filters": [by_tag(TAG, self.name)]}
            self.known_snapshots = self.pages("describe_snapshots", "Snapshots", **where)
        return self.known_snapshots

    def sets(self) -> dict[str, dict[str, Json]]:
        """Return the completed snapshots of all devices, by consistent set; sets that lack a device are left out.

        So is a run of Data Lifecycle Manager in which a device was taken twice: AWS tries a failed one again, and
        nothing says which attempt a snapshot is of. Snapshots of retired volumes are nobody's state.
        """
        runs: dict[str, list[Json]] = {}
        for snapshot in self.snapshots():
            tags = tags_of(snapshot)
            if tags.get(DEVICE) in self.devices and tags.get(ROLE) == "data":
                runs.setdefault(set_of(snapshot), []).append(snapshot)
        sets = {
            key: {tags_of(each)[DEVICE]: each for each in run if each["State"] == "completed"}
            for key, run in runs.items()
            if not in_doubt(run)
        }
        return {key: each for key, each in sets.items() if each.keys() == set(self.devices)}

    def moment(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def age(self, moment: datetime) -> float:
        """Return the seconds since a moment."""
        return self.clock.now() - moment.timestamp()

    def tell(self, what: str, **facts: Any) -> None:
        """Send a notification that a person can act on at night; a refusal is logged and stops nothing."""
        subject, happened, now, todo = (each.format(**facts) for each in TELLS[what])
        todo += f" See also: opsctl make-ha status {self.name}"
        text = f"What happened\n{happened}\n\nNow\n{now}\n\nWhat to do\n{todo}\n"
        where = {"TopicArn": self.config["topic_arn"], "Subject": f"{self.name}: {subject}"[:100]}
        try:
            self.call("sns", "publish", Message=text, **where)
        except Refused as refused:
            self.note("not told", level="error", subject=subject, reason=str(refused))

    def note(self, what: str, *, level: str = "info", **fields: Any) -> None:
        """Log one JSON object on one line."""
        entry = {"at": self.moment().strftime(TIME), "level": level, "group": self.name, "what": what, **fields}
        self._log(json.dumps(entry, default=str))


class Recovery(Account):
    """One invocation's work on the group."""

    def __init__(
        self, config: Json, clients: Callable[[str], Any], clock: Clock, log: Callable[[str], object]
    ) -> None:
        super().__init__(config, clients, clock, log)
        self.beaten: set[str] = set()
        self.finished: set[str] = set()
        self.spoken_of: set[str] = set()
        self.phase = ""
        self.poll = False

    def run(self, event: Json, deadline_s: float) -> None:
        """Advance whoever waits until all are done or time is up; then publish metrics and make due snapshots.

        The event says no more than that now is a good time: what is true is read from AWS.
        """
        until = self.clock.now() + min(deadline_s, BUDGET_S)
        instance = event.get("detail", {}).get("EC2InstanceId", "")
        self.note("run", event=event.get("detail-type", ""), instance=instance)
        try:
            while self.step() and self.clock.now() + POLL_S < until:
                self.clock.sleep(POLL_S)
            if self.members:
                self.watch()
        except Refused as refused:
            if instance and refused.person:  # once an event; the schedule's failures have an alarm of their own
                self.tell("blind", reason=refused, instance=instance)
            raise

    def step(self) -> bool:
        """Read the group and take every instance that waits one step on; True while something may happen soon."""
        self.poll = False
        try:
            if self.read_group():
                self.poll = any(state in ("Pending", "Terminating") for state in self.members.values())
                for instance_id, state in sorted(self.members.items(), key=lambda each: each[1], reverse=True):
                    if (state in HOOKS or state == RETAINED) and instance_id not in self.finished:
                        self.read_instances()
                        self.advance(state, instance_id)
        except Refused as refused:
            if refused.person:
                raise
            self.note("not read", level="warning", reason=str(refused))
            self.poll = True
        return self.poll

    def advance(self, state: str, instance_id: str) -> None:
        """Take one instance as far as it gets; complete its hook when it is ready, or note why not."""
        if instance_id not in self.instances and state == LAUNCHING:
            return  # not visible yet; if it never is, its hook ends by itself for want of heartbeats
        instance = self.instances.get(instance_id) or {"InstanceId": instance_id, "State": {"Name": "terminated"}}
        if stamp_of(instance)[0] == ABANDONED and state in HOOKS:
            self.abandon(state, instance, "")  # without heartbeats: the hook's timeout does it if we may not
            return
        if state in HOOKS and not self.beat(state, instance):
            self.finished.add(instance_id)
            return
        try:
            if state == LAUNCHING:
                self.bring_up(instance)
            else:
                self.release(instance)
            if state == RETAINED:
                self.finish_off(instance)
            else:
                self.phase = "complete"
                self.complete(state, instance_id, "CONTINUE")
            if state == LAUNCHING:
                self.announce(instance)
        except NotYet as waiting:
            self.hold(state, instance, waiting)
        except Hopeless as reason:
            self.abandon(state, instance, str(reason), "Nothing, unless it happens again.")

    # An instance that leaves

    def release(self, old: Json) -> None:
        """Stop an instance that leaves (it flushes and unmounts), and detach its data volumes, never by force."""
        held = [each for each in old.get("BlockDeviceMappings", ()) if self.is_data(each, old)]
        instance_id, state = old["InstanceId"], old["State"]["Name"]
        if not held or state in GONE:  # EC2 lets go of the volumes of a terminated instance
            return
        self.phase = "stop"
        if state == "running":
            self.call("ec2", "stop_instances", InstanceIds=[instance_id])
        elif state == "stopping" and self.waited(old) > FORCE_STOP_AFTER_S:
            self.call("ec2", "stop_instances", InstanceIds=[instance_id], Force=True)
        if state != "stopped":
            raise NotYet(f"{instance_id} is {state}, and has to stop before its data volumes can be detached")
        self.phase = "detach"
        for volume in (each["Ebs"] for each in held if each["Ebs"].get("Status") == "attached"):
            self.call("ec2", "detach_volume", VolumeId=volume["VolumeId"], InstanceId=instance_id)
        raise NotYet(f"{listed(each['Ebs']['VolumeId'] for each in held)} is being detached from {instance_id}")

    def is_data(self, mapping: Json, instance: Json) -> bool:
        """Whether a block device is protected data, also when somebody took the volume's tags away."""
        name = mapping["DeviceName"]
        ours = mapping.get("Ebs", {}).get("VolumeId") in self.volumes or name in self.devices
        return ours and name != instance.get("RootDeviceName")

    def finish_off(self, old: Json) -> None:
        """Terminate an instance that an abandoned hook retained, once its data is in service elsewhere."""
        self.phase = "retained"
        instance_id = old["InstanceId"]
        if old["State"]["Name"] in GONE or "Terminate" in self.suspended:
            return
        if not self.in_service():
            raise NotYet(f"{instance_id} is kept, and billed, until its data is in service on another instance")
        operation = "terminate_instance_in_auto_scaling_group"
        self.call("autoscaling", operation, InstanceId=instance_id, ShouldDecrementDesiredCapacity=False)

    def in_service(self) -> Json | None:
        """Return the instance in service that has every data volume attached, if there is one."""
        for instance_id in (key for key, state in self.members.items() if state == "InService"):
            instance = self.instances.get(instance_id, {"State": {"Name": "unknown"}})
            mappings = instance.get("BlockDeviceMappings", ())
            there = {each["DeviceName"] for each in mappings if self.is_data(each, instance)}
            if instance["State"]["Name"] == "running" and there >= set(self.devices):
                return instance
        return None

    # An instance that starts: its data

    def bring_up(self, new: Json) -> None:
        """Give a new instance its data, then its network settings, and its Elastic IPs last."""
        self.phase = "boot"
        state = new["State"]["Name"]
        if state in GONE:
            raise Hopeless(f"{new['InstanceId']} was {state} before it had its data")
        if state != "running":  # AttachVolume and AssociateAddress refuse a pending instance
            raise NotYet(f"{new['InstanceId']} is {state}")
        if self.devices:
            self.attach(new, self.choose(new))
        self.network(new)
        self.move_addresses(new)

    def choose(self, new: Json) -> dict[str, Json]:
        """Return, by device, volumes in the instance's zone that hold one consistent state of the data.

        In this order: the current volumes themselves; copies of them, made now; and only if the group's policy
        allows the loss, copies of the newest completed set of snapshots.
        """
        self.phase = "find"
        current, own = self.current(new), self.copies_for(new)
        whole = next((each for each in own.values() if each.keys() == set(self.devices)), {})
        have = {**(own.get(new["InstanceId"], {}) if current else whole), **current}
        missing = [device for device in self.devices if device not in have]
        try:
            if missing:
                raise NotYet(f"no volume of {self.name} is tagged {DEVICE}={listed(missing)}", person=True)
            self.require_free(have.values(), new)
            return self.in_zone(have, new)
        except Held:
            raise
        except NotYet as waiting:
            early = self.age(new["LaunchTime"]) < (MISSING_AFTER_S if missing else OLDER_SET_AFTER_S)
            if early or self.phase == "copy" or (isinstance(waiting, Refused) and not waiting.zone_fails):
                raise
            if set_id := self.older_set(new, own):
                return self.restore(set_id, current, new, waiting)
            why = f"{waiting}. No set of snapshots may replace it: {self.why_none(new)}"
            raise NotYet(why, person=waiting.person) from waiting

    def current(self, new: Json) -> dict[str, Json]:
        """Return the volume that holds each device's data; a copy counts once its source is retired."""
        data = {key: each for key, each in self.volumes.items() if tags_of(each).get(ROLE) == "data"}
        found: dict[str, Json] = {}
        for volume in data.values():
            device, (_, instance, source) = tags_of(volume).get(DEVICE), copy_of(volume)
            if device not in self.devices or source in data or instance == new["InstanceId"]:
                continue
            if device in found:
                both = listed([found[device]["VolumeId"], volume["VolumeId"]])
                raise Held(f"{both} both claim to be {device}: tag the wrong one {ROLE}=retired", person=True)
            found[device] = volume
        return found

    def copies_for(self, new: Json) -> dict[str, dict[str, Json]]:
        """Return the copies that were made for this very instance, by set and device."""
        found: dict[str, dict[str, Json]] = {}
        for volume in self.volumes.values():
            set_id, instance, _ = copy_of(volume)
            if instance == new["InstanceId"] and tags_of(volume).get(ROLE) == "data":
                found.setdefault(set_id, {})[tags_of(volume)[DEVICE]] = volume
        return found

    def require_free(self, volumes: Iterable[Json], new: Json) -> None:
        """Raise unless nobody else has the volumes: only an instance that leaves is made to give them up.

        Outside the group, one that carries its tag and is stopped writes nothing, and lets go as well; one that
        runs is never touched.
        """
        self.phase = "release"
        for volume in volumes:
            holders = {each["InstanceId"] for each in volume.get("Attachments", ())} - {new["InstanceId"]}
            for holder in holders:
                state = self.members.get(holder, "")
                gone = holder not in self.instances or self.instances[holder]["State"]["Name"] in GONE
                if gone or state.startswith("Terminating"):
                    raise NotYet(f"{holder} has not let go of {volume['VolumeId']}")
                outside = self.instances[holder]
                if not state and outside["State"]["Name"] == "stopped" and tags_of(outside).get(TAG) == self.name:
                    self.release(outside)
                whose = f"which is {state} in the group" if state else "which is not in the group"
                raise Held(f"{volume['VolumeId']} is attached to {holder}, {whose}: not ours to take", person=True)

    def in_zone(self, have: dict[str, Json], new: Json) -> dict[str, Json]:
        """Return the volumes, those of another zone as copies by snapshots taken now, while nobody writes."""
        zone, set_id = zone_of(new), new["InstanceId"]
        away = {device: each for device, each in have.items() if each["AvailabilityZone"] != zone}
        if not away:
            return have
        self.phase = "begin snapshot"
        snapshots = {device: self.snapshot(device, volume, set_id) for device, volume in away.items()}
        pending = [each for each in snapshots.values() if each["State"] != "completed"]
        if pending:
            self.phase = "snapshot"
            names = listed(f"{each['SnapshotId']} ({each.get('Progress') or '0%'})" for each in pending)
            raise NotYet(f"the way to {zone} is by snapshot, and {names} is not complete")
        self.phase = "copy"
        return {**have, **self.copies(snapshots, away, new, set_id)}

    def snapshot(self, device: str, volume: Json, set_id: str) -> Json:
        """Return this recovery's snapshot of a detached volume. CreateSnapshot has no token, so look first."""
        of_volume = [each for each in self.snapshots() if each["VolumeId"] == volume["VolumeId"]]
        taken = [each for each in of_volume if tags_of(each).get(SET) == set_id]
        usable = [each for each in taken if each["State"] != "error"]
        if usable:
            return min(usable, key=lambda each: (each["StartTime"], each["SnapshotId"]))
        if len(taken) >= 3:
            self.phase = "failing snapshots"
            raise NotYet(f"every snapshot of {volume['VolumeId']} fails: {listed(ids(taken))}", person=True)
        tags = {
            TAG: self.name,
            DEVICE: device,
            ROLE: "data",
            SET: set_id,
            KIND: "recovery",
            SOURCE: volume["VolumeId"],
        }
        specifications = [{"ResourceType": "snapshot", "Tags": tag_list(tags, tags_of(volume))}]
        text = f"{self.name}: {volume['VolumeId']} on its way to another zone"
        what = {"VolumeId": volume["VolumeId"], "Description": text, "TagSpecifications": specifications}
        return self.call("ec2", "create_snapshot", **what)

    def copies(
        self, snapshots: dict[str, Json], sources: dict[str, Json], new: Json, set_id: str
    ) -> dict[str, Json]:
        """Return the volumes made from a set for this instance; they are made now unless they were."""
        made = self.copies_for(new).get(set_id, {})
        for device in [each for each in snapshots if each not in made]:
            self.create_volume(device, snapshots[device], sources.get(device), new, set_id)
        late = [device for device in snapshots if device not in made or made[device]["State"] == "creating"]
        if late:
            why = "a KMS key that refuses shows only as a volume that never comes"
            raise NotYet(f"the new volume for {listed(late)} is being made ({why})")
        return {device: made[device] for device in snapshots}

    def create_volume(self, device: str, snapshot: Json, source: Json | None, new: Json, set_id: str) -> None:
        """Make a volume from a snapshot, in everything like its source: left alone, CreateVolume makes a gp2."""
        like, zone = source or {"VolumeType": "gp3"}, zone_of(new)
        kind = like["VolumeType"]
        token = hashlib.sha256(f"{set_id} {device} {zone} {new['InstanceId']}".encode()).hexdigest()
        tags = {TAG: self.name, DEVICE: device, ROLE: "data"}
        tags[COPY] = f"{set_id}/{new['InstanceId']}/{snapshot['VolumeId']}"
        parameters = {
            "AvailabilityZone": zone,
            "SnapshotId": snapshot["SnapshotId"],
            "VolumeType": kind,
            "Size": max(like.get("Size", 0), snapshot["VolumeSize"]),
            "ClientToken": token,
            "TagSpecifications": [{"ResourceType": "volume", "Tags": tag_list(tags, tags_of(source or snapshot))}],
        }
        if kind in ("gp3", "io1", "io2") and "Iops" in like:
            parameters["Iops"] = like["Iops"]
        if kind == "gp3" and "Throughput" in like:
            parameters["Throughput"] = like["Throughput"]
        if like.get("Encrypted") or snapshot.get("Encrypted"):
            parameters |= {"Encrypted": True, "KmsKeyId": like.get("KmsKeyId") or snapshot["KmsKeyId"]}
        self.call("ec2", "create_volume", **parameters)

    def older_set(self, new: Json, own: Iterable[str]) -> str | None:
        """Return the set that a restore for this instance began with, or the newest one that the policy allows."""
        sets = self.sets() if self.config["allow_data_loss_s"] > 0 else {}
        begun = set(own) - {new["InstanceId"]}
        young = {key for key, each in sets.items() if lost_s(each, new) <= self.config["allow_data_loss_s"]}
        choice = begun & sets.keys() or young - {new["InstanceId"]}
        return min(choice, key=lambda key: (lost_s(sets[key], new), key), default=None)

    def restore(self, set_id: str, sources: dict[str, Json], new: Json, instead: NotYet) -> dict[str, Json]:
        """Return copies of an older set, and say so before the first is made."""
        snapshots = self.sets()[set_id]
        self.phase = "restore"
        if stamp_of(new)[0] != self.phase and not self.copies_for(new):
            self.remember(new, self.moment(), told=True)
            self.tell(
                "older", reason=instead, instance=new["InstanceId"], age=span(lost_s(snapshots, new)), set=set_id
            )
        return self.copies(snapshots, sources, new, set_id)

    def why_none(self, new: Json) -> str:
        """Say why no set of snapshots is good enough."""
        allowed = self.config["allow_data_loss_s"]
        if allowed <= 0:
            return "the group accepts no loss of data"
        ages = [lost_s(each, new) for each in self.sets().values()]
        newest = f"the newest complete set is {span(min(ages))} old" if ages else "there is no complete set"
        return f"{newest}, and the group accepts a loss of {span(allowed)}"

    def attach(self, new: Json, chosen: dict[str, Json]) -> None:
        """Retire every other data volume in one call, then attach the chosen ones under their old device names."""
        self.phase = "attach"
        ids_chosen = {volume["VolumeId"] for volume in chosen.values()}
        for mapping in new.get("BlockDeviceMappings", ()):
            if mapping["DeviceName"] in chosen and mapping["Ebs"]["VolumeId"] not in ids_chosen:
                what = f"{mapping['DeviceName']} of {new['InstanceId']} is taken by {mapping['Ebs']['VolumeId']}"
                raise NotYet(f"{what}, which its image or launch template brings", person=True)
        self.phase = "retire"
        tags = {key: tags_of(each) for key, each in self.volumes.items() if key not in ids_chosen}
        others = [key for key, each in tags.items() if each.get(ROLE) == "data" and each.get(DEVICE) in chosen]
        if others:
            self.call("ec2", "create_tags", Resources=others, Tags=tag_list({ROLE: "retired"}))
        self.phase = "attach"
        for device, volume in chosen.items():
            if not volume.get("Attachments"):
                where = {"VolumeId": volume["VolumeId"], "InstanceId": new["InstanceId"]}
                self.call("ec2", "attach_volume", Device=device, **where)
        if any(
            [each["State"] for each in volume.get("Attachments", ())] != ["attached"] for volume in chosen.values()
        ):
            raise NotYet(f"{listed(sorted(ids_chosen))} is being attached to {new['InstanceId']}")

    # An instance that starts: its network

    def network(self, new: Json) -> None:
        """Set source/destination check, which no launch template carries, and the private DNS name."""
        self.phase = "network"
        wanted, record = self.config.get("source_dest_check"), self.config.get("record")
        if wanted is not None:
            nic = interface(new, 0)
            if nic["SourceDestCheck"] != wanted:
                which = {"NetworkInterfaceId": nic["NetworkInterfaceId"], "SourceDestCheck": {"Value": wanted}}
                self.call("ec2", "modify_network_interface_attribute", **which)
        if record:
            values = {"TTL": record["ttl"], "ResourceRecords": [{"Value": new["PrivateIpAddress"]}]}
            change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": record["name"], "Type": "A", **values}}
            batch = {"HostedZoneId": record["zone_id"], "ChangeBatch": {"Changes": [change]}}
            self.call("route53", "change_resource_record_sets", **batch)

    def move_addresses(self, new: Json) -> None:
        """Move the Elastic IPs, and read them again to be sure: two callers can both be told they have one."""
        self.phase = "address"
        wanted = {each["allocation_id"]: place_of(each, new) for each in self.config["addresses"]}
        if not wanted:
            return
        filters = [{"Name": "allocation-id", "Values": list(wanted)}]
        answer = self.call("ec2", "describe_addresses", Filters=filters)
        found = {each["AllocationId"]: each for each in answer["Addresses"]}
        if gone := [each for each in wanted if each not in found]:
            raise NotYet(f"the Elastic IP {listed(gone)} no longer exists", person=True)
        away = [key for key, place in wanted.items() if {each: found[key].get(each) for each in place} != place]
        for allocation in away:
            what = {"AllocationId": allocation, "AllowReassociation": True, **wanted[allocation]}
            self.call("ec2", "associate_address", **what)
        if away:
            raise NotYet(f"{listed(away)} was moved to {new['InstanceId']} and has to be seen there")

    # Waiting and completing

    def hold(self, state: str, instance: Json, waiting: NotYet) -> None:
        """Keep in a tag since when an instance waits for this; tell people once; give up if it takes too long."""
        phase, since, told = stamp_of(instance)
        if phase != self.phase or since is None:
            since, told = self.moment(), False
            if not self.remember(instance, since, told=False) and state == LAUNCHING:
                since = instance["LaunchTime"]
        waited, instance_id = self.age(since), instance["InstanceId"]
        level = "warning" if waiting.person else "info"
        self.note(self.phase, level=level, instance=instance_id, waited_s=round(waited), reason=str(waiting))
        self.poll |= state in HOOKS and waited < POLL_FOR_S
        limit = GIVE_UP_SNAPSHOT_AFTER_S if self.phase == "snapshot" else GIVE_UP_AFTER_S
        if state in HOOKS and waited >= limit:
            self.abandon(state, instance, f"After {span(waited)}: {waiting}")
            return
        after = TELL_PERSON_AFTER_S if waiting.person else TELL_AFTER_S
        if told or waited < after or instance_id in self.spoken_of:
            return
        self.spoken_of.add(instance_id)
        if self.remember(instance, since, told=True) or waited < after + 60:  # without a tag: once in that minute
            hint = "Remove the reason above; waiting alone will not help." if waiting.person else "Nothing yet."
            at_most = f", for {span(limit)} at most" if state in HOOKS else ""
            facts = {"state": state, "where": WHERE[state], "phase": self.phase, "limit": at_most, "hint": hint}
            self.tell("waits", instance=instance_id, reason=waiting, **facts)

    def remember(self, instance: Json, since: datetime, *, told: bool) -> bool:
        """Write what an instance waits for to its tag; False when AWS does not let us."""
        value = f"{self.phase} since {since.strftime(TIME)}{' told' if told else ''}"
        try:
            self.call("ec2", "create_tags", Resources=[instance["InstanceId"]], Tags=tag_list({WAIT: value}))
        except Refused as refused:
            self.note("not remembered", level="error", instance=instance["InstanceId"], reason=str(refused))
            return not refused.person
        instance["Tags"] = tag_list({**tags_of(instance), WAIT: value})
        return True

    def waited(self, instance: Json) -> float:
        """Return the seconds that an instance has been in the present phase, as far as its tag knows."""
        phase, since, _ = stamp_of(instance)
        return self.age(since) if since and phase == self.phase else 0.0

    def abandon(
        self,
        state: str,
        instance: Json,
        reason: str,
        hint: str = "Remove the reason above; the next launch recovers.",
    ) -> None:
        """Give an instance up, with a reason the first time: its group then terminates or retains it."""
        instance_id = instance["InstanceId"]
        if reason:
            self.tell(
                "abandoned" if state == LAUNCHING else "retained", instance=instance_id, reason=reason, hint=hint
            )
        try:
            self.complete(state, instance_id, "ABANDON")
        except Refused as refused:
            self.note("not abandoned", level="error", instance=instance_id, reason=str(refused))
            self.phase = ABANDONED
            self.remember(instance, self.moment(), told=True)

    def beat(self, state: str, instance: Json) -> bool:
        """Hold the hook for another period; False when no action of ours is active any more."""
        instance_id = instance["InstanceId"]
        if instance_id not in self.beaten:
            try:
                self.hook("record_lifecycle_action_heartbeat", state, instance_id)
            except Refused as refused:
                self.note("no heartbeat", level="error", instance=instance_id, reason=str(refused))
                return not refused.no_active_hook
            self.beaten.add(instance_id)
        return True

    def complete(self, state: str, instance_id: str, result: str) -> None:
        """Complete a hook; one that is not active any more was completed before."""
        try:
            self.hook("complete_lifecycle_action", state, instance_id, LifecycleActionResult=result)
        except Refused as refused:
            if not refused.no_active_hook:
                raise
        self.finished.add(instance_id)

    def hook(self, operation: str, state: str, instance_id: str, **more: str) -> None:
        """Call Auto Scaling about one instance's lifecycle action."""
        which = {"AutoScalingGroupName": self.name, "LifecycleHookName": HOOKS[state], "InstanceId": instance_id}
        self.call("autoscaling", operation, **which, **more)

    def announce(self, new: Json) -> None:
        """Say that the instance has recovered, and what became of its data."""
        facts = {"zone": zone_of(new), "took": span(self.age(new["LaunchTime"]))}
        self.tell("recovered", instance=new["InstanceId"], data=self.story_of_data(new), **facts)

    def story_of_data(self, new: Json) -> str:
        """Say for every volume of an instance where its data comes from."""
        lines = []
        for volume in self.volumes.values():
            holders = [each["InstanceId"] for each in volume.get("Attachments", ())]
            if new["InstanceId"] in holders:
                set_id, instance, source = copy_of(volume)
                how = "the same volume as before; nothing was lost"
                if instance == new["InstanceId"]:
                    how = f"restored from snapshot set {set_id}; later writes are lost, {source} is kept"
                if set_id == new["InstanceId"]:
                    how = f"copied from {source}, which is kept; nothing was lost"
                lines.append(f"{tags_of(volume).get(DEVICE)}: {volume['VolumeId']}, {how}.")
        return "\n".join(lines) or f"{self.name} has no data volumes."

    # What the schedule does besides

    def watch(self) -> None:
        """Publish the longest wait and the age of the newest set of snapshots; make a set when it is due.

        Before the first set the age is how long one has been awaited, so that its alarm has data from the start.
        """
        self.read_instances()
        metrics = {"SecondsInWait": max(map(self.seconds_in_wait, self.members))}
        sets = self.sets() if self.devices else {}
        starts = [min(each["StartTime"] for each in one.values()) for one in sets.values()]
        if starts:
            metrics["SnapshotAgeSeconds"] = self.age(max(starts))
        elif self.config.get("awaited_since"):
            metrics["SnapshotAgeSeconds"] = self.clock.now() - self.config["awaited_since"]
        shape = {"Dimensions": [{"Name": "Group", "Value": self.name}], "Unit": "Seconds"}
        data = [{"MetricName": key, "Value": value, **shape} for key, value in metrics.items()]
        self.call("cloudwatch", "put_metric_data", Namespace=self.config["namespace"], MetricData=data)
        instance = self.in_service()
        if instance and self.devices and self.config["snapshot_every_s"] > 0:
            self.snapshot_when_due(instance, self.config["snapshot_every_s"])

    def seconds_in_wait(self, instance_id: str) -> float:
        """Return how long a member has been held by a hook."""
        state, instance = self.members[instance_id], self.instances.get(instance_id, {})
        since = instance.get("LaunchTime") if state == LAUNCHING else stamp_of(instance)[1]
        return self.age(since) if since and state in HOOKS else 0.0

    def snapshot_when_due(self, instance: Json, every_s: int) -> None:
        """Make one crash-consistent set of the volumes in service. It is never pruned here: that is the user's."""
        started = [each["StartTime"] for each in self.snapshots() if each["State"] != "error"]
        if started and self.age(max(started)) < every_s:
            return
        data = {key for key, each in self.volumes.items() if tags_of(each).get(ROLE) == "data"}
        mappings = [
            each for each in instance["BlockDeviceMappings"] if each["DeviceName"] != instance["RootDeviceName"]
        ]
        others = [each["Ebs"]["VolumeId"] for each in mappings if each["Ebs"]["VolumeId"] not in data]
        which = {"InstanceId": instance["InstanceId"], "ExcludeBootVolume": True, "ExcludeDataVolumeIds": others}
        # The group, device and role are copied from the volumes' own tags.
        tags = tag_list({SET: self.moment().strftime(TIME), KIND: "scheduled"})
        how = {"CopyTagsFromSource": "volume", "Description": f"{self.name}: scheduled"}
        specifications = [{"ResourceType": "snapshot", "Tags": tags}]
        self.call("ec2", "create_snapshots", InstanceSpecification=which, TagSpecifications=specifications, **how)


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


def set_of(snapshot: Json) -> str:
    """Return the consistent set that a snapshot belongs to, by the tags that say so.

    In a policy of Data Lifecycle Manager they are variable tags: the time of the run, and the instance. A set of
    any other tool is known by its common start time.
    """
    tags = tags_of(snapshot)
    set_id = tags.get(SET) or snapshot["StartTime"].strftime(TIME)
    return f"{set_id} {tags.get(INSTANCE, '')}".strip().replace("/", "-")


def in_doubt(run: list[Json]) -> bool:
    """Whether a policy's run has two snapshots of one device."""
    devices = [tags_of(each)[DEVICE] for each in run if INSTANCE in tags_of(each)]
    return len(devices) != len(set(devices))


def stamp_of(instance: Json) -> tuple[str, datetime | None, bool]:
    """Return what an instance waits for, since when, and whether people were told."""
    phase, _, rest = tags_of(instance).get(WAIT, "").partition(" since ")
    when, _, told = rest.partition(" ")
    return phase, datetime.strptime(when, TIME).replace(tzinfo=UTC) if when else None, told == "told"


def lost_s(snapshots: dict[str, Json], new: Json) -> float:
    """Return the seconds of writes that a set lacks: from its start to the launch of the replacement."""
    launched: datetime = new["LaunchTime"]
    started: list[datetime] = [each["StartTime"] for each in snapshots.values()]
    return (launched - min(started)).total_seconds()


def zone_of(instance: Json) -> str:
    """Return the Availability Zone of an instance."""
    return str(instance["Placement"]["AvailabilityZone"])


def interface(instance: Json, index: int) -> Json:
    """Return an instance's network interface by device index."""
    found: list[Json] = [
        each for each in instance["NetworkInterfaces"] if each["Attachment"]["DeviceIndex"] == index
    ]
    if not found:
        raise NotYet(f"{instance['InstanceId']} has no network interface {index}", person=True)
    return found[0]


def place_of(address: Json, instance: Json) -> Json:
    """Return where on an instance an Elastic IP belongs."""
    nic = interface(instance, address["device_index"])
    ips = [each["PrivateIpAddress"] for each in nic["PrivateIpAddresses"]]
    if len(ips) <= address["private_index"]:
        what = f"private address {address['private_index']} for {address['allocation_id']}"
        raise NotYet(f"{nic['NetworkInterfaceId']} has no {what}", person=True)
    return {"NetworkInterfaceId": nic["NetworkInterfaceId"], "PrivateIpAddress": ips[address["private_index"]]}


def ids(snapshots: list[Json]) -> list[str]:
    """Return the ids of snapshots."""
    return [each["SnapshotId"] for each in snapshots]


def listed(names: Iterable[str]) -> str:
    """Return names as a person lists them."""
    return " and ".join(names)


def span(seconds: float) -> str:
    """Return a duration as a person says it."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def lambda_handler(event: Json, context: Any, work: type[Recovery] = Recovery) -> None:
    """Run once; Lambda's entry point."""
    import boto3
    from botocore.config import Config

    config = json.loads(os.environ["OPSCTL_HA"])
    settings = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=3, read_timeout=15)

    @cache
    def client(service: str) -> Any:
        return boto3.client(service, region_name=config["region"], config=settings)

    def log(line: str) -> None:
        print(line)  # noqa: T201 - Lambda keeps what a function prints

    work(config, client, SystemClock(), log).run(event, context.get_remaining_time_in_millis() / 1000 - 15)
