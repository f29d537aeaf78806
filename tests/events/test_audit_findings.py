"""Findings of an audit about forms, loops, Regions, patterns and counts, each by the smallest region with it."""

import json
from pathlib import Path

import pytest

from opsctl.events.audit_patterns import why_never
from opsctl.events.audit_rules import WHY_LOST, EventFinding
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, denied
from tests.kit.deliveries import SQS, Account, arn, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/work"


def fanned(name: str = "shop", queue: str = "orders", **more: str) -> Account:
    """A topic with a queue."""
    made = Account()
    made.queue(queue, Policy=lets(arn("sqs", queue), SNS, "sqs:SendMessage", arn("sns", name)))
    made.topic(name, {"Protocol": "sqs", "Endpoint": arn("sqs", queue)} | more)
    return made


def only(made: Account, id_: str) -> EventFinding:
    """The one finding of a kind."""
    (found,) = [one for one in made.audited()[0].findings if one.id == id_]
    return found


def filtering(made: Account, pattern: Json) -> Account:
    """Let a function take what matches from queue `orders`."""
    made.takes(
        arn("sqs", "orders"), made.function("work"), FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]}
    )
    return made


@pytest.mark.parametrize(
    ("raw", "pattern", "found"),
    [
        ("false", {"body": {"kind": ["paid"]}}, True),
        ("false", {"body": {"Type": ["Notification"]}}, False),
        ("true", {"body": {"kind": ["paid"]}}, False),
        ("true", {"body": {"TopicArn": [{"exists": True}]}}, True),
    ],
)
def test_a_mapping_whose_filter_looks_for_the_other_form_deletes_everything(
    raw: str, pattern: Json, *, found: bool
) -> None:
    made = filtering(fanned(RawMessageDelivery=raw), pattern)
    fixes = [one.fix for one in made.audited()[0].findings if one.id == "envelope-unexpected"]
    assert bool(fixes) is found
    wanted = "true" if raw == "false" else "false"
    assert all(f"RawMessageDelivery --attribute-value {wanted}" in one for one in fixes)


