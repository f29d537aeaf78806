"""Every rule of the audit, by the smallest region that breaks it; and a region that breaks none."""

import json
import shlex

import pytest

from opsctl.dlq.audit.rules import WHY
from opsctl.dlq.facts.dlq_audit import Audited, DlqAudit
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, denied, drive
from tests.kit.dead_letter_picture import (
    DAY,
    WHEN,
    Region,
    arn,
    queue_arn,
    send_policy,
    url_of,
    well_kept,
)
from tests.kit.dead_letter_picture import rule_arn as rule

SNS, EVENTS = "sns.amazonaws.com", "events.amazonaws.com"
KEY = arn("kms", "key/1234")


def consumed(**attributes: Json) -> Region:
    """A queue from which a function with a timeout of a minute takes, with a home, otherwise as advised."""
    made = Region()
    name = "work.fifo" if attributes.pop("fifo", False) else "work"
    home = f"dead-{name}"
    made.home(home, of=(name,))
    made.function("worker", timeout=60)
    told: Json = {"dead": home, "VisibilityTimeout": "360"} | attributes
    made.mapping("worker", made.queue(name, **told))
    return made


def document(fix: str, flag: str) -> Json:
    """The JSON that a command passes with a flag, as a shell would hand it over."""
    words = shlex.split(fix)
    return json.loads(words[words.index(flag) + 1])


def test_a_region_kept_as_aws_advises_has_no_findings() -> None:
    found, _ = well_kept().audit_read()
    assert (found.findings, found.unknown) == ((), ())


def test_a_lambda_consumer_without_a_dead_letter_queue_is_an_endless_loop() -> None:
    made = consumed(dead="")
    found = made.finding("endless-loop")
    assert (found.severity, found.resource) == ("high", "queue work")
    assert found.fix == "opsctl dlq attach work --region eu-west-1"
    made.mappings[0]["State"] = "Disabled"
    assert "endless-loop" not in [id_ for _, id_, _ in made.findings()]


def test_a_queue_without_a_consumer_and_without_a_home_is_nobodys_business() -> None:
    made = Region()
    made.queue("outbox")
    assert made.findings() == []


@pytest.mark.parametrize(("taken", "severity"), [(True, "high"), (False, "medium")])
def test_a_fifo_queue_without_a_dead_letter_queue_is_blocked_by_one_bad_message(
    taken: bool, severity: str
) -> None:
    made = consumed(fifo=True, dead="")
    if not taken:
        made.mappings.clear()
    found = made.finding("fifo-blocked")
    assert (found.severity, found.fix) == (severity, "opsctl dlq attach work.fifo --region eu-west-1")


@pytest.mark.parametrize(
    ("receives", "visibility", "found"),
    [(100, "360", True), (5, "3600", False), (6, "360", False), (10, "360", True)],
)
def test_a_fifo_queue_that_receives_too_often_holds_its_group_for_long(
    receives: int, visibility: str, found: bool
) -> None:
    made = consumed(fifo=True, receives=receives, VisibilityTimeout=visibility)
    assert ("medium", "fifo-held-long", "queue work.fifo") in made.findings() or not found
    assert found or made.findings() == []


@pytest.mark.parametrize(("receives", "found"), [(1, True), (4, True), (5, False)])
def test_fewer_than_five_receives_are_too_few_for_lambdas_poller(receives: int, found: bool) -> None:
    made = consumed(receives=receives)
    assert (made.findings() == [("medium", "receive-count-low", "queue work")]) is found
    if found:
        fix = "opsctl dlq attach work --dlq dead-work --max-receive 5 --region eu-west-1"
        assert made.finding("receive-count-low").fix == fix
    made.mappings.clear()
    assert made.findings() == [], "other consumers receive only what they work on"


@pytest.mark.parametrize(
    ("visibility", "window", "severity"),
    [("360", 0, ""), ("359", 0, "medium"), ("360", 20, "medium"), ("380", 20, ""), ("59", 0, "high")],
)
def test_visibility_is_six_times_the_timeout_and_the_batch_window(
    visibility: str, window: int, severity: str
) -> None:
    made = consumed(VisibilityTimeout=visibility)
    made.mappings[0]["MaximumBatchingWindowInSeconds"] = window
    assert made.findings() == ([(severity, "visibility-short", "queue work")] if severity else [])
    if severity:
        assert made.finding("visibility-short").fix == (
            f"aws sqs set-queue-attributes --queue-url {url_of('work')} "
            f"--attributes VisibilityTimeout={360 + window} --region eu-west-1"
        )


