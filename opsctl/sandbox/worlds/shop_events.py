"""A custom event bus whose orders reached nobody who ships them, and a role that may send to their queue."""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
BUS, QUEUE, ROLE = "shop-events", "shipping-orders", "replay-to-shipping"
ORDERS = 5


def make_custom_bus(clients: Clients) -> str:
    """Make the bus with its orders, the queue and the role; returns the ARN of the bus."""
    sqs, iam, v2 = clients("sqs"), clients("iam"), clients("eventbridgev2")
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=_policy("sts:AssumeRole", Principal={"Service": "events.amazonaws.com"}),
    )
    iam.put_role_policy(RoleName=ROLE, PolicyName="send", PolicyDocument=_policy("sqs:SendMessage", Resource=arn))
    bus: str = v2.create_event_bus(Name=BUS, StorageConfiguration={"RetentionPeriodInDays": 30})["EventBusArn"]
    entries = [
        {"Source": "shop.orders", "DetailType": "OrderPaid", "Detail": json.dumps({"order": number})}
        for number in range(1, ORDERS + 1)
    ]
    v2.put_events(EventBusArn=bus, Entries=entries)
    return bus


def _policy(action: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})
