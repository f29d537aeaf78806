"""The timeline of a drill: every moment once, in the words and with the time of whoever knows it best.

AWS's own times are exact (scaling activities, attachments), the handler's log is exact to the second, and what
only opsctl saw happened after its look before, which may be long ago after an interruption: hence `not_before`.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from opsctl.ha.drill.observation import Observation
from opsctl.model.spans import seconds_after
from opsctl.model.value import Value

QUIET = ("run", "put_metric_data", "record_lifecycle_action_heartbeat", "create_tags", "publish")
CALLS = (
    "stop_instances",
    "start_instances",
    "detach_volume",
    "create_snapshot",
    "create_volume",
    "attach_volume",
    "associate_address",
    "complete_lifecycle_action",
    "change_resource_record_sets",
    "modify_network_interface_attribute",
    "terminate_instance_in_auto_scaling_group",
)


class Moment(Value):
    """Something that happened, once; `key` tells it from all others."""

    key: str
    at: float
    says: str
    source: Literal["opsctl", "AWS", "handler", "seen"]
    not_before: float = 0.0


class DrillTimeline(Value):
    """What is known of a drill so far; small enough to be kept after every look."""

    called_at: float
    looked_at: float
    moments: tuple[Moment, ...] = ()
    present: tuple[str, ...] = ()
    probe: str = "?"
    """How the probe ended last: empty is a good answer, `?` none yet."""

    @property
    def keys(self) -> set[str]:
        """The keys of all moments."""
        return {one.key for one in self.moments}

    def at(self, key: str) -> float | None:
        """When a moment was, if it was."""
        return next((one.at for one in self.moments if one.key == key), None)

    def heard(self, new: list[Moment]) -> "DrillTimeline":
        """Return the timeline with more moments."""
        return self.model_copy(update={"moments": (*self.moments, *new)})


def lines_of(timeline: DrillTimeline, new: Sequence[Moment]) -> list[str]:
    """Return a line for each new moment; AWS and the handler tell of some only after later ones were seen."""
    told = max((one.at for one in timeline.moments if one not in new), default=0.0)
    return [
        f"{seconds_after(one.at, timeline.called_at):>9}  {one.source:<7} {one.says}"
        f"{' (known only now)' if one.at < told else ''}"
        for one in new
    ]


def begin(called_at: float, now: float, instance: str, by: str) -> DrillTimeline:
    """Return the timeline up to the call."""
    words = {
        "replace": "the group was asked to replace",
        "unhealthy": "the group was notified of the failure of",
        "stop": "EC2 was asked to stop",
    }[by]
    first = Moment(key="call", at=called_at, says=f"{words} {instance}", source="opsctl")
    return DrillTimeline(called_at=called_at, looked_at=now, moments=(first,), present=(instance,))


def looked(
    timeline: DrillTimeline, observation: Observation, now: float, old: str
) -> tuple[DrillTimeline, list[Moment]]:
    """Return the timeline after one more look, and what is new in it."""
    known, new = timeline.keys, []
    for one in (
        *_seats(timeline, observation, now, old),
        *_steps(observation),
        *(Moment(key=one.key, at=one.at, says=one.says, source="AWS") for one in observation.facts),
        *_places(timeline, observation, now, old),
        *_log(timeline, observation),
    ):
        if one.key not in known:
            known.add(one.key)
            new.append(one)
    present = timeline.present if observation.seats is None else tuple(one.instance for one in observation.seats)
    return timeline.heard(new).model_copy(update={"looked_at": now, "present": present}), new


def probed(timeline: DrillTimeline, answer: str, now: float) -> tuple[DrillTimeline, list[Moment]]:
    """Return the timeline after one more probe; only the changes from good to bad and back are moments."""
    after = timeline.model_copy(update={"probe": answer})
    bad = timeline.at("probe bad") is not None
    if answer and not bad:
        return _told(after, "probe bad", now, f"the probe fails: {answer}", timeline.looked_at)
    if not answer and bad and timeline.probe:
        number = sum(one.key.startswith("probe good") for one in timeline.moments)
        return _told(after, f"probe good {number + 1}", now, "the probe succeeds", timeline.looked_at)
    return after, []


def _told(
    timeline: DrillTimeline, key: str, at: float, says: str, not_before: float
) -> tuple[DrillTimeline, list[Moment]]:
    new = [Moment(key=key, at=at, says=says, source="seen", not_before=not_before)]
    return timeline.heard(new), new


def _seats(timeline: DrillTimeline, observation: Observation, now: float, old: str) -> Iterator[Moment]:
    if observation.seats is None:
        return
    for seat in observation.seats:
        if (seat.instance, seat.state) != (old, "InService"):
            says = seat.says or f"{seat.instance} is {seat.state} in {seat.zone}"
            yield _seen(f"{seat.instance} {seat.state}", says, timeline, now)
    here = {seat.instance for seat in observation.seats}
    for instance in timeline.present:
        if instance not in here:
            yield _seen(f"{instance} gone", f"{instance} has left the group", timeline, now)


def _steps(observation: Observation) -> Iterator[Moment]:
    for step in observation.steps or ():
        yield Moment(key=f"step {step.id}", at=step.began, says=f"began: {step.says}", source="AWS")
        if step.ended:
            message = f": {step.message}" if step.message and step.status != "Successful" else ""
            says = f"{step.status.lower()}: {step.says}{message}"
            yield Moment(key=f"step {step.id} ended", at=step.ended, says=says, source="AWS")


def _places(timeline: DrillTimeline, observation: Observation, now: float, old: str) -> Iterator[Moment]:
    for disk in observation.disks or ():
        if disk.instance and disk.instance != old:
            says = f"{disk.volume} is attached to {disk.instance} as {disk.device}"
            key = f"{disk.volume} on {disk.instance}"
            if disk.attached_at:
                yield Moment(key=key, at=disk.attached_at, says=says, source="AWS")
            else:
                yield _seen(key, says, timeline, now)
        elif not disk.instance:
            yield _seen(f"{disk.volume} free", f"{disk.volume} is attached to nothing", timeline, now)
    for allocation, holder in (observation.holders or {}).items():
        if holder and holder != old:
            yield _seen(f"{allocation} on {holder}", f"{allocation} is on {holder}", timeline, now)


def _log(timeline: DrillTimeline, observation: Observation) -> Iterator[Moment]:
    """What the handler did and waited for since the call; its times are whole seconds, cut off."""
    began = min([timeline.called_at, *(one.began for one in observation.steps or ())])
    for note in observation.notes:
        if note.at < began - 1:
            continue
        at = max(note.at, began)
        if note.what in CALLS:
            key = f"log {note.what} {note.about} {note.at:.0f}"
            yield Moment(key=key, at=at, says=f"{note.what} {note.about}", source="handler")
        elif note.reason and note.what not in QUIET:
            key = f"log {note.instance} {note.what}"
            yield Moment(key=key, at=at, says=f"{note.what}: {note.reason}", source="handler")


def _seen(key: str, says: str, timeline: DrillTimeline, now: float) -> Moment:
    return Moment(key=key, at=now, says=says, source="seen", not_before=timeline.looked_at)
