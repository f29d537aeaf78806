"""Lets the standby take over from a failed instance: what `opsctl make-ha --mode standby` deploys with handler.py.

A reconciler without memory, as the handler is. Primary and standby are known by the tag `opsctl:ha-role`. A
failover begins only when CloudWatch's alarm is on *and* EC2 itself finds the primary impaired, or says nothing
of it and a second witness does: EBS of its volumes, or AWS of its zone. One that a person stopped has not
failed, unless a drill has stamped it with `opsctl:ha-drill` lately. The decision is one CreateTags call on the
standby, and is never taken back: the failed instance is stopped, its volumes move by the handler's own table,
the address comes last. The standby then is the primary and the old instance `retired`: nothing fails back by
itself, and nothing is ever terminated here.
"""

from datetime import UTC, datetime
from typing import Any

from opsctl.ha.recovery.account import (
    LOST,
    POLICY,
    ROLE,
    TAG,
    TIME,
    Hopeless,
    Json,
    NotYet,
    Refused,
    by_tag,
    listed,
    tag_list,
    tags_of,
    zone_of,
)
from opsctl.ha.recovery.data import GONE, ZONE_DOWN_AFTER_S
from opsctl.ha.recovery.evidence import Question, ask, look_at
from opsctl.ha.recovery.handler import Recovery
from opsctl.ha.recovery.handler import lambda_handler as run_once
from opsctl.ha.recovery.waiting import POLL_FOR_S, RECOVERED

FAILOVER, DRILL, RUN = "opsctl:ha-failover", "opsctl:ha-drill", "opsctl:plan"
DRILL_FOR_S = 6 * 3600
"""A plan may be applied for four hours; a stamp that is older was left by a drill that did not come to its end."""
PRIMARY, STANDBY, RETIRED = "primary", "standby", "retired"
FORMERLY = "twin"
"""The tag's value for the standby where an earlier version launched it."""
WAITING, STANDBY_FAILED = "Standby", "Terminating:Failed"
"""Lifecycle states of the two, as if they were in a group; a group has neither of them."""
HEALTHY, IMPAIRED = ("ok", "initializing", "not-applicable"), "impaired"
"""AWS: a status check that has just begun, or is not made, says nothing against an instance. `insufficient-data`
says nothing at all, and is no failure by itself (Auto Scaling does not take it for one either)."""


