"""One concrete event along a trace: what lets it pass, in which form it arrives, and where it ends."""

import json
import shlex

import pytest

from opsctl.events.delivery_graph import Delivery, DeliveryEdge
from opsctl.events.event_forms import S3Event, as_eventbridge, as_records
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.kit.deliveries import Account, arn, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"


def met(found: Delivery) -> dict[str, str]:
    """What the event met on the step to each resource."""
    names = {one.arn: one.name for one in found.nodes}
    return {names[one.target]: one.event.outcome for one in found.edges if one.event is not None}


def arrived(found: Delivery) -> dict[str, Json]:
    """What arrives where, as JSON where it is that."""
    names = {one.arn: one.name for one in found.nodes}
    return {names[one.arn]: json.loads(one.body) for one in found.ends or ()}


def uploads(*entries: Json, eventbridge: bool = False) -> Account:
    """A bucket that notifies, with queues that let it in."""
    made = Account()
    configuration: dict[str, Json] = {"QueueConfigurations": list(entries)}
    if eventbridge:
        configuration["EventBridgeConfiguration"] = {}
    made.bucket("uploads", **configuration)
    for name in ("images", "texts"):
        made.queue(name, Policy=lets("*", S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    return made


def entry(queue: str, *events: str, prefix: str = "", suffix: str = "") -> Json:
    """A notification."""
    rules = [{"Name": name, "Value": value} for name, value in (("Prefix", prefix), ("Suffix", suffix)) if value]
    return {"QueueArn": arn("sqs", queue), "Events": events, "Filter": {"Key": {"FilterRules": rules}}}


@pytest.mark.parametrize(
    ("name", "key", "where"),
    [
        ("ObjectCreated:Put", "img/a.jpg", {"images"}),
        ("ObjectCreated:Copy", "img/a.jpg", {"images"}),
        ("ObjectCreated:Put", "img/a.JPG", set()),
        ("ObjectRemoved:Delete", "img/a.jpg", set()),
        ("ObjectRemoved:Delete", "b.txt", {"texts"}),
    ],
)
def test_an_object_goes_where_type_prefix_and_suffix_lead_it(name: str, key: str, where: set[str]) -> None:
    made = uploads(
        entry("images", "s3:ObjectCreated:*", prefix="img/", suffix=".jpg"),
        entry("texts", "s3:ObjectRemoved:Delete", suffix=".txt"),
    )
    event = json.dumps({"eventName": name, "key": key})
    assert set(arrived(made.traced("bucket:uploads", event=event)[0])) == where


def test_a_notification_that_was_received_can_be_walked_and_its_key_is_decoded() -> None:
    made = uploads(entry("images", "s3:ObjectCreated:*", prefix="my img/"))
    record = json.loads(
        as_records(S3Event(name="s3:ObjectCreated:Put", key="my img/a b.jpg"), "uploads", "eu-west-1")
    )
    assert record["Records"][0]["s3"]["object"]["key"] == "my+img/a+b.jpg"
    found, _ = made.traced("bucket:uploads", event=json.dumps(record))
    assert arrived(found)["images"] == record


def test_over_eventbridge_the_pattern_decides_and_the_target_shapes() -> None:
    made = uploads(eventbridge=True)
    queue = made.queue("work", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/jpg")))
    transformer = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"made": "<key>"}'}
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"suffix": ".jpg"}]}}}
    made.rule("jpg", pattern, {"Id": "q", "Arn": queue, "InputTransformer": transformer})
    event = '{"eventName": "s3:ObjectCreated:Put", "key": "a.jpg"}'
    assert arrived(made.traced("bucket:uploads", event=event)[0]) == {"work": {"made": "a.jpg"}}
    other, _ = made.traced("bucket:uploads", event=event.replace(".jpg", ".png"))
    assert (met(other), other.ends) == ({"default": "passes", "jpg": "filtered"}, ())


