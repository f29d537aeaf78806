"""Brings data and address back to a replaced instance: what `opsctl make-ha` deploys to AWS Lambda.

A reconciler without memory. Every invocation, whether a lifecycle event or the schedule started it, reads the
group afresh and takes each instance that waits in a hook as far as it gets; the next minute's invocation goes on.
All state is in AWS (lifecycle states, attachments, tags), so events that are lost, doubled, late or out of order,
and a run killed between any two calls, change nothing but the time it takes. EventBridge delivers lifecycle events
at best effort (Auto Scaling guide, ec2-auto-scaling-event-reference), hence the schedule.

A device's data is on the volume tagged `opsctl:ha-role=data`. A copy names its set of snapshots, its instance and
its source in `opsctl:ha-copy`, and counts only once the source is tagged `retired`: that one CreateTags call,
before the first attachment, is the moment a move happens. What is slow is waited for; an older state replaces data
that exists only when its zone is shown to be down (evidence.py). No volume is deleted, made empty or forced off an
instance; of snapshots only those of the schedule are, beyond the number to keep.
"""

import json
import os
import time
from datetime import datetime
from functools import cache
from typing import Any

from opsctl.ha.recovery.account import (
    DEVICE,
    KIND,
    ROLE,
    SET,
    TAG,
    TIME,
    Hopeless,
    Json,
    NotYet,
    Refused,
    by_tag,
    copy_of,
    listed,
    span,
    tag_list,
    tags_of,
    zone_of,
)
from opsctl.ha.recovery.data import GONE, UNUSED
from opsctl.ha.recovery.places import COUNTED, Places
from opsctl.ha.recovery.sets import superfluous
from opsctl.ha.recovery.waiting import ABANDONED, HOOKS, LAUNCHING, RECOVERED, RETAINED, TOLD, stamp_of

BUDGET_S, POLL_S = 50, 4
"""A run stays below the schedule's minute."""
PRUNED_AT_ONCE = 50
UNREADABLE = (LookupError, ValueError, TypeError, AttributeError)
"""What comes of a tag or an answer that is not as it should be."""


class Recovery(Places):
    """One invocation's work on the group."""

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
                self.follow_launches()
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
        self.pay(instance, state)
        if stamp_of(instance).phase == ABANDONED and state in HOOKS:
            self.abandon(state, instance, "")  # without heartbeats: the hook's timeout does it if we may not
            return
        if state in HOOKS and not self.beat(state, instance):
            self.finished.add(instance_id)
            return
        try:
            self.take_on(state, instance)
        except NotYet as waiting:
            self.hold(state, instance, waiting)
        except Hopeless as reason:
            self.abandon(state, instance, str(reason), "Nothing, unless it happens again.")
        except UNREADABLE as fault:  # one member's, and no reason for the others to wait
            self.phase = "fault"
            why = f"the handler cannot read what it finds ({fault!r}); a tag that was edited may be the reason"
            self.hold(state, instance, NotYet(why, person=True))

    def take_on(self, state: str, instance: Json) -> None:
        """Do all that is left to do for an instance; people are told once it is done."""
        if state == LAUNCHING:
            self.bring_up(instance)
            self.phase = RECOVERED
            self.remember(instance, self.moment())
        else:
            self.release(instance)
        if state == RETAINED:
            self.finish_off(instance)
        else:
            self.phase = "complete"
            self.complete(state, instance["InstanceId"], "CONTINUE")
        if state == LAUNCHING:
            self.settle(instance)

    def settle(self, new: Json) -> None:
        """Tell that an instance has recovered; what cannot be told now is owed, and told by a later run."""
        self.phase = RECOVERED
        self.spoken_of.add(new["InstanceId"])
        if self.announce(new, self.moment()):
            self.remember(new, self.moment(), TOLD)

    # An instance that leaves, and one that is in service

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

    # An instance that starts

    def bring_up(self, new: Json) -> None:
        """Give a new instance its data, then its network settings, and its Elastic IPs last."""
        self.phase = "boot"
        state = new["State"]["Name"]
        if state in GONE:
            raise Hopeless(f"{new['InstanceId']} was {state} before it had its data")
        if state != "running":  # AttachVolume and AssociateAddress refuse a pending instance
            self.leave_dead_zone(new)
            raise NotYet(f"{new['InstanceId']} is {state}")
        if self.devices:
            self.attach(new, self.choose(new))
        self.network(new)
        self.move_addresses(new)

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

    def announce(self, new: Json, since: datetime) -> bool:
        """Say that the instance has recovered, and what became of its data."""
        facts = {"zone": zone_of(new), "took": span((since - new["LaunchTime"]).total_seconds())}
        return self.tell("recovered", instance=new["InstanceId"], data=self.story_of_data(new), **facts)

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
            elif tags_of(volume).get(ROLE) == UNUSED and not holders:
                lines.append(f"Left over: {volume['VolumeId']}, a copy that was never used; it can be deleted.")
        lines.sort(key=lambda each: each.startswith("Left over"))
        return "\n".join(lines) or f"{self.name} has no data volumes."

    # What the schedule does besides

    def watch(self) -> None:
        """Publish the longest wait and the age of the newest set of snapshots; make a set when it is due.

        Before the first set the age is how long one has been awaited, so that its alarm has data from the start.
        """
        self.read_instances()
        for instance_id, state in self.members.items():
            if instance_id in self.instances:
                self.pay(self.instances[instance_id], state)
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
        if instance and [state for state in self.members.values() if state in COUNTED] == ["InService"]:
            self.stay(instance)
        if instance and self.devices and self.config["snapshot_every_s"] > 0:
            self.snapshot_when_due(instance, self.config["snapshot_every_s"])

    def seconds_in_wait(self, instance_id: str) -> float:
        """Return how long a member has been held by a hook."""
        state, instance = self.members[instance_id], self.instances.get(instance_id, {})
        since = instance.get("LaunchTime") if state == LAUNCHING else stamp_of(instance).since
        return self.age(since) if since and state in HOOKS else 0.0

    def snapshot_when_due(self, instance: Json, every_s: int) -> None:
        """Make one crash-consistent set of the volumes in service, and delete sets beyond the number to keep."""
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
        if LAUNCHING not in self.members.values():  # whoever is being restored may need any of them
            self.prune()

    def prune(self) -> None:
        """Delete the schedule's own snapshots beyond the newest sets to keep; a refusal stops nothing."""
        mine = {"OwnerIds": ["self"], "Filters": [by_tag(TAG, self.name), by_tag(KIND, "scheduled")]}
        try:
            every = self.pages("describe_snapshots", "Snapshots", MaxResults=1000, **mine)
            for snapshot_id in superfluous(every, self.devices, self.config["keep_snapshots"])[:PRUNED_AT_ONCE]:
                self.call("ec2", "delete_snapshot", SnapshotId=snapshot_id)
        except Refused as refused:
            self.note("not pruned", level="warning", reason=str(refused))


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
    # One call that hangs costs seconds, not the run; telling people, which waits for nobody, the least of them.
    patient = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=10)
    curt = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=4)

    @cache
    def client(service: str) -> Any:
        settings = curt if service in ("sns", "cloudwatch") else patient
        return boto3.client(service, region_name=config["region"], config=settings)

    def log(line: str) -> None:
        print(line)  # noqa: T201 - Lambda keeps what a function prints

    work(config, client, SystemClock(), log).run(event, context.get_remaining_time_in_millis() / 1000 - 15)
