"""What is set up to hand events to a resource, whether the resource lets it or not.

No call of AWS tells who writes to a resource: each of these lists a service of the region. Buckets are told one by
one, so they are asked only where the resource's policy lets S3 in, without which S3 takes no notification anyway.
"""

from collections.abc import Sequence

from opsctl.events.arns import bucket_arn, bus_and_rule, named
from opsctl.events.hops import ReadResource, Waypoint
from opsctl.events.node_kinds.api_gateway import here_of, integrations_of, resources_of, targets_in
from opsctl.events.node_kinds.lambda_function import outcomes_of
from opsctl.events.node_kinds.registry import read_place
from opsctl.events.node_kinds.s3_bucket import destinations_of
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Value
from opsctl.resources.dead_letter_reads import list_buses, list_functions, list_schedules, list_subscriptions
from opsctl.resources.event_patterns import Pattern
from opsctl.resources.queue_facts import queue_url
from opsctl.resources.queue_policy import let_in

ASKED_AT_MOST = 200


class Producers(Value):
    """The ARNs of what may hand events on, what could not be looked at, and a note on what is in no setting."""

    arns: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    note: str = ""


_BEGINNINGS = {
    "bucket": "who puts objects into it is in no setting",
    "schedule": "it begins here, by the clock",
    "alarm": "the metrics that it watches are not followed",
    "REST API": "who calls it is in no setting",
    "HTTP API": "who calls it is in no setting",
    "custom event bus": "what puts events on it was not looked at: programs and event sources do",
}
_MAY_BE = "nothing in the settings sends here; a program may by itself"


def producers_of(stop: ReadResource, about: Context, *, asked_about: bool = False) -> Fetching[Producers]:
    """Find what hands events to a resource that was read; `asked_about` is the one that the trace begins with.

    Buckets that tell EventBridge everything are looked for behind a rule whose pattern may match their events, and
    behind the default bus only where that was asked about.
    """
    kind = stop.node.kind
    if kind == "rule":
        return (yield from _bus_of(stop, about))
    if kind == "pipe":
        return (yield from _source_of(stop))
    if kind not in ("queue", "topic", "function", "event bus"):
        yield from ()
        return Producers(note=_BEGINNINGS.get(kind, f"what sends to a {kind} was not looked at"))
    found = yield from gather(
        [
            _topics(stop),
            _rules(stop),
            _buckets(stop),
            _functions(stop),
            _schedules(stop),
            _pipes(stop),
            _queues(stop),
            _apis(stop, about),
            _custom_buses(stop),
            _alarms(stop),
            _failing(stop, about),
            _telling(stop, about, "{}" if asked_about else ""),
        ]
    )
    arns = tuple(dict.fromkeys(arn for one in found for arn in one.arns if arn != stop.node.arn))
    unknown = tuple(dict.fromkeys(text for one in found for text in one.unknown))
    return Producers(arns=arns, unknown=unknown, note="" if arns or unknown else _MAY_BE)


def _bus_of(stop: ReadResource, about: Context) -> Fetching[Producers]:
    bus, name = bus_and_rule(stop.node.arn)
    place = f"arn:{about.identity.partition}:events:{about.region}:{about.account}:event-bus/{bus}"
    told = ResourceAnswers()
    wanted = read_of("events", "DescribeRule", Name=name, EventBusName=bus)
    rule = (yield from told.ask([("rule", wanted)]))["rule"] or {}
    pattern = str(rule.get("EventPattern", "")) if bus == "default" else ""
    buckets = yield from _telling(stop, about, pattern)
    return Producers(arns=(place, *buckets.arns), unknown=(*told.unknown, *buckets.unknown))


