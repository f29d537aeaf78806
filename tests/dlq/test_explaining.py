"""Why dead letters are there: the right consumer, its own lines, and nothing that was not read taken for fine."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from opsctl.dlq.explaining import CAUSES_AT_MOST, explain
from opsctl.dlq.function_logs import PAGES_AT_MOST
from opsctl.dlq.grouping import Causes
from opsctl.dlq.why import CauseWhy, ConsumerFacts, Explained
from opsctl.model.commands import Commands
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.resources.queue_facts import QueueFacts
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, CannedReader, denied, missing

NOW = 1_790_000_000
SENT = NOW - 3600
BOX = f"arn:aws:sqs:{REGION}:{ACCOUNT}:box"
SHIP = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ship"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"
REQUEST = "4725a167-21a7-5731-99c2-c3d0e3dfd770"
QUEUE = QueueFacts(
    name="box-dlq",
    arn=f"{BOX}-dlq",
    url=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/box-dlq",
    fifo=False,
    visible=9,
    hidden=0,
    delayed=0,
    visibility_s=30,
    retention_s=1_209_600,
)
ABOUT_NOW = ABOUT.model_copy(update={"now": float(NOW)})


def letter(body: Json = "{}", *, source: str = "", sent: int = SENT, received: int = 0, **attributes: str) -> Json:
    """A received message."""
    text = body if isinstance(body, str) else json.dumps(body)
    told = {"SentTimestamp": str(sent * 1000), "ApproximateReceiveCount": "4" if received else "1"}
    told |= {"DeadLetterQueueSourceArn": source} if source else {}
    told |= {"ApproximateFirstReceiveTimestamp": str(received * 1000)} if received else {}
    named = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    return {"MessageId": f"m{sent}", "Body": text, "Attributes": told, "MessageAttributes": named}


def failed() -> Json:
    """The letter of a failed asynchronous invocation."""
    return letter(RequestID=REQUEST, ErrorCode="200", ErrorMessage="no luck")


def points(**values: Sequence[float]) -> Canned:
    """The answer to GetMetricData: a figure a minute, from the time of the letters on."""

    def answer(read: Read) -> Json:
        found = []
        for query in read.params["MetricDataQueries"]:
            told = values.get(query["MetricStat"]["Metric"]["MetricName"], [])
            at = [datetime.fromtimestamp(SENT + 60 * n, UTC).isoformat() for n in range(len(told))]
            found.append({"Id": query["Id"], "Timestamps": at, "Values": told})
        return {"MetricDataResults": found}

    return answer


def mapping(state: str = "Enabled", **more: Json) -> Json:
    told = {"UUID": "u-1", "EventSourceArn": BOX, "FunctionArn": SHIP, "State": state, "BatchSize": 10}
    return {"EventSourceMappings": [{**told, "LastProcessingResult": "OK", **more}]}


def said(*messages: str, at: int = SENT) -> Json:
    events = [{"message": one, "timestamp": at * 1000, "logStreamName": "s1"} for one in messages]
    return {"events": events}


def world(**answers: Canned) -> dict[str, Canned]:
    """Function `ship` takes from queue `box` and fails into `box-dlq`; nothing is wrong with it."""
    basic: dict[str, Canned] = {
        "sqs.GetQueueUrl": lambda read: {"QueueUrl": f"https://q/{ACCOUNT}/{read.params['QueueName']}"},
        "sqs.GetQueueAttributes": {"Attributes": {"QueueArn": BOX, "RedrivePolicy": '{"maxReceiveCount": 3}'}},
        "lambda.ListEventSourceMappings": mapping(),
        "lambda.ListFunctions": {
            "Functions": [
                {"FunctionName": "ship", "FunctionArn": SHIP, "DeadLetterConfig": {"TargetArn": QUEUE.arn}}
            ]
        },
        "lambda.GetFunctionConfiguration": {
            "FunctionName": "ship",
            "FunctionArn": SHIP,
            "Version": "$LATEST",
            "Runtime": "python3.12",
            "Timeout": 3,
            "MemorySize": 128,
            "State": "Active",
            "LastModified": "2026-01-01T00:00:00.000+0000",
        },
        "lambda.GetFunctionConcurrency": {},
        "cloudwatch.GetMetricData": points(),
        "logs.FilterLogEvents": said(),
    }
    return basic | {name.replace("__", "."): value for name, value in answers.items()}


def explained(letters: list[Json], answers: dict[str, Canned]) -> tuple[Explained, CannedReader]:
    causes = Causes()
    for one in letters:
        causes.add(one)
    reader = CannedReader(answers)
    fetching: Fetching[Explained] = explain(causes.groups(), QUEUE, ABOUT_NOW, Commands(("--profile", "shop")))
    return run_fetching(fetching, reader), reader


def why(letters: list[Json], answers: dict[str, Canned]) -> CauseWhy:
    (found,) = explained(letters, answers)[0].causes
    return found


def consumer(letters: list[Json], answers: dict[str, Canned]) -> ConsumerFacts:
    (found,) = explained(letters, answers)[0].consumers
    return found


def test_the_function_that_takes_from_the_source_queue_is_asked_what_it_logged_at_that_time() -> None:
    lines = said("[ERROR] KeyError: 'address'", "INFO all well", "[ERROR] KeyError: 'address'")
    found = why([letter(source=BOX)], world(logs__FilterLogEvents=lines))
    assert found.consumers == ("ship",)
    assert found.signs[0] == "function ship logged 2 times: [ERROR] KeyError: 'address'"
    (log,) = found.logs
    assert (log.group, log.by, [one.count for one in log.lines]) == ("/aws/lambda/ship", "errors", [2])


def test_the_time_searched_is_from_the_sending_until_the_queue_had_given_up() -> None:
    source = {"QueueArn": BOX, "RedrivePolicy": '{"maxReceiveCount": 5}', "VisibilityTimeout": "300"}
    answers = world(sqs__GetQueueAttributes={"Attributes": source})
    _, reader = explained([letter(source=BOX, received=SENT + 600)], answers)
    (read,) = [one for one in reader.made if one.api == "logs.FilterLogEvents"]
    assert read.params["startTime"] == (SENT - 60) * 1000
    assert read.params["endTime"] == (SENT + 600 + 5 * 300 + 60) * 1000


def test_a_consumer_that_is_no_function_is_said_not_to_be_known_and_nothing_is_guessed() -> None:
    found, reader = explained(
        [letter(source=BOX)], world(lambda__ListEventSourceMappings={"EventSourceMappings": []})
    )
    assert found.causes[0].no_consumer.startswith("no consumer is known: no function consumes queue box")
    assert (found.consumers, found.causes[0].signs) == ((), ())
    assert "lambda.GetFunctionConfiguration" not in reader.apis()


def test_a_letter_that_names_its_invocation_is_looked_up_by_it_and_only_its_own_lines_count() -> None:
    begun = f"START RequestId: {REQUEST} Version: $LATEST"
    ended = f"REPORT RequestId: {REQUEST}\tDuration: 3000.00 ms\tMemory Size: 128 MB\tStatus: timeout"

    def logs(read: Read) -> Json:
        if "filterPattern" in read.params:
            assert read.params["filterPattern"] == f'"{REQUEST}"'
            return said(begun, ended)
        assert read.params["logStreamNames"] == ["s1"]
        return said(begun, "calling the bank", ended)

    found = why([failed()], world(logs__FilterLogEvents=logs))
    assert found.explained == ("200: the function ran and ended with an error",)
    assert found.signs[0] == "function ship timed out: its timeout is 3 s (once in its log)"
    assert (found.logs[0].by, [one.kind for one in found.logs[0].lines]) == ("requests", ["timeout"])


def test_where_its_invocation_said_no_error_the_last_words_of_the_function_are_shown() -> None:
    begun, ended = (f"{word} RequestId: {REQUEST}" for word in ("START", "END"))

    def logs(read: Read) -> Json:
        return said(begun, ended) if "filterPattern" in read.params else said(begun, "one", "two", "three", ended)

    found = why([failed()], world(logs__FilterLogEvents=logs))
    assert [one.text for one in found.logs[0].lines] == ["two", "three"]


def test_invocations_that_no_line_names_are_looked_for_by_their_time_and_that_is_said() -> None:
    def logs(read: Read) -> Json:
        return said() if REQUEST in read.params["filterPattern"] else said("[ERROR] other")

    found = why([failed()], world(logs__FilterLogEvents=logs))
    assert found.logs[0].by == "errors"
    assert "none names its invocation" in found.unknown[0]


def test_of_several_functions_the_one_whose_log_has_the_invocation_is_the_one() -> None:
    bill = SHIP.replace(":ship", ":bill")
    functions = [
        {"FunctionName": arn.rpartition(":")[2], "FunctionArn": arn, "DeadLetterConfig": {"TargetArn": QUEUE.arn}}
        for arn in (SHIP, bill)
    ]
    begun = f"START RequestId: {REQUEST} Version: $LATEST"

    def logs(read: Read) -> Json:
        mine = read.params["logGroupName"] == "/aws/lambda/bill"
        pattern = read.params.get("filterPattern", "")
        if mine:
            return said(begun) if REQUEST in pattern else said(begun, "[ERROR] ValueError: bill")
        return said("[ERROR] ValueError: ship") if "rror" in pattern else said()

    def configuration(read: Read) -> Json:
        name = read.params["FunctionName"].rpartition(":")[2]
        return {"FunctionName": name, "LastModified": "2026-01-01T00:00:00.000+0000", "Timeout": 3}

    answers = world(lambda__ListFunctions={"Functions": functions}, logs__FilterLogEvents=logs)
    found = why([failed()], answers | {"lambda.GetFunctionConfiguration": configuration})
    assert found.consumers == ("ship", "bill")
    assert found.signs == ("function bill logged once: [ERROR] ValueError: bill",)


def test_a_failure_of_an_alias_is_looked_up_at_the_alias_with_its_own_log_group() -> None:
    record = {
        "requestContext": {
            "requestId": REQUEST,
            "functionArn": f"{SHIP}:live",
            "condition": "RetriesExhausted",
        },
        "requestPayload": {},
        "responsePayload": {"errorMessage": "no"},
    }
    told = {"FunctionName": "ship", "Version": "7", "LoggingConfig": {"LogGroup": "/shop/logs"}}
    answers = world(lambda__GetFunctionConfiguration=told, cloudtrail__LookupEvents={"Events": []})
    found, reader = explained([letter(record)], answers)
    assert [(one.asked, one.version, one.log_group) for one in found.consumers] == [
        ("ship:live", "7", "/shop/logs")
    ]
    asked = [one.params for one in reader.made if one.api == "lambda.GetFunctionConfiguration"]
    assert asked == [{"FunctionName": f"{SHIP}:live"}]
    metrics = next(one for one in reader.made if one.api == "cloudwatch.GetMetricData")
    assert '"FunctionName", "Value": "ship"' in json.dumps(metrics.params).replace('"Name": ', "")


CHANGED = {
    "EventName": "UpdateFunctionCode20150331v2",
    "EventTime": datetime.fromtimestamp(SENT - 720, UTC).isoformat(),
    "Username": "alice",
    "CloudTrailEvent": json.dumps({"requestParameters": {"functionName": SHIP}}),
}


def modified(at: int) -> Json:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {"FunctionName": "ship", "LastModified": moment, "Timeout": 3, "MemorySize": 128}


def test_the_last_change_says_when_what_and_by_whom_beside_the_first_letter() -> None:
    answers = world(lambda__GetFunctionConfiguration=modified(SENT - 720))
    answers["cloudtrail.LookupEvents"] = lambda read: (
        {"Events": [CHANGED]} if "Code" in str(read.params["LookupAttributes"]) else {"Events": []}
    )
    letters = [letter(source=BOX)]
    assert why(letters, answers).signs == (
        "the code of function ship was changed by alice 12m before the first of these messages",
    )
    made = [one for one in explained(letters, answers)[1].made if one.service == "cloudtrail"]
    assert all(one.params["EndTime"] - one.params["StartTime"] == 240 for one in made)
    assert {one.params["MaxResults"] for one in made} == {50}
    assert len(made) == 2


def of_alias(qualifier: str = "live") -> Json:
    context = {"requestId": REQUEST, "functionArn": f"{SHIP}:{qualifier}", "condition": "RetriesExhausted"}
    return letter({"requestContext": context, "requestPayload": {}})


VERSION = modified(SENT - 720) | {"Version": "7"}


def moves(**more: Json) -> Json:
    at = {"2 h": SENT - 7200, "12 min": SENT - 720}
    events = [
        {
            "EventName": "UpdateAlias20150331",
            "EventTime": datetime.fromtimestamp(moment, UTC).isoformat(),
            "Username": f"bob {ago} before",
            "CloudTrailEvent": json.dumps({"requestParameters": {"functionName": "ship", "name": "live"} | more}),
        }
        for ago, moment in at.items()
    ]
    return {"Events": events}


def test_what_an_alias_leads_to_changed_when_it_was_moved_and_not_when_its_version_was_written() -> None:
    answers = world(lambda__GetFunctionConfiguration=VERSION, cloudtrail__LookupEvents=moves())
    found, reader = explained([of_alias()], answers)
    assert found.causes[0].signs == (
        "the alias of function ship:live was changed by bob 12 min before 12m before the first of these messages",
    )
    (read,) = [one for one in reader.made if one.service == "cloudtrail"]
    assert read.params["StartTime"] == SENT - 86_400


@pytest.mark.parametrize("more", [{"name": "test"}, {"functionName": "bill"}], ids=["another alias", "another"])
def test_a_move_of_something_else_is_none_of_this_alias(more: Json) -> None:
    answers = world(lambda__GetFunctionConfiguration=VERSION, cloudtrail__LookupEvents=moves(**more))
    found = explained([of_alias()], answers)[0]
    assert found.consumers[0].changed == ""
    assert "no change of it since a day before the first message" in found.consumers[0].unknown[0]


def test_a_version_that_is_named_by_its_number_does_not_change() -> None:
    found, reader = explained([of_alias("7")], world(lambda__GetFunctionConfiguration=VERSION))
    assert (found.consumers[0].changed, found.consumers[0].unknown) == ("", ())
    assert "cloudtrail.LookupEvents" not in reader.apis()


def test_a_change_after_the_newest_letter_says_that_it_may_be_mended() -> None:
    answers = world(lambda__GetFunctionConfiguration=modified(NOW - 60), cloudtrail__LookupEvents={"Events": []})
    found = explained([letter(source=BOX)], answers)[0]
    assert found.causes[0].signs[0].endswith("after the newest of these messages: it may be fixed")
    assert "may take a quarter of an hour" in found.consumers[0].unknown[0]


@pytest.mark.parametrize(
    ("event", "unknown"),
    [
        ({"requestParameters": {"functionName": "other"}}, "has no change of it"),
        ({"requestParameters": {"functionName": "ship"}, "errorCode": "AccessDenied"}, "has no change of it"),
        (None, "access denied at cloudtrail.LookupEvents"),
    ],
    ids=["another function", "refused", "denied"],
)
def test_who_changed_it_is_unknown_rather_than_guessed(event: Json, unknown: str) -> None:
    told: Canned = denied("cloudtrail.LookupEvents")
    if event is not None:
        told = {"Events": [CHANGED | {"CloudTrailEvent": json.dumps(event)}]}
    answers = world(lambda__GetFunctionConfiguration=modified(SENT - 720), cloudtrail__LookupEvents=told)
    found = consumer([letter(source=BOX)], answers)
    assert found.changed_by == ""
    assert unknown in found.unknown[0]


def test_what_cannot_be_read_is_unknown_with_its_reason_and_no_sign_is_no_all_clear() -> None:
    refused = ("lambda.GetFunctionConfiguration", "lambda.GetFunctionConcurrency", "cloudwatch.GetMetricData")
    answers = world() | {api: denied(api) for api in (*refused, "logs.FilterLogEvents")}
    found = explained([letter(source=BOX)], answers)[0]
    assert "access denied at lambda.GetFunctionConfiguration" in found.consumers[0].unknown[0]
    assert found.consumers[0].existence == "unknown"
    assert "what /aws/lambda/ship says, because access denied" in found.causes[0].unknown[0]
    assert found.causes[0].signs == ()


def test_a_log_group_that_does_not_exist_is_unknown_and_says_what_that_may_mean() -> None:
    gone = missing("logs.FilterLogEvents", "ResourceNotFoundException")
    found = why([letter(source=BOX)], world(logs__FilterLogEvents=gone))
    assert "the function never ran, or its role may not write logs" in found.unknown[0]


def test_who_takes_from_the_queue_is_not_said_to_be_nobody_when_it_may_not_be_read() -> None:
    found = why(
        [letter(source=BOX)],
        world(lambda__ListEventSourceMappings=denied("lambda.ListEventSourceMappings")),
    )
    assert found.no_consumer == "the consumers of queue box could not be read"


def test_a_mapping_that_is_off_is_seen_and_switched_on_by_the_first_command() -> None:
    answers = world(lambda__ListEventSourceMappings=mapping("Disabled", StateTransitionReason="User action"))
    found = explained([letter(source=BOX)], answers)[0]
    assert (
        found.causes[0].signs[0]
        == "the event source mapping from box is Disabled (User action): no message is received"
    )
    assert next(iter(found.fixes)) == (
        "aws lambda update-event-source-mapping --uuid u-1 --enabled --profile shop"
    )


def test_a_function_without_concurrency_is_seen_and_freed_by_a_command() -> None:
    found = explained(
        [letter(source=BOX)], world(lambda__GetFunctionConcurrency={"ReservedConcurrentExecutions": 0})
    )[0]
    assert "every invocation of it is throttled" in found.causes[0].signs[0]
    assert "aws lambda delete-function-concurrency --function-name ship --profile shop" in found.fixes


def test_what_the_mapping_says_of_its_last_attempt_is_seen() -> None:
    answers = world(lambda__ListEventSourceMappings=mapping(LastProcessingResult="PROBLEM: Function call failed"))
    assert why([letter(source=BOX)], answers).signs == (
        "the event source mapping from box says: PROBLEM: Function call failed",
    )


def test_metrics_tell_of_throttles_failures_and_runs_close_to_the_timeout() -> None:
    figures = points(Invocations=[4, 6], Errors=[1, 2], Throttles=[0, 7], Duration=[100, 2990])
    signs = why([letter(source=BOX)], world(cloudwatch__GetMetricData=figures)).signs
    assert [sign.split(", from")[0] for sign in signs] == [
        "function ship was throttled 7 times",
        "the longest run of function ship took 3.0 s, its timeout is 3 s",
        "3 of 10 invocations of function ship failed",
    ]


def test_what_happened_after_the_newest_letter_is_measured_apart() -> None:
    figures = points(Invocations=[5] * 50, Errors=[5] * 18 + [0] * 32)
    found = consumer([letter(source=BOX)], world(cloudwatch__GetMetricData=figures))
    assert found.around is not None
    assert found.since is not None
    assert (found.around.failed, found.since.failed, found.since.invoked) == (85, 5, 165)


def test_no_figures_are_not_told_as_no_invocations() -> None:
    found = consumer([letter(source=BOX)], world())
    assert found.around is not None
    assert found.around.figures is False


def test_all_metrics_of_a_function_are_asked_for_at_once() -> None:
    letters = [letter({"a": 1}, source=BOX), letter({"b": 1}, source=BOX), letter("x", source=BOX)]
    _, reader = explained(letters, world())
    (read,) = [one for one in reader.made if one.api == "cloudwatch.GetMetricData"]
    assert len(read.params["MetricDataQueries"]) == 5
    assert reader.apis().count("lambda.GetFunctionConfiguration") == 1


def undelivered(code: str, target: str = SHIP, message: str = "no") -> Json:
    return letter({"id": "e"}, RULE_ARN=RULE, TARGET_ARN=target, ERROR_CODE=code, ERROR_MESSAGE=message)


TARGETED: Json = {"Targets": [{"Id": "1", "Arn": SHIP}]}
LETS_IN = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": SHIP,
            }
        ]
    }
)


def delivering(**answers: Canned) -> dict[str, Canned]:
    return world(**{"events__ListTargetsByRule": TARGETED, "lambda__GetPolicy": {"Policy": LETS_IN}, **answers})


def test_an_event_that_was_not_let_in_says_so_in_plain_words_and_with_the_policy() -> None:
    found = why([undelivered("NO_PERMISSIONS")], delivering(lambda__GetPolicy={"Policy": "{}"}))
    assert found.explained[0].startswith("NO_PERMISSIONS: EventBridge may not call the target; check")
    assert "the policy of function ship does not let events.amazonaws.com call it" in found.signs[0]


def test_a_target_with_a_role_is_not_judged_by_its_policy() -> None:
    by_role = {"Targets": [{"Id": "1", "Arn": SHIP, "RoleArn": "arn:aws:iam::1:role/r"}]}
    answers = delivering(lambda__GetPolicy={"Policy": "{}"}, events__ListTargetsByRule=by_role)
    assert why([undelivered("NO_PERMISSIONS")], answers).signs == ()


def test_a_function_that_was_never_reached_is_not_asked_for_its_log() -> None:
    _, reader = explained([undelivered("THROTTLING")], delivering())
    assert "logs.FilterLogEvents" not in reader.apis()


@pytest.mark.parametrize(
    ("answers", "sign"),
    [
        ({"events__ListTargetsByRule": {"Targets": []}}, "rule nightly does not have this target any more"),
        (
            {"events__ListTargetsByRule": missing("events.ListTargetsByRule", "ResourceNotFoundException")},
            "rule nightly does not exist any more",
        ),
        (
            {"lambda__GetFunctionConfiguration": missing("lambda.GetFunctionConfiguration", "ResourceNotFound")},
            "function ship does not exist any more",
        ),
    ],
    ids=["target gone", "rule gone", "function gone"],
)
def test_what_is_gone_is_said_to_be_gone(answers: dict[str, Canned], sign: str) -> None:
    assert sign in why([undelivered("NO_RESOURCE")], delivering(**answers)).signs


def test_a_queue_as_a_target_is_looked_at_and_its_absence_seen() -> None:
    answers = delivering(sqs__GetQueueUrl=missing("sqs.GetQueueUrl", "QueueDoesNotExist"))
    found = why([undelivered("NO_RESOURCE", BOX)], answers)
    assert found.no_consumer == "it is delivered to queue box"
    assert "queue box does not exist" in found.signs


def test_an_error_code_that_nobody_knows_is_shown_as_such() -> None:
    found = why([undelivered("NEW_CODE")], delivering())
    assert found.explained[0].startswith("NEW_CODE: not a code that opsctl knows")


def test_what_a_schedule_calls_itself_is_named() -> None:
    api = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    found = why([letter(SCHEDULE_ARN="s", TARGET_ARN=api, ERROR_CODE="AccessDenied")], world())
    assert found.no_consumer.startswith("it is the call sqs:sendMessage, made with the schedule's role")


def test_a_subscription_of_an_endpoint_elsewhere_is_named_and_the_endpoint_is_not_guessed_at() -> None:
    envelope = {
        "Type": "Notification",
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
        "Message": "x",
        "UnsubscribeURL": "https://sns/?SubscriptionArn=arn:aws:sns:x",
    }
    told = {"Attributes": {"Protocol": "https", "Endpoint": "https://hooks.example.com/secret"}}
    found = why([letter(envelope)], world(sns__GetSubscriptionAttributes=told))
    assert "it is delivered by https" in found.no_consumer
    assert "secret" not in found.model_dump_json(exclude={"group"})


def test_a_failure_that_came_by_a_topic_is_that_of_the_function_in_the_envelope() -> None:
    record = {
        "requestContext": {"requestId": REQUEST, "functionArn": SHIP, "condition": "RetriesExhausted"},
        "requestPayload": {},
    }
    envelope = {"Type": "Notification", "TopicArn": "t", "Message": json.dumps(record), "UnsubscribeURL": "u"}
    found = why([letter(envelope)], world())
    assert (found.consumers, found.group.carries) == (("ship",), "lambda-destination")
    assert found.group.latest[0].request == REQUEST


def test_a_pipe_that_failed_is_named_and_taken_for_no_function() -> None:
    pipe = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/orders"
    record = {
        "context": {"partnerResourceArn": pipe, "condition": "RetryAttemptsExhausted"},
        "KinesisBatchInfo": {"streamArn": "s"},
    }
    found, reader = explained([letter(record)], world())
    assert "pipe/orders failed" in found.causes[0].no_consumer
    assert reader.made == []


def test_a_function_of_another_account_is_named_and_not_asked_about_with_these_credentials() -> None:
    far = SHIP.replace(ACCOUNT, "999999999999")
    record = {"requestContext": {"functionArn": far, "condition": "RetriesExhausted"}, "requestPayload": {}}
    found, reader = explained([letter(record)], world())
    assert "belongs to account 999999999999" in found.consumers[0].unknown[0]
    assert reader.made == []


def test_a_function_of_another_region_is_asked_about_there() -> None:
    far = SHIP.replace(REGION, "eu-north-1")
    record = {"requestContext": {"functionArn": far, "condition": "RetriesExhausted"}, "requestPayload": {}}
    _, reader = explained([letter(record)], world())
    assert {one.region for one in reader.made} == {"eu-north-1"}


def test_messages_that_do_not_say_where_they_failed_have_no_consumer_that_is_known() -> None:
    found, reader = explained([letter("x")], world())
    assert found.causes[0].no_consumer.startswith("no consumer is known")
    assert reader.made == []


def test_the_calls_are_bounded_whatever_the_number_of_causes_and_the_size_of_the_log() -> None:
    """Each cause with a mapped source queue of its own, and a log that never ends."""
    letters = [letter(source=f"{BOX}-{number}") for number in range(40)]
    endless = {"events": [], "nextToken": "more"}

    def logs(read: Read) -> Json:
        return endless | {"nextToken": f"{read.params.get('nextToken', '')}x"}

    found, reader = explained(letters, world(logs__FilterLogEvents=logs))
    assert reader.apis().count("logs.FilterLogEvents") <= CAUSES_AT_MOST * PAGES_AT_MOST
    assert len(found.causes) == 40
    assert [one.unknown for one in found.causes[CAUSES_AT_MOST:]] == [
        ("why, because only the largest causes are examined",)
    ] * (40 - CAUSES_AT_MOST)
    assert not found.causes[0].logs[0].whole


def test_every_read_is_one_that_the_installed_service_models_know() -> None:
    """Parameters as the SDK itself would check them before it sends."""
    envelope = {
        "Type": "Notification",
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
        "Message": "x",
        "UnsubscribeURL": f"https://sns/?SubscriptionArn=arn:aws:sns:{REGION}:{ACCOUNT}:t:1",
    }
    told = {"Attributes": {"Protocol": "sqs", "Endpoint": BOX}}
    begun = f"START RequestId: {REQUEST} Version: $LATEST"
    answers = delivering(
        sns__GetSubscriptionAttributes=told,
        lambda__GetFunctionConfiguration=modified(SENT - 720),
        cloudtrail__LookupEvents={"Events": []},
        logs__FilterLogEvents=lambda read: said(begun) | ({"nextToken": "t"} if "x" not in read.params else {}),
    )
    letters = [
        letter(source=BOX),
        failed(),
        undelivered("NO_RESOURCE", BOX),
        undelivered("TIMEOUT"),
        letter(envelope),
    ]
    _, reader = explained(letters, answers)
    assert len(set(reader.apis())) >= 10
    for read in reader.made:
        shape = _models(read.service).operation_model(read.operation).input_shape
        params = {name: value for name, value in read.params.items() if name != "PaginationConfig"}
        report = ParamValidator().validate(params, shape)
        assert not report.has_errors(), (read.api, report.generate_report())


@cache
def _models(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def test_more_versions_than_are_listed_leave_it_unknown_whether_others_failed() -> None:
    listed = {"Functions": [], "NextToken": "more"}
    found = why([failed()], world(lambda__ListFunctions=listed))
    assert found.no_consumer == "which function failed could not be read"
    assert "only 5,000 versions were listed" in found.unknown[0]
