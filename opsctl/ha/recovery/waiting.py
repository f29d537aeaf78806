"""Instances that wait in a hook: for what and since when, who was told, and what happens when it takes too long.

Deployed to AWS Lambda beside handler.py. What must be remembered between two invocations is in one tag of the
instance, `opsctl:ha-wait`. Telling people stops nothing: what could not be told is told by a later run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsctl.ha.recovery.account import (
    TIME,
    WAIT,
    Account,
    Clock,
    Json,
    NotYet,
    Refused,
    span,
    tag_list,
    tags_of,
)
from opsctl.ha.recovery.messages import WHERE, message

LAUNCHING, TERMINATING, RETAINED = "Pending:Wait", "Terminating:Wait", "Terminating:Retained"
HOOKS = {LAUNCHING: "opsctl-launch", TERMINATING: "opsctl-terminate"}
ABANDONED, GAVE_UP, RECOVERED = "abandoned", "gave up", "recovered"
"""Phases of what is over: a hook that could not be abandoned, and two things that people have to be told of."""

POLL_FOR_S = 180
"""What has not happened in three minutes is not worth polling for."""
TELL_AFTER_S, TELL_PERSON_AFTER_S = 600, 120
GIVE_UP_AFTER_S, GIVE_UP_SLOW_AFTER_S, WARN_BEFORE_S = 3600, 47 * 3600, 4 * 3600
"""A hook lives 48 hours at most, however often its heartbeat is recorded (PutLifecycleHook)."""
SLOW = ("release", "begin snapshot", "snapshot")
"""Phases in which the data's old place takes its time: another launch would wait no less, or begin them anew."""
TOLD, WARNED = "told", "warned"


@dataclass(frozen=True)
class Stamp:
    """What an instance waits for, since when, and whether people were told of it, or warned of its end."""

    phase: str = ""
    since: datetime | None = None
    told: str = ""


