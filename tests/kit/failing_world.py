"""Sources without dead-letter queues in the moto account, and everything an attachment may change about them."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from tests.kit.queues import arn, queue

Clients = Callable[[str], Any]


def make_sources(clients: Clients) -> None:
    """A queue, a FIFO queue, a function, subscriptions, a rule with two targets, a schedule, and a topic."""
    orders = queue("orders", VisibilityTimeout="7")
    queue("ledger.fifo")
    topic = clients("sns").create_topic(Name="events")["TopicArn"]
    clients("sns").create_topic(Name="oncall")
    clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(orders))
    role = _role(clients, "worker")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    clients("lambda").create_function(
        FunctionName="resize",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=9,
    )
    clients("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    retry = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600}
    targets = [{"Id": one, "Arn": arn(orders), "Input": '{"a": 1}', "RetryPolicy": retry} for one in ("a", "b")]
    clients("events").put_targets(Rule="nightly", Targets=targets)
    clients("scheduler").create_schedule(
        Name="report",
        ScheduleExpression="rate(1 hour)",
        ScheduleExpressionTimezone="Europe/Berlin",
        Description="hourly",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        ActionAfterCompletion="DELETE",
        EndDate="2099-01-01T00:00:00Z",
        Target={"Arn": arn(orders), "RoleArn": role, "Input": "{}"},
    )


def _role(clients: Clients, name: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made: str = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return made


def subscription(clients: Clients) -> str:
    """The ARN of the one subscription."""
    found: str = clients("sns").list_subscriptions()["Subscriptions"][0]["SubscriptionArn"]
    return found


_VOLATILE = ("LastModifiedTimestamp", "CreatedTimestamp")


def attachments(clients: Clients) -> dict[str, Json]:
    """Queues with their attributes; functions, subscriptions, targets, schedules, roles, alarms."""
    found: dict[str, Json] = {}
    for url in clients("sqs").list_queues().get("QueueUrls", []):
        told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found[url] = {name: value for name, value in told.items() if name not in _VOLATILE}
    for one in clients("lambda").list_functions()["Functions"]:
        found[one["FunctionArn"]] = [one.get("DeadLetterConfig"), one["Timeout"]]
    for one in clients("sns").list_subscriptions()["Subscriptions"]:
        name = one["SubscriptionArn"]
        found[name] = clients("sns").get_subscription_attributes(SubscriptionArn=name)["Attributes"]
    found["targets"] = clients("events").list_targets_by_rule(Rule="nightly")["Targets"]
    schedule = clients("scheduler").get_schedule(Name="report")
    dropped = ("ResponseMetadata", "LastModificationDate")
    found["schedule"] = {name: value for name, value in schedule.items() if name not in dropped}
    for role in clients("iam").list_roles()["Roles"]:
        found[role["Arn"]] = clients("iam").list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    found["alarms"] = [one["AlarmName"] for one in clients("cloudwatch").describe_alarms()["MetricAlarms"]]
    return found
