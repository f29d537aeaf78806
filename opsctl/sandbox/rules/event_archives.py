"""Archives and replays as EventBridge has them, where moto is laxer.

Sources: answers of EventBridge that were recorded in public tests (equal times, a name in use, the limit of active
replays); CreateArchive, StartReplay, CancelReplay, RemoveTargets and DeleteRule (EventBridge API: a managed rule
needs `Force`; only a replay that starts or runs can be cancelled; ten at a time).
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import event_replays
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.deliveries import iso_of
from opsctl.sandbox.rules import sns_archives

ACTIVE_AT_MOST = 10
WORLD_IS_OLD_S = 2 * 86_400
"""How long before the sandbox began its archives were made, so that there is a past to replay."""


def install() -> None:
    """Put the rules around moto's archives and replays."""
    from moto.events.models import Archive, EventsBackend, Replay
    from moto.events.responses import EventsHandler

    EventsBackend.create_archive = _dated(EventsBackend.create_archive)
    EventsBackend.put_events = _on_the_clock(EventsBackend.put_events)
    EventsBackend.start_replay = _checked(EventsBackend.start_replay)
    EventsBackend.cancel_replay = _cancelled
    Replay.replay_events = event_replays.begin
    Replay.describe_short = _with_progress(Replay.describe_short)
    Archive.describe = _with_its_key(Archive.describe)
    EventsHandler.put_targets = _unless_managed(EventsHandler.put_targets, "Rule")
    EventsHandler.create_archive = _with_key(EventsHandler.create_archive)
    EventsHandler.remove_targets = _unless_managed(EventsHandler.remove_targets, "Rule")
    EventsHandler.delete_rule = _unless_managed(EventsHandler.delete_rule, "Name")


def begin_earlier(account: str) -> None:
    """Let the archives of an account be two days older than the sandbox, and their events come during an hour."""
    from moto.events.models import events_backends

    sns_archives.begin_earlier(account, WORLD_IS_OLD_S)
    for backend in events_backends[account].values():
        for archive in backend.archives.values():
            archive.creation_time -= WORLD_IS_OLD_S
            for number, event in enumerate(archive.events):
                minutes = 90 - number * 60 / len(archive.events)
                event["time"] = iso_of(event_replays.moment_of(event) - minutes * 60)


def _dated(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, *args: Any, **more: Any) -> Any:
        made = method(self, *args, **more)
        made.creation_time = conditions(self.account_id).now()
        return made

    return created


def _with_key(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any) -> Any:
        answer = method(self)
        self.events_backend.archives[self._get_param("ArchiveName")].kms_key = self._get_param("KmsKeyIdentifier")
        return answer

    return created


def _with_its_key(method: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any) -> dict[str, Any]:
        key = getattr(self, "kms_key", None)
        told: dict[str, Any] = method(self)
        return {**told, "KmsKeyIdentifier": key} if key else told

    return describe


def _on_the_clock(method: Callable[..., Any]) -> Callable[..., Any]:
    """An event without a time is of the moment in which it was put."""

    def put(self: Any, events: list[dict[str, Any]]) -> Any:
        now = conditions(self.account_id).now()
        return method(self, [{"Time": now, **one} for one in events])

    return put


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    def start(self: Any, name: str, description: str, source_arn: str, start: Any, end: Any, place: Any) -> Any:
        from moto.core.exceptions import JsonRESTError
        from moto.events.exceptions import ValidationException

        if float(start) == float(end):
            raise ValidationException(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
        active = [one for one in self.replays.values() if one.state.value in event_replays.ACTIVE]
        if len(active) >= ACTIVE_AT_MOST and name not in self.replays:
            raise JsonRESTError(
                "LimitExceededException", "The requested resource exceeds the maximum number allowed."
            )
        return method(self, name, description, source_arn, start, end, place)

    return start


def _cancelled(self: Any, name: str) -> dict[str, str]:
    from moto.events.exceptions import IllegalStatusException

    replay = self._get_replay(name)
    if replay.state.value not in event_replays.CANCELLABLE:
        raise IllegalStatusException(f"Replay {name} is not in a valid state for this operation.")
    event_replays.cancel(replay)
    return {"ReplayArn": replay.arn, "State": "CANCELLING"}


def _with_progress(method: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any) -> dict[str, Any]:
        told: dict[str, Any] = {name: value for name, value in method(self).items() if value is not None}
        last = getattr(self, "last_replayed", None)
        return told if last is None else {**told, "EventLastReplayedTime": last}

    return describe


def _unless_managed(method: Callable[..., Any], parameter: str) -> Callable[..., Any]:
    """What a service manages is changed by others only with `Force`."""

    def change(self: Any) -> Any:
        from opsctl.sandbox.rules.events import managed

        bus = self.events_backend._normalize_event_bus_arn(self._get_param("EventBusName"))
        found = self.events_backend.event_buses.get(bus)
        rule = found.rules.get(self._get_param(parameter)) if found is not None else None
        if rule is not None and rule.managed_by and not self._get_param("Force"):
            raise managed(rule)
        return method(self)

    return change
