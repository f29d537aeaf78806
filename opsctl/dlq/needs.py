"""Which API calls a redrive may make, named exactly where the plan knows them; for the plan's IAM policy."""

from collections.abc import Iterable

from opsctl.dlq.redrive import Destination, Redrive
from opsctl.dlq.route import Route
from opsctl.model.changes import Grant
from opsctl.model.value import Json
from opsctl.resources.sdk_services import called_by, universal_api

_RECEIVING = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
_OWN_KEYS = ("", "alias/aws/sqs")


def needs_of(redrive: Redrive, *, onto_bus: bool) -> tuple[Grant, ...]:
    """Return the calls of a redrive by opsctl itself."""
    queue = redrive.queue
    grants = [_grant("sqs", name, QueueArn=queue.arn) for name in _RECEIVING]
    grants += _key(queue.key, "Decrypt")
    if redrive.canary and any(one.functions for one in redrive.destinations):
        grants.append(_grant("cloudwatch", "GetMetricData"))
    if redrive.recorded and queue.topics:
        grants.append(_grant("sns", "GetSubscriptionAttributes"))
    for one in redrive.destinations:
        grants += _of_destination(one, onto_bus=onto_bus)
    if not redrive.destinations and redrive.recorded:
        grants += _of_any_record()
    return tuple({grant.model_dump_json(): grant for grant in grants}.values())


def _of_destination(one: Destination, *, onto_bus: bool) -> Iterable[Grant]:
    route = one.route
    if route.kind == "queue":
        yield from (_grant("sqs", name, QueueArn=route.arn) for name in ("SendMessage", "GetQueueAttributes"))
        yield from _key(one.key, "GenerateDataKey", "Decrypt")
    elif route.kind == "function":
        yield _grant("lambda", "Invoke", FunctionName=route.arn)
    elif route.kind == "bus":
        yield _grant("events", "PutEvents", EventBusArn=route.arn)
    elif route.kind == "stream":
        yield from _of_stream(route)
    elif route.kind == "call":
        client, operation = called_by(universal_api(route.arn))
        yield _schedule(route.rule)
        yield _grant(client, operation)
        yield from (_grant("iam", "PassRole", RoleArn=role) for role in route.roles)
    else:
        yield from _of_target(route, onto_bus=onto_bus)


def _of_stream(route: Route) -> Iterable[Grant]:
    # The record names the function with or without its version.
    for arn in (route.arn, f"{route.arn}:$LATEST"):
        yield _grant("lambda", "Invoke", FunctionName=arn)
    for name in ("ListEventSourceMappings", "GetEventSourceMapping"):
        yield _grant("lambda", name)
    yield from _key(route.key, "Decrypt")
    if ":kinesis:" in route.origin:
        yield _grant("lambda", "GetFunctionConfiguration", FunctionName=route.arn)
    service = "kinesis" if ":kinesis:" in route.origin else "dynamodbstreams"
    for name in ("GetShardIterator", "GetRecords"):
        yield _grant(service, name, StreamARN=route.origin, StreamArn=route.origin)


def _of_target(route: Route, *, onto_bus: bool) -> Iterable[Grant]:
    is_rule = ":rule/" in route.rule
    if is_rule and onto_bus:
        home, _, name = route.rule.partition(":rule/")
        yield _grant(
            "events",
            "PutEvents",
            EventBusArn=f"{home}:event-bus/{name.partition('/')[0]}"
            if "/" in name
            else f"{home}:event-bus/default",
        )
        return
    if is_rule:
        yield _grant("events", "ListTargetsByRule", RuleArn=route.rule)
    else:
        yield _schedule(route.rule)
    service = route.arn.split(":")[2]
    if ":aws-sdk:" in route.arn:
        # Where it goes stands in each letter.
        called, operation = _CALLS[_UNIVERSAL[route.name.partition(":")[0]]]
        yield _grant(called, operation)
        if called == "sns":
            yield _grant("sns", "ListSubscriptionsByTopic")
        return
    if service == "sqs":
        yield _grant("sqs", "GetQueueUrl", QueueArn=route.arn)
    elif service == "sns":
        yield _grant("sns", "ListSubscriptionsByTopic", TopicArn=route.arn)
    called, operation = _CALLS[service]
    name = route.arn.rpartition("/")[2]
    yield _grant(called, operation, **dict.fromkeys(_NAMES, route.arn), DeliveryStreamName=name)


def _schedule(arn: str) -> Grant:
    group, _, name = arn.rpartition(":schedule/")[2].rpartition("/")
    return _grant("scheduler", "GetSchedule", GroupName=group, Name=name)


def _of_any_record() -> Iterable[Grant]:
    """Nothing names this queue any more: a message's own record decides, and may name anything."""
    yield _grant("lambda", "Invoke")
    yield _grant("sns", "GetSubscriptionAttributes")
    yield _grant("sns", "ListSubscriptionsByTopic")
    yield _grant("events", "ListTargetsByRule")
    yield _grant("scheduler", "GetSchedule")
    yield _grant("sqs", "GetQueueUrl")
    yield _grant("sqs", "SendMessage")
    yield _grant("sns", "Publish")
    yield _grant("stepfunctions", "StartExecution")


def _key(key: str, *operations: str) -> Iterable[Grant]:
    if key not in _OWN_KEYS:
        yield from (_grant("kms", name, KeyId=key if key.startswith("arn:") else "") for name in operations)


def _grant(service: str, operation: str, **params: Json) -> Grant:
    return Grant(service=service, operation=operation, params=params)


_NAMES = ("QueueArn", "FunctionName", "TopicArn", "stateMachineArn", "StreamARN")
_UNIVERSAL = {"sqs": "sqs", "sns": "sns", "lambda": "lambda", "sfn": "states"}
_CALLS = {
    "lambda": ("lambda", "Invoke"),
    "sqs": ("sqs", "SendMessage"),
    "sns": ("sns", "Publish"),
    "states": ("stepfunctions", "StartExecution"),
    "kinesis": ("kinesis", "PutRecord"),
    "firehose": ("firehose", "PutRecord"),
}
