"""EventBridge Scheduler's own rules, where moto is laxer. Source: its API reference and guide; for dates, AWS's
answers as quoted in getmoto/moto#8172."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import schedule_runs
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.rules.events import is_standard_queue

EARLIEST_S = 300


def install() -> None:
    """Put the rules around moto's schedules."""
    from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
    from moto.scheduler.responses import EventBridgeSchedulerResponse

    EventBridgeSchedulerBackend.create_schedule = _watched(EventBridgeSchedulerBackend.create_schedule)
    EventBridgeSchedulerBackend.update_schedule = _watched(EventBridgeSchedulerBackend.update_schedule)
    Schedule.validate_target = staticmethod(_checked_target(Schedule.validate_target))
    EventBridgeSchedulerResponse.update_schedule = _replaced_whole(EventBridgeSchedulerResponse.update_schedule)


def _watched(method: Callable[..., Any]) -> Callable[..., Any]:
    """A schedule that was made or changed goes off when it is due from then on."""

    def made(self: Any, *args: Any, **more: Any) -> Any:
        schedule = method(self, *args, **more)
        schedule_runs.watch(self, schedule)
        return schedule

    return made


def _checked_target(method: Callable[..., Any]) -> Callable[..., Any]:
    """A dead-letter queue is a standard SQS queue (configuring-schedule-dlq)."""

    def validated(target: dict[str, Any]) -> Any:
        from moto.scheduler.exceptions import ValidationException

        arn = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        if arn and not is_standard_queue(arn, arn.split(":")[3] if arn.count(":") == 5 else ""):
            raise ValidationException(f"Provided DeadLetterConfig Arn {arn} is not that of a standard SQS queue.")
        return method(target)

    return validated


def _replaced_whole(method: Callable[..., Any]) -> Callable[..., Any]:
    """UpdateSchedule replaces everything, also what happens after completion: what is not sent is the default.

    It takes dates as CreateSchedule does: a schedule that began long ago, or has ended, cannot be given that date
    again.
    """

    def updated(self: Any) -> Any:
        _check_dates(self)
        answer = method(self)
        name = self.uri.split("?")[0].split("/")[-1]
        schedule = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
        schedule.action_after_completion = self._get_param("ActionAfterCompletion") or "NONE"
        return answer

    return updated


def _check_dates(request: Any) -> None:
    """A recurring schedule begins no earlier than five minutes ago and ends later; a one-time's are ignored."""
    from moto.scheduler.exceptions import ValidationException

    if str(request._get_param("ScheduleExpression")).startswith("at("):
        return
    now = conditions(request.current_account).now()
    start, end = request._get_param("StartDate"), request._get_param("EndDate")
    if start is not None and float(start) < now - EARLIEST_S:
        raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and float(end) < now:
        raise ValidationException("The EndDate you specify cannot be earlier than the current time.")
