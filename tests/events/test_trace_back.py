"""From a resource back to everything that is set up to hand events to it."""

import json

import pytest

from opsctl.events.delivery_graph import Delivery
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.kit.canned import denied
from tests.kit.deliveries import Account, arn, lets

S3, EVENTS = "s3.amazonaws.com", "events.amazonaws.com"


def senders(found: Delivery) -> dict[str, str]:
    """What hands events to the resource that was asked about, each with its verdict."""
    names = {one.arn: one.name for one in found.nodes}
    return {names[one.source]: one.verdict for one in found.edges if one.target == found.start}


def test_a_topic_that_may_not_write_is_found_all_the_same() -> None:
    made = Account()
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "billing")})
    made.queue("billing")
    found, _ = made.traced("queue:billing", back=True)
    assert senders(found) == {"shop": "blocked"}
    assert found.back


def test_rules_lead_back_to_their_bus_and_schedules_end_there() -> None:
    made = Account()
    queue = made.queue("billing", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/paid")))
    made.rule("paid", {"source": ["shop"]}, {"Id": "q", "Arn": queue})
    made.rule("other", {"source": ["shop"]}, {"Id": "q", "Arn": arn("sqs", "elsewhere")})
    made.schedule("nightly", {"Arn": queue, "RoleArn": made.allow("sender", ("sqs:SendMessage", queue))})
    found, _ = made.traced("queue:billing", back=True)
    assert senders(found) == {"paid": "delivers", "nightly": "delivers"}
    assert {one.kind for one in found.nodes} == {"queue", "rule", "event bus", "schedule"}
    assert not [one for one in found.nodes if one.name == "other"]


def test_buckets_are_asked_one_by_one_only_where_the_policy_lets_s3_in() -> None:
    made = Account()
    queue = arn("sqs", "images")
    made.bucket("uploads", QueueConfigurations=[{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}])
    made.bucket("other")
    made.queue("images")
    found, reader = made.traced("queue:images", back=True)
    assert senders(found) == {}
    assert not [one for one in reader.apis() if one.startswith("s3.")]
    made.queue("images", Policy=lets(queue, S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    found, reader = made.traced("queue:images", back=True)
    assert senders(found) == {"uploads": "filtered"}
    assert "s3.ListBuckets" not in reader.apis()
    made.queue(
        "images", Policy=lets(queue, S3, "sqs:SendMessage", "arn:aws:s3:::*").replace("ArnEquals", "ArnLike")
    )
    assert "s3.ListBuckets" in made.traced("queue:images", back=True)[1].apis()


def test_a_list_that_may_not_be_read_is_said() -> None:
    made = Account()
    made.queue("billing")
    made.refused["sns.ListSubscriptions"] = denied("sns.ListSubscriptions")
    found, _ = made.traced("queue:billing", back=True)
    assert any(one.startswith("subscriptions: access denied") for one in found.unknown)


def test_a_dead_letter_queue_is_reached_by_what_fails() -> None:
    made = Account()
    dead = made.queue("dead", Policy=lets("*", "sns.amazonaws.com", "sqs:SendMessage", arn("sns", "shop")))
    redrive = json.dumps({"deadLetterTargetArn": dead})
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "billing"), "RedrivePolicy": redrive})
    made.queue("billing")
    found, _ = made.traced("topic:shop")
    (edge,) = [one for one in found.edges if one.target == dead]
    assert (edge.failure, edge.verdict) == (True, "delivers")


def test_a_function_that_takes_from_kafka_outside_aws_has_a_source_without_an_arn() -> None:
    made = Account()
    function = made.function("stock")
    kafka = {"UUID": "1", "FunctionArn": function, "SelfManagedEventSource": {"Endpoints": {}}}
    made.refused["lambda.ListEventSourceMappings"] = {"EventSourceMappings": [kafka]}
    found, _ = made.traced("function:stock", back=True)
    assert "outside AWS" in " ".join(found.unknown)


def test_a_subscriber_of_a_custom_bus_and_an_alarm_lead_back() -> None:
    made = Account()
    made.topic("shop", {"Protocol": "sqs", "Endpoint": made.queue("orders")})
    bus = arn("events", f"event-busv2/stored/{'a' * 25}")
    made.custom_buses.append({"EventBusArn": bus, "Name": "stored"})
    subscriber: Json = {"SubscriberArn": f"{bus}/s", "Name": "s", "TargetArn": arn("sqs", "orders")}
    made.answers["eventbridgev2.ListSubscribers"] = {"Subscribers": [subscriber]}
    made.answers["eventbridgev2.DescribeEventBus"] = {"EventBusArn": bus, "State": "ACTIVE"}
    told = {"TargetArn": arn("sqs", "orders"), "RoleArn": "arn:aws:iam::123456789012:role/r"}
    made.answers["eventbridgev2.DescribeSubscriber"] = subscriber | {"InvokeConfiguration": told}
    alarm = {
        "AlarmArn": arn("cloudwatch", "alarm:slow"),
        "AlarmName": "slow",
        "AlarmActions": [arn("sns", "shop")],
    }
    made.answers["cloudwatch.DescribeAlarms"] = {"MetricAlarms": [alarm]}
    found, _ = made.traced("queue:orders", back=True)
    assert {one.name for one in found.nodes} == {"orders", "shop", "stored", "slow"}
    notes = {one.name: " ".join(one.notes) for one in found.nodes}
    assert "not looked at" in notes["stored"]
    assert "not followed" in notes["slow"]


