"""Every kind of dead-letter queue is listed as what it is, with what it holds and how long that lasts."""

import json

import pytest

from opsctl.dlq.facts.dlq_survey import DlqSurvey, Surveyed
from opsctl.model.reads import Refusal, RefusalKind
from tests.kit.canned import denied, drive, missing
from tests.kit.dead_letter_picture import (
    DAY,
    WHEN,
    Region,
    arn,
    queue_arn,
    rule_arn,
    send_policy,
    url_of,
    well_kept,
)


def test_every_kind_of_source_is_found() -> None:
    made = well_kept()
    made.bus("shop", dead=queue_arn("shop-dlq"))
    made.home("shop-dlq")
    rows = {row.name: [(one.kind, one.name) for one in row.sources] for row in made.survey().rows}
    assert rows == {
        "work-dlq": [("queue", "work")],
        "ledger-dlq.fifo": [("queue", "ledger.fifo")],
        "worker-dlq": [("function", "worker")],
        "mailer-failed": [("destination", "mailer")],
        "clicks-dlq": [("mapping", "worker from stream/clicks")],
        "orders-dlq": [("subscription", "orders to sqs work")],
        "nightly-dlq": [("target", "nightly#t")],
        "books-dlq": [("schedule", "books")],
        "shop-dlq": [("bus", "shop")],
    }
    assert {row.state for row in made.survey().rows} == {"serving"}


def test_a_rule_on_another_bus_and_a_schedule_in_a_group_are_called_by_their_whole_name() -> None:
    made = Region()
    made.bus("shop")
    made.target("paid", queue_arn("work"), bus="shop", id_="q", dead=queue_arn("x-dlq"))
    made.schedule("books", queue_arn("work"), dead=queue_arn("x-dlq"), group="night")
    made.queue("x-dlq")
    says = sorted(one.says for one in made.row("x-dlq").sources)
    assert says == ["rule target shop/paid#q", "schedule night/books"]


def test_a_destination_of_a_version_says_which() -> None:
    made = Region()
    made.function("mailer")
    made.on_failure("mailer", queue_arn("x-dlq"), qualifier="live")
    made.queue("x-dlq")
    assert [one.name for one in made.row("x-dlq").sources] == ["mailer:live"]


@pytest.mark.parametrize(
    ("dead", "at_most"), [("work-dlq", True), ("ledger-dlq.fifo", False), ("worker-dlq", False)]
)
def test_time_left_is_an_upper_bound_only_where_sqs_keeps_the_first_time(dead: str, at_most: bool) -> None:
    """A standard queue keeps the time of the first send when it moves a message; FIFO and senders start anew."""
    made = well_kept()
    made.queues[dead]["ApproximateNumberOfMessages"] = "3"
    made.metric(dead, "ApproximateAgeOfOldestMessage", 10, 5 * DAY)
    row = made.row(dead)
    assert (row.oldest_s, row.left_s, row.left_at_most) == (5 * DAY, 9 * DAY, at_most)


def test_depth_counts_what_is_in_flight_and_delayed_too() -> None:
    made = well_kept()
    made.queues["work-dlq"] |= {
        "ApproximateNumberOfMessages": "3",
        "ApproximateNumberOfMessagesNotVisible": "2",
        "ApproximateNumberOfMessagesDelayed": "1",
    }
    assert (made.row("work-dlq").depth, made.row("work-dlq").in_flight) == (6, 2)


def test_arrivals_are_growth_and_what_was_deleted_because_sent_does_not_count_what_sqs_moves() -> None:
    made = well_kept()
    made.metric("work-dlq", "ApproximateNumberOfMessagesVisible", *[10.0] * 12, 16.0)
    made.metric("work-dlq", "NumberOfMessagesDeleted", 50, *[0.5] * 12)
    made.metric("work-dlq", "NumberOfMessagesSent", *[0.0] * 13)
    assert made.row("work-dlq").arrivals_per_hour == 12.0


def test_arrivals_of_a_queue_that_shrinks_are_what_was_sent_to_it() -> None:
    made = well_kept()
    made.metric("worker-dlq", "ApproximateNumberOfMessagesVisible", *[10.0] * 12, 0.0)
    made.metric("worker-dlq", "NumberOfMessagesSent", 9, *[1.0] * 12)
    assert made.row("worker-dlq").arrivals_per_hour == 12.0


