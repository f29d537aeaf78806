"""Every finding of the audit, by the smallest region that has it; and a region that has none."""

import json
from collections import Counter

import pytest

from opsctl.events.audit_rules import WHY_LOST
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, REGION, denied
from tests.kit.deliveries import SQS, Account, arn, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"


def sound() -> Account:
    """A topic, a bucket and a rule with queues that let them in, and a function that takes from one."""
    made = Account()
    made.queue("orders", Policy=lets(arn("sqs", "orders"), SNS, "sqs:SendMessage", arn("sns", "shop")))
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    made.queue("images", Policy=lets(arn("sqs", "images"), S3, "sqs:SendMessage", "arn:aws:s3:::uploads"))
    entry = {"Id": "one", "QueueArn": arn("sqs", "images"), "Events": ["s3:ObjectCreated:*"]}
    made.bucket("uploads", QueueConfigurations=[entry])
    made.queue("index", Policy=lets(arn("sqs", "index"), EVENTS, "sqs:SendMessage", arn("events", "rule/paid")))
    made.rule("paid", {"source": ["shop"]}, {"Id": "q", "Arn": arn("sqs", "index")})
    made.takes(arn("sqs", "orders"), made.function("work"))
    return made


def test_a_region_in_which_everything_arrives_has_no_findings() -> None:
    found, _ = sound().audited()
    assert (found.findings, found.unknown) == ((), ())


def test_a_policy_a_key_and_a_queue_that_is_gone_are_found_where_they_stop_events() -> None:
    made = sound()
    made.queue("orders")
    made.topic("two", {"Protocol": "sqs", "Endpoint": arn("sqs", "gone")})
    policy = lets(arn("sqs", "shut"), SNS, "sqs:SendMessage", arn("sns", "three"))
    made.topic(
        "three", {"Protocol": "sqs", "Endpoint": made.queue("shut", Policy=policy, KmsMasterKeyId="alias/k")}
    )
    made.answers["kms.DescribeKey alias/k"] = {"KeyMetadata": {"KeyManager": "AWS", "KeyState": "Enabled"}}
    assert made.found() == [
        ("no-permission", "topic shop > queue orders"),
        ("kms", "topic three > queue shut"),
        ("destination-gone", "topic two > queue gone"),
    ]


def test_what_was_counted_makes_a_suspicion_something_that_was_seen() -> None:
    made = sound()
    made.queue("orders")
    assert made.audited()[0].findings[0].seen == "suspected: no failure was counted in 24 hours"
    made.failures["shop"] = 12
    assert made.audited()[0].findings[0].seen == "seen: 12 failures in 24 hours"


def test_a_dead_notification_is_removed_by_its_id() -> None:
    made = sound()
    entry: Json = {"Id": "old", "QueueArn": arn("sqs", "gone"), "Events": ["s3:ObjectCreated:*"]}
    made.bucket("other", QueueConfigurations=[entry])
    (found,) = made.audited()[0].findings
    assert (found.id, found.fix.partition(" --region")[0]) == (
        "destination-gone",
        "opsctl s3-events remove other --id old",
    )


def test_rules_that_are_off_have_no_target_or_wait_for_a_bucket_that_says_nothing() -> None:
    made = sound()
    made.rule("off", {"source": ["shop"]}, {"Id": "q", "Arn": arn("sqs", "index")}, state="DISABLED")
    made.rule("nowhere", {"source": ["shop"]})
    silent = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads"]}}}
    policy = lets(arn("sqs", "late"), EVENTS, "sqs:SendMessage", arn("events", "rule/late"))
    made.rule("late", silent, {"Id": "q", "Arn": made.queue("late", Policy=policy)})
    assert set(made.found()) == {
        ("rule-disabled", "event bus default > rule off"),
        ("no-permission", "rule off > queue index"),
        ("rule-no-target", "rule nowhere"),
        ("pattern-never", "rule late"),
    }


def test_two_consumers_of_one_queue_share_it_and_a_filter_deletes() -> None:
    made = sound()
    criteria = {"Filters": [{"Pattern": '{"body": {"kind": ["paid"]}}'}]}
    made.takes(arn("sqs", "orders"), made.function("other"), FilterCriteria=criteria)
    assert made.found() == [
        ("two-consumers", "queue orders"),
        ("esm-filter-discards", "queue orders > function other"),
        # SNS puts the message into its envelope, so that the filter takes nothing.
        ("envelope-unexpected", "queue orders > function other"),
    ]