class Standby(Recovery):
    """One invocation's work on primary and standby."""

    primary: Json | None = None
    standby: Json | None = None
    untold: str = ""
    """Why it cannot be told whether the instance has failed, as far as that is so."""

    def run(self, event: Json, deadline_s: float) -> None:
        """Run as for a group; when the alarm calls and AWS lets us not look, decide or tell, people are told."""
        called = "alarmName" in event.get("detail", {})
        try:
            super().run(event, deadline_s)
        except Refused as refused:
            if refused.person and called:
                self.tell("cannot fail over", reason=refused)
            raise
        if called and self.untold and self.primary and self.standby:
            zone, which = zone_of(self.primary), f"--resources {self.standby['InstanceId']}"
            command = (
                f"aws ec2 create-tags {which} --tags Key={LOST},Value={zone} --region {self.config['region']}"
            )
            facts = {"instance": self.primary["InstanceId"], "zone": zone, "command": command}
            self.tell("cannot tell", reason=self.untold, **facts)

    def step(self) -> bool:
        """Read both and take a failover one step on; True while something may happen soon."""
        self.poll = False
        try:
            if self.read_group() and self.standby and self.decided(self.standby):
                self.fail_over(self.standby)
        except Refused as refused:
            if refused.person:
                raise
            self.note("not read", level="warning", reason=str(refused))
            self.poll = True
        return self.poll

    def read_group(self) -> bool:
        """Read primary and standby; False when there is no standby, or nothing that it could stand in for."""
        found = self.pages("describe_instances", "Reservations", Filters=[by_tag(TAG, self.name)])
        instances = [each for one in found for each in one["Instances"]]
        self.primary, self.standby = (one_with(role, instances) for role in (PRIMARY, STANDBY))
        begun = self.standby is not None and FAILOVER in tags_of(self.standby)
        self.members = {}
        if self.primary:
            self.members[self.primary["InstanceId"]] = STANDBY_FAILED if begun else "InService"
        if self.standby:
            self.members[self.standby["InstanceId"]] = WAITING
        return self.standby is not None and (self.primary is not None or begun)

    def decided(self, standby: Json) -> bool:
        """Whether the standby is to take over; the decision is written down before anything is done about it."""
        if FAILOVER in tags_of(standby):
            return True
        if self.primary is None or not self.alarmed() or not self.failed(self.primary):
            return False
        self.phase = "decide"
        moment = self.moment().strftime(TIME)
        self.call("ec2", "create_tags", Resources=[standby["InstanceId"]], Tags=tag_list({FAILOVER: moment}))
        standby["Tags"] = tag_list({**tags_of(standby), FAILOVER: moment})
        self.members[self.primary["InstanceId"]] = STANDBY_FAILED
        return True

    def alarmed(self) -> bool:
        """Whether the alarm is on at this moment, whatever an event says."""
        answer = self.call("cloudwatch", "describe_alarms", AlarmNames=[f"opsctl-{self.name}-primary"])
        return any(each["StateValue"] == "ALARM" for each in answer["MetricAlarms"])

    def failed(self, primary: Json) -> bool:
        """Whether EC2 finds the instance unhealthy; one that a person stopped or ended has not failed."""
        instance_id, state = primary["InstanceId"], primary["State"]["Name"]
        self.untold = ""
        if state == "running":
            failed, why = self.checked(primary)
        else:
            reason = primary.get("StateReason", {}).get("Code", "")
            drilled = state in ("stopping", "stopped") and self.drilled(primary)
            failed = drilled or (state != "pending" and reason.startswith("Server."))
            why = f"it is {state} ({'by a drill' if drilled else reason or 'no reason given'})"
        self.note("failed" if failed else "not failed", level="warning", instance=instance_id, reason=why)
        return failed

    def checked(self, primary: Json) -> tuple[bool, str]:
        """Whether EC2's status checks find an instance impaired; where they are silent, others are heard."""
        which = {"InstanceIds": [primary["InstanceId"]], "IncludeAllInstances": True}
        answer = self.call("ec2", "describe_instance_status", **which)
        checks = [
            each.get(kind, {}).get("Status", "insufficient-data")
            for each in answer["InstanceStatuses"]
            for kind in ("SystemStatus", "InstanceStatus")
        ]
        why = f"its status checks are {', '.join(checks) or 'unknown'}"
        if IMPAIRED in checks or (checks and all(each in HEALTHY for each in checks)):
            return IMPAIRED in checks, why
        failed, said = self.witnessed(primary)
        why = f"{why}; {said}"
        self.untold = "" if failed else why
        return failed, why

    def witnessed(self, primary: Json) -> tuple[bool, str]:
        """Whether EBS finds a volume of an instance impaired, or its zone is shown to be down, and by what."""
        volumes = [each["Ebs"]["VolumeId"] for each in primary.get("BlockDeviceMappings", ()) if "Ebs" in each]
        statuses = ask(self, "describe_volume_status", "VolumeStatuses", VolumeIds=sorted(volumes))
        sick = [each["VolumeId"] for each in statuses if each.get("VolumeStatus", {}).get("Status") == IMPAIRED]
        if sick:
            return True, f"EBS finds {listed(sick)} impaired"
        word = tags_of(self.standby or {}).get(LOST, "")
        zone = look_at(self, Question(zone_of(primary), tuple(volumes), (), word, ()))
        return zone.down, zone.says

    def drilled(self, primary: Json) -> bool:
        """Whether a drill has said, lately, that its stop of this instance is to be taken for a failure."""
        stamp = tags_of(primary).get(DRILL, "").partition(" ")[0]
        try:
            stamped = datetime.strptime(stamp, TIME).replace(tzinfo=UTC)
        except ValueError:
            return False
        return self.age(stamped) < DRILL_FOR_S

    def fail_over(self, standby: Json) -> None:
        """Take the failover as far as it gets: fence, start, data, address, and only then the roles."""
        decision = datetime.strptime(tags_of(standby)[FAILOVER], TIME).replace(tzinfo=UTC)
        self.read_instances()
        new = self.instances.get(standby["InstanceId"], standby)
        new["LaunchTime"] = (
            decision  # ages of snapshots count from here, though somebody may have started it before
        )
        old = self.primary and self.instances.get(self.primary["InstanceId"], self.primary)
        waits = old or new
        try:
            if old:
                self.fence(old, new, decision)
            waits = new
            self.start(new)
            self.bring_up(new)
            self.hand_over(old, new)
        except (NotYet, Hopeless) as waiting:
            reason = waiting if isinstance(waiting, NotYet) else NotYet(str(waiting), person=True)
            self.hold(STANDBY_FAILED, waits, reason)
            self.poll |= self.age(decision) < POLL_FOR_S

    def fence(self, old: Json, new: Json, decision: datetime) -> None:
        """Stop the failed instance, by force after a while, and detach its volumes.

        One whose zone is shown to be down stays `stopping`, and that is all that can be done. Its volumes are
        still its own then, and only the policy about older snapshots lets the standby go on without them.
        """
        instance_id, state = old["InstanceId"], old["State"]["Name"]
        if state in ("stopped", *GONE):
            self.release(old)
            return
        self.stop(old)
        why = f"{instance_id} is {state}, and has to stop before its standby takes over"
        if state != "stopping" or self.age(decision) < ZONE_DOWN_AFTER_S:
            raise NotYet(why)
        if not self.devices:  # then there is no data that two could write, and nothing to wait for
            return
        zone = self.look_at_zone(zone_of(old), new)
        if not zone.down:
            why += f". It is waited for, because {zone.name} is not shown to be down: {zone.says}"
            raise NotYet(why, hint=self.if_lost(zone, new))

    def start(self, new: Json) -> None:
        """Start the standby; there may be no capacity for it, and that is tried again every minute."""
        self.phase = "start"
        if new["State"]["Name"] == "stopped":
            self.call("ec2", "start_instances", InstanceIds=[new["InstanceId"]])
            raise NotYet(f"{new['InstanceId']} is being started")

    def hand_over(self, old: Json | None, new: Json) -> None:
        """Make the standby the primary; the old one first stops being it, so that there are never two.

        Where Data Lifecycle Manager takes the snapshots, its policy finds the one that has the data by a tag.
        """
        self.phase = "hand over"
        of_policy = self.config["dlm_every_s"] > 0
        retired, primary = ({POLICY: each} if of_policy else {} for each in (RETIRED, self.name))
        if old:
            tags = tag_list({ROLE: RETIRED, **retired})
            self.call("ec2", "create_tags", Resources=[old["InstanceId"]], Tags=tags)
        tags = tag_list({ROLE: PRIMARY, **primary})
        self.call("ec2", "create_tags", Resources=[new["InstanceId"]], Tags=tags)
        self.note("handed over", instance=new["InstanceId"], reason="it is the primary now")
        self.phase = RECOVERED
        self.remember(new, self.moment())
        self.settle(new)

    def announce(self, new: Json, since: datetime) -> bool:
        """Say that the standby has taken over, and what became of its data."""
        facts = {"zone": zone_of(new), "group": self.name, "data": self.story_of_data(new)}
        facts["run"] = tags_of(new).get(RUN, "RUN (the one that built it)")
        return self.tell("failed over", instance=new["InstanceId"], **facts)

    def activities(self) -> list[Json]:
        """Return no scaling activities: there is no group that launches."""
        return []


def one_with(role: str, instances: list[Json]) -> Json | None:
    """Return the instance of a role; a standby that was terminated is none."""
    named = (STANDBY, FORMERLY) if role == STANDBY else (role,)
    found = [each for each in instances if tags_of(each).get(ROLE) in named]
    if role == STANDBY:
        found = [each for each in found if each["State"]["Name"] not in GONE]
    return min(found, key=lambda each: str(each["InstanceId"]), default=None)


def lambda_handler(event: Json, context: Any) -> None:
    """Run once; Lambda's entry point."""
    run_once(event, context, Standby)
