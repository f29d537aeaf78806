"""Eighteen mistakes that others made with events, and which test holds each of them.

Where a test elsewhere holds only a part, the rest is here, named by the number of the mistake.
"""

import ast
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from opsctl.model.errors import AwsRefused, RefusedByGuard, Unproved
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.events.test_s3_entries import OVERLAPS
from tests.kit.canned import ACCOUNT
from tests.kit.deliveries import Account, arn, lets
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal, Wrapping, refusal
from tests.kit.uploads import configuration, make_bucket, put, queue_arn

HELD_BY: dict[int, tuple[str, ...]] = {
    1: (
        "events/test_s3_events.py::test_what_others_have_is_the_same_before_after_and_after_the_undo",
        "events/test_known_mistakes.py::test_1_the_bucket_has_entries_of_every_kind_and_eventbridge",
    ),
    2: (
        "sandbox/rules/test_s3_notifications.py::test_what_was_read_can_be_written_back_and_is_the_same",
        "events/test_s3_entries.py::test_spelling_empty_values_and_ids_do_not_make_two_of_one",
    ),
    3: (
        "events/test_s3_events.py::test_a_dead_destination_of_somebody_else_is_named_before_anything_is_changed",
        "events/test_known_mistakes.py::test_3_the_dead_function_is_named_and_our_own_destination_is_looked_at",
    ),
    4: (
        "events/test_s3_events.py::test_an_entry_that_vanished_is_named_and_can_be_put_back",
        "events/test_known_mistakes.py::test_4_two_writers_on_one_bucket_end_with_6",
    ),
    5: (
        "events/test_s3_events.py::test_a_bucket_that_is_being_changed_is_read_again_and_written_once",
        "events/test_known_mistakes.py::test_5_it_is_read_again_before_each_try",
    ),
    6: (
        "events/test_s3_entries.py::test_what_s3_refuses_beside_each_other",
        "events/test_known_mistakes.py::test_6_twenty_pairs_valid_and_not",
    ),
    7: (
        "events/test_fanout.py::test_what_sns_would_never_deliver_is_refused",
        "events/test_fanout.py::test_a_standard_queue_on_a_fifo_topic_is_allowed_with_a_warning",
    ),
    8: (
        "events/test_fanout.py::test_one_message_reaches_every_queue_and_one_with_a_filter_gets_its_part",
        "events/test_known_mistakes.py::test_8_subscribe_has_filter_and_dead_letter_queue",
    ),
    9: (
        "events/test_known_mistakes.py::test_9_only_our_statement_comes_and_goes",
        "events/test_replay.py::test_a_queue_whose_policy_has_no_room_is_refused",
    ),
    10: (
        "events/test_audit.py::test_rules_that_are_off_have_no_target_or_wait_for_a_bucket_that_says_nothing",
        "events/test_known_mistakes.py::test_10_an_audit_has_exactly_these_findings",
    ),
    11: (
        "events/test_replay.py::test_a_rule_that_was_named_gets_the_events_and_another_rules_queue_stays_empty",
        "events/test_replay.py::test_a_start_whose_answer_was_lost_is_found_again_and_not_made_twice",
    ),
    12: (
        "events/test_replay.py::test_a_window_before_the_archive_or_beyond_its_days_is_refused_with_both_times",
        "events/test_replay.py::test_the_last_ten_minutes_are_refused_unless_somebody_is_sure",
    ),
    13: (
        "events/test_apis.py::test_a_subscriber_of_a_custom_bus_has_five_attempts_unless_it_says_more",
        "events/test_known_mistakes.py::test_13_a_custom_bus_that_nobody_here_knows_is_told_in_one_line",
    ),
    14: (
        "caches/test_flush.py::test_a_killed_run_goes_on_with_the_slice_it_was_at",
        "caches/test_flush.py::test_two_plans_of_one_minute_have_two_references",
    ),
    15: (
        "caches/test_paths_and_load.py::test_a_hit_rate_of_95_percent_means_twenty_times_the_load",
        "events/test_known_mistakes.py::test_15_everything_at_once_says_twenty_times_and_wants_the_name",
    ),
    16: (
        "caches/test_paths_and_load.py::test_a_dax_cluster_keeps_what_it_has_over_a_reboot_and_memorydb_is_no_cache",
        "events/test_known_mistakes.py::test_16_a_dax_cluster_is_refused_with_why_a_reboot_does_not_help",
    ),
    17: ("events/test_topic_replay.py::test_with_an_end_nothing_new_comes_and_the_last_change_mends_it",),
    18: (
        "events/test_replay.py::test_a_target_that_aws_did_not_take_though_it_answered_ends_the_run_as_unproved",
        "aws/test_account.py::test_an_answer_with_a_failed_entry_is_a_refusal",
    ),
}
SNS, EVENTS, S3 = "sns.amazonaws.com", "events.amazonaws.com", "s3.amazonaws.com"
SEND = "sqs:SendMessage"


