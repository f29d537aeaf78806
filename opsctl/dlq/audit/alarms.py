"""CloudWatch alarms: which of them watch a queue, and whether anybody hears them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from opsctl.model.value import Json, Value

DEPTH = frozenset({"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"})
_NAMESPACE = "AWS/SQS"


class Alarm(Value):
    """An alarm on queues: the metrics it watches by queue, its expressions, its state, and whom it tells.

    `heard` tells whether it does anything when it goes off, by itself or through a composite alarm; `muted`
    that its actions are switched off.
    """

    name: str
    state: str
    heard: bool
    muted: bool = False
    topics: tuple[str, ...] = ()
    watches: tuple[tuple[str, str], ...] = ()
    expressions: tuple[str, ...] = ()


def parse_alarms(answer: Json) -> tuple[Alarm, ...]:
    """Turn the answer of DescribeAlarms into the alarms that watch queues."""
    composites = [one for one in answer.get("CompositeAlarms") or [] if _acts(one)]
    found = []
    for one in answer.get("MetricAlarms") or []:
        metrics = [one, *(_metric(query) for query in one.get("Metrics") or [])]
        watches = tuple(pair for metric in metrics if (pair := _watched(metric)) is not None)
        expressions = tuple(
            str(query["Expression"]) for query in one.get("Metrics") or [] if query.get("Expression")
        )
        about_queues = tuple(text for text in expressions if _NAMESPACE in text)
        if watches or about_queues:
            name = str(one["AlarmName"])
            heard = _acts(one) or any(_names(composite, name) for composite in composites)
            found.append(
                Alarm(
                    name=name,
                    state=str(one.get("StateValue", "")),
                    heard=heard,
                    muted=bool(one.get("AlarmActions")) and not _acts(one),
                    topics=tuple(arn for arn in one.get("AlarmActions") or [] if ":sns:" in arn),
                    watches=watches,
                    expressions=about_queues,
                )
            )
    return tuple(found)


def watching(alarms: Iterable[Alarm], queue: str) -> list[Alarm]:
    """Return the alarms on a queue's depth or the age of its oldest message, by themselves or in an expression."""
    return [
        one
        for one in dict.fromkeys(alarms)
        if any(name == queue and metric in DEPTH for name, metric in one.watches)
        or any(_covers(text, queue) for text in one.expressions)
    ]


def watching_arrivals(alarms: Iterable[Alarm], queue: str) -> list[Alarm]:
    """Return the alarms on NumberOfMessagesSent, which does not count what SQS itself moves to a queue."""
    return [one for one in alarms if (queue, "NumberOfMessagesSent") in one.watches]


def usual_topic(alarms: Sequence[Alarm]) -> str:
    """Return the SNS topic that most alarms on queues notify, or nothing."""
    counted = Counter(topic for one in alarms for topic in one.topics)
    return min(counted, key=lambda topic: (-counted[topic], topic)) if counted else ""


def _acts(alarm: Json) -> bool:
    return bool(alarm.get("ActionsEnabled", True) and alarm.get("AlarmActions"))


def _names(composite: Json, alarm: str) -> bool:
    return bool(
        re.search(
            rf"ALARM\(\s*[\"']?(?:arn:[^\"')]*:alarm:)?{re.escape(alarm)}[\"']?\s*\)", composite["AlarmRule"]
        )
    )


def _metric(query: Json) -> Json:
    return (query.get("MetricStat") or {}).get("Metric") or {}


def _watched(metric: Json) -> tuple[str, str] | None:
    if metric.get("Namespace") != _NAMESPACE:
        return None
    names = [one["Value"] for one in metric.get("Dimensions") or [] if one["Name"] == "QueueName"]
    return (str(names[0]), str(metric.get("MetricName", ""))) if names else None


def _covers(expression: str, queue: str) -> bool:
    """Tell whether a search or a Metrics Insights query looks at a queue: by its name, or at all of them."""
    if not any(metric in expression for metric in DEPTH):
        return False
    if re.search(rf"(?<![\w.-]){re.escape(queue)}(?![\w.-])", expression):
        return True
    every = expression.lstrip().upper().startswith("SELECT") and " WHERE " not in f" {expression.upper()} "
    return every and f'"{_NAMESPACE}"' in expression
