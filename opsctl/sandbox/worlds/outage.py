"""An outage that is over: a bus with an archive, whose orders reached nobody who writes bills.

One rule feeds a queue, which a consumer can read twice; the other mails customers, who should not be told twice.
"""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
BUS = "orders-bus"
ORDERS = 12


def make_outage(clients: Clients) -> None:
    """Make the bus, its archive and its rules; that of the bills is off while the orders come."""
    events = clients("events")
    bus = events.create_event_bus(Name=BUS)["EventBusArn"]
    events.create_archive(ArchiveName="orders-archive", EventSourceArn=bus, RetentionDays=30)
    bills = _rule(events, "bill-orders")
    events.put_targets(
        Rule="bill-orders", EventBusName=BUS, Targets=[{"Id": "billing", "Arn": _queue(clients, bills)}]
    )
    _rule(events, "mail-customers")
    events.put_targets(Rule="mail-customers", EventBusName=BUS, Targets=[{"Id": "mails", "Arn": _topic(clients)}])
    events.disable_rule(Name="bill-orders", EventBusName=BUS)
    entries = [
        {
            "Source": "shop.orders",
            "DetailType": "OrderPaid",
            "Detail": json.dumps({"order": number}),
            "EventBusName": BUS,
        }
        for number in range(1, ORDERS + 1)
    ]
    for start in range(0, ORDERS, 10):
        events.put_events(Entries=entries[start : start + 10])
    events.enable_rule(Name="bill-orders", EventBusName=BUS)


def _rule(events: Any, name: str) -> str:
    pattern = json.dumps({"source": ["shop.orders"], "detail-type": ["OrderPaid"]})
    made: str = events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)["RuleArn"]
    return made


def _queue(clients: Clients, rule: str) -> str:
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName="order-bills")["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


def _topic(clients: Clients) -> str:
    sns = clients("sns")
    arn: str = sns.create_topic(Name="order-mails")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="orders@example.com")
    return arn