def _telling(stop: ReadResource, about: Context, pattern: str) -> Fetching[Producers]:
    """The buckets with EventBridge on whose events a pattern may match; behind the default bus alone."""
    kind = stop.node.kind
    if not pattern or (kind == "event bus" and stop.node.name != "default") or kind not in ("event bus", "rule"):
        yield from ()
        return Producers()
    told = ResourceAnswers()
    listed = (yield from told.ask([("buckets", read_of("s3", "ListBuckets"))]))["buckets"]
    names = [name for one in items_of(listed, "Buckets") if _may_tell(pattern, name := str(one["Name"]))]
    over = names[ASKED_AT_MOST:]
    answers = yield from told.ask([(f"bucket {name}", _notifications(name)) for name in names[:ASKED_AT_MOST]])
    found = [
        bucket_arn(name, about.identity.partition)
        for name in names[:ASKED_AT_MOST]
        if "EventBridgeConfiguration" in (answers[f"bucket {name}"] or {})
    ]
    return _found(found, told, [f"{len(over):,} buckets were not looked at"] if over else [])


def _may_tell(pattern: str, bucket: str) -> bool:
    known = {"source": "aws.s3", "detail": {"bucket": {"name": bucket}}}
    try:
        return pattern == "{}" or Pattern(pattern).may_match(known)
    except ValueError:
        return True


def _source_of(stop: ReadResource) -> Fetching[Producers]:
    """What a pipe takes from."""
    told = ResourceAnswers()
    pipe = (yield from told.ask([("pipe", read_of("pipes", "DescribePipe", Name=stop.node.name))]))["pipe"]
    return _found([str(pipe["Source"])] if (pipe or {}).get("Source") else [], told)


def _custom_buses(stop: ReadResource) -> Fetching[Producers]:
    """Custom event buses with a subscriber that sends there; each bus lists its own."""
    told = ResourceAnswers()
    wanted = read_of("eventbridgev2", "ListEventBuses")
    listed = (yield from told.ask([("custom event buses", wanted)]))["custom event buses"]
    arns = [str(one["EventBusArn"]) for one in items_of(listed, "EventBuses")]
    reads = [(arn, read_of("eventbridgev2", "ListSubscribers", EventBusArn=arn)) for arn in arns[:ASKED_AT_MOST]]
    answers = (yield from told.ask(reads)) if reads else {}
    found = [
        arn
        for arn, answer in answers.items()
        if any(one.get("TargetArn") == stop.node.arn for one in items_of(answer, "Subscribers"))
    ]
    return _found(found, told)


def _alarms(stop: ReadResource) -> Fetching[Producers]:
    """Alarms whose actions tell a topic or call a function."""
    if stop.node.kind not in ("topic", "function"):
        yield from ()
        return Producers()
    told = ResourceAnswers()
    types = ["MetricAlarm", "CompositeAlarm"]
    wanted = read_of("cloudwatch", "DescribeAlarms", ActionPrefix=stop.node.arn, AlarmTypes=types)
    listed = (yield from told.ask([("alarms", wanted)]))["alarms"]
    alarms = [*items_of(listed, "MetricAlarms"), *items_of(listed, "CompositeAlarms")]
    members = ("AlarmActions", "OKActions", "InsufficientDataActions")
    return _found(
        [
            str(one["AlarmArn"])
            for one in alarms
            if any(stop.node.arn in (one.get(name) or []) for name in members)
        ],
        told,
    )


def _failing(stop: ReadResource, about: Context) -> Fetching[Producers]:
    """Topics and rules whose dead letters a queue takes, of those that its policy lets in: no list tells it."""
    admission = stop.admission
    if stop.node.kind != "queue" or admission is None or not admission.policy:
        yield from ()
        return Producers()
    services = ("sns.amazonaws.com", "events.amazonaws.com")
    patterns = [one for service in services for one in let_in(admission.policy, service, admission.action)]
    exact = [one for one in patterns if "*" not in one and "?" not in one and named(one).kind in ("topic", "rule")]
    found = yield from gather([read_place(Waypoint(arn=arn), about) for arn in exact[:ASKED_AT_MOST]])
    arns = [
        one.node.arn for one in found if any(hop.failure and hop.to.arn == stop.node.arn for hop in one.all_hops())
    ]
    open_to = len(patterns) - len(exact)
    said = (
        f"queue {stop.node.name}: its policy lets more in than one by one; whose dead letters it takes is not told"
    )
    return Producers(arns=tuple(dict.fromkeys(arns)), unknown=(said,) if open_to else ())