def test_the_end_of_line_of_a_file_is_no_part_of_an_event_on_a_bus() -> None:
    made = Account()
    queue = made.queue("work", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/paid")))
    made.rule("paid", {"source": ["shop"]}, {"Id": "q", "Arn": queue})
    event = json.dumps({"source": "shop", "detail-type": "Paid", "detail": {}})
    found, _ = made.traced("bus:default", event=event + "\n")
    assert [one.body for one in found.ends or ()] == [event]


def test_eventbridge_gets_what_s3_was_recorded_to_send() -> None:
    made = S3Event(name="s3:ObjectCreated:Put", key="a")
    told = json.loads(as_eventbridge(made, "arn:aws-cn:s3:::b", "cn-north-1", "123456789012"))
    assert told["resources"] == ["arn:aws-cn:s3:::b"]
    assert (told["source"], told["detail-type"]) == ("aws.s3", "Object Created")
    assert (told["detail"]["reason"], told["detail"]["bucket"]) == ("PutObject", {"name": "b"})
    replicated = S3Event(name="s3:Replication:OperationFailedReplication", key="a")
    with pytest.raises(ValueError, match="no events of Replication"):
        as_eventbridge(replicated, "arn:aws:s3:::b", "r", "1")


@pytest.mark.parametrize(
    ("event", "asked", "outcome"),
    [
        ({"eventName": "ObjectCreated:Put", "key": "a"}, {"size": [{"numeric": [">", 0]}]}, "unknown"),
        ({"eventName": "ObjectCreated:Put", "key": "a"}, {"key": ["b"], "size": [1]}, "filtered"),
        ({"eventName": "ObjectCreated:Put", "key": "a"}, {"key": ["a"]}, "passes"),
        (
            {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "a", "size": 5}}}]},
            {"size": [{"numeric": [">", 0]}]},
            "passes",
        ),
    ],
)
def test_what_s3_sends_and_nobody_told_is_in_doubt(event: Json, asked: Json, outcome: str) -> None:
    made = uploads(eventbridge=True)
    made.rule("big", {"source": ["aws.s3"], "detail": {"object": asked}})
    found, _ = made.traced("bucket:uploads", event=json.dumps(event))
    assert met(found) == {"default": "passes", "big": outcome}


def test_aws_can_be_asked_for_a_second_opinion_on_a_pattern() -> None:
    made = Account()
    pattern = {"source": ["shop"]}
    made.rule("paid", pattern)
    told: Json = {"source": "shop", "detail-type": "Paid", "detail": {"id": 1}}
    found, _ = made.traced("bus:default", event=json.dumps(told))
    (step,) = [one.event for one in found.edges if one.event is not None]
    words = shlex.split(step.second_opinion)
    assert words[:3] == ["aws", "events", "test-event-pattern"]
    assert json.loads(words[words.index("--event-pattern") + 1]) == pattern
    event = json.loads(words[words.index("--event") + 1])
    assert event | told == event
    assert {"id", "account", "source", "time", "region", "resources", "detail-type"} <= set(event)


def fanned() -> Account:
    """A topic with a raw subscription with a filter, one in the envelope, and one that is blocked."""
    made = Account()
    for name in ("raw", "wrapped"):
        made.queue(name, Policy=lets("*", SNS, "sqs:SendMessage", arn("sns", "shop")))
    made.queue("shut")
    made.topic(
        "shop",
        {
            "Protocol": "sqs",
            "Endpoint": arn("sqs", "raw"),
            "RawMessageDelivery": "true",
            "FilterPolicy": '{"kind": ["paid"]}',
        },
        {"Protocol": "sqs", "Endpoint": arn("sqs", "wrapped")},
        {"Protocol": "sqs", "Endpoint": arn("sqs", "shut")},
    )
    return made


