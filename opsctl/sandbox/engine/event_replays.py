"""Replays of an archive as EventBridge makes them: a job on the sandbox's clock.

Sources: StartReplay and DescribeReplay (EventBridge API: by the events' own time, to the rules in `FilterArns` or
to all, states, EventLastReplayedTime); EventBridge guide, "Archiving and replaying events" (in intervals of one
minute, no order within one; `replay-name`; replayed events are not archived again). Whether both ends of the
window belong to it is not said there; here they do.
"""

import itertools
import uuid
from datetime import datetime
from functools import partial
from typing import Any

from opsctl.sandbox.engine.conditions import conditions

ACTIVE = ("STARTING", "RUNNING", "CANCELLING")
CANCELLABLE = ("STARTING", "RUNNING")
_DAY, _INTERVAL_S = 86_400, 60


def begin(replay: Any, archive: Any) -> None:
    """Let a replay start, and then hand on one interval of event time after the other."""
    about = conditions(replay.account_id)
    replay.start_time = about.now()
    left = _intervals(replay, archive, about.now())
    about.later(about.durations.replay_start, partial(_go_on, replay, left))


def cancel(replay: Any) -> None:
    """End a replay before its next interval; what it handed on stays handed on."""
    about = conditions(replay.account_id)
    replay.state = type(replay.state).CANCELLING
    about.later(about.durations.replay_interval, partial(_end, replay, "CANCELLED"))


def moment_of(event: dict[str, Any]) -> float:
    """The time that an event says it happened at, in seconds since the epoch."""
    return datetime.fromisoformat(str(event["time"])).timestamp()


def _intervals(replay: Any, archive: Any, now: float) -> list[list[dict[str, Any]]]:
    days = int(archive.retention or 0)
    begin = max(float(replay.event_start_time), now - days * _DAY if days else 0.0)
    inside = [one for one in archive.events if begin <= moment_of(one) <= float(replay.event_end_time)]
    inside.sort(key=moment_of)
    groups = itertools.groupby(inside, key=lambda one: moment_of(one) // _INTERVAL_S)
    return [list(group) for _, group in groups]


def _go_on(replay: Any, left: list[list[dict[str, Any]]]) -> None:
    about = conditions(replay.account_id)
    while left and replay.state.value in CANCELLABLE:
        replay.state = type(replay.state).RUNNING
        interval = left.pop(0)
        for event in interval:
            _hand_on(replay, event)
        replay.last_replayed = moment_of(interval[-1])
        if about.durations.replay_interval:
            about.later(about.durations.replay_interval, partial(_go_on, replay, left))
            return
    if replay.state.value in CANCELLABLE:
        _end(replay, "COMPLETED")


def _end(replay: Any, state: str) -> None:
    replay.state = type(replay.state)[state]
    replay.end_time = conditions(replay.account_id).now()


def _hand_on(replay: Any, event: dict[str, Any]) -> None:
    from moto.events.models import events_backends

    told = {**event, "id": str(uuid.uuid4()), "replay-name": replay.name}
    bus = events_backends[replay.account_id][replay.region].event_buses.get(
        replay.destination["Arn"].rpartition("/")[2]
    )
    only = replay.destination.get("FilterArns") or ()
    for rule in list(bus.rules.values()) if bus is not None else []:
        if not only or rule.arn in only:
            rule.send_to_targets(dict(told), transform_input=False)