def test_the_slowest_consumer_decides_and_an_unknown_function_does_not() -> None:
    made = consumed()
    made.function("slow", timeout=900)
    made.mapping("slow", queue_arn("work"))
    made.mapping("of-another-account", queue_arn("work"))
    assert "needs 5400 s" in made.finding("visibility-short").what


@pytest.mark.parametrize(
    ("source", "home", "severity"), [(4, 4, "medium"), (5, 4, "medium"), (4, 5, ""), (14, 14, "low")]
)
def test_a_standard_dead_letter_queue_must_keep_longer_than_its_source(
    source: int, home: int, severity: str
) -> None:
    made = consumed(MessageRetentionPeriod=str(source * DAY))
    made.queues["dead-work"]["MessageRetentionPeriod"] = str(home * DAY)
    assert made.findings() == ([(severity, "retention-short", "queue dead-work")] if severity else [])
    if severity:
        at, value = ("dead-work", 14) if source < 14 else ("work", 4)
        fix = made.finding("retention-short").fix
        assert f"--queue-url {url_of(at)} --attributes MessageRetentionPeriod={value * DAY} " in fix


def test_a_fifo_dead_letter_queue_starts_retention_anew_and_need_not_keep_longer() -> None:
    made = consumed(fifo=True)
    made.queues["dead-work.fifo"]["MessageRetentionPeriod"] = str(DAY)
    assert made.findings() == []


def test_fifo_and_standard_do_not_mix() -> None:
    made = consumed()
    made.home("x.fifo", of=("work",))
    made.queue("work", dead="x.fifo", VisibilityTimeout="360")
    made.queues.pop("dead-work")
    found = made.finding("type-mixed")
    assert (found.severity, found.resource) == ("high", "queue work")
    assert found.what == "its failures go to x.fifo, which is FIFO; only standard is supported"


def test_services_deliver_to_standard_queues_only_and_a_fifo_subscription_to_fifo_ones() -> None:
    made = Region()
    topic = arn("sns", "orders.fifo")
    made.home("a.fifo", lets=(SNS, topic))
    made.home("a", lets=(SNS, topic))
    made.function("f", dead=queue_arn("a.fifo"))
    made.mapping("f", arn("kinesis", "stream/s"), dead=queue_arn("a.fifo"))
    made.subscription("orders.fifo", "sqs", queue_arn("w.fifo"), dead=queue_arn("a.fifo"))
    made.subscription("orders.fifo", "sqs", queue_arn("w.fifo"), dead=queue_arn("a"))
    made.subscription("orders.fifo", "sqs", queue_arn("v"), dead=queue_arn("a"))
    made.queue("w.fifo")
    made.queue("v")
    wrong = {one.resource: one.fix for one in made.audit_read()[0].findings if one.id == "type-mixed"}
    assert wrong == {
        "function f": "opsctl dlq attach function:f --dlq a --override has-another-dlq --region eu-west-1",
        "subscription orders.fifo to sqs w.fifo": (
            f"opsctl dlq attach {topic}:1 --dlq a.fifo --override has-another-dlq --region eu-west-1"
        ),
        "on-failure of event source mapping f from stream/s": (
            "aws sqs create-queue --queue-name a --region eu-west-1 && aws lambda update-event-source-mapping "
            f'--uuid uuid-0 --destination-config \'{{"OnFailure": {{"Destination": "{queue_arn("a")}"}}}}\' '
            "--region eu-west-1"
        ),
    }


def test_a_bus_that_fails_into_a_fifo_queue_is_sent_elsewhere() -> None:
    made = Region()
    made.bus("shop", dead=queue_arn("a.fifo"))
    made.home("a.fifo", lets=(EVENTS, arn("events", "event-bus/shop")))
    fix = made.finding("type-mixed").fix
    assert f"update-event-bus --name shop --dead-letter-config Arn={queue_arn('a')}" in fix