@pytest.mark.parametrize("number", range(1, 19))
def test_a_mistake_is_held_by_tests_that_are_there(number: int) -> None:
    for place in HELD_BY[number]:
        file, name = place.split("::")
        tree = ast.parse((Path(__file__).parents[1] / file).read_text())
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, place


@pytest.fixture
def bucket() -> Iterator[World]:
    with fresh_world(make_bucket) as made:
        yield made


def wish(world: World, **more: Json) -> dict[str, Json]:
    """Thumbnails are to be told of pictures."""
    queue = queue_arn(world, "thumbnail-requests")
    return {"bucket": BUCKET, "destination": queue, "prefix": "img/", "skip_validation": True} | more


def test_1_the_bucket_has_entries_of_every_kind_and_eventbridge(bucket: World) -> None:
    kinds = {"QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations"}
    assert {*kinds, "EventBridgeConfiguration"} == set(configuration())


def test_3_the_dead_function_is_named_and_our_own_destination_is_looked_at(bucket: World) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        bucket.plan("s3-events-add", wish(bucket, skip_validation=False))
    assert "old-thumbnailer" in str([one.evidence for one in caught.value.guards])
    with pytest.raises(RefusedByGuard) as ours:
        bucket.plan("s3-events-add", wish(bucket, destination=queue_arn(bucket, "nowhere")))
    assert "nowhere" in str([one.evidence for one in ours.value.guards])


def test_4_two_writers_on_one_bucket_end_with_6(bucket: World) -> None:
    class Overwritten(Wrapping):
        """Somebody wrote between our read and our write, and we over it."""

        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            done = self.inner.write(service, operation, params, region)
            if operation == "PutBucketNotificationConfiguration":
                put({"QueueConfigurations": params["NotificationConfiguration"]["QueueConfigurations"][-1:]})
            return done

    with pytest.raises(Unproved) as caught:
        run(bucket.plan("s3-events-add", wish(bucket)), Overwritten(bucket.aws), bucket, MemoryJournal())
    assert int(caught.value.exit_code) == 6


def test_5_it_is_read_again_before_each_try(bucket: World) -> None:
    told: list[str] = []

    class Busy(Wrapping):
        """S3 refuses twice; what was asked and tried is kept in its order."""

        def read(self, read: Read) -> Answer:
            told.append(read.operation)
            return super().read(read)

        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            told.append(operation)
            if told.count("PutBucketNotificationConfiguration") < 3 and operation.startswith("PutBucket"):
                raise AwsRefused(refusal(RefusalKind.CONFLICT, "OperationAborted", f"{service}.{operation}"))
            return self.inner.write(service, operation, params, region)

    run(bucket.plan("s3-events-add", wish(bucket)), Busy(bucket.aws), bucket, MemoryJournal())
    tries = [number for number, one in enumerate(told) if one == "PutBucketNotificationConfiguration"]
    assert len(tries) == 3
    for before, after in pairwise(tries):
        assert "GetBucketNotificationConfiguration" in told[before:after]


def test_6_twenty_pairs_valid_and_not() -> None:
    assert len(OVERLAPS) == 20
    assert {overlap for _, _, overlap in OVERLAPS} == {True, False}


def test_8_subscribe_has_filter_and_dead_letter_queue() -> None:
    with fresh_world() as world:
        client("sqs").create_queue(QueueName="billing")
        filters = ['billing={"kind": ["paid"]}']
        inputs: dict[str, Json] = {"topic": "orders", "queues": ["billing"], "filters": filters}
        (one,) = [told for told in world.plan("fanout-create", inputs).changes if told.operation == "Subscribe"]
    assert {"RedrivePolicy", "FilterPolicy", "FilterPolicyScope"} <= set(one.params["Attributes"])


