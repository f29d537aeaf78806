"""Finds the resource that a person named: an ARN, `KIND:NAME`, or a name that only one resource has."""

import re
from collections.abc import Callable, Mapping

from opsctl.events.arns import named, rule_arn
from opsctl.events.bucket_refusals import bucket_unknown
from opsctl.events.resource_answers import read_of
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.resources.dead_letter_reads import get_schedule
from opsctl.resources.queue_facts import get_queue_url, queues_like

# What names each API takes; an alarm's may be any text (PutMetricAlarm).
_NAMES = {
    kind: re.compile(pattern, re.ASCII)
    for kind, pattern in {
        "bucket": r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}",
        "topic": r"[\w-]{1,256}(\.fifo)?",
        "bus": r"[\w.-][\w./-]{0,255}",
        "rule": r"(?:[\w.-][\w./-]{0,255}/)?[\w.-]{1,64}",
        "queue": r"[\w-]{1,80}(\.fifo)?",
        "function": r"[\w-]{1,64}(?::[\w$-]{1,128})?",
        "pipe": r"[\w.-]{1,64}",
        "schedule": r"(?:[\w.-]{1,64}/)?[\w.-]{1,64}",
        "alarm": r"[^\x00-\x1f\x7f]{1,255}",
        "REST API": r"[a-z0-9]{8,12}",
        "HTTP API": r"[a-z0-9]{8,12}",
    }.items()
}
_APIS = ("REST API", "HTTP API")
KINDS = (*(one for one in _NAMES if one not in _APIS), "api")
_FOLLOWED = (
    "bucket",
    "topic",
    "event bus",
    "custom event bus",
    "rule",
    "queue",
    "function",
    "pipe",
    "schedule",
    "alarm",
    *_APIS,
)


class _Candidate:
    """A resource of a kind that may have a name: its ARN, and the cheapest read that tells whether it exists."""

    def __init__(self, arn: str, read: Read) -> None:
        self.arn = arn
        self.read = read


def find_source(asked: str, about: Context, *, source: str) -> Fetching[str]:
    """Return the ARN of what a person named; `source` is the flag or input it came from.

    Raises:
        InvalidInput: it is no name, nothing has it, or several kinds of resources do.
        FactUnknown: it may not be read.
    """
    if asked.startswith("arn:"):
        return _arn(asked, about, source)
    kind, _, name = asked.partition(":") if asked.partition(":")[0] in KINDS else ("", "", asked)
    if asked.startswith("s3://"):
        kind, name = "bucket", asked.removeprefix("s3://").partition("/")[0]
    candidates = {
        one: _CANDIDATES[one](name, about)
        for one in (_APIS if kind == "api" else [kind] if kind else _plausible(name))
        if _NAMES[one].fullmatch(name)
    }
    if not candidates:
        raise InvalidInput.one(
            f"{asked!r} is no name of a resource",
            source=source,
            hint=f"give an ARN, or KIND:NAME with one of {', '.join(KINDS)}",
        )
    answers = yield [one.read for one in candidates.values()]
    there = [kind for kind, answer in zip(candidates, answers, strict=True) if _exists(answer)]
    if len(there) == 1:
        return candidates[there[0]].arn
    if len(there) > 1:
        choices = " or ".join(f"{'api' if one in _APIS else one}:{name}" for one in there)
        raise InvalidInput.one(f"{name!r} is a {' and a '.join(there)}", source=source, hint=f"say {choices}")
    for one, answer in zip(candidates, answers, strict=True):
        if answer.refusal is not None and not answer.known:
            raise bucket_unknown(name, answer.refusal) if one == "bucket" else FactUnknown(answer.refusal)
    searched = ", ".join(candidates)
    raise InvalidInput.one(
        f"there is no {searched.replace(', ', ' or ')} {name!r} in account {about.account}, region {about.region}",
        source=source,
        hint=f"{_lists(list(candidates), name, about)}use another --region or --profile, or give its ARN",
    )


_LISTS: Mapping[str, tuple[str, ...]] = {
    "bucket": ("s3api", "list-buckets"),
    "topic": ("sns", "list-topics"),
    "bus": ("events", "list-event-buses"),
    "rule": ("events", "list-rules"),
    "function": ("lambda", "list-functions"),
    "pipe": ("pipes", "list-pipes"),
    "schedule": ("scheduler", "list-schedules"),
    "alarm": ("cloudwatch", "describe-alarms"),
    "REST API": ("apigateway", "get-rest-apis"),
    "HTTP API": ("apigatewayv2", "get-apis"),
}


def _lists(kinds: list[str], name: str, about: Context) -> str:
    """The command that lists what there is of a kind, where one was asked for."""
    if len(kinds) > 1 and kinds != list(_APIS):
        return ""
    if kinds == ["queue"]:
        return f"{queues_like(name, about)} shows the queues that there are; or "
    words = _LISTS[kinds[0]]
    if kinds == ["rule"] and "/" in name:
        words = (*words, "--event-bus-name", name.rpartition("/")[0])
    return f"{about.commands.aws(*words)} shows what there is; or "


