"""Auto Scaling as AWS does it: launches, hooks that hold, health, replacement, and a history of all of it.

Source: Amazon EC2 Auto Scaling user guide and API reference, as collected in the facts about make-ha.
"""

import json
from typing import Any

from opsctl.sandbox.engine import scaling_events, scaling_health
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.scaling_launch import Failed, launch_instance, launched_by
from opsctl.sandbox.engine.scaling_model import LAUNCHING, TERMINATING, Activity, Group, Member, Wait

POLL_S = 2
DIFFERENCE = "an instance was started in response to a difference between desired and actual capacity."


class Scaling:
    """The Auto Scaling of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.groups: dict[str, Group] = {}
        self.completed: list[tuple[str, str, str]] = []
        """Every completed lifecycle action: instance, hook and result."""
        self._checking = False

    @property
    def about(self) -> Conditions:
        """The conditions of the account."""
        return conditions(self.account)

    @property
    def ec2(self) -> Any:
        """moto's EC2 of this account and region."""
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.account][self.region]

    def group_of(self, instance_id: str) -> Group | None:
        """The group an instance is in."""
        return next((one for one in self.groups.values() if one.member(instance_id)), None)

    # Capacity

    def balance(self, group: Group, cause: str) -> None:
        """Launch what is missing and end what is too many."""
        if group.deleting or group.name not in self.groups:
            return
        while _missing(group) > 0 and group.runs("Launch") and not group.retry_pending:
            if not self._launch(group, cause):
                break
        if group.runs("Terminate"):
            spare = [one for one in group.members if one.counted and not one.protected and not one.replacing]
            for member in spare[: max(-_missing(group), 0)]:
                self.terminate(group, member, cause)
        self.watch()

    def _launch(self, group: Group, cause: str) -> bool:
        """Launch one instance, in another zone when one has no capacity (balanced best effort)."""
        tried: set[str] = set()
        while len(tried) < len(group.zones):
            zone = self._zone(group, tried)
            tried.add(zone)
            subnet = next(name for name, where in group.subnets.items() if where == zone)
            activity = self._activity(group, "Launching a new EC2 instance", cause, subnet, zone)
            try:
                instance = launch_instance(self.ec2, group, subnet)
            except Failed as failure:
                activity.end("Failed", self.about.moment(), f"{failure} Launching EC2 instance failed.")
                scaling_events.tell(group, "EC2 Instance Launch Unsuccessful", None, activity)
                continue
            group.failures = 0
            activity.description = f"Launching a new EC2 instance: {instance.id}"
            member = Member(
                instance_id=instance.id,
                instance_type=instance.instance_type,
                zone=zone,
                image_id=instance.image_id,
                template=launched_by(self.ec2, group.template),
                protected=bool(group.settings.get("NewInstancesProtectedFromScaleIn")),
                activity=activity,
            )
            activity.status = "PreInService"
            group.members.append(member)
            self._hold(group, member, LAUNCHING)
            return True
        # Launches that fail again and again are tried less and less often (AS/lifecycle-hooks).
        group.failures += 1
        self._retry_later(group)
        return False

    def _retry_later(self, group: Group) -> None:
        group.retry_pending = True

        def again() -> None:
            group.retry_pending = False
            self.balance(group, DIFFERENCE)

        wait = min(self.about.durations.launch_retry * 2 ** (max(group.failures, 1) - 1), 3600)
        self.about.later(max(wait, 1), again)

    def _zone(self, group: Group, tried: set[str]) -> str:
        """The zone of a launch: the one with the fewest instances (Auto Scaling user guide, availability zones).

        Which of several equal ones AWS takes is not said: here the least convenient, another than the last one
        was ended in, and the last of the list, so that nothing which needs the old zone passes by luck.
        """
        wanted = self.about.faults.next_zones
        while wanted:
            zone = wanted.pop(0)
            if zone in group.zones and zone not in tried:
                return zone
        free = [zone for zone in reversed(group.zones) if zone not in tried]
        ended = [one for one in group.activities if one.description.startswith("Terminating")]
        left = json.loads(ended[0].details)["Availability Zone"] if ended else ""
        counted = [one.zone for one in group.members if one.counted]
        return min(free, key=lambda zone: (counted.count(zone), zone == left))

    # Hooks

    def _hold(self, group: Group, member: Member, transition: str) -> None:
        """Keep an instance waiting when there are hooks; else let it go on."""
        hooks = group.hooks_for(transition)
        if not hooks:
            self._proceed(group, member, transition)
            return
        member.state = f"{_stem(transition)}:Wait"
        if member.activity:
            member.activity.status = "MidLifecycleAction"
        now = self.about.now()
        member.waits = {hook.name: Wait(hook, now + hook.heartbeat, now + hook.global_timeout) for hook in hooks}
        for wait in list(member.waits.values()):
            self._expire(group, member, wait)
            scaling_events.announce(group, member, wait)

    def _expire(self, group: Group, member: Member, wait: Wait) -> None:
        def check() -> None:
            if member.waits.get(wait.hook.name) is not wait:
                return
            if self.about.now() >= wait.ends:
                self.complete(group, member, wait, wait.hook.result)
            else:
                self.about.later(wait.ends - self.about.now(), check)

        self.about.later(max(wait.ends - self.about.now(), 0.001), check)

    def heartbeat(self, wait: Wait) -> None:
        """Begin the wait anew; its global timeout stands."""
        wait.due = self.about.now() + wait.hook.heartbeat

    def complete(self, group: Group, member: Member, wait: Wait, result: str) -> None:
        """End one wait; the last one, or the first that abandons, ends them all."""
        del member.waits[wait.hook.name]
        transition = wait.hook.transition
        if result == "CONTINUE":
            if not member.waits:
                self._proceed(group, member, transition)
            return
        member.waits.clear()
        if transition == LAUNCHING:
            self._abandon_launch(group, member)
        elif group.retains:
            member.state = "Terminating:Retained"
            self._end_activity(member, "Cancelled", "the lifecycle action was abandoned; the instance is retained")
        else:
            self._proceed(group, member, transition)

    def _abandon_launch(self, group: Group, member: Member) -> None:
        message = "Instance failed to complete user's Lifecycle Action: Lifecycle Action was abandoned"
        self._end_activity(member, "Cancelled", message)
        scaling_events.tell(group, "EC2 Instance Launch Unsuccessful", member, member.activity)
        group.failures += 1
        hooks = self.about.faults.abandoned_launch_runs_terminate_hooks
        cause = f"an instance {member.instance_id} was taken out of service: its launch was abandoned."
        self.terminate(group, member, cause, hooks=hooks, replace=False)
        if not group.retry_pending:
            self._retry_later(group)

    def _proceed(self, group: Group, member: Member, transition: str) -> None:
        stem = _stem(transition)
        member.state = f"{stem}:Proceed" if group.hooks_for(transition) else stem
        finish = self._into_service if transition == LAUNCHING else self._end_instance
        self.about.later(self.about.durations.scaling_step, lambda: finish(group, member))

    # Into service and out of it

    def _into_service(self, group: Group, member: Member) -> None:
        if member not in group.members or not member.state.startswith("Pending"):
            return
        instance = self.ec2.get_instance_by_id(member.instance_id)
        if instance.state == "pending":
            self.about.later(POLL_S, lambda: self._into_service(group, member))
            return
        member.state = "InService"
        member.in_service_at = self.about.now()
        self.register(group, [member.instance_id])
        self._end_activity(member, "Successful")
        scaling_events.tell(group, "EC2 Instance Launch Successful", member, member.activity)
        for old in [one for one in group.members if one.replacing and one.counted]:
            old.replacing = False
            self.terminate(group, old, f"an instance {old.instance_id} was replaced.", replace=False)
        self.balance(group, "the group was balanced.")

    def terminate(
        self, group: Group, member: Member, cause: str, *, hooks: bool = True, replace: bool = True
    ) -> Activity:
        """Begin to end a member; its replacement is launched at once, while it still terminates (fact 2)."""
        activity = self._activity(group, f"Terminating EC2 instance: {member.instance_id}", cause, "", member.zone)
        self.deregister(group, [member.instance_id])
        member.activity = activity
        member.state = "Terminating"
        member.waits.clear()
        if hooks:
            self._hold(group, member, TERMINATING)
        else:
            self._proceed(group, member, TERMINATING)
        if replace:
            self.balance(group, f"an instance was launched in response to {member.instance_id} leaving.")
        return activity

    def release(self, group: Group, member: Member) -> Activity:
        """End a retained instance, which has passed its hooks already."""
        activity = self._activity(
            group, f"Terminating EC2 instance: {member.instance_id}", "a user request", "", member.zone
        )
        member.activity = activity
        self._end_instance(group, member)
        return activity

    def _end_instance(self, group: Group, member: Member) -> None:
        if member not in group.members:
            return
        member.state = "Terminating:Proceed" if group.hooks_for(TERMINATING) else "Terminating"
        instance = self.ec2.get_instance_by_id(member.instance_id)
        # Protection does not stop Auto Scaling (EC2 user guide, stop protection and termination protection).
        instance.disable_api_termination = instance.disable_api_stop = False
        self.ec2.terminate_instances([member.instance_id])
        self._gone(group, member)

    def _gone(self, group: Group, member: Member) -> None:
        if member not in group.members:
            return
        if self.ec2.get_instance_by_id(member.instance_id).state != "terminated":
            self.about.later(POLL_S, lambda: self._gone(group, member))
            return
        member.state = "Terminated"
        group.members.remove(member)
        self._end_activity(member, "Successful")
        scaling_events.tell(group, "EC2 Instance Terminate Successful", member, member.activity)
        if group.deleting and not group.members:
            self.groups.pop(group.name, None)
        self.balance(group, "the group was balanced.")

    # Health

    def watch(self) -> None:
        """Check every group's health from now on, again and again."""
        if not self._checking and self.groups:
            self._checking = True
            self.about.later(max(self.about.durations.health_check, 1), self._check)

    def _check(self) -> None:
        self._checking = False
        for group in list(self.groups.values()):
            scaling_health.mark(self, group)
            scaling_health.replace(self, group)
            self.balance(group, DIFFERENCE)
        self.watch()

    # Load balancing

    def register(self, group: Group, instance_ids: list[str]) -> None:
        """Put instances into the group's target groups."""
        if not group.runs("AddToLoadBalancer"):
            return
        for arn in group.target_groups:
            port = self._elbv2.target_groups[arn].port
            self._elbv2.register_targets(arn, [{"Id": one, "Port": port} for one in instance_ids])

    def deregister(self, group: Group, instance_ids: list[str]) -> None:
        """Take instances out of the group's target groups."""
        for arn in group.target_groups:
            if arn in self._elbv2.target_groups:
                self._elbv2.deregister_targets(arn, [{"Id": one} for one in instance_ids])

    @property
    def _elbv2(self) -> Any:
        from moto.elbv2.models import elbv2_backends

        return elbv2_backends[self.account][self.region]

    # History and events

    def note(self, group: Group, description: str, zone: str) -> Activity:
        """Begin an activity that a user asked for."""
        return self._activity(group, description, "a user request", "", zone)

    def _activity(self, group: Group, description: str, cause: str, subnet: str, zone: str) -> Activity:
        details = json.dumps({"Subnet ID": subnet, "Availability Zone": zone})
        activity = Activity(description, cause, self.about.moment(), details)
        group.activities.insert(0, activity)
        return activity

    def _end_activity(self, member: Member, status: str, message: str | None = None) -> None:
        if member.activity:
            member.activity.end(status, self.about.moment(), message)


def _missing(group: Group) -> int:
    """How many are missing; one that is to be replaced once its replacement is there does not count."""
    return group.desired - sum(one.counted and not one.replacing for one in group.members)


def _stem(transition: str) -> str:
    return "Pending" if transition == LAUNCHING else "Terminating"