def _buckets_let_in(stop: ReadResource) -> list[str] | None:
    """The names of the buckets that its policy lets in; None when that may be any, or could not be read."""
    admission = stop.admission
    if admission is None:
        return []
    if admission.policy is None:
        return None
    patterns = let_in(admission.policy, "s3.amazonaws.com", admission.action)
    if any("*" in one or "?" in one for one in patterns):
        return None
    return [one.rpartition(":::")[2] for one in patterns]


def _topics(stop: ReadResource) -> Fetching[Producers]:
    """The topics with a subscription to it, whether its policy lets them in or not."""
    told = ResourceAnswers()
    listed = (yield from told.ask([("subscriptions", list_subscriptions())]))["subscriptions"]
    topics = [
        str(one["TopicArn"]) for one in items_of(listed, "Subscriptions") if one.get("Endpoint") == stop.node.arn
    ]
    cut = bool((listed or {}).get("NextToken"))
    return _found(topics, told, ["not all subscriptions of the region were looked at"] if cut else [])


def _rules(stop: ReadResource) -> Fetching[Producers]:
    told = ResourceAnswers()
    buses = (yield from told.ask([("event buses", list_buses())]))["event buses"]
    names = [str(one["Name"]) for one in items_of(buses, "EventBuses")]
    answers = yield from told.ask([(f"rules of bus {name}", _rule_names(name, stop.node.arn)) for name in names])
    arns = {str(one["Name"]): str(one["Arn"]) for one in items_of(buses, "EventBuses")}
    rules = [
        _rule_on(arns[name], name, str(rule))
        for name in names
        for rule in items_of(answers[f"rules of bus {name}"], "RuleNames")
    ]
    return _found(rules, told)


def _rule_names(bus: str, target: str) -> Read:
    return read_of("events", "ListRuleNamesByTarget", TargetArn=target, EventBusName=bus)


def _rule_on(bus_arn: str, bus: str, rule: str) -> str:
    start = bus_arn.rpartition(":event-bus/")[0]
    return f"{start}:rule/{rule}" if bus == "default" else f"{start}:rule/{bus}/{rule}"


def _buckets(stop: ReadResource) -> Fetching[Producers]:
    told = ResourceAnswers()
    names = _buckets_let_in(stop)
    if names is None:
        listed = (yield from told.ask([("buckets", read_of("s3", "ListBuckets"))]))["buckets"]
        names = [str(one["Name"]) for one in items_of(listed, "Buckets")]
    over = names[ASKED_AT_MOST:]
    names = names[:ASKED_AT_MOST]
    answers = yield from told.ask([(f"bucket {name}", _notifications(name)) for name in names])
    buckets = [
        bucket_arn(name, stop.node.arn.split(":")[1])
        for name in names
        if stop.node.arn in destinations_of(answers[f"bucket {name}"])
    ]
    return _found(buckets, told, [f"{len(over):,} buckets were not looked at"] if over else [])


def _notifications(name: str) -> Read:
    return read_of("s3", "GetBucketNotificationConfiguration", Bucket=name)


def _functions(stop: ReadResource) -> Fetching[Producers]:
    """Functions whose dead letters or results go there; results are told one function at a time."""
    told = ResourceAnswers()
    listed = (yield from told.ask([("functions", list_functions())]))["functions"]
    functions = {str(one["FunctionName"]): one for one in items_of(listed, "Functions")}
    arns = [
        str(one["FunctionArn"])
        for one in functions.values()
        if (one.get("DeadLetterConfig") or {}).get("TargetArn") == stop.node.arn
    ]
    if len(functions) > ASKED_AT_MOST:
        return _found(arns, told, [f"the destinations of {len(functions):,} functions were not looked at"])
    answers = yield from told.ask(
        [
            (f"function {name}", read_of("lambda", "ListFunctionEventInvokeConfigs", FunctionName=name))
            for name in functions
        ]
    )
    arns += [
        str(functions[name]["FunctionArn"])
        for name in functions
        if stop.node.arn in outcomes_of(answers[f"function {name}"])
    ]
    return _found(arns, told)


