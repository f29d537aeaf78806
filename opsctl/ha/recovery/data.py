"""The data of an instance: taken from one that leaves, and given to one that starts.

Deployed to AWS Lambda beside handler.py. All data volumes of an instance come in one consistent state: themselves,
or copies of them made now, or copies of an older set. What is slow is waited for; an older set is taken only where
the zone of the data is shown to be down, or the volumes are gone, and the group's policy allows the loss.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from opsctl.ha.recovery.account import (
    COPY,
    DEVICE,
    FILTER_VALUES,
    KIND,
    LOST,
    ROLE,
    SET,
    SOURCE,
    TAG,
    USABLE,
    Held,
    Json,
    NotYet,
    Refused,
    copy_of,
    listed,
    span,
    tag_list,
    tags_of,
    zone_of,
)
from opsctl.ha.recovery.evidence import Question, Zone, launches_since, look_at
from opsctl.ha.recovery.sets import lost_s, whole_sets
from opsctl.ha.recovery.waiting import TOLD, Waiting, stamp_of

GONE = ("shutting-down", "terminated")
RETIRED, UNUSED = "retired", "unused"
"""Roles of volumes whose data is in service elsewhere: one that once was itself, and a copy that never was."""

MISSING_AFTER_S = 120
"""A tag or volume may take a moment to show in Describe calls, so "it is not there" needs a second look."""
FORCE_STOP_AFTER_S = 600
"""A guest may take minutes to flush and stop, and force cuts that off (EC2 guide, instances that do not stop)."""
FORCED, FORCED_FOR_S = "force stop", 600
"""A stop by force takes a minute or two on a host that answers."""
LOOK_AFTER_S, ZONE_DOWN_AFTER_S = 540, 900
"""The witnesses are heard in time for the first message about a wait. What they say counts a quarter of
an hour after the launch: status checks take minutes to tell of what has just happened."""
LAUNCHES_FOR_S = 3600
"""How long before a launch the failure of another still says something of a zone."""


class Data(Waiting):
    """What is done about the data volumes."""

    # An instance that leaves

    def release(self, old: Json) -> None:
        """Stop an instance that leaves (it flushes and unmounts), and detach its data volumes, never by force.

        The stop is by force, once, when it has taken long: that takes nothing from a guest that hangs.
        """
        held = [each for each in old.get("BlockDeviceMappings", ()) if self.is_data(each, old)]
        instance_id, state = old["InstanceId"], old["State"]["Name"]
        if not held or state in GONE:  # EC2 lets go of the volumes of a terminated instance
            return
        self.stop(old)
        if state != "stopped":
            raise NotYet(f"{instance_id} is {state}, and has to stop before its data volumes can be detached")
        self.phase = "detach"
        for volume in (each["Ebs"] for each in held if each["Ebs"].get("Status") == "attached"):
            self.call("ec2", "detach_volume", VolumeId=volume["VolumeId"], InstanceId=instance_id)
        raise NotYet(f"{listed(each['Ebs']['VolumeId'] for each in held)} is being detached from {instance_id}")

    def stop(self, old: Json) -> None:
        """Begin to stop an instance, or once it has taken long, stop it by force."""
        self.phase = FORCED if stamp_of(old).phase == FORCED else "stop"
        instance_id, state = old["InstanceId"], old["State"]["Name"]
        if state == "running":
            self.call("ec2", "stop_instances", InstanceIds=[instance_id])
        elif state == "stopping" and self.phase == "stop" and self.waited(old) > FORCE_STOP_AFTER_S:
            self.call("ec2", "stop_instances", InstanceIds=[instance_id], Force=True)
            self.phase = FORCED

    def is_data(self, mapping: Json, instance: Json) -> bool:
        """Whether a block device is protected data, also when somebody took the volume's tags away."""
        name = mapping["DeviceName"]
        ours = mapping.get("Ebs", {}).get("VolumeId") in self.volumes or name in self.devices
        return ours and name != instance.get("RootDeviceName")

    # An instance that starts

    def choose(self, new: Json) -> dict[str, Json]:
        """Return, by device, volumes in the instance's zone that hold one consistent state of the data.

        In this order: the current volumes themselves; copies of them, made now; and only if they are gone or their
        zone is shown to be down, and the group's policy allows the loss, copies of the newest completed set.
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
            early = self.age(new["LaunchTime"]) < (MISSING_AFTER_S if missing else LOOK_AFTER_S)
            if early or self.phase == "copy" or (isinstance(waiting, Refused) and not waiting.zone_fails):
                raise
            return self.instead(waiting, new, current, missing)

    def instead(self, waiting: NotYet, new: Json, current: dict[str, Json], missing: list[str]) -> dict[str, Json]:
        """Return copies of an older set, if the volumes cannot be had and the policy allows it; else wait on."""
        set_id = self.older_set(new, self.copies_for(new))
        if set_id is None:
            why = f"{waiting}. No set of snapshots may replace it: {self.why_none(new)}"
            raise NotYet(why, person=waiting.person) from waiting
        if missing:
            self.require_gone(missing)
            return self.restore(set_id, current, new, waiting)
        zone = self.zone_of_data(new, current)
        if zone.down:
            down = NotYet(f"{waiting}. {zone.name} is down: {zone.says}", person=waiting.person)
            if self.age(new["LaunchTime"]) < ZONE_DOWN_AFTER_S:
                raise down from waiting
            return self.restore(set_id, current, new, down)
        why = f"{waiting}. It is waited for, because {zone.name} is not shown to be down: {zone.says}"
        raise NotYet(why, person=waiting.person, hint=self.if_lost(zone, new)) from waiting

    def if_lost(self, zone: Zone, new: Json) -> str:
        """Say how a person tells the handler what they know of a zone and AWS does not say."""
        tag = f"--resources {new['InstanceId']} --tags Key={LOST},Value={zone.name}"
        command = f"aws ec2 create-tags {tag} --region {self.config.get('region')}"
        then = "what an older set of snapshots lacks is then lost, as far as --allow-data-loss allows"
        return f"Nothing, if it can wait. If you know that {zone.name} is lost: {command}; {then}."

    def require_gone(self, devices: list[str]) -> None:
        """Raise if a volume that the newest snapshots were taken of still exists: then only its tags are gone."""
        sources = {each["VolumeId"] for each in self.snapshots() if tags_of(each).get(DEVICE) in devices}
        sources -= self.volumes.keys()
        filters = [{"Name": "volume-id", "Values": sorted(sources)[:FILTER_VALUES]}]
        found = self.pages("describe_volumes", "Volumes", Filters=filters) if sources else []
        there = [
            each["VolumeId"]
            for each in found
            if each["State"] in USABLE and tags_of(each).get(ROLE) not in (RETIRED, UNUSED)
        ]
        if there:
            what = f"{listed(there)} still exists, without its tags, and may hold the data"
            how = f"give it back {TAG}={self.name}, {DEVICE} and {ROLE}=data, or tag it {ROLE}={RETIRED}"
            raise Held(f"{what}: {how}", person=True)

    def zone_of_data(self, new: Json, current: dict[str, Json]) -> Zone:
        """Look at the zone of the data that cannot be had; the zone in which the new instance runs is not down."""
        away = [each for each in current.values() if each["AvailabilityZone"] != zone_of(new)]
        if not away:
            return Zone(zone_of(new), down=False, says=f"{new['InstanceId']} runs there")
        name: str = away[0]["AvailabilityZone"]
        return self.look_at_zone(name, new)

    def look_at_zone(self, name: str, new: Json) -> Zone:
        """Ask every witness whether a zone is down."""
        volumes = [key for key, each in self.volumes.items() if each["AvailabilityZone"] == name]
        stuck = [key for key, each in self.instances.items() if zone_of(each) == name and self.is_stuck(each)]
        launches = launches_since(self.activities(), new["LaunchTime"] - timedelta(seconds=LAUNCHES_FOR_S))
        word = tags_of(new).get(LOST, "")
        zone = look_at(self, Question(name, tuple(volumes), tuple(stuck), word, launches))
        self.note("zone", level="warning", zone=name, down=zone.down, reason=zone.says)
        return zone

    def is_stuck(self, old: Json) -> bool:
        """Whether an instance does not stop although it was told to by force, long ago."""
        stamp = stamp_of(old)
        forced = stamp.phase == FORCED and stamp.since is not None and self.age(stamp.since) >= FORCED_FOR_S
        return old["State"]["Name"] == "stopping" and forced

    def activities(self) -> list[Json]:
        """Return the group's newest scaling activities."""
        which = {"AutoScalingGroupName": self.name, "MaxRecords": 20}
        found: list[Json] = self.call("autoscaling", "describe_scaling_activities", **which).get("Activities", [])
        return found

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
        tags[COPY] = f"{set_id}/{new['InstanceId']}/{(source or snapshot)['VolumeId']}"
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

    def sets(self) -> dict[str, dict[str, Json]]:
        """Return the completed snapshots of all devices, by consistent set."""
        return whole_sets(self.snapshots(), self.devices)

    def restore(self, set_id: str, sources: dict[str, Json], new: Json, instead: NotYet) -> dict[str, Json]:
        """Return copies of an older set, and say so before the first is made."""
        snapshots = self.sets()[set_id]
        self.phase = "restore"
        stamp = stamp_of(new)
        if stamp.phase != self.phase or not stamp.told:
            facts = {"age": span(lost_s(snapshots, new)), "set": set_id}
            told = self.tell("older", reason=instead, instance=new["InstanceId"], **facts)
            self.remember(new, self.moment(), TOLD if told else "")
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
        """Retire every other data volume in one call, then attach the chosen ones under their old device names.

        Copies that were made for an instance that came to nothing hold no state of their own, and are told apart.
        """
        self.phase = "attach"
        ids_chosen = {volume["VolumeId"] for volume in chosen.values()}
        for mapping in new.get("BlockDeviceMappings", ()):
            if mapping["DeviceName"] in chosen and mapping["Ebs"]["VolumeId"] not in ids_chosen:
                what = f"{mapping['DeviceName']} of {new['InstanceId']} is taken by {mapping['Ebs']['VolumeId']}"
                raise NotYet(f"{what}, which its image or launch template brings", person=True)
        self.phase = "retire"
        tags = {key: tags_of(each) for key, each in self.volumes.items() if key not in ids_chosen}
        others = [key for key, each in tags.items() if each.get(ROLE) == "data" and each.get(DEVICE) in chosen]
        data = {key for key, each in self.volumes.items() if tags_of(each).get(ROLE) == "data"}
        unused = [key for key in others if copy_of(self.volumes[key])[2] in data]
        for role, volumes in ((UNUSED, unused), (RETIRED, [key for key in others if key not in unused])):
            if volumes:
                self.call("ec2", "create_tags", Resources=volumes, Tags=tag_list({ROLE: role}))
        self.phase = "attach"
        for device, volume in chosen.items():
            if not volume.get("Attachments"):
                where = {"VolumeId": volume["VolumeId"], "InstanceId": new["InstanceId"]}
                self.call("ec2", "attach_volume", Device=device, **where)
        if any(
            [each["State"] for each in volume.get("Attachments", ())] != ["attached"] for volume in chosen.values()
        ):
            raise NotYet(f"{listed(sorted(ids_chosen))} is being attached to {new['InstanceId']}")


def ids(snapshots: list[Json]) -> list[str]:
    """Return the ids of snapshots."""
    return [each["SnapshotId"] for each in snapshots]