def test_custom_buses_that_may_not_be_listed_are_said() -> None:
    made = Account()
    made.queue("orders")
    made.refused["eventbridgev2.ListEventBuses"] = denied("eventbridgev2.ListEventBuses")
    found, _ = made.traced("queue:orders", back=True)
    assert any(one.startswith("custom event buses: access denied") for one in found.unknown)


def test_a_pipe_leads_back_to_its_source() -> None:
    made = Account()
    pipe: Json = {"Arn": arn("pipes", "pipe/move"), "Source": made.queue("orders"), "CurrentState": "RUNNING"}
    made.answers["pipes.DescribePipe move"] = pipe
    made.answers["pipes.ListPipes"] = {"Pipes": [pipe | {"Target": ""}]}
    found, _ = made.traced("pipe:move", back=True)
    assert {one.name for one in found.nodes} == {"move", "orders"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("bucket:uploads", "who puts objects into it is in no setting"),
        ("schedule:nightly", "by the clock"),
        ("queue:orders", "a program may by itself"),
    ],
)
def test_where_nothing_leads_back_it_is_said_what_was_not_looked_at(source: str, says: str) -> None:
    made = Account()
    made.queue("orders")
    made.bucket("uploads")
    made.schedule("nightly", {"Arn": arn("sqs", "orders"), "RoleArn": "arn:aws:iam::123456789012:role/r"})
    if source == "queue:orders":
        made.answers["scheduler.ListSchedules"] = {"Schedules": []}
    found, _ = made.traced(source, back=True)
    assert says in " ".join(found.nodes[0].notes)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("queue:ordres", "aws sqs list-queues --queue-name-prefix ord"),
        ("topic:ordres", "aws sns list-topics"),
        ("rule:shop/ordres", "aws events list-rules --event-bus-name shop"),
        ("ordres", "use another --region"),
    ],
)
def test_a_name_that_nothing_has_comes_with_the_command_that_lists_what_there_is(source: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Account().traced(source)
    hint = refused.value.diagnostics[0].hint
    assert hint.startswith(says)
    assert "dlq list" not in hint


def test_the_dead_letters_of_a_subscription_and_of_a_target_are_found_by_the_queues_policy() -> None:
    made = Account()
    both = json.loads(lets("*", "sns.amazonaws.com", "sqs:SendMessage", arn("sns", "shop")))
    both["Statement"] += json.loads(lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/paid")))["Statement"]
    dead = made.queue("dead", Policy=json.dumps(both))
    redrive = json.dumps({"deadLetterTargetArn": dead})
    made.topic("shop", {"Protocol": "sqs", "Endpoint": made.queue("orders"), "RedrivePolicy": redrive})
    target: Json = {"Id": "q", "Arn": arn("sqs", "orders"), "DeadLetterConfig": {"Arn": dead}}
    made.rule("paid", {"source": ["shop"]}, target)
    found, _ = made.traced("queue:dead", back=True)
    assert {one.rpartition(":")[2] for one in (edge.source for edge in found.edges if edge.target == dead)} == {
        "shop",
        "rule/paid",
    }
    made.queue("dead", Policy=lets("*", "sns.amazonaws.com", "sqs:SendMessage", "arn:aws:sns:*:*:*"))
    assert "whose dead letters it takes is not told" in " ".join(made.traced("queue:dead", back=True)[0].unknown)


def test_buckets_that_tell_eventbridge_are_found_behind_a_rule_that_may_match_them() -> None:
    made = Account()
    for name in ("uploads", "other", "silent"):
        made.bucket(name, **({} if name == "silent" else {"EventBridgeConfiguration": {}}))
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads", "silent"]}}}
    made.rule("index", pattern, {"Id": "q", "Arn": made.queue("images")})
    found, reader = made.traced("queue:images", back=True)
    assert {one.name for one in found.nodes} == {"images", "index", "default", "uploads"}
    read = {
        str(one.params["Bucket"]) for one in reader.made if one.operation == "GetBucketNotificationConfiguration"
    }
    assert read == {"uploads", "silent"}
    found, _ = made.traced("bus:default", back=True)
    assert {one.name for one in found.nodes} == {"default", "uploads", "other"}