def test_a_queue_that_gets_messages_raw_and_wrapped_is_told() -> None:
    made = fanned(RawMessageDelivery="true")
    made.topic("other", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    both = json.loads(lets(arn("sqs", "orders"), SNS, "sqs:SendMessage", "*"))
    made.queue("orders", Policy=json.dumps(both))
    assert "in the envelope of SNS from other and raw from shop" in only(made, "envelope-unexpected").what


def test_a_filter_on_attributes_gets_nothing_of_a_bucket_which_sends_none() -> None:
    made = fanned(FilterPolicy='{"kind": ["paid"]}')
    policy = lets(arn("sns", "shop"), S3, "sns:Publish", "arn:aws:s3:::uploads")
    made.answers[f"sns.GetTopicAttributes {arn('sns', 'shop')}"] = {"Attributes": {"Policy": policy}}
    entry: Json = {"Id": "e", "TopicArn": arn("sns", "shop"), "Events": ["s3:ObjectCreated:*"]}
    made.bucket("uploads", TopicConfigurations=[entry])
    assert only(made, "filter-never").resource == "topic shop > queue orders"


def test_what_filters_left_out_for_want_of_attributes_was_seen() -> None:
    made = fanned(FilterPolicy='{"kind": ["paid"]}')
    made.counts["NumberOfNotificationsFilteredOut-NoMessageAttributes shop"] = 40
    found = only(made, "filter-never")
    assert (found.what, found.seen.split(" so ")[0]) == (
        "messages had no attributes, and a filter asks for some",
        "seen: 40 notifications filtered out",
    )


def test_failures_that_nothing_explains_are_put_down_to_raw_delivery() -> None:
    made = fanned(RawMessageDelivery="true")
    assert made.found() == []
    made.failures["shop"] = 3
    assert "3 failures" in only(made, "raw-too-many-attributes").seen
    made.queue("orders")
    assert [one.id for one in made.audited()[0].findings] == ["no-permission"]


def test_a_function_that_was_throttled_is_seen() -> None:
    made = fanned()
    made.takes(arn("sqs", "orders"), made.function("work"))
    made.counts["Throttles work"] = 7
    assert only(made, "throttled").seen == "seen: 7 throttles in 24 hours"
    made.counts = {"AsyncEventsDropped work": 2}
    assert only(made, "throttled").seen == "seen: 2 events dropped in 24 hours"


def test_what_a_filter_deletes_is_worse_where_another_consumer_waits_for_it() -> None:
    made = fanned(RawMessageDelivery="true")
    filtering(made, {"body": {"kind": ["paid"]}})
    assert only(made, "esm-filter-discards").severity == "medium"
    made.takes(arn("sqs", "orders"), made.function("other"))
    assert only(made, "esm-filter-discards").severity == "high"


def test_a_rule_with_two_targets_for_one_queue_sends_everything_twice() -> None:
    made = Account()
    queue = made.queue("q", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/paid")))
    made.rule("paid", {"source": ["shop"]}, {"Id": "a", "Arn": queue}, {"Id": "b", "Arn": queue})
    assert only(made, "duplicate-delivery").resource == "rule paid > queue q"


def test_counts_that_may_not_be_read_are_said_and_the_findings_stay() -> None:
    made = fanned()
    made.queue("orders")
    made.refused["cloudwatch.GetMetricData"] = denied("cloudwatch.GetMetricData")
    found, _ = made.audited()
    assert [(one.id, one.seen) for one in found.findings] == [("no-permission", "")]
    assert found.unknown[0].startswith("counts of the last day: access denied")


def test_five_hundred_counts_are_asked_in_one_call() -> None:
    made = Account()
    for number in range(501):
        queue = made.queue(f"q{number}")
        made.takes(queue, made.function(f"f{number}"))
    _, reader = made.audited()
    sizes = [len(one.params["MetricDataQueries"]) for one in reader.made if one.operation == "GetMetricData"]
    assert sizes == [500, 500, 2]


def test_a_fifo_topic_loses_its_order_in_a_standard_queue() -> None:
    made = fanned("shop.fifo")
    assert only(made, "fifo-order-lost").resource == "topic shop.fifo > queue orders"
    made = fanned("shop.fifo", "orders.fifo")
    assert made.found() == []


def test_a_target_in_another_region_is_blocked_and_found() -> None:
    made = Account()
    made.rule("paid", {"source": ["shop"]}, {"Id": "q", "Arn": arn("sqs", "orders", region="us-east-1")})
    made.answers["sqs.GetQueueUrl orders"] = {"QueueUrl": f"{SQS}/orders"}
    made.answers[f"sqs.GetQueueAttributes {SQS}/orders"] = {
        "Attributes": {"QueueArn": arn("sqs", "orders", region="us-east-1")}
    }
    assert only(made, "region").severity == "high"


def test_rules_that_send_to_their_own_bus_go_round() -> None:
    made = Account()
    bus = arn("events", "event-bus/default")
    role = made.allow("work", ("events:PutEvents", bus))
    made.rule("again", {"source": ["shop"]}, {"Id": "b", "Arn": bus, "RoleArn": role})
    found = only(made, "loop")
    assert found.what == "events go round: event bus default > rule again > event bus default"


def looping(**more: Json) -> Account:
    """A bucket that calls a function."""
    made = Account()
    policy = lets("*", S3, "lambda:InvokeFunction", "arn:aws:s3:::uploads")
    function = made.function("work", policy=policy, Role=ROLE, **more)
    entry: Json = {"Id": "e", "LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
    made.bucket("uploads", LambdaFunctionConfigurations=[entry])
    made.answers["lambda.GetFunctionRecursionConfig"] = {"RecursiveLoop": "Terminate"}
    return made


def test_a_function_that_may_write_to_the_bucket_that_calls_it_may_loop() -> None:
    made = looping()
    made.allow("work")
    assert made.found() == []
    made.allow("work", ("s3:PutObject", "arn:aws:s3:::uploads/*"))
    assert "may write there, which Lambda stops" in only(made, "loop").what
    made.answers["lambda.GetFunctionRecursionConfig"] = {"RecursiveLoop": "Allow"}
    assert "which its recursion settings allow" in only(made, "loop").what
    assert "--recursive-loop Terminate" in only(made, "loop").fix


def test_a_function_whose_environment_names_the_queue_it_takes_from_may_loop() -> None:
    made = Account()
    queue = made.queue("orders")
    variables = {"Variables": {"AGAIN": f"{SQS}/orders"}}
    made.takes(queue, made.function("work", Role=ROLE, Environment=variables))
    made.answers["lambda.GetFunctionRecursionConfig"] = {"RecursiveLoop": "Terminate"}
    made.allow("work", ("sqs:SendMessage", queue))
    assert only(made, "loop").resource == "queue orders"


def test_a_function_that_may_not_be_asked_about_is_said_and_no_loop_is_made_of_it() -> None:
    made = looping()
    made.refused[f"iam.SimulatePrincipalPolicy {ROLE}"] = denied("iam.SimulatePrincipalPolicy")
    found, _ = made.audited()
    assert found.findings == ()
    assert any("permissions of role work" in one for one in found.unknown)


@pytest.mark.parametrize(
    ("pattern", "state", "says"),
    [
        ({"source": ["shop"], "account": ["*"]}, "ENABLED", "the text *"),
        (
            {"detail-type": ["AWS API Call via CloudTrail"], "resources": ["arn:x"]},
            "ENABLED",
            "asks for resources",
        ),
        ({"resources": ["arn:aws:ec2:eu-west-1:1:instance:i-1"]}, "ENABLED", "comes / and no colon"),
        ({"resources": ["arn:aws:ec2:eu-west-1:1:instance/i-1"]}, "ENABLED", ""),
        ({"source": ["aws.s3"], "detail-type": ["ObjectCreated:Put"]}, "ENABLED", "no events of the type"),
        ({"source": ["aws.s3"], "detail-type": ["Object Created"]}, "ENABLED", ""),
        (
            {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["DescribeInstances"]}},
            "ENABLED",
            "only read",
        ),
        (
            {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["DescribeInstances"]}},
            "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "",
        ),
        (
            {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["GetSessionToken"]}},
            "ENABLED",
            "",
        ),
        ({"detail-type": [{"prefix": "x"}], "account": [{"wildcard": "*"}]}, "ENABLED", ""),
    ],
)
def test_a_pattern_that_no_known_source_can_match_is_told_why(pattern: Json, state: str, says: str) -> None:
    found = list(why_never(json.dumps(pattern), state))
    assert bool(found) is bool(says)
    assert says in "".join(found)