def test_one_queue_by_two_ways_gets_everything_twice() -> None:
    made = sound()
    topic, queue = arn("sns", "shop"), arn("sqs", "orders")
    both = json.loads(lets(queue, SNS, "sqs:SendMessage", topic))
    both["Statement"] += json.loads(lets(queue, S3, "sqs:SendMessage", "arn:aws:s3:::twice"))["Statement"]
    made.queue("orders", Policy=json.dumps(both))
    policy = lets(topic, S3, "sns:Publish", "arn:aws:s3:::twice")
    made.answers[f"sns.GetTopicAttributes {topic}"] = {"Attributes": {"TopicArn": topic, "Policy": policy}}
    direct: Json = {"Id": "a", "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
    fanned: Json = {"Id": "b", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}
    made.bucket("twice", QueueConfigurations=[direct], TopicConfigurations=[fanned])
    assert made.found() == [
        ("envelope-unexpected", "topic shop > queue orders"),
        ("duplicate-delivery", "bucket twice > queue orders"),
    ]


def test_one_program_that_sends_to_several_queues_is_told_of_a_fan_out() -> None:
    made = sound()
    role = "arn:aws:iam::123456789012:role/checkout"
    statement = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sqs:SendMessage", "Resource": "*"}
    for name in ("billing", "shipping"):
        made.queue(name, Policy=json.dumps({"Statement": [statement]}))
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/{}"
    variables = {"A": url.format("billing"), "B": url.format("shipping"), "C": "billing"}
    made.function("checkout", Environment={"Variables": variables})
    found = [one for one in made.audited()[0].findings if one.id == "sends-itself"]
    assert [one.resource for one in found] == ["function checkout", "role checkout"]
    assert "fanout create TOPIC --queue billing --queue shipping" in found[0].fix


def sent(role: str, *queues: str, **more: Json) -> Json:
    """A record of CloudTrail for each queue that a role sent to."""
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/service/{role}"}
    return [
        {
            "message": json.dumps(
                {
                    "eventSource": "sqs.amazonaws.com",
                    "eventName": "SendMessage",
                    "awsRegion": REGION,
                    "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}},
                    "resources": [{"type": "AWS::SQS::Queue", "ARN": arn("sqs", queue)}],
                    **more,
                }
            )
        }
        for queue in queues
    ]


def with_trail(made: Account, region: str = REGION) -> Account:
    """A trail that logs data events of queues to a log group."""
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:trail:*"
    trail = {"Name": "data", "TrailARN": arn("cloudtrail", "trail/data"), "HomeRegion": region}
    made.trails = [trail | {"IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": group}]
    return made


def test_a_role_whose_policies_name_several_queues_is_found_and_one_that_may_send_anywhere_is_not() -> None:
    made = sound()
    both = [arn("sqs", "orders"), arn("sqs", "images")]
    far = [one.replace(f":{REGION}:", ":ap-south-1:") for one in both]
    theirs = [one.replace(f":{ACCOUNT}:", ":999999999999:") for one in both]

    def role(name: str, *statements: Json) -> Json:
        document = {"Statement": list(statements)}
        return {"RoleName": name, "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}

    made.roles = [
        role("checkout", {"Effect": "Allow", "Action": "sqs:Send*", "Resource": both}),
        role("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
        role("one", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": both[0]}),
        role("denied", {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": both}),
        role("reader", {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": both}),
        role("far", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": far}),
        role("theirs", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": theirs}),
    ]
    (found,) = made.audited()[0].findings
    assert (found.id, found.resource, found.seen) == ("sends-itself", "role checkout", "")
    assert found.what == "it may send to images, orders"


def test_a_queue_and_its_dead_letter_queue_are_not_several() -> None:
    made = sound()
    dead = made.queue("orders-dlq")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3})
    policy = lets(arn("sqs", "orders"), SNS, "sqs:SendMessage", arn("sns", "shop"))
    made.queue("orders", Policy=policy, RedrivePolicy=redrive)
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [arn("sqs", "orders"), dead]}
    inline = {"PolicyName": "p", "PolicyDocument": {"Statement": statement}}
    made.roles = [{"RoleName": "checkout", "RolePolicyList": [inline]}]
    assert made.found() == []


def test_what_was_sent_is_seen_in_data_events_where_a_trail_logs_them() -> None:
    made = with_trail(sound())
    made.log_pages = [
        {"events": sent("checkout", "orders", "images"), "nextToken": "1"},
        {
            "events": [
                *sent("single", "orders"),
                *sent("failed", "orders", "images", errorCode="AccessDenied"),
                {"message": "{"},
            ]
        },
    ]
    told = made.audited()[0]
    (found,) = told.findings
    assert (found.resource, told.unseen) == ("role checkout", ())
    assert found.seen == "seen: it sent to images, orders in the last hour"


def test_what_no_trail_logs_cannot_be_seen_and_that_is_said() -> None:
    assert "no trail logs data events of queues" in sound().audited()[0].unseen[0]
    assert "not to a log group of this region" in with_trail(sound(), "eu-north-1").audited()[0].unseen[0]
    made = with_trail(sound())
    made.log_pages = [{"events": [], "nextToken": "0"}]
    assert "only a part of the last hour" in made.audited()[0].unseen[0]
    made.refused["logs.FilterLogEvents"] = denied("logs.FilterLogEvents")
    made.refused["iam.GetAccountAuthorizationDetails"] = denied("iam.GetAccountAuthorizationDetails")
    assert len(made.audited()[0].unseen) == 2


def test_a_bus_without_an_archive_and_a_target_with_few_attempts() -> None:
    made = sound()
    made.archives = []
    target = {"Id": "q", "Arn": arn("sqs", "index"), "RetryPolicy": {"MaximumRetryAttempts": 0}}
    made.rule("paid", {"source": ["shop"]}, target)
    assert set(made.found()) == {
        ("retry-short", "rule paid > queue index"),
        ("not-archived", "event bus default"),
    }
    fixes = {one.id: one.fix for one in made.audited()[0].findings}
    assert fixes["not-archived"].endswith("events archive default --days 7")


def test_what_may_not_be_listed_is_said_and_no_finding_is_made_of_it() -> None:
    made = sound()
    made.refused["sns.ListTopics"] = denied("sns.ListTopics")
    made.refused["events.ListArchives"] = denied("events.ListArchives")
    found, _ = made.audited()
    assert found.findings == ()
    assert [line.partition(":")[0] for line in found.unknown] == ["topics", "archives"]


def test_what_a_list_tells_is_not_asked_of_each_resource() -> None:
    made = sound()
    for number in range(40):
        made.queue(f"q{number}")
    _, reader = made.audited()
    counts = Counter(reader.apis())
    assert counts["sqs.GetQueueAttributes"] == 43
    for api in ("lambda.ListEventSourceMappings", "pipes.ListPipes", "sns.ListSubscriptions", "sqs.ListQueues"):
        assert counts[api] == 1, api
    for api in ("sqs.GetQueueUrl", "sns.ListSubscriptionsByTopic", "events.DescribeRule"):
        assert counts[api] == 0, api
    assert reader.rounds <= 8


def test_one_refusal_of_many_resources_is_said_once_and_each_keeps_its_own() -> None:
    made = sound()
    for number in range(40):
        made.queue(f"q{number}")
        made.refused[f"sqs.GetQueueAttributes {SQS}/q{number}"] = denied("sqs.GetQueueAttributes")
    found, _ = made.audited()
    assert len(found.unknown) == 1
    assert found.unknown[0].endswith("(and 39 more like it)")
    made.topic("all", *({"Protocol": "sqs", "Endpoint": arn("sqs", f"q{number}")} for number in range(40)))
    traced, _ = made.traced("topic:all")
    assert len(traced.unknown) == 1
    assert sum(bool(one.unknown) for one in traced.nodes) == 40


@pytest.mark.parametrize("id_", WHY_LOST)
def test_every_finding_is_explained(id_: str) -> None:
    from opsctl.events.explanations import explanations

    assert id_ in {one.id for one in explanations()}