def test_no_metrics_of_an_empty_queue_is_no_arrivals_and_of_a_full_one_is_unknown() -> None:
    """SQS publishes nothing for a queue that was empty and untouched for six hours."""
    made = well_kept()
    made.queues["work-dlq"]["ApproximateNumberOfMessages"] = "1"
    full, empty = made.row("work-dlq"), made.row("worker-dlq")
    assert (full.arrivals_per_hour, full.oldest_s, full.left_s) == (None, None, None)
    assert (empty.arrivals_per_hour, empty.oldest_s, empty.left_s) == (0.0, 0, None)


def test_messages_about_to_die_come_first_then_the_fullest_then_what_is_missing_then_the_empty() -> None:
    made = Region()
    for name, depth, age in (("a-dlq", 900, 0), ("b-dlq", 1, 4 * DAY - 3600), ("c-dlq", 2, 4 * DAY - 60)):
        made.queue(name, depth=depth)
        made.queue(f"of-{name}", dead=name)
        made.metric(name, "ApproximateAgeOfOldestMessage", age)
    made.queue("d-dlq")
    made.queue("of-d-dlq", dead="d-dlq")
    made.queue("of-e-dlq", dead="e-dlq")
    made.queue("unused-dlq")
    names = [row.name for row in made.survey().rows]
    assert names == ["c-dlq", "b-dlq", "a-dlq", "e-dlq", "unused-dlq", "d-dlq"]


def test_a_queue_that_looks_like_one_and_serves_nothing_is_shown_as_such() -> None:
    made = Region()
    made.queue("old-dlq", depth=2)
    row = made.row("old-dlq")
    assert (row.state, row.sources, row.notes, row.depth) == ("serves nothing", (), (), 2)


def test_a_working_queue_with_such_a_name_is_not_one() -> None:
    made = Region()
    made.function("f")
    made.mapping("f", made.queue("error-events"))
    made.queue("failover", dead="failover-dlq")
    made.queue("failover-dlq")
    assert [row.name for row in made.survey().rows] == ["failover-dlq"]


def test_a_queue_whose_allowed_source_is_gone_is_shown_as_such() -> None:
    made = Region()
    made.home("pay-parking", of=("payments", "refunds"))
    made.queue("refunds")
    row = made.row("pay-parking")
    assert row.state == "source gone"
    assert row.notes == (
        "gone: queue payments",
        "its RedriveAllowPolicy names queue refunds, which does not use it",
    )


def test_remnants_of_rules_and_functions_in_its_policy_show_whose_it_was() -> None:
    made = Region()
    made.target("kept", queue_arn("work"))
    for name, source in (
        ("a-dlq", rule_arn("deleted")),
        ("b-dlq", rule_arn("kept")),
        ("c-dlq", arn("lambda", "function:gone")),
        ("d-dlq", arn("sns", "some-topic")),
        ("e-dlq", "arn:aws:events:*"),
    ):
        made.queue(name, Policy=send_policy(queue_arn(name), "events.amazonaws.com", source))
    assert made.row("a-dlq").notes == ("gone: rule deleted",)
    assert (made.row("b-dlq").state, made.row("b-dlq").notes) == (
        "serves nothing",
        ("its policy lets rule kept send to it",),
    )
    assert (made.row("c-dlq").state, made.row("c-dlq").notes) == ("source gone", ("gone: function gone",))
    assert made.row("d-dlq").notes == ("its policy lets topic some-topic send to it",)
    assert made.row("e-dlq").notes == ()


def test_a_dead_letter_queue_that_does_not_exist_is_shown_with_its_sources() -> None:
    made = Region()
    made.queue("work", dead="gone")
    row = made.row("gone")
    assert (row.state, row.depth, [one.name for one in row.sources]) == ("does not exist", None, ["work"])


@pytest.mark.parametrize(
    ("target", "note"),
    [
        (
            arn("sqs", "far", account="999999999999"),
            "in account 999999999999: use credentials of that account",
        ),
        (arn("sqs", "far", region="eu-north-1"), "in eu-north-1: look with --region eu-north-1"),
    ],
)
def test_one_of_another_account_or_region_is_shown_and_not_called_missing(target: str, note: str) -> None:
    made = Region()
    made.subscription("orders", "sqs", queue_arn("work"), dead=target)
    assert (made.row("far").state, made.row("far").notes) == ("elsewhere", (note,))