@pytest.mark.parametrize(("matched", "seen"), [(0.0, "seen: no event"), (5.0, "suspected: 5 other events")])
def test_whether_anything_matched_a_doubtful_pattern_is_counted(matched: float, seen: str) -> None:
    made = Account()
    queue = made.queue("q", Policy=lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/never")))
    made.rule("never", {"source": ["shop"], "account": ["*"]}, {"Id": "q", "Arn": queue})
    made.counts["MatchedEvents never"] = matched
    assert only(made, "pattern-never").seen.startswith(seen)


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        ({"State": "DISABLED", "RetentionDays": 7}, "archive a is DISABLED"),
        ({"State": "ENABLED", "RetentionDays": 0, "EventCount": 9}, "keeps events forever"),
        ({"State": "ENABLED", "RetentionDays": 7, "EventCount": 0, "CreationTime": -100_000}, "has no event"),
    ],
)
def test_an_archive_that_keeps_nothing_or_everything_is_told(archive: Json, says: str) -> None:
    made = fanned()
    made.archives = [{"ArchiveName": "a", "EventSourceArn": arn("events", "event-bus/default")} | archive]
    found = [one.what for one in made.audited()[0].findings if one.id == "not-archived"]
    assert says in " ".join(found)


def test_the_rule_of_an_archive_that_is_off_keeps_nothing() -> None:
    made = Account()
    made.rule("Events-Archive-all", {"source": ["x"]}, state="DISABLED", ManagedBy="prod.vhs.events.aws.internal")
    assert "keeps nothing: the rule is disabled" in only(made, "rule-no-target").what