def _schedules(stop: ReadResource) -> Fetching[Producers]:
    told = ResourceAnswers()
    listed = (yield from told.ask([("schedules", list_schedules())]))["schedules"]
    arns = [
        str(one["Arn"])
        for one in items_of(listed, "Schedules")
        if (one.get("Target") or {}).get("Arn") == stop.node.arn
    ]
    cut = bool((listed or {}).get("NextToken"))
    return _found(arns, told, ["not all schedules of the region were looked at"] if cut else [])


def _pipes(stop: ReadResource) -> Fetching[Producers]:
    told = ResourceAnswers()
    wanted = read_of("pipes", "ListPipes", TargetPrefix=stop.node.arn)
    listed = (yield from told.ask([("pipes", wanted)]))["pipes"]
    arns = [str(one["Arn"]) for one in items_of(listed, "Pipes") if one.get("Target") == stop.node.arn]
    return _found(arns, told)


def _queues(stop: ReadResource) -> Fetching[Producers]:
    """Queues that a function takes from, and queues whose dead letters a queue takes."""
    told = ResourceAnswers()
    if stop.node.kind == "function":
        wanted = read_of("lambda", "ListEventSourceMappings", FunctionName=stop.node.arn)
        listed = (yield from told.ask([("event source mappings", wanted)]))["event source mappings"]
        mappings = list(items_of(listed, "EventSourceMappings"))
        # Apache Kafka that one runs oneself has no ARN.
        own = [one for one in mappings if not one.get("EventSourceArn")]
        sources = [str(one["EventSourceArn"]) for one in mappings if one.get("EventSourceArn")]
        return _found(sources, told, ["it takes from a source outside AWS, too"] if own else [])
    if stop.node.kind != "queue":
        return Producers()
    url = (yield from told.ask([("queue", queue_url(stop.node.arn))]))["queue"]
    if not url:
        return _found([], told)
    listing = read_of("sqs", "ListDeadLetterSourceQueues", QueueUrl=url["QueueUrl"])
    listed = (yield from told.ask([("dead-letter sources", listing)]))["dead-letter sources"]
    start = stop.node.arn.rpartition(":")[0]
    urls = [str(one) for one in items_of(listed, "queueUrls")]
    return _found([f"{start}:{one.rpartition('/')[2]}" for one in urls], told)


def _apis(stop: ReadResource, about: Context) -> Fetching[Producers]:
    """The APIs of API Gateway with an integration that sends there; each is told by itself."""
    told = ResourceAnswers()
    lists = [
        ("REST APIs", read_of("apigateway", "GetRestApis")),
        ("HTTP APIs", read_of("apigatewayv2", "GetApis")),
    ]
    listed = yield from told.ask(lists)
    start = f"arn:{about.identity.partition}:apigateway:{about.region}::"
    apis = [
        *(
            (f"{start}/restapis/{one['id']}", resources_of(one["id"]))
            for one in items_of(listed["REST APIs"], "items")
        ),
        *(
            (f"{start}/apis/{one['ApiId']}", integrations_of(one["ApiId"]))
            for one in items_of(listed["HTTP APIs"], "Items")
        ),
    ]
    answers = yield from told.ask(apis[:ASKED_AT_MOST])
    here = here_of(about)
    arns = [arn for arn, answer in answers.items() if stop.node.arn in targets_in(answer, here)]
    over = len(apis) - ASKED_AT_MOST
    return _found(arns, told, [f"{over:,} APIs were not looked at"] if over > 0 else [])


def _found(arns: Sequence[str], told: ResourceAnswers, cut: Sequence[str] = ()) -> Producers:
    return Producers(arns=tuple(dict.fromkeys(arns)), unknown=(*told.unknown, *cut))