class Waiting(Account):
    """What is done about an instance that waits: it is held, given up or let go, and people are told."""

    def __init__(
        self, config: Json, clients: Callable[[str], Any], clock: Clock, log: Callable[[str], object]
    ) -> None:
        super().__init__(config, clients, clock, log)
        self.beaten: set[str] = set()
        self.finished: set[str] = set()
        self.spoken_of: set[str] = set()
        self.phase = ""
        self.poll = False

    def tell(self, what: str, **facts: Any) -> bool:
        """Send a notification; whatever goes wrong with it is logged, stops nothing, and makes this False."""
        text = message(self.name, what, facts)
        try:
            self.call("sns", "publish", TopicArn=self.config["topic_arn"], **text)
        except Refused as refused:
            self.note("not told", level="error", subject=text["Subject"], reason=str(refused))
            return False
        return True

    def hold(self, state: str, instance: Json, waiting: NotYet) -> None:
        """Keep in a tag since when an instance waits for this; tell people once; give up if it takes too long."""
        stamp, instance_id = stamp_of(instance), instance["InstanceId"]
        since, told = stamp.since, stamp.told
        if stamp.phase != self.phase or since is None:
            since, told = self.moment(), ""
            if not self.remember(instance, since) and state == LAUNCHING:
                since = instance["LaunchTime"]
        waited, limit = self.age(since), self.limit_s(waiting)
        if state == LAUNCHING:  # a hook's own end counts from the launch, whatever was waited for
            limit = min(limit, max(0.0, GIVE_UP_SLOW_AFTER_S - self.age(instance["LaunchTime"]) + waited))
        level = "warning" if waiting.person else "info"
        self.note(self.phase, level=level, instance=instance_id, waited_s=round(waited), reason=str(waiting))
        self.poll |= state in HOOKS and waited < POLL_FOR_S
        if state in HOOKS and waited >= limit:
            self.abandon(state, instance, f"After {span(waited)}: {waiting}", waiting.hint)
            return
        if instance_id in self.spoken_of:
            return
        after = TELL_PERSON_AFTER_S if waiting.person else TELL_AFTER_S
        if not told and waited >= after:
            self.tell_of_wait(state, instance, waiting, since, limit, without_tag=waited < after + 60)
        elif state in HOOKS and told == TOLD and limit > GIVE_UP_AFTER_S and waited >= limit - WARN_BEFORE_S:
            self.warn(state, instance, waiting, since, limit)

    def limit_s(self, waiting: NotYet) -> float:
        """Return how long a wait may take before the hook is abandoned."""
        slow = self.phase in SLOW and not waiting.person
        return float(GIVE_UP_SLOW_AFTER_S if slow else GIVE_UP_AFTER_S)

    def tell_of_wait(
        self, state: str, instance: Json, waiting: NotYet, since: datetime, limit: float, *, without_tag: bool
    ) -> None:
        """Tell once of a wait; where no tag can remember it, in its first minute only."""
        self.spoken_of.add(instance["InstanceId"])
        if not self.remember(instance, since, TOLD) and not without_tag:
            return
        nothing = "Remove the reason above; waiting alone will not help." if waiting.person else "Nothing yet."
        at_most = f", for {span(limit)} at most" if state in HOOKS else ""
        facts = {"state": state, "where": WHERE[state], "phase": self.phase, "limit": at_most}
        hint = waiting.hint or nothing
        if not self.tell("waits", instance=instance["InstanceId"], reason=waiting, hint=hint, **facts):
            self.remember(instance, since)

    def warn(self, state: str, instance: Json, waiting: NotYet, since: datetime, limit: float) -> None:
        """Tell once more, some hours before a long wait is given up."""
        self.spoken_of.add(instance["InstanceId"])
        waited = self.age(since)
        then = "the group then terminates it and launches another, which begins anew"
        if state == TERMINATING:
            then = "the group then keeps it, and AWS bills it"
        facts = {"state": state, "where": WHERE[state], "phase": self.phase, "then": then}
        facts |= {"left": span(limit - waited), "waited": span(waited)}
        hint = waiting.hint or "Remove the reason above, if it can be."
        if self.tell("soon", instance=instance["InstanceId"], reason=waiting, hint=hint, **facts):
            self.remember(instance, since, WARNED)

    def remember(self, instance: Json, since: datetime, told: str = "") -> bool:
        """Write what an instance waits for to its tag; False when AWS does not let us."""
        value = f"{self.phase} since {since.strftime(TIME)} {told}".rstrip()
        try:
            self.call("ec2", "create_tags", Resources=[instance["InstanceId"]], Tags=tag_list({WAIT: value}))
        except Refused as refused:
            self.note("not remembered", level="error", instance=instance["InstanceId"], reason=str(refused))
            return not refused.person
        instance["Tags"] = [
            {"Key": key, "Value": each} for key, each in {**tags_of(instance), WAIT: value}.items()
        ]
        return True

    def waited(self, instance: Json) -> float:
        """Return the seconds that an instance has been in the present phase, as far as its tag knows."""
        stamp = stamp_of(instance)
        return self.age(stamp.since) if stamp.since and stamp.phase == self.phase else 0.0

    def abandon(self, state: str, instance: Json, reason: str, hint: str = "") -> None:
        """Give an instance up, with a reason the first time: its group then terminates or retains it."""
        instance_id = instance["InstanceId"]
        try:
            self.complete(state, instance_id, "ABANDON")
        except Refused as refused:
            self.note("not abandoned", level="error", instance=instance_id, reason=str(refused))
            self.phase = ABANDONED
            self.remember(instance, self.moment(), TOLD)
        what = "abandoned" if state == LAUNCHING else "retained"
        hint = hint or "Remove the reason above; the next launch recovers."
        told = not reason or self.tell(what, instance=instance_id, reason=reason, hint=hint)
        if not told and self.phase != ABANDONED:
            self.phase = GAVE_UP
            self.note(self.phase, level="warning", instance=instance_id, reason=reason)
            self.remember(instance, self.moment())

    def pay(self, instance: Json, state: str) -> None:
        """Tell what people are still owed of an instance: telling failed, or the run was killed before."""
        stamp = stamp_of(instance)
        if stamp.told or stamp.since is None or instance["InstanceId"] in self.spoken_of:
            return
        owed = {GAVE_UP: state != "InService", RECOVERED: state == "InService"}
        if not owed.get(stamp.phase):
            return
        self.spoken_of.add(instance["InstanceId"])
        if stamp.phase == RECOVERED:
            told = self.announce(instance, stamp.since)
        else:
            facts = {"moment": stamp.since.strftime(TIME), "log_group": f"/aws/lambda/opsctl-{self.name}"}
            told = self.tell("gave up", instance=instance["InstanceId"], state=state, **facts)
        if told:
            self.phase = stamp.phase
            self.remember(instance, stamp.since, TOLD)

    def announce(self, new: Json, since: datetime) -> bool:
        """Say that an instance has recovered, and what became of its data."""
        raise NotImplementedError

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


def stamp_of(instance: Json) -> Stamp:
    """Return what an instance's tag says; a tag that somebody edited beyond understanding says nothing."""
    phase, _, rest = tags_of(instance).get(WAIT, "").partition(" since ")
    when, _, told = rest.partition(" ")
    try:
        since = datetime.strptime(when, TIME).replace(tzinfo=UTC)
    except ValueError:
        return Stamp()
    return Stamp(phase, since, told)
