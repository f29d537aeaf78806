"""A drill of a standby: what a look reads, what the answers say, and what the failover came to or hangs on."""

from opsctl.ha.drill.observation import DatedFact, Observation, Seat, data_of, data_reads, moment
from opsctl.ha.drill.outcome import (
    Milestones,
    Subject,
    addresses_at,
    last_reason,
    logs_command,
    status_command,
    stuck_in_service,
    successor,
    volumes_at,
)
from opsctl.ha.drill.timeline import DrillTimeline
from opsctl.ha.ha_pair import PRIMARY, RETIRED, tag_of, zone_of
from opsctl.ha.tags import FAILOVER_TAG, GROUP_TAG, ROLE_TAG
from opsctl.model.commands import Commands
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import instances_tagged

IN_SERVICE = "InService"
_STARTING = {"pending": "Pending:Boot", "running": "Pending:Data"}


def pair_observation_reads(group: str) -> dict[str, Read]:
    """Return what a look at a standby reads every time."""
    params = {"AlarmNames": [f"opsctl-{group}-primary"]}
    return {
        "instances": instances_tagged(GROUP_TAG, group),
        "alarm": Read(service="cloudwatch", operation="DescribeAlarms", params=params),
        **data_reads(group),
    }


def pair_observation_of(answers: dict[str, Answer], since: float, subject: Subject) -> Observation:
    """Return what the answers say; what AWS dates before `since` belongs to the past."""
    known = {name: one.value for name, one in answers.items() if one.refusal is None}
    both = (subject.instance, subject.standby_instance)
    found = [
        one
        for reservation in (known.get("instances") or {}).get("Reservations", [])
        for one in reservation["Instances"]
        if one["InstanceId"] in both
    ]
    facts = [*_alarm(known.get("alarm") or {}), *_started(found, subject)]
    return Observation(
        exists="instances" not in known or bool(found),
        seats=None if "instances" not in known else tuple(seat for one in found for seat in _seats(one, subject)),
        facts=tuple(one for one in facts if one.at > since),
    ).model_copy(update=data_of(answers))


def pair_milestones(timeline: DrillTimeline, observation: Observation, subject: Subject) -> Milestones:
    """Return when each part was reached, from whoever knows it best."""
    new = successor(observation, subject)
    handed_over = timeline.at(f"log {subject.standby_instance} handed over")
    good = [one.at for one in timeline.moments if one.key.startswith("probe good")]
    return Milestones(
        call=timeline.called_at,
        alarm_on=timeline.at("alarm on"),
        decided=timeline.at(f"log {subject.instance} failed"),
        launched=timeline.at("standby started"),
        volumes_attached=volumes_at(timeline, observation, new) if new else None,
        address_moved=addresses_at(timeline, subject, new) if new else None,
        in_service=(handed_over or timeline.at(f"{new} {IN_SERVICE}")) if new else None,
        first_bad_probe=timeline.at("probe bad"),
        first_good_probe=good[-1] if good else None,
    )


def pair_stuck(
    timeline: DrillTimeline, observation: Observation, subject: Subject, commands: Commands
) -> tuple[str, str]:
    """Say what the failover hangs on, and what to do about it."""
    status, logs = status_command(subject.group, commands), logs_command(subject.group, commands)
    if not observation.exists:
        return "neither instance exists", "look for the volumes and the address yourself"
    if observation.seats is None:
        return f"the instances cannot be read: {', '.join(observation.unread)}", (
            "try again with more permissions"
        )
    if successor(observation, subject):
        return stuck_in_service(timeline, observation, subject, status)
    chosen = [one for one in observation.seats if one.instance == subject.standby_instance]
    if chosen:
        why = last_reason(timeline, subject.standby_instance) or last_reason(timeline, subject.instance)
        return f"{chosen[0].says}{f': {why}' if why else ''}", f"{status}; {logs}"
    back = f"the undo of this run starts {subject.instance} again; {status}"
    if timeline.at("alarm on") is None:
        return (
            "the alarm on the instance's status checks has not fired",
            f"it takes three minutes or more; {back}",
        )
    why = last_reason(timeline, subject.instance)
    return f"the alarm fired, and the standby was not chosen{f': {why}' if why else ''}", f"{back}; {logs}"


def pair_afterwards(subject: Subject, new: str, run: str, commands: Commands) -> list[str]:
    """Say what the world looks like after a failover, and how there is a standby again."""
    undo = commands.opsctl("undo", run) if run else "undo the run that built it"
    again = commands.opsctl("make-ha", new, "--mode", "standby", "--group", subject.group)
    return [
        f"{new} is the instance now, and stays: there is no automatic failback",
        f"{subject.instance} is stopped and kept, tagged {ROLE_TAG}={RETIRED}; so is every volume that was copied",
        "there is no standby now, and the alarm stays on because it still watches the old instance",
        f"for a new standby: {undo}, then {again}",
    ]


def _seats(one: Json, subject: Subject) -> list[Seat]:
    """A standby that nobody has chosen stands by, which is no moment of the drill."""
    instance, zone, state, role = one["InstanceId"], zone_of(one), one["State"]["Name"], tag_of(one, ROLE_TAG)
    seat = Seat(instance=instance, zone=zone, state=state)
    if role == PRIMARY and state == "running":
        return [seat.model_copy(update={"state": IN_SERVICE, "says": f"{instance} in {zone} is the instance now"})]
    if instance == subject.instance:
        if role == RETIRED:
            return [seat.model_copy(update={"state": RETIRED, "says": f"{instance} is retired, and {state}"})]
        return [seat]
    if not tag_of(one, FAILOVER_TAG):
        return []
    words = {
        "stopped": "is chosen to take over",
        "pending": "boots",
        "running": ("is running, and waits for its data"),
    }
    says = f"{instance} {words.get(state, f'is {state}')}"
    return [seat.model_copy(update={"state": _STARTING.get(state, f"Pending:{state}"), "says": says})]


def _alarm(answer: Json) -> list[DatedFact]:
    found = []
    for one in answer.get("MetricAlarms", []):
        at = one.get("StateTransitionedTimestamp") or one.get("StateUpdatedTimestamp")
        if one.get("StateValue") == "ALARM" and at:
            found.append(DatedFact(key="alarm on", at=moment(at), says=f"alarm {one['AlarmName']} fired"))
    return found


def _started(instances: list[Json], subject: Subject) -> list[DatedFact]:
    """EC2 says anew with every start when an instance was launched."""
    return [
        DatedFact(
            key="standby started", at=moment(one["LaunchTime"]), says=f"{subject.standby_instance} was started"
        )
        for one in instances
        if one["InstanceId"] == subject.standby_instance and one.get("LaunchTime")
    ]
