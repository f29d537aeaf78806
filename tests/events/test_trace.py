"""Each verdict on a step of a trace, by the smallest account that has it."""

import json

import pytest

from opsctl.events.arns import named
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, denied
from tests.kit.deliveries import SQS, Account, arn, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"


def subscribed(**more: str) -> dict[str, str]:
    """The subscription of queue `orders`."""
    return {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")} | more


def fanned(*, open_to: str = "shop", **more: str) -> Account:
    """A topic `shop` with queue `orders`, whose policy lets a topic in."""
    made = Account()
    made.topic("shop", subscribed(**more))
    made.queue("orders", Policy=lets(arn("sqs", "orders"), SNS, "sqs:SendMessage", arn("sns", open_to)))
    return made


def test_a_queue_whose_policy_lets_the_topic_in_gets_every_message() -> None:
    edge = fanned().edges("topic:shop")["orders"]
    assert (edge.verdict, edge.why) == ("delivers", ())
    assert "100,015" in edge.retry
    assert "at once" in edge.lost


def test_a_policy_for_another_topic_blocks() -> None:
    edge = fanned(open_to="another").edges("topic:shop")["orders"]
    assert edge.verdict == "blocked"
    assert edge.why == ("its queue policy does not let sns.amazonaws.com in for topic shop",)


def test_a_filter_passes_a_part_and_is_shown() -> None:
    edge = fanned(FilterPolicy='{"kind":["paid"]}').edges("topic:shop")["orders"]
    assert (edge.verdict, edge.passes) == ("filtered", '{"kind":["paid"]} on message attributes')
    everything = fanned(FilterPolicy="{}").edges("topic:shop")["orders"]
    assert everything.verdict == "delivers"


def test_an_unconfirmed_subscription_gets_nothing() -> None:
    made = Account()
    made.topic("shop", subscribed(SubscriptionArn="PendingConfirmation"))
    made.queue("orders")
    edge = made.edges("topic:shop")["orders"]
    assert edge.verdict == "blocked"
    assert "confirmed" in edge.why[0]


def test_a_queue_that_is_gone_blocks_and_what_may_not_be_read_is_unknown() -> None:
    made = Account()
    made.topic("shop", subscribed())
    assert made.edges("topic:shop")["orders"].why == ("queue orders does not exist",)
    made = fanned()
    made.refused[f"sqs.GetQueueAttributes {SQS}/orders"] = denied("sqs.GetQueueAttributes")
    edge = made.edges("topic:shop")["orders"]
    assert (edge.verdict, edge.why) == ("unknown", ("its queue policy could not be read",))
    found, _ = made.traced("topic:shop")
    assert "queue orders" in found.unknown[0]


def test_a_subscription_that_may_not_be_read_is_unknown_not_open() -> None:
    made = fanned()
    made.refused[f"sns.GetSubscriptionAttributes {arn('sns', 'shop')}:0"] = denied("sns.GetSubscriptionAttributes")
    assert made.edges("topic:shop")["orders"].verdict == "unknown"


@pytest.mark.parametrize(
    ("key", "verdict", "says"),
    [
        ({"KeyManager": "AWS", "KeyState": "Enabled"}, "blocked", "a key of AWS's own"),
        ({"KeyManager": "CUSTOMER", "KeyState": "PendingDeletion"}, "blocked", "PendingDeletion"),
        ({"KeyManager": "CUSTOMER", "KeyState": "Enabled"}, "blocked", "does not let sns.amazonaws.com use it"),
    ],
    ids=["of AWS", "to be deleted", "without a statement"],
)
def test_a_key_that_the_service_cannot_use_blocks(key: Json, verdict: str, says: str) -> None:
    made = fanned()
    own = arn("kms", "key/1")
    policy = lets(arn("sqs", "orders"), SNS, "sqs:SendMessage", arn("sns", "shop"))
    made.queue("orders", Policy=policy, KmsMasterKeyId="alias/it")
    made.answers["kms.DescribeKey alias/it"] = {"KeyMetadata": {"Arn": own} | key}
    made.answers[f"kms.GetKeyPolicy {own}"] = {"Policy": json.dumps({"Statement": []})}
    edge = made.edges("topic:shop")["orders"]
    assert edge.verdict == verdict
    assert says in edge.why[0]


def test_s3_cannot_notify_a_fifo_queue() -> None:
    made = Account()
    queue = made.queue("images.fifo", Policy=lets("*", S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    entry = {"Id": "one", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
    made.bucket("uploads", QueueConfigurations=[entry])
    edge = made.edges("s3://uploads/img")["images.fifo"]
    assert (edge.verdict, edge.why) == ("blocked", ("S3 cannot notify FIFO queues and FIFO topics",))


def test_a_notification_shows_types_prefix_and_suffix_however_s3_spells_them() -> None:
    made = Account()
    queue = made.queue("images", Policy=lets("*", S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    rules = [{"Name": "Prefix", "Value": "img/"}, {"Name": "Suffix", "Value": ""}]
    entry: Json = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    made.bucket("uploads", QueueConfigurations=[entry])
    edge = made.edges("uploads")["images"]
    assert (edge.verdict, edge.passes) == ("filtered", "s3:ObjectCreated:*; prefix img/")


def test_of_the_default_bus_only_rules_that_can_match_the_bucket_are_followed() -> None:
    made = Account()
    made.bucket("uploads", EventBridgeConfiguration={})
    queue = made.queue("images", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/ours")))
    made.rule(
        "ours", {"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads"]}}}, {"Id": "q", "Arn": queue}
    )
    made.rule("theirs", {"source": ["aws.s3"], "detail": {"bucket": {"name": ["other"]}}})
    made.rule("off", {"source": ["aws.s3"]}, {"Id": "q", "Arn": queue}, state="DISABLED")
    found, _ = made.traced("bucket:uploads")
    assert {one.name for one in found.nodes} == {"uploads", "default", "ours", "off", "images"}
    verdicts = {(one.source.rpartition("/")[2], one.verdict) for one in found.edges if one.target == queue}
    assert verdicts == {("ours", "delivers"), ("off", "blocked")}


def test_a_function_that_is_throttled_to_nothing_blocks() -> None:
    made = Account()
    queue = made.queue("orders")
    made.takes(queue, made.function("work"))
    assert made.edges("orders")["work"].verdict == "delivers"
    made.answers["lambda.GetFunctionConcurrency work"] = {"ReservedConcurrentExecutions": 0}
    assert made.edges("orders")["work"].verdict == "blocked"


@pytest.mark.parametrize(("state", "verdict"), [("Inactive", "delivers"), ("Failed", "blocked")])
def test_an_inactive_function_wakes_when_it_is_invoked_and_a_failed_one_does_not(state: str, verdict: str) -> None:
    made = Account()
    made.takes(made.queue("orders"), made.function("work", State=state))
    found, _ = made.traced("orders")
    assert [edge.verdict for edge in found.edges] == [verdict]
    notes = [note for node in found.nodes for note in node.notes if "inactive" in note]
    assert len(notes) == (state == "Inactive")


def test_a_filter_of_a_mapping_deletes_what_it_does_not_want() -> None:
    made = Account()
    queue = made.queue("orders")
    criteria = {"Filters": [{"Pattern": '{"body":{"kind":["paid"]}}'}]}
    made.takes(queue, made.function("work"), FilterCriteria=criteria)
    edge = made.edges("orders")["work"]
    assert edge.verdict == "filtered"
    assert "deletes" in edge.lost


def test_rounds_are_steps_and_nothing_is_read_twice() -> None:
    made = fanned()
    _, reader = made.traced("topic:shop")
    assert reader.rounds <= 6
    assert len(reader.made) == len({one.key for one in reader.made})


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("nothing", "there is no bucket or topic"),
        ("topic:nothing", "there is no topic 'nothing'"),
        ("topic:", "no name of a resource"),
        ("a b", "no alarm 'a b'"),
        ("queue:a b", "no name of a resource"),
        ("bucket:Shop//x", "no name of a resource"),
        ("rule:///", "no name of a resource"),
        (arn("lambda", "function"), "not the ARN"),
        (arn("sqs", "a:b:c"), "not the ARN"),
        (arn("sns", "orders:0000"), "not the ARN"),
        (arn("events", "rule/"), "not the ARN"),
        (arn("events", "event-busv2/orders"), "not the ARN"),
        (arn("scheduler", "schedule/x"), "not the ARN"),
        ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "not the ARN"),
        ("arn:aws-cn:sns:eu-west-1:123456789012:orders", "partition aws-cn"),
        ("arn:aws:sns:eu-west-1:999999999999:shop", "belongs to account 999999999999"),
        ("arn:aws:sns:us-east-1:123456789012:shop", "is in us-east-1"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_in_one_line(asked: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        Account().traced(asked)


def test_a_name_of_two_resources_has_to_be_said_with_its_kind() -> None:
    made = fanned()
    made.queue("shop")
    with pytest.raises(InvalidInput, match="'shop' is a topic and a queue"):
        made.traced("shop")


@pytest.mark.parametrize(
    ("location", "verdict"),
    [({"LocationConstraint": None}, "delivers"), (denied("s3.GetBucketLocation"), "unknown")],
)
def test_a_bucket_of_another_region_tells_the_bus_of_that_region(location: Json, verdict: str) -> None:
    made = Account()
    made.bucket("uploads", EventBridgeConfiguration={})
    made.refused["s3.GetBucketLocation"] = location
    made.rule("paid", {"source": ["aws.s3"]})
    found, _ = made.traced("bucket:uploads")
    assert found.edges[0].verdict == verdict
    if verdict == "delivers":
        assert found.edges[0].target == arn("events", "event-bus/default", region="us-east-1")
        assert "paid" not in {one.name for one in found.nodes}


@pytest.mark.parametrize(("content", "verdict"), [("false", "blocked"), ("true", "delivers")])
def test_a_fifo_queue_that_wants_a_deduplication_id_gets_nothing_from_a_rule(content: str, verdict: str) -> None:
    made = Account()
    queue = arn("sqs", "ledger.fifo")
    target = {"Id": "1", "Arn": queue, "SqsParameters": {"MessageGroupId": "a"}}
    rule = made.rule("paid", {"source": ["shop"]}, target)
    policy = lets(queue, EVENTS, "sqs:SendMessage", rule)
    made.queue("ledger.fifo", Policy=policy, ContentBasedDeduplication=content)
    assert made.edges("rule:paid")["ledger.fifo"].verdict == verdict


def test_a_schedule_that_calls_an_api_is_named_and_not_read_as_a_schedule() -> None:
    made = Account()
    role = f"arn:aws:iam::{ACCOUNT}:role/caller"
    made.schedule("nightly", {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": role})
    found, _ = made.traced("schedule:nightly")
    assert [(one.kind, one.name) for one in found.nodes][1] == ("API call", "sqs:sendMessage")


def test_an_alarm_may_have_any_name() -> None:
    made = Account()
    alarm = {"AlarmName": "High CPU (web)", "AlarmArn": "x", "AlarmActions": [], "ActionsEnabled": True}
    made.refused["cloudwatch.DescribeAlarms"] = {"MetricAlarms": [alarm], "CompositeAlarms": []}
    found, _ = made.traced("alarm:High CPU (web)")
    assert found.nodes[0].name == "High CPU (web)"


def test_a_body_of_any_depth_is_a_message() -> None:
    found, _ = fanned().traced("topic:shop", event="[" * 100_000)
    assert found.ends


def test_the_target_of_an_archives_own_rule_has_a_name() -> None:
    """Such a rule leads to an ARN without a resource."""
    assert named("arn:aws:events:us-east-1:::")[:2] == ("EventBridge", "archives")


@pytest.mark.parametrize(
    ("condition", "verdict", "causes"),
    [
        (None, "delivers", ()),
        ({"StringEquals": {"AWS:SourceOwner": ACCOUNT}}, "blocked", ("account-condition",)),
        ({"ArnEquals": {"aws:SourceArn": arn("events", "rule/paid")}}, "unknown", ("account-condition",)),
    ],
    ids=["none", "owner", "rule"],
)
def test_a_condition_in_a_topics_policy_may_shut_eventbridge_out(
    condition: Json, verdict: str, causes: tuple[str, ...]
) -> None:
    made = Account()
    statement: Json = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
    policy = {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    topic = made.topic("shop", Policy=json.dumps(policy))
    made.rule("paid", {"source": ["shop"]}, {"Id": "t", "Arn": topic})
    edge = made.edges("rule:paid")["shop"]
    assert (edge.verdict, edge.causes) == (verdict, causes)


@pytest.mark.parametrize(("count", "says"), [("0", "0 messages"), ("1", "1 message"), ("1200", "1,200 messages")])
def test_a_queue_says_how_many_messages_it_has(count: str, says: str) -> None:
    made = Account()
    made.queue("orders", ApproximateNumberOfMessages=count)
    assert says in made.traced("queue:orders")[0].nodes[0].notes