def test_a_source_whose_dead_letter_queue_or_topic_is_gone_is_found() -> None:
    made = Region()
    made.queue("work", dead="gone")
    made.function("f", dead=arn("sns", "gone-too"))
    made.function("g")
    made.on_failure("g", arn("sns", "gone-too"))
    made.bus("shop", dead=queue_arn("gone.fifo"))
    found = {one.resource: one.fix for one in made.audit_read()[0].findings if one.id == "dlq-missing"}
    assert found == {
        "queue work": "opsctl dlq attach work --dlq gone --region eu-west-1",
        "function f": "opsctl dlq attach function:f --dlq gone-too --override has-another-dlq --region eu-west-1",
        "on-failure of function g": "aws sns create-topic --name gone-too --region eu-west-1",
        "event bus shop": (
            "aws sqs create-queue --queue-name gone.fifo --attributes FifoQueue=true --region eu-west-1"
        ),
    }


@pytest.mark.parametrize("far", [arn("sqs", "x", account="999999999999"), arn("sqs", "x", region="us-east-1")])
def test_what_is_elsewhere_or_unread_is_not_judged(far: str) -> None:
    made = Region()
    made.subscription("orders", "sqs", queue_arn("w"), dead=far)
    assert made.findings() == []
    made = well_kept()
    made.refuse(denied("sqs.ListQueues"))
    assert [id_ for _, id_, _ in made.findings()] == []


def _without_alarm(**alarm: Json) -> Region:
    made = consumed()
    made.alarms.clear()
    if alarm:
        made.alarm("x", "dead-work", **alarm)
    return made


def test_a_dead_letter_queue_nobody_watches_is_found_and_the_usual_topic_proposed() -> None:
    made = _without_alarm()
    assert made.finding("no-alarm").fix == (
        "opsctl dlq attach work --dlq dead-work --alarm SNS_TOPIC_ARN --region eu-west-1"
    )
    for number, topic in enumerate(("night", "oncall", "oncall")):
        made.alarm(f"a-{number}", "another", AlarmActions=[arn("sns", topic)])
    assert f"--alarm {arn('sns', 'oncall')}" in made.finding("no-alarm").fix


def test_a_bus_cannot_be_attached_so_its_alarm_is_made_directly() -> None:
    made = Region()
    made.bus("shop", dead=queue_arn("shop-dlq"))
    made.home("shop-dlq", lets=(EVENTS, arn("events", "event-bus/shop")))
    made.alarms.clear()
    words = shlex.split(made.finding("no-alarm").fix)
    assert words[:3] == ["aws", "cloudwatch", "put-metric-alarm"]
    assert "Name=QueueName,Value=shop-dlq" in words


def test_a_destination_is_not_attached_to_or_each_failure_would_come_twice() -> None:
    made = Region()
    made.function("f")
    made.on_failure("f", queue_arn("f-failed"))
    made.home("f-failed")
    made.alarms.clear()
    assert made.finding("no-alarm").fix.startswith("aws cloudwatch put-metric-alarm ")


def test_a_home_from_which_a_function_takes_is_attached_to_all_the_same() -> None:
    made = _without_alarm()
    made.mapping("retrier", queue_arn("dead-work"))
    assert "--override working-queue" in made.finding("no-alarm").fix


def test_a_dead_letter_queue_is_not_judged_as_a_working_queue() -> None:
    """`dlq attach` refuses to give it one of its own: what fails there has failed already."""
    made = consumed()
    made.mapping("retrier", queue_arn("dead-work"))
    made.home("dead-again", of=("dead-work",))
    again = json.dumps({"deadLetterTargetArn": queue_arn("dead-again"), "maxReceiveCount": 1})
    made.queues["dead-work"] |= {"RedrivePolicy": again, "MessageRetentionPeriod": str(13 * DAY)}
    assert made.findings() == []


def test_an_alarm_on_what_sqs_never_counts_is_no_alarm_and_said_so() -> None:
    found = _without_alarm(MetricName="NumberOfMessagesSent").finding("no-alarm")
    assert "alarm x watches NumberOfMessagesSent, which does not count what SQS moves" in found.what


def test_what_services_send_is_counted_as_sent() -> None:
    made = Region()
    made.function("f", dead=queue_arn("f-dlq"))
    made.home("f-dlq")
    made.alarms[0]["MetricName"] = "NumberOfMessagesSent"
    assert made.findings() == []