def test_a_topic_that_takes_failures_is_shown_with_who_listens() -> None:
    made = Region()
    made.topics = {"oncall": 2, "deaf": 0}
    for name in ("oncall", "deaf", "gone"):
        made.function(name)
        made.on_failure(name, arn("sns", name))
    assert (made.row("oncall").type, made.row("oncall").state) == ("topic", "serving")
    assert "2 subscriptions" in made.row("oncall").notes
    assert "it has no subscriptions" in made.row("deaf").notes
    assert made.row("gone").state == "does not exist"


def test_destinations_that_are_no_queue_and_no_topic_are_no_rows() -> None:
    made = Region()
    made.function("a")
    made.on_failure("a", arn("events", "event-bus/default"))
    assert made.survey().rows == ()


@pytest.mark.parametrize(
    ("alarm", "shown"),
    [
        ({}, "ok"),
        ({"StateValue": "ALARM"}, "alarm"),
        ({"StateValue": "INSUFFICIENT_DATA"}, "no data"),
        ({"MetricName": "ApproximateAgeOfOldestMessage"}, "ok"),
        ({"MetricName": "NumberOfMessagesSent"}, "none"),
        ({"Dimensions": [{"Name": "QueueName", "Value": "other"}]}, "none"),
        ({"Namespace": "AWS/Lambda"}, "none"),
        ({"ActionsEnabled": False}, "unheard"),
        ({"AlarmActions": []}, "unheard"),
    ],
)
def test_an_alarm_counts_when_it_watches_what_lies_there(alarm: dict[str, object], shown: str) -> None:
    made = Region()
    made.queue("x-dlq")
    made.alarm("x", "x-dlq", **alarm)
    assert made.row("x-dlq").alarm == shown


def _math(expression: str) -> dict[str, object]:
    return {"Namespace": None, "Dimensions": [], "Metrics": [{"Id": "e", "Expression": expression}]}


_EVERY = 'SELECT MAX(ApproximateNumberOfMessagesVisible) FROM SCHEMA("AWS/SQS", QueueName)'


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("SUM(SEARCH('{AWS/SQS,QueueName} MetricName=\"ApproximateNumberOfMessagesVisible\" x-dlq','Sum'))", "ok"),
        (
            "SUM(SEARCH('{AWS/SQS,QueueName} MetricName=\"ApproximateNumberOfMessagesVisible\" x-dlq-2','Sum'))",
            "none",
        ),
        (_EVERY, "ok"),
        (f"{_EVERY} WHERE QueueName = 'y'", "none"),
        (f"{_EVERY} WHERE QueueName = 'x-dlq'", "ok"),
        ('SELECT MAX(NumberOfMessagesSent) FROM SCHEMA("AWS/SQS", QueueName)', "none"),
    ],
)
def test_an_alarm_on_an_expression_counts_when_it_names_the_queue(expression: str, shown: str) -> None:
    made = Region()
    made.queue("x-dlq")
    made.alarm("x", "elsewhere", **_math(expression))
    assert made.row("x-dlq").alarm == shown


def test_an_alarm_on_metric_math_counts_by_its_metrics() -> None:
    made = Region()
    made.queue("x-dlq")
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "x-dlq"}],
    }
    made.alarm("x", "y", Metrics=[{"Id": "m", "MetricStat": {"Metric": metric}}, {"Id": "e", "Expression": "m*2"}])
    assert made.row("x-dlq").alarms == ("x",)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ('ALARM("x") AND OK("y")', "ok"),
        ("ALARM(x)", "ok"),
        (f'ALARM("{arn("cloudwatch", "alarm:x")}")', "ok"),
        ('ALARM("x-2")', "unheard"),
        ('OK("x")', "unheard"),
    ],
)
def test_an_alarm_without_actions_is_heard_through_a_composite_one(rule: str, shown: str) -> None:
    made = Region()
    made.queue("x-dlq")
    made.alarm("x", "x-dlq", AlarmActions=[])
    made.composites.append({"AlarmName": "all", "AlarmRule": rule, "AlarmActions": [arn("sns", "oncall")]})
    assert made.row("x-dlq").alarm == shown


