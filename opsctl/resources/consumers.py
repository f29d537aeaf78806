"""Who takes messages from a queue or runs a function, and how well that goes at the moment."""

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

LOOK_BACK_S = 900
_FEW = 5


class Consumer(Value):
    """A consumer of messages. `broken` says what is visibly wrong with it, `health` how it does, in words.

    `measured` tells that its metrics can be read.
    """

    name: str
    health: str
    broken: tuple[str, ...] = ()
    measured: bool = True


def mappings_of(arn: str) -> Read:
    """Read the event source mappings that take from a queue."""
    return Read(service="lambda", operation="ListEventSourceMappings", params={"EventSourceArn": arn})


def function_configuration(name: str) -> Read:
    """Read how a function is configured."""
    return Read(service="lambda", operation="GetFunctionConfiguration", params={"FunctionName": name})


def function_metrics(name: str, now: float) -> Read:
    """Read invocations, errors and throttles of a function over the last quarter of an hour."""
    end = int(now // 60 * 60)
    return function_metrics_between(name, end - LOOK_BACK_S, end)


def function_metrics_between(name: str, start: int, end: int) -> Read:
    """Read invocations, errors and throttles of a function between two whole minutes."""
    queries = [
        _query(metric.lower(), "AWS/Lambda", metric, {"FunctionName": name}, LOOK_BACK_S, "Sum")
        for metric in ("Invocations", "Errors", "Throttles")
    ]
    return _metrics(queries, start, end)


def queue_age(name: str, now: float) -> Read:
    """Read the age of the oldest message of a queue over the last quarter of an hour."""
    end = int(now // 60 * 60)
    metric = "ApproximateAgeOfOldestMessage"
    return _metrics(
        [_query("age", "AWS/SQS", metric, {"QueueName": name}, 300, "Maximum")], end - LOOK_BACK_S, end
    )


def oldest_of(answer: Json) -> int:
    """Return the newest value of `queue_age`, in seconds; 0 when there is none."""
    for one in (answer or {}).get("MetricDataResults") or []:
        values = one.get("Values") or []
        # CloudWatch gives the newest first.
        return int(values[0]) if values else 0
    return 0


def _metrics(queries: list[Json], start: int, end: int) -> Read:
    params = {"StartTime": start, "EndTime": end, "MetricDataQueries": queries}
    return Read(service="cloudwatch", operation="GetMetricData", params=params)


def _query(id_: str, space: str, metric: str, of: dict[str, str], period_s: int, stat: str) -> Json:
    dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
    named = {"Namespace": space, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id_, "MetricStat": {"Metric": named, "Period": period_s, "Stat": stat}}


def consumer_of(name: str, mapping: Json, configuration: Answer, metrics: Answer) -> Consumer:
    """Judge a function from its mapping (empty when it has none), its configuration and its metrics."""
    broken: list[str] = []
    health: list[str] = []
    state = str((mapping or {}).get("State", ""))
    if state and state not in ("Enabled", "Enabling", "Updating", "Creating"):
        broken.append(f"the event source mapping to function {name} is {state}")
    if configuration.value is not None:
        active = configuration.value.get("State", "Active")
        if active not in ("Active", "Pending"):
            broken.append(f"function {name} is {active}")
        if configuration.value.get("LastUpdateStatus") == "Failed":
            broken.append(f"the last update of function {name} failed")
    elif not configuration.known:
        health.append("its configuration cannot be read")
    else:
        broken.append(f"function {name} does not exist")
    if metrics.value is None:
        health.append("its metrics cannot be read")
    else:
        _judge(name, sums_of(metrics.value), health, broken)
    measured = metrics.value is not None
    return Consumer(name=name, health=", ".join(health), broken=tuple(broken), measured=measured)


def sums_of(answer: Json) -> dict[str, float]:
    """Return the sum of each metric by its id."""
    return {one["Id"]: float(sum(one.get("Values") or [])) for one in answer.get("MetricDataResults") or []}


def _judge(name: str, sums: dict[str, float], health: list[str], broken: list[str]) -> None:
    invoked, failed = sums.get("invocations", 0.0), sums.get("errors", 0.0)
    throttled = sums.get("throttles", 0.0)
    if not invoked:
        health.append("not invoked in the last 15 minutes")
    else:
        health.append(f"{failed:.0f} of {invoked:.0f} invocations failed in the last 15 minutes")
    if invoked >= _FEW and failed / invoked > 0.5:
        broken.append(f"function {name} fails: {failed:.0f} of {invoked:.0f} invocations in the last 15 minutes")
    if throttled:
        health.append(f"{throttled:.0f} throttled")
    if throttled >= _FEW and throttled > invoked:
        broken.append(f"function {name} is throttled: {throttled:.0f} times in the last 15 minutes")
