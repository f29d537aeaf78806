"""What CloudWatch counted of what is suspected: failures of rules and topics over the last day.

Sources: EventBridge guide, "Monitoring Amazon EventBridge" (FailedInvocations); SNS guide, "Monitoring Amazon SNS
topics using CloudWatch" (NumberOfNotificationsFailed). No point is no failure that was counted, and no proof.
"""

from collections.abc import Sequence

from opsctl.events.arns import bus_and_rule, named
from opsctl.events.audit_rules import EventFinding
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Json

DAY_S = 86_400
QUERIES_A_CALL = 500
_TELLING = ("no-permission", "kms", "destination-gone", "fifo-mismatch", "throttled")


def with_counts(findings: Sequence[EventFinding], now: float) -> Fetching[list[EventFinding]]:
    """Return the findings, those on steps of rules and topics with what was counted of them."""
    asked = list(dict.fromkeys(one.arn for one in findings if one.id in _TELLING and _query(0, one.arn)))
    reads = [_read(asked[at : at + QUERIES_A_CALL], now) for at in range(0, len(asked), QUERIES_A_CALL)]
    answers = (yield reads) if reads else []
    counted: dict[str, float] = {}
    for number, answer in enumerate(answers):
        for told in (answer.value or {}).get("MetricDataResults") or []:
            arn = asked[number * QUERIES_A_CALL + int(str(told["Id"])[1:])]
            counted[arn] = float(sum(told.get("Values") or []))
    return [
        one.model_copy(update={"seen": _words(counted[one.arn])}) if _counts(one, counted) else one
        for one in findings
    ]


def _counts(one: EventFinding, counted: dict[str, float]) -> bool:
    return one.id in _TELLING and one.arn in counted


def _words(count: float) -> str:
    return f"seen: {count:,.0f} failures in 24 hours" if count else "suspected: no failure was counted in 24 hours"


def _read(arns: Sequence[str], now: float) -> Read:
    end = int(now // 60 * 60)
    queries = [_query(number, arn) for number, arn in enumerate(arns)]
    params = {"StartTime": end - DAY_S, "EndTime": end, "MetricDataQueries": queries}
    return Read(service="cloudwatch", operation="GetMetricData", params=params)


def _query(number: int, arn: str) -> Json:
    """The query for a rule or a topic; None for anything else."""
    what = named(arn)
    if what.kind == "rule":
        bus, name = bus_and_rule(arn)
        dimensions = {"RuleName": name} if bus == "default" else {"EventBusName": bus, "RuleName": name}
        space, metric = "AWS/Events", "FailedInvocations"
    elif what.kind == "topic":
        dimensions = {"TopicName": what.name}
        space, metric = "AWS/SNS", "NumberOfNotificationsFailed"
    else:
        return None
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    asked = {"Namespace": space, "MetricName": metric, "Dimensions": listed}
    return {"Id": f"m{number}", "MetricStat": {"Metric": asked, "Period": DAY_S, "Stat": "Sum"}}
