"""Who takes messages from a queue or runs a function, and how well that goes at the moment."""

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

LOOK_BACK_S = 900
_FEW = 5


class Consumer(Value):
    """A consumer of messages. `broken` says what is visibly wrong with it, `health` how it does, in words."""

    name: str
    health: str
    broken: tuple[str, ...] = ()


def mappings_of(arn: str) -> Read:
    """Read the event source mappings that take from a queue."""
    return Read(service="lambda", operation="ListEventSourceMappings", params={"EventSourceArn": arn})


def function_configuration(name: str) -> Read:
    """Read how a function is configured."""
    return Read(service="lambda", operation="GetFunctionConfiguration", params={"FunctionName": name})


def function_metrics(name: str, now: float) -> Read:
    """Read invocations, errors and throttles of a function over the last quarter of an hour."""
    end = int(now // 60 * 60)
    return Read(
        service="cloudwatch",
        operation="GetMetricData",
        params={
            "StartTime": end - LOOK_BACK_S,
            "EndTime": end,
            "MetricDataQueries": [
                {
                    "Id": metric.lower(),
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": metric,
                            "Dimensions": [{"Name": "FunctionName", "Value": name}],
                        },
                        "Period": LOOK_BACK_S,
                        "Stat": "Sum",
                    },
                }
                for metric in ("Invocations", "Errors", "Throttles")
            ],
        },
    )


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
    return Consumer(name=name, health=", ".join(health), broken=tuple(broken))


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
