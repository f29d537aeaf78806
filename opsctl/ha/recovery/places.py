"""Where the group launches: in the zone of its data, and in its other zones only while that one cannot launch.

Deployed to AWS Lambda beside handler.py. Of several zones AWS chooses one, and in any but that of the data a
recovery takes a snapshot more: so the group's subnets are those of one zone, and the handler widens and narrows
them. A list with a subnet that the plan did not name is a person's, and is left alone.
"""

from collections.abc import Iterable
from datetime import timedelta

from opsctl.ha.recovery.account import ROLE, Hopeless, Json, Refused, listed, tags_of, zone_of
from opsctl.ha.recovery.data import LAUNCHES_FOR_S, ZONE_DOWN_AFTER_S, Data
from opsctl.ha.recovery.evidence import launches_since, zone_of_activity
from opsctl.ha.recovery.waiting import LAUNCHING

COUNTED = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
"""Lifecycle states that count towards the group's capacity."""


class Places(Data):
    """What is done about the zones in which the group launches."""

    def places(self) -> dict[str, list[str]]:
        """Return the plan's subnets by zone; none where there is no group, or its subnets are a person's now."""
        planned: dict[str, list[str]] = self.config.get("subnets") or {}
        known = {each for subnets in planned.values() for each in subnets}
        return planned if self.subnets and known >= set(self.subnets) else {}

    def follow_launches(self) -> None:
        """Let the group launch in all its zones when it lacks an instance and its newest launch has failed.

        Where AWS does not allow that the run fails, and the alarm on the handler's errors tells people.
        """
        counted = sum(state in COUNTED for state in self.members.values())
        if not self.places() or counted >= self.desired or "Launch" in self.suspended:
            return
        launches = launches_since(self.activities(), self.moment() - timedelta(seconds=LAUNCHES_FOR_S))
        if launches and launches[0]["StatusCode"] == "Failed":
            why = str(launches[0].get("StatusMessage", "no reason given")).rstrip(".")
            self.widen(f"A launch in {zone_of_activity(launches[0]) or 'its zone'} failed: {why}")

    def widen(self, reason: str, *, but: str = "") -> None:
        """Let the group launch in all its zones, but in one that is down."""
        wanted = {zone: subnets for zone, subnets in self.places().items() if zone != but}
        if self.launch_in(each for subnets in wanted.values() for each in subnets):
            self.tell("moves on", reason=reason, zones=listed(sorted(wanted)))

    def leave_dead_zone(self, new: Json) -> None:
        """Give up an instance that does not start because its zone is down; the next one starts elsewhere."""
        if not self.places() or self.age(new["LaunchTime"]) < ZONE_DOWN_AFTER_S:
            return
        zone = self.look_at_zone(zone_of(new), new)
        if zone.down:
            self.widen(f"{zone.name} is down: {zone.says}", but=zone.name)
            raise Hopeless(f"{new['InstanceId']} does not start, and {zone.name} is down: {zone.says}")

    def abandon(self, state: str, instance: Json, reason: str, hint: str = "") -> None:
        """Give an instance up; after one that was launched away from the data, the next starts where that is."""
        if state == LAUNCHING and reason and self.places():
            self.go_home(instance)
        super().abandon(state, instance, reason, hint)

    def go_home(self, new: Json) -> None:
        """Let the group launch in the zone of its data again, unless that is down."""
        data = {each["AvailabilityZone"] for each in self.volumes.values() if tags_of(each).get(ROLE) == "data"}
        away = sorted(data - {zone_of(new)})
        if len(away) == 1 and not self.look_at_zone(away[0], new).down:
            self.try_to_launch_in(self.places().get(away[0], ()))

    def stay(self, serving: Json) -> None:
        """Let the group launch in the zone of the instance in service alone, if it may launch in others too."""
        here = self.places().get(zone_of(serving), ())
        if here and set(here) < set(self.subnets):
            self.try_to_launch_in(here)

    def try_to_launch_in(self, subnets: Iterable[str]) -> None:
        """Set the group's subnets, if AWS lets us: a later run tries again."""
        try:
            self.launch_in(subnets)
        except Refused as refused:
            self.note("not moved", level="error", reason=str(refused))

    def launch_in(self, subnets: Iterable[str]) -> bool:
        """Set the group's subnets; False when they are those already."""
        wanted = list(subnets)
        if not wanted or set(wanted) == set(self.subnets):
            return False
        which = {"AutoScalingGroupName": self.name, "VPCZoneIdentifier": ",".join(wanted)}
        self.call("autoscaling", "update_auto_scaling_group", **which)
        self.subnets = wanted
        return True