def test_9_only_our_statement_comes_and_goes() -> None:
    def told() -> str:
        found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        return str(found["Policy"])

    with fresh_world() as world:
        url = client("sqs").create_queue(QueueName="billing")["QueueUrl"]
        theirs = [
            {"Sid": f"theirs-{n}", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage"}
            | {"Resource": queue_arn(world, "billing"), "Condition": {"StringEquals": {"aws:x": str(n)}}}
            for n in range(3)
        ]
        before = json.dumps({"Version": "2012-10-17", "Statement": theirs})
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": before})
        plan = world.plan("fanout-create", {"topic": "orders", "queues": ["billing"]})
        journal = MemoryJournal()
        run(plan, world.aws, world, journal)
        now = json.loads(told())["Statement"]
        assert [one for one in now if one in theirs] == theirs
        assert len(now) == 4
        undo(plan, world, journal)
        assert json.loads(told()) == json.loads(before)


def test_10_an_audit_has_exactly_these_findings() -> None:
    made = Account()
    queue = arn("sqs", "orders")
    topic = made.topic("shop", {"Protocol": "sqs", "Endpoint": queue}, Policy=_only_its_owner())
    made.queue("orders", Policy=lets(queue, SNS, "sqs:SendMessage", topic))
    made.rule("paid", {"source": ["shop"]}, {"Id": "t", "Arn": topic})
    shut = arn("sqs", "shut")
    policy = lets(shut, EVENTS, "sqs:SendMessage", arn("events", "rule/sent"))
    made.queue("shut", Policy=policy, KmsMasterKeyId="alias/aws/sqs")
    made.answers["kms.DescribeKey alias/aws/sqs"] = {"KeyMetadata": {"KeyManager": "AWS", "KeyState": "Enabled"}}
    made.rule("sent", {"source": ["shop"]}, {"Id": "q", "Arn": shut})
    index = arn("sqs", "index")
    uploads, off = "arn:aws:s3:::uploads", arn("events", "rule/off")
    told = [
        lets(index, *one) for one in ((S3, SEND, uploads), (SNS, SEND, arn("sns", "told")), (EVENTS, SEND, off))
    ]
    statements = [one for text in told for one in json.loads(text)["Statement"]]
    made.queue("index", Policy=json.dumps({"Statement": statements}))
    fanned = made.topic(
        "told",
        {"Protocol": "sqs", "Endpoint": index},
        Policy=lets(arn("sns", "told"), S3, "sns:Publish", uploads),
    )
    made.bucket(
        "uploads",
        QueueConfigurations=[{"Id": "a", "QueueArn": index, "Events": ["s3:ObjectCreated:*"]}],
        TopicConfigurations=[{"Id": "b", "TopicArn": fanned, "Events": ["s3:ObjectRemoved:*"]}],
    )
    made.rule("off", {"source": ["shop"]}, {"Id": "q", "Arn": index}, state="DISABLED")
    criteria = {"Filters": [{"Pattern": '{"body": {"kind": ["paid"]}}'}]}
    made.takes(index, made.function("work"), FilterCriteria=criteria)
    assert sorted(made.found()) == [
        ("account-condition", "rule paid > topic shop"),
        ("duplicate-delivery", "bucket uploads > queue index"),
        ("envelope-unexpected", "topic told > queue index"),
        ("esm-filter-discards", "queue index > function work"),
        ("kms", "rule sent > queue shut"),
        ("rule-disabled", "event bus default > rule off"),
    ]


def _only_its_owner() -> str:
    """The policy that SNS gives a topic, which lets EventBridge in nowhere."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": arn("sns", "shop"),
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_13_a_custom_bus_that_nobody_here_knows_is_told_in_one_line() -> None:
    made = Account()
    bus = arn("events", "event-busv2/orders/abcdefghij0123456789abcde")
    for api in ("DescribeEventBus", "ListSubscribers"):
        message = "not supported here, or not answered by AWS: MemoryError"
        made.refused[f"eventbridgev2.{api}"] = Refusal(
            kind=RefusalKind.UNREADABLE, code="NotSupported", message=message, api=f"eventbridgev2.{api}"
        )
    found, _ = made.traced(bus)
    said = [line for node in found.nodes for line in node.unknown]
    assert said
    assert all("not supported here" in line and "\n" not in line and len(line) < 160 for line in said)


@pytest.fixture
def shop() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def test_15_everything_at_once_says_twenty_times_and_wants_the_name(shop: World) -> None:
    (one,) = [
        told["Id"]
        for told in client("cloudfront").list_distributions()["DistributionList"]["Items"]
        if "shop.example.com" in told["Aliases"].get("Items", [])
    ]
    dimensions = [{"Name": "DistributionId", "Value": one}, {"Name": "Region", "Value": "Global"}]
    datum = {"MetricName": "CacheHitRate", "Dimensions": dimensions, "Value": 95.0, "Unit": "Percent"}
    datum["Timestamp"] = datetime.fromtimestamp(shop.clock.now() - 600, UTC)
    client("cloudwatch").put_metric_data(Namespace="AWS/CloudFront", MetricData=[datum])
    plan = shop.plan("cache-flush", {"target": "shop.example.com", "paths": ["/*"]})
    assert "about 20 times" in str([told.evidence for told in plan.warnings])
    assert plan.changes[0].risk.severity == "severe"
    assert plan.confirm == "shop.example.com"


def test_16_a_dax_cluster_is_refused_with_why_a_reboot_does_not_help(shop: World) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        shop.plan("cache-flush", {"target": "dax:orders"})
    assert "over a reboot" in str([one.evidence for one in caught.value.guards])