def test_dead_letters_behind_a_queue_of_a_bucket_may_be_test_events() -> None:
    made = Account()
    queue = made.queue(
        "images",
        Policy=lets(arn("sqs", "images"), S3, "sqs:SendMessage", "arn:aws:s3:::uploads"),
        RedrivePolicy=json.dumps({"deadLetterTargetArn": arn("sqs", "images-dlq"), "maxReceiveCount": 3}),
    )
    made.queue("images-dlq")
    made.bucket("uploads", QueueConfigurations=[{"Id": "e", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}])
    made.takes(queue, made.function("work"))
    assert made.found() == []
    made.queue("images-dlq", ApproximateNumberOfMessages="2")
    assert only(made, "test-event").fix.startswith("opsctl dlq inspect images-dlq")


def test_schedules_and_alarms_are_followed_too() -> None:
    made = Account()
    role = made.allow("nightly")
    made.schedule("nightly", {"Arn": made.queue("orders"), "RoleArn": role})
    alarm = {
        "AlarmArn": arn("cloudwatch", "alarm:slow"),
        "AlarmName": "slow",
        "AlarmActions": [arn("sns", "gone")],
    }
    quiet = {"AlarmArn": arn("cloudwatch", "alarm:quiet"), "AlarmName": "quiet"}
    made.answers["cloudwatch.DescribeAlarms"] = {"MetricAlarms": [alarm, quiet]}
    assert set(made.found()) == {
        ("no-permission", "schedule nightly > queue orders"),
        ("destination-gone", "alarm slow > topic gone"),
    }
    _, reader = made.audited()
    assert reader.apis().count("cloudwatch.DescribeAlarms") == 1


def test_a_mapping_that_is_off_is_switched_on_by_its_whole_id() -> None:
    made = fanned()
    made.takes(arn("sqs", "orders"), made.function("work"), State="Disabled")
    fix = only(made, "mapping-disabled").fix
    assert fix.startswith("aws lambda update-event-source-mapping --uuid 11112222-aaaa --enabled")


def test_a_fifo_queue_without_deduplication_gets_it_and_a_bucket_goes_over_eventbridge() -> None:
    made = Account()
    policy = lets("*", EVENTS, "sqs:SendMessage", arn("events", "rule/paid"))
    queue = made.queue("q.fifo", Policy=policy)
    made.rule("paid", {"source": ["shop"]}, {"Id": "a", "Arn": queue, "SqsParameters": {"MessageGroupId": "g"}})
    assert "--attributes ContentBasedDeduplication=true" in only(made, "fifo-mismatch").fix
    made = Account()
    queue = made.queue("q.fifo", Policy=lets("*", S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    made.bucket("uploads", QueueConfigurations=[{"Id": "e", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}])
    assert only(made, "fifo-mismatch").fix.startswith("opsctl fanout route default --queue q.fifo --pattern")


def test_every_finding_has_a_test_that_finds_it() -> None:
    """A finding that nothing is found by is one that nobody tried."""
    here = Path(__file__).parent
    told = "".join(one.read_text() for one in here.glob("test_*.py"))
    assert [id_ for id_ in WHY_LOST if f'"{id_}"' not in told] == []
