"""The dead-letter world: every kind of source with and without a home for its failures, and what is left over."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]


def make_dead_letters(clients: Clients) -> str:
    """Make sources of every kind, some set up well, some as accounts are found at 3 a.m.; return their role."""
    sqs = clients("sqs")
    oncall = clients("sns").create_topic(Name="oncall")["TopicArn"]
    role = _role(clients)
    _make_topic(clients, sqs)
    _make_rules(clients, sqs)
    _make_schedules(clients, sqs, role)
    _make_functions(clients, sqs, role, oncall)
    _make_leftovers(sqs)
    clients("cloudwatch").put_metric_alarm(
        AlarmName="order-events-dlq-not-empty",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "order-events-dlq"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[oncall],
    )
    return role


def _make_topic(clients: Clients, sqs: Any) -> None:
    """A topic with a subscription that has a dead-letter queue, and one that has none."""
    sns = clients("sns")
    topic = sns.create_topic(Name="order-events")["TopicArn"]
    url, home = _queue(sqs, "order-events-dlq")
    _let_in(sqs, url, home, "sns.amazonaws.com", topic)
    _, mail = _queue(sqs, "order-mail")
    policy = json.dumps({"deadLetterTargetArn": home})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mail, Attributes={"RedrivePolicy": policy})
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://hooks.example.com/orders")
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Type": "Notification", "Message": f"{number}"}))


def _make_rules(clients: Clients, sqs: Any) -> None:
    """A rule whose target's dead-letter queue EventBridge may not send to, and a target that has none."""
    events = clients("events")
    _, home = _queue(sqs, "report-failures")
    _, work = _queue(sqs, "reports")
    for rule, config in (("nightly-report", {"DeadLetterConfig": {"Arn": home}}), ("order-shipped", {})):
        events.put_rule(Name=rule, ScheduleExpression="rate(1 day)", State="ENABLED")
        events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": work, **config}])


def _make_schedules(clients: Clients, sqs: Any, role: str) -> None:
    """A schedule with a dead-letter queue and one without."""
    _, home = _queue(sqs, "close-books-dlq")
    _, work = _queue(sqs, "bookkeeping")
    for name, config in (("close-books", {"DeadLetterConfig": {"Arn": home}}), ("send-reminders", {})):
        clients("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": work, "RoleArn": role, **config},
        )


def _make_functions(clients: Clients, sqs: Any, role: str, oncall: str) -> None:
    """Functions with on-failure destinations, and one that takes from a queue without a dead-letter queue."""
    lambda_ = clients("lambda")
    _, home = _queue(sqs, "send-invoice-failed")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    for name, home_of in (("send-invoice", home), ("page-oncall", oncall), ("make-thumbnail", "")):
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="app.handler",
            Timeout=60,
            Code={"ZipFile": code.getvalue()},
        )
        if home_of:
            config = {"OnFailure": {"Destination": home_of}}
            lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=config)
    _, work = _queue(sqs, "thumbnails")
    lambda_.create_event_source_mapping(EventSourceArn=work, FunctionName="make-thumbnail", BatchSize=10)


def _make_leftovers(sqs: Any) -> None:
    """A queue that serves nothing, one whose source is gone, and a source whose dead-letter queue is gone."""
    _queue(sqs, "legacy-import-dlq")
    url, arn = _queue(sqs, "payments-dlq")
    gone = f"{arn.rpartition(':')[0]}:payments"
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [gone]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    url, arn = _queue(sqs, "inventory-dlq")
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": "5"}
    sqs.create_queue(QueueName="inventory", Attributes={"RedrivePolicy": json.dumps(policy)})
    sqs.delete_queue(QueueUrl=url)


def _queue(sqs: Any, name: str) -> tuple[str, str]:
    """Make a queue; returns URL and ARN."""
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _let_in(sqs: Any, url: str, arn: str, service: str, source: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _role(clients: Clients) -> str:
    services = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}],
    }
    made = clients("iam").create_role(RoleName="order-workers", AssumeRolePolicyDocument=json.dumps(trust))
    use = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sns:Publish"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": use, "Resource": "*"}]}
    clients("iam").put_role_policy(
        RoleName="order-workers", PolicyName="queues", PolicyDocument=json.dumps(policy)
    )
    arn: str = made["Role"]["Arn"]
    return arn