@pytest.mark.parametrize(
    "api",
    [
        "sqs.ListQueues",
        "lambda.ListFunctions",
        "lambda.ListEventSourceMappings",
        "lambda.ListFunctionEventInvokeConfigs",
        "sns.ListSubscriptions",
        "sns.GetSubscriptionAttributes",
        "events.ListEventBuses",
        "events.DescribeEventBus",
        "events.ListRules",
        "events.ListTargetsByRule",
        "scheduler.ListSchedules",
        "scheduler.GetSchedule",
        "cloudwatch.DescribeAlarms",
        "cloudwatch.GetMetricData",
        "sqs.GetQueueAttributes",
    ],
)
def test_whatever_is_denied_is_named_and_the_rest_is_still_listed(api: str) -> None:
    made = well_kept()
    made.queue("spare-dlq")
    made.refuse(denied(api))
    found = made.survey()
    assert len(found.unknown) == 1
    assert f"access denied at {api}" in found.unknown[0]
    assert len(found.rows) >= 3
    assert not [row for row in found.rows if row.state == "does not exist"], "what was not read is not missing"
    spare = [row for row in found.rows if row.name == "spare-dlq" and row.state == "serves nothing"]
    said = api.startswith("cloudwatch.") or not spare or "not certain" in spare[0].notes[-1]
    assert said, "that it serves nothing is not certain then"


@pytest.mark.parametrize(
    ("api", "member"), [("sns.ListSubscriptions", "Subscriptions"), ("scheduler.ListSchedules", "Schedules")]
)
def test_where_there_are_millions_the_rest_is_said_to_be_unread(api: str, member: str) -> None:
    made = well_kept()
    made.queue("spare-dlq")
    made.refused[api] = {member: [], "NextToken": "more"}
    found, reader = made.survey_read()
    assert [one.params for one in reader.made if one.api == api] == [{"PaginationConfig": {"MaxItems": 5000}}]
    assert found.unknown == (f"{member.lower()}: there are more than 5,000, and the rest was not read",)
    (spare,) = [row for row in found.rows if row.name == "spare-dlq"]
    assert spare.notes == (f"not certain: not all {member.lower()} were read",)


def test_on_failure_destinations_can_be_left_out_and_are_said_to_be() -> None:
    """Lambda answers 15 control calls a second, and everybody who deploys shares them."""
    found, reader = drive(DlqSurvey(destinations=False).read(WHEN), well_kept().answers())
    assert isinstance(found, Surveyed)
    assert "lambda.ListFunctionEventInvokeConfigs" not in reader.apis()
    assert found.unknown == ("on-failure destinations of 3 functions were skipped (--skip-destinations)",)
    failed = [row for row in found.rows if row.name == "mailer-failed"]
    assert [row.notes for row in failed] == [("not certain: not all on-failure destinations were read",)]


def test_a_service_that_is_not_in_the_region_is_told_and_no_more() -> None:
    made = well_kept()
    words = "Could not connect to the endpoint"
    made.refuse(
        Refusal(
            kind=RefusalKind.UNREACHABLE,
            code="EndpointConnectionError",
            message=words,
            api="scheduler.ListSchedules",
        )
    )
    found = made.survey()
    assert found.unknown == (
        f"schedules: no connection at scheduler.ListSchedules (EndpointConnectionError): {words}",
    )


def test_one_reason_is_one_line_with_a_few_names() -> None:
    made = Region()
    for number in range(40):
        made.queue(f"q-{number}")
    made.queue("x-dlq")
    made.refuse(denied("sqs.GetQueueAttributes"))
    found = made.survey()
    assert found.unknown == (
        "q-0, q-1, q-2 and 38 more: access denied at sqs.GetQueueAttributes (AccessDenied): not authorized",
    )
    assert [(row.name, row.state) for row in found.rows] == [("x-dlq", "unreadable")]


def test_what_is_read_in_several_calls_is_named_once() -> None:
    made = big(400)
    made.refuse(denied("cloudwatch.GetMetricData"))
    (line,) = made.survey().unknown
    assert line.startswith("metrics: access denied")


def test_an_unreadable_queue_that_something_names_is_not_called_missing() -> None:
    made = Region()
    made.queue("work", dead="parking")
    made.queue("parking")
    made.refuse(denied("sqs.GetQueueAttributes"), url_of("parking"))
    assert made.row("parking").state == "unreadable"


