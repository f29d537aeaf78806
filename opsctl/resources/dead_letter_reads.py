"""The reads that tell where a region's dead letters come from and go to; each says why there is no cheaper one.

Source: API references of SQS, Lambda, SNS, EventBridge, EventBridge Scheduler and CloudWatch.
"""

from opsctl.model.reads import Read
from opsctl.model.value import Json

DEFAULT_BUS = "default"
LISTED_AT_MOST = 5000
# A region may have millions of subscriptions (each phone is one) and of schedules (each reminder is one).
_BOUNDED = {"PaginationConfig": {"MaxItems": LISTED_AT_MOST}}


def _read(service: str, operation: str, **params: Json) -> Read:
    return Read(service=service, operation=operation, params=params)


def list_queues() -> Read:
    """All queues by URL, 1,000 a page; attributes come from GetQueueAttributes, which takes one queue."""
    return _read("sqs", "ListQueues")


def list_functions() -> Read:
    """All functions with timeout and DeadLetterConfig, 50 a page."""
    return _read("lambda", "ListFunctions")


def list_versions() -> Read:
    """All versions of all functions, each with the DeadLetterConfig that it was published with."""
    return _read("lambda", "ListFunctions", FunctionVersion="ALL")


def list_some_versions() -> Read:
    """The same, but no more than so many: 50 a page, and a function may have thousands; then NextToken stays."""
    return _read("lambda", "ListFunctions", FunctionVersion="ALL", **_BOUNDED)


def list_aliases(function: str) -> Read:
    """The aliases of one function with the versions they lead to; no call lists them for a region."""
    return _read("lambda", "ListAliases", FunctionName=function)


def list_mappings() -> Read:
    """All event source mappings of the region with state, batch window and on-failure destination, 100 a page."""
    return _read("lambda", "ListEventSourceMappings")


def list_invoke_configs(function: str) -> Read:
    """Retries and on-failure destinations of one function's asynchronous invocations.

    ListFunctions does not tell them and no call lists them for a region, so this is one call a function.
    """
    return _read("lambda", "ListFunctionEventInvokeConfigs", FunctionName=function)


def list_subscriptions() -> Read:
    """SNS subscriptions, 100 a page, without their redrive policy; when there are more, NextToken stays."""
    return _read("sns", "ListSubscriptions", **_BOUNDED)


def subscription_attributes(arn: str) -> Read:
    """Everything a subscription says of itself; SNS tells RedrivePolicy nowhere else."""
    return _read("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)


def topic_attributes(arn: str) -> Read:
    """Whether a topic that takes failures exists, and how many listen to it."""
    return _read("sns", "GetTopicAttributes", TopicArn=arn)


def list_buses() -> Read:
    """All event buses, without their dead-letter queue."""
    return _read("events", "ListEventBuses")


def describe_bus(name: str) -> Read:
    """One event bus with its DeadLetterConfig."""
    return _read("events", "DescribeEventBus", Name=name)


def list_rules(bus: str) -> Read:
    """The rules of one bus; EventBridge lists them bus by bus."""
    return _read("events", "ListRules", EventBusName=bus)


def list_targets(rule: str, bus: str) -> Read:
    """The targets of one rule with their DeadLetterConfig; EventBridge lists them rule by rule."""
    return _read("events", "ListTargetsByRule", Rule=rule, EventBusName=bus)


def list_schedules() -> Read:
    """Schedules of all groups, 100 a page, without dead-letter queues; when there are more, NextToken stays."""
    return _read("scheduler", "ListSchedules", **_BOUNDED)


def get_schedule(group: str, name: str) -> Read:
    """One schedule with its target's DeadLetterConfig."""
    return _read("scheduler", "GetSchedule", GroupName=group, Name=name)


def describe_alarms() -> Read:
    """All alarms, 100 a page; without AlarmTypes CloudWatch leaves composite alarms out."""
    return _read("cloudwatch", "DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])


def describe_key(key: str) -> Read:
    """The ARN behind a key's id or alias; GetKeyPolicy takes no alias."""
    return _read("kms", "DescribeKey", KeyId=key)


def key_policy(arn: str) -> Read:
    """The policy of a key, which is called `default` and is the only one a key has."""
    return _read("kms", "GetKeyPolicy", KeyId=arn, PolicyName="default")
