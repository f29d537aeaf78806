"""How a function is set up and how it did at the time of the letters: its last change, limits, metrics."""

from opsctl.dlq.audit.metric_batches import Metric, Points, lambda_metric, metric_reads, points_of
from opsctl.dlq.function_changes import KEPT_S, Changed, alias_read, change_of, change_reads, move_of, seconds
from opsctl.dlq.function_logs import moment
from opsctl.dlq.qualified import LATEST
from opsctl.dlq.senders import refusals
from opsctl.dlq.suspects import Suspect
from opsctl.dlq.why import ConsumerFacts, Measured
from opsctl.model.fetching import Fetching, elsewhere, fetch
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.consumers import function_configuration

MEASURED_AT_MOST_S = 14 * 86_400
_BEFORE_S = 900
_FINE_S, _COARSE_S, _FINE_UP_TO_S = 60, 300, 86_400
_METRICS = (
    ("Invocations", "Sum"),
    ("Errors", "Sum"),
    ("Throttles", "Sum"),
    ("Duration", "Maximum"),
    ("ConcurrentExecutions", "Maximum"),
)


class Span(Value):
    """From when a consumer's first letter was sent until the newest had failed, in seconds since the epoch."""

    first: float
    last: float


def consumer_facts(suspect: Suspect, letters: Span, about: Context) -> Fetching[ConsumerFacts]:
    """Read everything about a function; two rounds. One of another account is only named."""
    parts = suspect.arn.split(":")
    if len(parts) > 4 and parts[4] != about.account:
        there = f"it belongs to account {parts[4]}: use credentials of that account"
        return _named(suspect, unknown=(there,))
    fetching = _facts(suspect, letters, about)
    if len(parts) > 3 and parts[3] != about.region:
        return (yield from elsewhere(fetching, parts[3]))
    return (yield from fetching)


def asked_for(arn: str) -> str:
    """A function's name with the alias or version that was asked for."""
    return arn.split(":function:")[-1].removesuffix(":$LATEST")


def _named(suspect: Suspect, unknown: tuple[str, ...] = ()) -> ConsumerFacts:
    asked = asked_for(suspect.arn)
    return ConsumerFacts(
        asked=asked, name=asked.split(":")[0], arn=suspect.arn, mappings=suspect.mappings, unknown=unknown
    )


def _facts(suspect: Suspect, letters: Span, about: Context) -> Fetching[ConsumerFacts]:
    made = _named(suspect)
    metrics, start, end = _wanted(made.name, letters, about.now)
    reads = [
        function_configuration(suspect.arn.removesuffix(":$LATEST")),
        Read(service="lambda", operation="GetFunctionConcurrency", params={"FunctionName": made.name}),
    ]
    told, concurrency, *measured = yield [*reads, *metric_reads(metrics, start_s=start, end_s=end)]
    if told.value is None:
        if told.known:
            return made.model_copy(update={"existence": "gone"})
        return made.model_copy(update={"log_group": _usual_log(made.name), "unknown": refusals([told])})
    changed = yield from _changed(made, told.value, letters, about.now)
    points = points_of(metrics, measured)
    return made.model_copy(
        update={
            **_configured(told.value),
            **_concurrency(concurrency),
            "changed": moment(changed.at) if changed.at else "",
            "changed_what": changed.what,
            "changed_by": changed.by,
            **_split(points, metrics, letters, start, end),
            "unknown": _unknown(changed, [concurrency, *measured]),
        }
    )


def _unknown(changed: Changed, answers: list[Answer]) -> tuple[str, ...]:
    who = (f"who changed it last, because {changed.unknown}",) if changed.unknown else ()
    return (*who, *refusals(answers))


def _configured(told: Json) -> dict[str, Json]:
    logging = told.get("LoggingConfig") or {}
    return {
        "existence": "there",
        "version": str(told.get("Version") or ""),
        "runtime": str(told.get("Runtime") or told.get("PackageType") or ""),
        "state": _state(told),
        "timeout_s": int(told.get("Timeout") or 0),
        "memory_mb": int(told.get("MemorySize") or 0),
        "log_group": str(logging.get("LogGroup") or _usual_log(str(told["FunctionName"]))),
    }


def _usual_log(name: str) -> str:
    return f"/aws/lambda/{name}"


def _state(told: Json) -> str:
    """What is wrong with a function as a whole, in Lambda's words; nothing when it is active and up to date."""
    if told.get("State") not in (None, "Active"):
        return f"{told['State']}: {told.get('StateReason') or 'no reason given'}"
    if told.get("LastUpdateStatus") == "Failed":
        return f"its last update failed: {told.get('LastUpdateStatusReason') or 'no reason given'}"
    return ""


def _concurrency(answer: Answer) -> dict[str, Json]:
    reserved = (answer.value or {}).get("ReservedConcurrentExecutions")
    return {"reserved": None if reserved is None else int(reserved)}


def _changed(made: ConsumerFacts, told: Json, letters: Span, now: float) -> Fetching[Changed]:
    """The last change of the function, or of its alias; a published version does not change."""
    qualifier = made.asked.partition(":")[2]
    if qualifier and told.get("Version") != LATEST:
        if told.get("Version") == qualifier:
            return Changed()
        answer = yield from fetch(alias_read(letters.first, now))
        return move_of(made.name, qualifier, answer)
    modified = seconds(str(told.get("LastModified", "")))
    if not modified:
        return Changed(unknown="Lambda does not say when")
    if now - modified > KEPT_S:
        return Changed(at=modified, unknown="it was more than 90 days ago, which is what CloudTrail keeps")
    answers = yield change_reads(modified)
    return change_of(made.name, answers, modified, now).model_copy(update={"at": modified})


def _wanted(name: str, letters: Span, now: float) -> tuple[list[Metric], int, int]:
    """Metrics of the time of the letters until now, in points as fine as a call of bounded size allows."""
    start_s = max(letters.first - _BEFORE_S, now - MEASURED_AT_MOST_S)
    period = _FINE_S if now - start_s <= _FINE_UP_TO_S else _COARSE_S
    start, end = int(start_s // period * period), int(now // period * period + period)
    metrics = [lambda_metric(name, metric, stat, period) for metric, stat in _METRICS]
    return metrics, start, end


def _split(
    points: dict[Metric, Points], metrics: list[Metric], letters: Span, start: int, end: int
) -> dict[str, Measured | None]:
    """What was measured until the newest letter, and since."""
    border = letters.last + metrics[0].period_s
    return {
        "around": _measured(points, metrics, start, min(border, end)),
        "since": _measured(points, metrics, border, end) if border < end else None,
    }


def _measured(points: dict[Metric, Points], metrics: list[Metric], start: float, end: float) -> Measured | None:
    if any(points[one].refused for one in metrics):
        return None
    invoked, failed, throttled, longest, at_once = (_within(points[one], start, end) for one in metrics)
    return Measured(
        start=moment(start),
        end=moment(end),
        figures=bool(invoked or failed or throttled),
        invoked=round(sum(invoked)),
        failed=round(sum(failed)),
        throttled=round(sum(throttled)),
        longest_ms=max(longest, default=None),
        at_once=round(max(at_once)) if at_once else None,
    )


def _within(points: Points, start: float, end: float) -> list[float]:
    pairs = zip(points.at, points.values, strict=True)
    return [value for at, value in pairs if start <= seconds(at) < end]