def test_a_denied_topic_is_unreadable_and_not_missing() -> None:
    made = Region()
    made.function("f")
    made.on_failure("f", arn("sns", "oncall"))
    made.refuse(denied("sns.GetTopicAttributes"))
    assert made.row("oncall").state == "unreadable"


def test_what_was_deleted_since_it_was_listed_is_left_out_silently() -> None:
    made = well_kept()
    made.queue("late-dlq")
    made.refuse(missing("sqs.GetQueueAttributes", "AWS.SimpleQueueService.NonExistentQueue"), url_of("late-dlq"))
    found = made.survey()
    assert found.unknown == ()
    assert "late-dlq" not in [row.name for row in found.rows]


def test_without_the_list_of_buses_the_default_bus_is_read_all_the_same() -> None:
    made = well_kept()
    made.refuse(denied("events.ListEventBuses"))
    assert made.row("nightly-dlq").state == "serving"


def test_pending_subscriptions_are_not_asked_for() -> None:
    made = Region()
    made.subscriptions.append(
        {
            "SubscriptionArn": "PendingConfirmation",
            "TopicArn": arn("sns", "orders"),
            "Protocol": "http",
            "Endpoint": "http://x",
        }
    )
    _, reader = made.survey_read()
    assert "sns.GetSubscriptionAttributes" not in reader.apis()


def test_an_endpoint_is_named_by_its_host_and_a_person_not_at_all() -> None:
    """Paths and queries of webhooks hold tokens."""
    made = Region()
    made.queue("x-dlq")
    made.subscription("t", "https", "https://u:p@hooks.example.com/T0/secret?k=v", dead=queue_arn("x-dlq"))
    made.subscription("t", "email", "somebody@example.com", dead=queue_arn("x-dlq"))
    assert [one.name for one in made.row("x-dlq").sources] == ["t to https hooks.example.com", "t to email"]


def test_policies_that_are_no_json_do_no_harm() -> None:
    made = Region()
    made.queue("x-dlq", Policy="{nonsense", RedriveAllowPolicy="[]", RedrivePolicy="nonsense")
    assert made.row("x-dlq").state == "serves nothing"


def test_an_empty_region_is_an_empty_list() -> None:
    found = Region().survey()
    assert (found.rows, found.unknown, found.queues) == ((), (), 0)


def test_a_dead_letter_queue_with_a_consumer_or_one_of_its_own_says_so() -> None:
    made = Region()
    made.function("retrier")
    made.queue("work", dead="a-dlq")
    made.mapping("retrier", made.queue("a-dlq", dead="b-dlq"))
    made.queue("b-dlq")
    assert made.row("a-dlq").notes == ("function retrier consumes it", "has the dead-letter queue b-dlq")


def test_json_of_a_row_is_plain() -> None:
    json.dumps(well_kept().survey().model_dump(mode="json"))


def big(queues: int) -> Region:
    """Half the queues are dead-letter queues of the other half."""
    made = Region()
    for number in range(queues // 2):
        made.queue(f"w-{number}", dead=f"w-{number}-dlq")
        made.queue(f"w-{number}-dlq")
    return made


def test_two_thousand_queues_take_one_read_each_and_four_rounds() -> None:
    _, small = big(4).survey_read()
    _, large = big(2000).survey_read()
    assert large.rounds == small.rounds == 3, "no rules, so no round for their targets"
    apis = large.apis()
    assert apis.count("sqs.GetQueueAttributes") == 2000
    assert apis.count("cloudwatch.GetMetricData") == 10, "five figures of 1,000 queues, 500 a call"
    assert len(apis) == 2000 + 10 + 8 + 2, "eight lists, and the default bus with its rules"


def test_rules_add_one_round_and_one_read_each() -> None:
    made = well_kept()
    _, before = made.survey_read()
    for number in range(100):
        made.target(f"r-{number}", queue_arn("work"))
    _, after = made.survey_read()
    assert (before.rounds, after.rounds) == (4, 4)
    assert len(after.made) == len(before.made) + 100


def test_a_queue_in_which_a_run_parks_messages_is_listed_with_what_brings_them_back() -> None:
    made = Region()
    row = made.row(made.park("pay-dlq.fifo", depth=7))
    assert (row.state, row.depth) == ("parked", 7)
    (note,) = row.notes
    assert note.startswith("holds messages of pay-dlq.fifo that run 20260101-000000-aaaa parked: opsctl resume")