def test_a_message_meets_filter_envelope_and_policy() -> None:
    told = {"Message": '{"id": 1}', "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "paid"}}}
    found, _ = fanned().traced("topic:shop", event=json.dumps(told))
    assert met(found) == {"raw": "passes", "wrapped": "passes", "shut": "blocked"}
    assert arrived(found)["raw"] == {"id": 1}
    assert json.loads(arrived(found)["wrapped"]["Message"]) == {"id": 1}


def test_a_message_without_attributes_passes_no_filter_on_them() -> None:
    found, _ = fanned().traced("topic:shop", event='{"id": 1}')
    assert met(found)["raw"] == "filtered"


def test_what_cannot_be_told_is_unknown_and_what_lies_behind_a_doubt_is_uncertain() -> None:
    made = fanned()
    subscription: DeliveryEdge = made.edges("topic:shop")["wrapped"]
    assert subscription.event is None
    made.queue(
        "raw",
        Policy=lets("*", SNS, "sqs:SendMessage", arn("sns", "shop")).replace("ArnEquals", "ForAnyValue:ArnEquals"),
    )
    told = {"Message": "{}", "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "paid"}}}
    found, _ = made.traced("topic:shop", event=json.dumps(told))
    assert met(found)["raw"] == "unknown"
    assert {one.arn.rpartition(":")[2]: one.certain for one in found.ends or ()} == {"raw": False, "wrapped": True}


def test_a_mapping_drops_a_body_that_is_not_json_where_its_filter_asks_for_json() -> None:
    made = Account()
    queue = made.queue("orders")
    criteria = {"Filters": [{"Pattern": '{"body": {"kind": ["paid"]}}'}]}
    made.takes(queue, made.function("work"), FilterCriteria=criteria)
    assert met(made.traced("queue:orders", event='{"kind": "paid"}')[0]) == {"work": "passes"}
    assert met(made.traced("queue:orders", event="paid")[0]) == {"work": "filtered"}


@pytest.mark.parametrize(
    ("source", "event", "says"),
    [
        ("bucket:uploads", "{}", "has eventName and a key"),
        ("bucket:uploads", "no JSON", "not JSON"),
        ("bucket:uploads", '{"Records": [{}, {}]}', "one record"),
        ("bus:default", "{}", "has source, detail-type, detail"),
        ("topic:shop", '{"Message": "a", "MessageAttributes": {"k": "v"}}', "object of objects"),
    ],
)
def test_what_is_no_event_of_the_resource_is_refused(source: str, event: str, says: str) -> None:
    made = uploads()
    made.topic("shop")
    with pytest.raises(InvalidInput, match=says):
        made.traced(source, event=event)


def test_an_event_is_not_walked_back() -> None:
    made = Account()
    made.queue("orders")
    with pytest.raises(InvalidInput, match="cannot be walked back"):
        made.traced("queue:orders", event="{}", back=True)


def test_an_event_that_comes_in_two_forms_is_walked_in_both() -> None:
    made = Account()
    queue = arn("sqs", "billing")
    targets = [{"Id": kind, "Arn": queue, "Input": json.dumps({"kind": kind})} for kind in ("sent", "paid")]
    rule = made.rule("orders", {"source": ["shop"]}, *targets)
    made.queue("billing", Policy=lets(queue, EVENTS, "sqs:SendMessage", rule))
    function = made.function("bill")
    pattern = json.dumps({"body": {"kind": ["paid"]}})
    made.takes(queue, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    event = json.dumps({"source": "shop", "detail-type": "order", "detail": {}})
    found, _ = made.traced("rule:orders", event=event)
    assert met(found)["bill"] == "passes"
    assert arrived(found)["bill"]["Records"][0]["body"] == '{"kind": "paid"}'


@pytest.mark.parametrize(("count", "raw"), [(10, "passes"), (11, "blocked")])
def test_raw_delivery_discards_a_message_with_more_than_ten_attributes(count: int, raw: str) -> None:
    attributes: Json = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(count - 1)}
    attributes["kind"] = {"DataType": "String", "StringValue": "paid"}
    event = json.dumps({"Message": "x", "MessageAttributes": attributes})
    found, _ = fanned().traced("topic:shop", event=event)
    assert (met(found)["raw"], met(found)["wrapped"]) == (raw, "passes")