def test_an_alarm_that_tells_nobody_is_found() -> None:
    muted = _without_alarm(ActionsEnabled=False).finding("alarm-unheard")
    assert muted.fix == "aws cloudwatch enable-alarm-actions --alarm-names x --region eu-west-1"
    deaf = _without_alarm(AlarmActions=[]).finding("alarm-unheard")
    assert deaf.fix.startswith("opsctl dlq attach work --dlq dead-work --alarm ")


def test_alarms_that_may_not_be_read_are_not_called_absent() -> None:
    made = _without_alarm()
    made.refuse(denied("cloudwatch.DescribeAlarms"))
    found, _ = made.audit_read()
    assert found.findings == ()
    assert "cloudwatch.DescribeAlarms" in found.unknown[0]


@pytest.mark.parametrize("allow", ["", '{"redrivePermission": "allowAll"}'])
def test_an_open_redrive_allow_policy_is_closed_to_its_users(allow: str) -> None:
    made = consumed()
    made.queues["dead-work"]["RedriveAllowPolicy"] = allow
    found = made.finding("allow-policy-open")
    given = document(found.fix, "--attributes")
    assert found.severity == "low"
    assert json.loads(given["RedriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [queue_arn("work")],
    }


def test_a_home_of_functions_only_is_closed_to_all_queues() -> None:
    made = Region()
    made.function("f", dead=queue_arn("f-dlq"))
    made.home("f-dlq", RedriveAllowPolicy="")
    assert "denyAll" in made.finding("allow-policy-open").fix


def test_what_has_more_users_than_a_policy_can_name_or_unread_ones_is_left_open() -> None:
    made = Region()
    made.home("x-dlq", RedriveAllowPolicy="")
    for number in range(11):
        made.queue(f"w-{number}", dead="x-dlq")
    assert made.findings() == []
    made = consumed()
    made.queues["dead-work"]["RedriveAllowPolicy"] = ""
    made.queue("secret")
    made.refuse(denied("sqs.GetQueueAttributes"), url_of("secret"))
    assert made.findings() == []


def test_messages_that_lie_for_a_week_with_none_deleted_are_unattended() -> None:
    made = consumed()
    made.queues["dead-work"]["ApproximateNumberOfMessages"] = "12"
    made.metric("dead-work", "ApproximateNumberOfMessagesVisible", *[0.0] * 6, *[12.0] * 8)
    made.metric("dead-work", "NumberOfMessagesDeleted", *[0.0] * 14)
    found = made.finding("unattended")
    assert found.what == "12 messages, not empty on 8 of 14 days, and none was deleted"
    assert found.fix == "opsctl dlq inspect dead-work --region eu-west-1"
    made.metric("dead-work", "NumberOfMessagesDeleted", 1.0)
    assert made.findings() == []


def test_messages_in_a_queue_that_serves_nothing_are_unattended_too() -> None:
    made = Region()
    made.queue("old-dlq", depth=3)
    made.metric("old-dlq", "ApproximateNumberOfMessagesVisible", *[3.0] * 14)
    assert made.findings() == [("medium", "unattended", "queue old-dlq")]


@pytest.mark.parametrize(("depth", "severity"), [(7, "high"), (0, "low")])
def test_messages_that_a_run_parked_and_did_not_bring_back_are_found(depth: int, severity: str) -> None:
    made = Region()
    name = made.park("pay-dlq.fifo", depth=depth)
    found = made.finding("left-parked")
    assert (found.severity, found.resource) == (severity, f"queue {name}")
    assert "run 20260101-000000-aaaa" in found.what
    assert found.fix == "opsctl resume 20260101-000000-aaaa --region eu-west-1"
    made.queue("pay-dlq.fifo")
    assert made.findings(queue_arn("pay-dlq.fifo"))[0][1] == "left-parked"
    made.tags.clear()
    assert "left-parked" not in [id_ for _, id_, _ in made.findings()]


def test_messages_of_this_week_and_unknown_ones_are_not_unattended() -> None:
    made = consumed()
    made.queues["dead-work"]["ApproximateNumberOfMessages"] = "12"
    made.metric("dead-work", "ApproximateNumberOfMessagesVisible", *[12.0] * 6)
    assert made.findings() == []
    made.metric("dead-work", "ApproximateNumberOfMessagesVisible", *[12.0] * 14)
    made.refuse(denied("cloudwatch.GetMetricData"))
    assert made.findings() == []


def test_a_subscription_without_a_dead_letter_queue_is_found_unless_it_writes_to_people() -> None:
    made = Region()
    first = made.subscription("orders", "https", "https://hooks.example.com/T/secret")
    for protocol in ("email", "email-json", "sms", "application"):
        made.subscription("orders", protocol, "somebody")
    found = made.finding("subscription-no-dlq")
    assert (found.severity, found.fix) == ("medium", f"opsctl dlq attach {first} --region eu-west-1")
    assert "secret" not in found.says


def test_a_rule_target_without_a_dead_letter_queue_is_found() -> None:
    made = Region()
    made.bus("shop")
    made.target("paid", queue_arn("w"), bus="shop", id_="a")
    made.target("shipped", queue_arn("w"), id_="b")
    fixes = [one.fix for one in made.audit_read()[0].findings]
    assert fixes == [
        "opsctl dlq attach 'rule:shipped#b' --region eu-west-1",
        "opsctl dlq attach 'rule:shop/paid#a' --region eu-west-1",
    ]


def test_a_schedule_without_a_dead_letter_queue_is_found() -> None:
    made = Region()
    made.schedule("books", queue_arn("w"), group="night")
    assert made.finding("schedule-no-dlq").fix == "opsctl dlq attach schedule:night/books --region eu-west-1"


def test_a_function_that_is_invoked_asynchronously_without_a_home_is_found_however_it_is_known() -> None:
    made = Region()
    dead = queue_arn("x-dlq")
    made.home("x-dlq", Policy=open_to_all("x-dlq"))
    for name in ("by-topic", "by-rule", "by-schedule", "by-s3", "configured", "sync"):
        made.function(name)
    made.subscription("t", "lambda", arn("lambda", "function:by-topic"), dead=dead)
    made.target("r", arn("lambda", "function:by-rule:live"), dead=dead)
    made.schedule("s", arn("lambda", "function:by-schedule"), dead=dead)
    made.metric("by-s3", "AsyncEventsReceived", 0, 41, 1)
    made.on_failure("configured", "")
    found = {one.resource: one.what.rpartition(", and ")[2] for one in made.audit_read()[0].findings}
    assert found == {
        "function by-topic": "subscription t to lambda by-topic invokes it asynchronously",
        "function by-rule": "rule target r#t invokes it asynchronously",
        "function by-schedule": "schedule s invokes it asynchronously",
        "function by-s3": "42 asynchronous events in two weeks",
        "function configured": "its asynchronous invocation is configured",
    }


def test_a_function_whose_destinations_may_not_be_read_is_not_called_homeless() -> None:
    made = Region()
    made.function("f")
    made.function("g")
    made.metric("f", "AsyncEventsReceived", 3)
    made.metric("g", "AsyncEventsReceived", 3)
    made.refuse(denied("lambda.ListFunctionEventInvokeConfigs"), "f")
    assert made.findings() == [("medium", "async-no-dlq", "function g")]


@pytest.mark.parametrize("destination", [arn("events", "event-bus/default"), "arn:aws:s3:::failures"])
def test_any_on_failure_destination_is_a_home(destination: str) -> None:
    made = Region()
    made.function("f")
    made.on_failure("f", destination)
    assert made.findings() == []


def open_to_all(name: str) -> str:
    """A queue policy that lets everybody send."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": queue_arn(name)}
    return json.dumps({"Statement": statement})


def delivered(policy: str, **attributes: Json) -> Region:
    """A subscription whose home has this policy."""
    made = Region()
    made.subscription("orders", "https", "https://x", dead=queue_arn("orders-dlq"))
    made.home("orders-dlq", Policy=policy, **attributes)
    return made


HOME, TOPIC = queue_arn("orders-dlq"), arn("sns", "orders")


@pytest.mark.parametrize(
    "policy",
    [
        send_policy(HOME, SNS, TOPIC),
        send_policy(HOME, SNS, arn("sns", "*"), Action="SQS:SendMessage"),
        send_policy(HOME, SNS, TOPIC, Action=["sqs:ReceiveMessage", "sqs:Send*"]),
        send_policy(HOME, SNS, TOPIC, Principal="*"),
        send_policy(HOME, SNS, TOPIC, Principal={"AWS": "*"}),
        send_policy(HOME, SNS, TOPIC, Condition={}),
        send_policy(HOME, SNS, TOPIC, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
        send_policy(HOME, SNS, TOPIC, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        open_to_all("orders-dlq"),
    ],
)
def test_a_policy_that_lets_the_service_send_or_may_do_so_is_no_finding(policy: str) -> None:
    assert delivered(policy).findings() == []


DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "{nonsense",
        send_policy(HOME, EVENTS, TOPIC),
        send_policy(HOME, SNS, arn("sns", "others")),
        send_policy(queue_arn("another"), SNS, TOPIC),
        send_policy(HOME, SNS, TOPIC, Action="sqs:ReceiveMessage"),
        send_policy(HOME, SNS, TOPIC, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
        json.dumps({"Statement": [DENY, *json.loads(send_policy(HOME, SNS, TOPIC))["Statement"]]}),
    ],
)
def test_a_policy_that_does_not_let_the_service_send_is_found(policy: str) -> None:
    found = delivered(policy).finding("delivery-denied")
    assert found.severity == "high"
    assert found.fix == f"opsctl dlq attach {TOPIC}:0 --dlq orders-dlq --region eu-west-1"


def test_a_denial_of_plain_text_only_does_not_concern_services() -> None:
    deny = DENY | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = json.dumps({"Statement": [deny, *json.loads(send_policy(HOME, SNS, TOPIC))["Statement"]]})
    assert delivered(policy).findings() == []


def test_a_rule_whose_home_has_no_policy_is_found_and_a_function_needs_none() -> None:
    """Lambda and Scheduler send with the role of the function and of the schedule."""
    made = Region()
    made.home("x-dlq")
    made.target("r", queue_arn("w"), dead=queue_arn("x-dlq"))
    made.function("f", dead=queue_arn("x-dlq"))
    made.schedule("s", queue_arn("w"), dead=queue_arn("x-dlq"))
    assert made.findings() == [("high", "delivery-denied", "rule target r#t")]
    assert rule("r") in made.finding("delivery-denied").what


def test_a_bus_is_let_in_without_losing_the_rest_of_the_policy() -> None:
    made = Region()
    made.bus("shop", dead=queue_arn("x-dlq"))
    kept = send_policy(queue_arn("x-dlq"), SNS, TOPIC)
    made.home("x-dlq", Policy=kept)
    given = document(made.finding("delivery-denied").fix, "--attributes")
    first, second = json.loads(given["Policy"])["Statement"]
    assert first == json.loads(kept)["Statement"][0]
    assert second["Principal"] == {"Service": EVENTS}
    assert second["Condition"]["ArnEquals"]["aws:SourceArn"] == arn("events", "event-bus/shop")


def encrypted(key: str, policy: Json, manager: str = "CUSTOMER") -> Region:
    """A subscription whose home is encrypted."""
    made = delivered(send_policy(HOME, SNS, TOPIC), KmsMasterKeyId=key)
    made.keys[key] = {"Arn": KEY, "KeyManager": manager}
    made.key_policies[KEY] = json.dumps({"Statement": policy})
    return made


ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
FOR_SNS = {
    "Effect": "Allow",
    "Principal": {"Service": SNS},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


@pytest.mark.parametrize("key", ["alias/orders", "1234", KEY])
def test_a_key_that_does_not_let_the_service_encrypt_is_found(key: str) -> None:
    found = encrypted(key, [ROOT]).finding("key-closed")
    assert found.fix.startswith("aws kms put-key-policy ")
    assert document(found.fix, "--policy")["Statement"][0] == ROOT
    assert encrypted(key, [ROOT, FOR_SNS]).findings() == []


def test_both_actions_are_needed_and_may_stand_apart() -> None:
    one, other = FOR_SNS | {"Action": "kms:GenerateDataKey"}, FOR_SNS | {"Action": "kms:Decrypt"}
    assert encrypted(KEY, [ROOT, one]).finding("key-closed")
    assert encrypted(KEY, [ROOT, one, other]).findings() == []


def test_awss_own_key_cannot_be_opened_so_the_queue_changes_its_encryption() -> None:
    found = encrypted("alias/aws/sqs", [], "AWS").finding("key-closed")
    assert document(found.fix, "--attributes") == {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}


@pytest.mark.parametrize("api", ["kms.DescribeKey", "kms.GetKeyPolicy"])
def test_a_key_that_may_not_be_read_is_unknown_and_not_closed(api: str) -> None:
    made = encrypted(KEY, [ROOT])
    made.refuse(denied(api))
    found, _ = made.audit_read()
    assert found.findings == ()
    assert api in found.unknown[0]


def test_keys_of_queues_that_only_sqs_and_roles_write_to_are_not_read() -> None:
    made = consumed()
    made.queues["dead-work"]["KmsMasterKeyId"] = KEY
    _, reader = made.audit_read()
    assert not [api for api in reader.apis() if api.startswith("kms.")]


def test_asked_about_one_queue_only_what_concerns_it_is_told() -> None:
    made = consumed(dead="")
    made.queue("other.fifo")
    made.target("r", queue_arn("work"))
    assert made.findings("work") == [
        ("high", "endless-loop", "queue work"),
        ("medium", "target-no-dlq", "rule target r#t"),
    ]
    made.queue("parent", dead="child")
    made.home("child", RedriveAllowPolicy="")
    assert made.findings("parent") == [("low", "allow-policy-open", "queue child")], "its dead-letter queue too"
    assert made.findings(queue_arn("other.fifo")) == [("medium", "fifo-blocked", "queue other.fifo")]


def test_a_queue_that_cannot_be_one_is_refused_before_the_region_is_read() -> None:
    with pytest.raises(InvalidInput, match="is not a queue's name"):
        Region().audit_read("no such queue")


def test_a_command_from_a_sandbox_never_reaches_aws() -> None:
    made = consumed(dead="", VisibilityTimeout="30")
    for reached_by in ((), ("--sandbox",)):
        told = {"endpoint": "http://127.0.0.1:5000", "reached_by": reached_by}
        identity = WHEN.identity.model_copy(update=told)
        found, _ = drive(DlqAudit().read(WHEN.model_copy(update={"identity": identity})), made.answers())
        assert isinstance(found, Audited)
        for fix in (one.fix for one in found.findings):
            if reached_by:
                assert fix.startswith(("opsctl --sandbox dlq ", '(eval "$(opsctl sandbox env)" && aws '))
            else:
                assert fix.startswith(("opsctl dlq ", "aws "))
                assert fix.endswith(" --endpoint-url http://127.0.0.1:5000")


def test_the_worst_comes_first() -> None:
    made = consumed(dead="")
    made.schedule("books", queue_arn("work"))
    made.home("x-dlq", RedriveAllowPolicy="")
    made.queue("y", dead="x-dlq")
    assert [severity for severity, _, _ in made.findings()] == ["high", "medium", "low"]


def test_every_rule_has_a_test_here() -> None:
    """A rule that nothing breaks is a rule that nobody tried."""
    import inspect
    import sys

    source = inspect.getsource(sys.modules[__name__])
    assert [id_ for id_ in WHY if f'"{id_}"' not in source] == []


@pytest.mark.parametrize(
    "api",
    [
        "sqs.ListQueues",
        "sqs.GetQueueAttributes",
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
    ],
)
def test_whatever_is_denied_is_named_and_invents_no_finding(api: str) -> None:
    made = well_kept()
    made.refuse(denied(api))
    found, _ = made.audit_read()
    assert found.findings == ()
    assert f"access denied at {api}" in found.unknown[0]


def test_two_thousand_queues_take_one_read_each_and_as_many_rounds_as_two() -> None:
    def audited(count: int) -> tuple[int, list[str]]:
        made = Region()
        for number in range(count // 2):
            made.queue(f"w-{number}", dead=f"w-{number}-dlq")
            made.queue(f"w-{number}-dlq", depth=1)
        _, reader = made.audit_read()
        return reader.rounds, reader.apis()

    assert audited(2)[0] == audited(2000)[0] == 3
    apis = audited(2000)[1]
    assert apis.count("sqs.GetQueueAttributes") == 2000
    assert apis.count("cloudwatch.GetMetricData") == 4, "two figures of 1,000 queues, 500 a call"
    assert len(apis) == 2000 + 4 + 8 + 2