def _exists(answer: Answer) -> bool:
    """Tell whether something answered to the name; DescribeAlarms answers with nothing where there is no alarm."""
    if answer.refusal is not None:
        return False
    lists = [value for value in (answer.value or {}).values() if isinstance(value, list)]
    return not (answer.value and set(answer.value) <= {"MetricAlarms", "CompositeAlarms"} and not any(lists))


def _arn(asked: str, about: Context, source: str) -> str:
    what = named(asked)
    if what.kind not in _FOLLOWED:
        raise InvalidInput.one(
            f"{asked!r} is not the ARN of a resource that events are traced from",
            source=source,
            hint=f"that is one of {', '.join(_FOLLOWED)}",
        )
    partition = asked.split(":")[1]
    if partition != about.identity.partition:
        raise InvalidInput.one(
            f"{what.kind} {what.name} is in partition {partition}, the credentials in {about.identity.partition}",
            source=source,
        )
    if what.account not in ("", about.account):
        raise InvalidInput.one(
            f"{what.kind} {what.name} belongs to account {what.account}, the credentials to {about.account}",
            source=source,
            hint="use --profile or --role-arn of that account",
        )
    if what.region not in ("", about.region):
        raise InvalidInput.one(
            f"{what.kind} {what.name} is in {what.region}, this run in {about.region}",
            source=source,
            hint=f"--region {what.region}",
        )
    return asked


def _plausible(name: str) -> list[str]:
    """Which kinds may have a name: only a rule's has a bus in front, and buckets have no capitals."""
    if "/" in name:
        return ["rule", "schedule"]
    return [one for one in _NAMES if one != "bucket" or name == name.lower()]


def _here(service: str, rest: str, about: Context) -> str:
    return f"arn:{about.identity.partition}:{service}:{about.region}:{about.account}:{rest}"


def _bucket(name: str, about: Context) -> _Candidate:
    return _Candidate(f"arn:{about.identity.partition}:s3:::{name}", read_of("s3", "HeadBucket", Bucket=name))


def _topic(name: str, about: Context) -> _Candidate:
    arn = _here("sns", name, about)
    return _Candidate(arn, read_of("sns", "GetTopicAttributes", TopicArn=arn))


def _bus(name: str, about: Context) -> _Candidate:
    return _Candidate(
        _here("events", f"event-bus/{name}", about), read_of("events", "DescribeEventBus", Name=name)
    )


def _rule(name: str, about: Context) -> _Candidate:
    bus, _, rule = name.rpartition("/")
    bus = bus or "default"
    identity = about.identity
    arn = rule_arn(bus, rule, partition=identity.partition, region=about.region, account=about.account)
    return _Candidate(arn, read_of("events", "DescribeRule", Name=rule, EventBusName=bus))


def _queue(name: str, about: Context) -> _Candidate:
    return _Candidate(_here("sqs", name, about), get_queue_url(name))


def _function(name: str, about: Context) -> _Candidate:
    return _Candidate(
        _here("lambda", f"function:{name}", about),
        read_of("lambda", "GetFunctionConfiguration", FunctionName=name),
    )


def _pipe(name: str, about: Context) -> _Candidate:
    return _Candidate(_here("pipes", f"pipe/{name}", about), read_of("pipes", "DescribePipe", Name=name))


def _schedule(name: str, about: Context) -> _Candidate:
    group, _, schedule = name.rpartition("/")
    group = group or "default"
    return _Candidate(_here("scheduler", f"schedule/{group}/{schedule}", about), get_schedule(group, schedule))


def _alarm(name: str, about: Context) -> _Candidate:
    types = ["MetricAlarm", "CompositeAlarm"]
    read = read_of("cloudwatch", "DescribeAlarms", AlarmNames=[name], AlarmTypes=types)
    return _Candidate(_here("cloudwatch", f"alarm:{name}", about), read)


def _rest_api(name: str, about: Context) -> _Candidate:
    arn = f"arn:{about.identity.partition}:apigateway:{about.region}::/restapis/{name}"
    return _Candidate(arn, read_of("apigateway", "GetRestApi", restApiId=name))


def _http_api(name: str, about: Context) -> _Candidate:
    arn = f"arn:{about.identity.partition}:apigateway:{about.region}::/apis/{name}"
    return _Candidate(arn, read_of("apigatewayv2", "GetApi", ApiId=name))


_CANDIDATES: Mapping[str, Callable[[str, Context], _Candidate]] = {
    "bucket": _bucket,
    "topic": _topic,
    "bus": _bus,
    "rule": _rule,
    "queue": _queue,
    "function": _function,
    "pipe": _pipe,
    "schedule": _schedule,
    "alarm": _alarm,
    "REST API": _rest_api,
    "HTTP API": _http_api,
}
