"""Before any message is read, a redrive knows what leaves dead letters in a queue and where each kind goes."""

import json

import pytest

from opsctl.dlq.actions.dlq_redrive import DlqRedriveAction
from opsctl.dlq.facts.dlq_redrive import DlqRedrive
from opsctl.dlq.redrive import Redrive
from opsctl.model.changes import Change, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from opsctl.planning.run_fetching import run_fetching
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, CannedReader, denied, missing

URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
DLQ = f"arn:aws:sqs:{REGION}:{ACCOUNT}:graveyard"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/shop/big"
SCHEDULE = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/nightly"
BILL = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bill"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"


def allow(service: str, source: str = "") -> str:
    statement: Json = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": DLQ,
    }
    if source:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source}}
    return json.dumps({"Statement": [statement]})


def attributes(name: str, **more: str) -> Json:
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    return {"Attributes": {"QueueArn": arn, "ApproximateNumberOfMessages": "5", **more}}


def metrics(**sums: float) -> Json:
    return {"MetricDataResults": [{"Id": name, "Values": [value]} for name, value in sums.items()]}


def world(policy: str = "", **answers: Canned) -> dict[str, Canned]:
    """A queue that nothing names, but what the answers say, by their operation."""
    basic: dict[str, Canned] = {
        "sqs.GetQueueUrl": lambda read: {"QueueUrl": f"{URL}/{read.params['QueueName']}"},
        "sqs.GetQueueAttributes": lambda read: attributes(read.params["QueueUrl"].rpartition("/")[2]),
        f"sqs.GetQueueAttributes {URL}/graveyard": attributes("graveyard", Policy=policy),
        "sqs.ListDeadLetterSourceQueues": {"queueUrls": []},
        "sqs.ListMessageMoveTasks": {"Results": []},
        "lambda.ListEventSourceMappings": {"EventSourceMappings": []},
        "lambda.ListFunctions": {"Functions": []},
        "lambda.GetFunctionConfiguration": lambda read: {"FunctionArn": read.params["FunctionName"]},
        "scheduler.ListSchedules": {"Schedules": []},
        "cloudwatch.GetMetricData": metrics(invocations=40, errors=0, throttles=0),
    }
    return basic | {name.replace("__", "."): value for name, value in answers.items()}


def with_answer(api: str, answer: Canned) -> dict[str, Canned]:
    made = world()
    made[api] = answer
    return made


def seen(answers: dict[str, Canned], **asked: Json) -> tuple[Redrive, CannedReader]:
    reader = CannedReader(answers)
    found = run_fetching(DlqRedrive.model_validate({"queue": "graveyard", **asked}).read(ABOUT), reader)
    assert isinstance(found, Redrive)
    return found, reader


def planned(redrive: Redrive, **settings: Json) -> Change:
    plan = DlqRedriveAction(redrive=redrive, **settings).plan(ABOUT)
    with pytest.raises(StopIteration) as stop:
        next(plan)
    (change,) = stop.value.value
    assert isinstance(change, Change)
    return change


def allowed(change: Change, operation: str) -> list[str]:
    return [next(iter(grant.params.values()), "*") for grant in change.grants if grant.operation == operation]


def subscription(protocol: str, endpoint: str, **more: str) -> Json:
    policy = json.dumps({"deadLetterTargetArn": DLQ})
    told = {"SubscriptionArn": f"{TOPIC}:1", "TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint}
    return {"Attributes": {**told, "RedrivePolicy": policy, **more}}


def subscribed(protocol: str, endpoint: str, **more: str) -> dict[str, Canned]:
    return world(
        allow("sns.amazonaws.com", TOPIC),
        sns__ListSubscriptionsByTopic={"Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1", "TopicArn": TOPIC}]},
        sns__GetSubscriptionAttributes=subscription(protocol, endpoint, **more),
    )


def test_a_subscription_is_named_with_its_queue_and_the_queue_is_judged() -> None:
    found, _ = seen(subscribed("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"))
    assert found.not_a_dlq == ()
    change = planned(found)
    assert (
        "queue orders, 5 messages in it (its subscription of topic alerts uses this dead-letter queue)"
        in change.why
    )
    assert allowed(change, "SendMessage") == [f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"]
    assert found.via == "client"


def test_a_raw_subscription_takes_messages_that_say_nothing_of_themselves() -> None:
    answers = subscribed("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", RawMessageDelivery="true")
    (one,) = seen(answers)[0].destinations
    assert one.route.bare


def test_a_subscription_of_a_queue_in_another_region_is_judged_and_served_there() -> None:
    answers = subscribed("sqs", f"arn:aws:sqs:ap-south-1:{ACCOUNT}:orders")
    answers["sqs.GetQueueUrl"] = lambda read: {"QueueUrl": f"https://{read.region}/{read.params['QueueName']}"}
    answers["sqs.GetQueueAttributes https://None/graveyard"] = attributes(
        "graveyard", Policy=allow("sns.amazonaws.com", TOPIC)
    )
    found, _ = seen(answers)
    (one,) = found.destinations
    assert one.route.url == "https://ap-south-1/orders"
    change = planned(found)
    assert "queue orders in ap-south-1, 5 messages in it" in change.why
    assert allowed(change, "SendMessage") == [f"arn:aws:sqs:ap-south-1:{ACCOUNT}:orders"]
    assert [check.read.region for check in change.expect] == [None, "ap-south-1"]


def test_a_subscription_of_a_queue_in_another_account_is_said_to_stay() -> None:
    found, _ = seen(subscribed("sqs", f"arn:aws:sqs:{REGION}:999999999999:orders"))
    assert "belongs to another account" in found.stays[0]


def test_bare_messages_are_nobodys_when_a_subscription_that_cannot_be_served_leaves_some_too() -> None:
    answers = subscribed("https", "https://example.com", RawMessageDelivery="true")
    answers["sqs.ListDeadLetterSourceQueues"] = {"queueUrls": [f"{URL}/orders"]}
    (one,) = seen(answers)[0].destinations
    assert not one.route.bare


def test_a_subscription_by_https_is_said_to_stay_and_is_no_way_home() -> None:
    found, _ = seen(subscribed("https", "https://example.com/secret-token"))
    assert found.stays == (
        "subscription of topic alerts by https: SNS signs what it delivers by https, and only SNS can sign",
    )
    assert found.no_way == found.stays


def test_the_screen_shows_each_destination_and_how_it_is_or_that_each_message_names_its_own() -> None:
    target = {"Id": "1", "Arn": BILL, "DeadLetterConfig": {"Arn": DLQ}}
    answers = world(allow("events.amazonaws.com", RULE), events__ListTargetsByRule={"Targets": [target]})
    found = seen(answers)[0]
    (row,) = found.rows
    assert found.goal == row.to
    assert (row.to, row.waiting) == ("target bill with the input settings of its rule", "-")
    (unknown,) = seen(world())[0].rows
    assert unknown.to == "what each message names"


def test_topics_that_the_policy_does_not_let_in_are_not_asked() -> None:
    _, reader = seen(world())
    assert not [api for api in reader.apis() if api.startswith(("sns.", "events."))]


def test_an_open_policy_makes_all_subscriptions_and_rules_be_asked() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "SQS:*", "Resource": DLQ}
    answers = world(
        json.dumps({"Statement": statement}),
        sns__ListSubscriptions={"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]},
        events__ListEventBuses={"EventBuses": [{"Name": "default"}]},
        events__ListRules={"Rules": []},
    )
    assert seen(answers)[0].not_a_dlq == ("no source uses graveyard as its dead-letter queue",)


def test_a_rules_target_is_named_and_the_policy_allows_that_target_only() -> None:
    target = {"Id": "1", "Arn": BILL, "DeadLetterConfig": {"Arn": DLQ}}
    answers = world(
        allow("events.amazonaws.com", RULE),
        events__ListTargetsByRule={"Targets": [target, {"Id": "2", "Arn": f"{BILL}-other"}]},
    )
    found, _ = seen(answers)
    change = planned(found)
    assert "target bill with the input settings of its rule (rule shop/big delivers" in change.why
    assert "0 of 40 invocations failed" in change.why
    assert allowed(change, "Invoke") == [BILL]
    assert allowed(change, "ListTargetsByRule") == [RULE]
    assert allowed(planned(found, onto_bus=True), "PutEvents") == [
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/shop"
    ]


def test_a_target_that_opsctl_cannot_call_is_said_to_stay() -> None:
    target = {"Id": "1", "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "DeadLetterConfig": {"Arn": DLQ}}
    answers = world(allow("events.amazonaws.com", RULE), events__ListTargetsByRule={"Targets": [target]})
    assert "a target of ecs cannot be called again" in seen(answers)[0].stays[0]


@pytest.mark.parametrize(
    ("api", "operation"), [("sqs:sendMessage", "SendMessage"), ("sfn:startExecution", "StartExecution")]
)
def test_the_call_of_a_universal_target_is_named_and_allowed(api: str, operation: str) -> None:
    target = f"arn:aws:scheduler:::aws-sdk:{api}"
    listed = {"Name": "nightly", "GroupName": "default", "Arn": SCHEDULE}
    answers = world(
        scheduler__ListSchedules={"Schedules": [listed]},
        scheduler__GetSchedule={"Target": {"Arn": target, "DeadLetterConfig": {"Arn": DLQ}}},
    )
    change = planned(seen(answers)[0])
    assert f"target {api} with what its dead letter carries" in change.why
    assert allowed(change, operation) == ["*"]


def calling(api: str, **more: Json) -> Redrive:
    """A queue into which a schedule fails that calls an API by a universal target."""
    listed = {"Name": "nightly", "GroupName": "default", "Arn": SCHEDULE}
    target = {"Arn": f"arn:aws:scheduler:::aws-sdk:{api}", "DeadLetterConfig": {"Arn": DLQ}, **more}
    answers = world(scheduler__ListSchedules={"Schedules": [listed]}, scheduler__GetSchedule={"Target": target})
    return seen(answers)[0]


@pytest.mark.parametrize(
    ("api", "named", "action"),
    [
        ("ec2:stopInstances", "ec2.StopInstances", "ec2:StopInstances"),
        ("rds:startDBInstance", "rds.StartDBInstance", "rds:StartDBInstance"),
        ("emr:terminateJobFlows", "emr.TerminateJobFlows", "elasticmapreduce:TerminateJobFlows"),
        ("eventbridge:putEvents", "events.PutEvents", "events:PutEvents"),
    ],
)
def test_a_call_that_hands_no_message_on_is_named_allowed_and_has_to_be_confirmed_by_name(
    api: str, named: str, action: str
) -> None:
    change = planned(calling(api))
    assert f"call {named} just as its schedule makes it" in change.why
    assert change.risk.severity is Severity.SEVERE
    assert named in change.risk.affects
    policy = policy_for_changes([change], ABOUT.identity)
    allowed_at_all = {one for statement in policy["Statement"] for one in statement["Action"]}
    assert {action, "scheduler:GetSchedule"} <= allowed_at_all


def test_a_role_that_a_schedules_call_hands_on_may_be_passed() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/nightly/jobs"
    change = planned(calling("ecs:runTask", Input=json.dumps({"Overrides": {"TaskRoleArn": role}})))
    assert allowed(change, "PassRole") == [role]


@pytest.mark.parametrize(
    ("api", "says"),
    [
        ("ec2:describeInstances", "it makes the call ec2:describeInstances, which only reads"),
        ("nosuch:doThings", "it makes the call nosuch:doThings, which the installed SDK"),
    ],
)
def test_a_universal_target_that_cannot_be_called_again_is_said_to_stay(api: str, says: str) -> None:
    assert says in calling(api).stays[0]


def test_a_schedule_is_named() -> None:
    listed = {"Name": "nightly", "GroupName": "default", "Arn": SCHEDULE}
    answers = world(
        scheduler__ListSchedules={"Schedules": [listed]},
        scheduler__GetSchedule={"Target": {"Arn": BILL, "DeadLetterConfig": {"Arn": DLQ}}},
    )
    found, _ = seen(answers)
    assert "schedule nightly delivers to it" in planned(found).why


def function(**more: Json) -> Json:
    return {"Functions": [{"FunctionName": "bill", "FunctionArn": BILL, **more}]}


def test_an_on_failure_destination_is_named_with_the_version_it_is_of() -> None:
    config = {
        "FunctionArn": f"{BILL}:live",
        "DestinationConfig": {"OnFailure": {"Destination": DLQ}},
    }
    answers = world(
        lambda__ListFunctions=function(),
        lambda__ListFunctionEventInvokeConfigs={"FunctionEventInvokeConfigs": [config]},
    )
    change = planned(seen(answers)[0])
    assert "function bill:live with the payload of the record" in change.why
    assert allowed(change, "Invoke") == [f"{BILL}:live"]


def versions(*failing: str, aliases: Json = None) -> dict[str, Canned]:
    """The versions of a function, of which some were published with the queue for their failures."""
    config = {"DeadLetterConfig": {"TargetArn": DLQ}}
    listed = [
        {"FunctionName": "bill", "FunctionArn": f"{BILL}:{number}", "Version": number}
        | (config if number in failing else {})
        for number in ("$LATEST", "1", "2", "3")
    ]
    return world(lambda__ListFunctions={"Functions": listed}, lambda__ListAliases={"Aliases": aliases or []})


@pytest.mark.parametrize(
    ("failing", "aliases", "invoked"),
    [
        (["$LATEST"], [], [BILL]),
        (["2"], [{"Name": "prod", "FunctionVersion": "2"}], [f"{BILL}:prod"]),
        (["2"], [{"Name": "prod", "FunctionVersion": "3"}], [f"{BILL}:2"]),
        (["$LATEST", "2"], [{"Name": "prod", "FunctionVersion": "2"}], [BILL, f"{BILL}:prod"]),
        (["1", "2", "3"], [], [f"{BILL}:3", f"{BILL}:2"]),
        (
            ["2"],
            [
                {
                    "Name": "prod",
                    "FunctionVersion": "1",
                    "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
                }
            ],
            [f"{BILL}:prod"],
        ),
    ],
)
def test_what_was_invoked_is_an_alias_or_version_that_fails_into_the_queue(
    failing: list[str], aliases: Json, invoked: list[str]
) -> None:
    found, _ = seen(versions(*failing, aliases=aliases))
    assert [one.route.arn for one in found.destinations] == invoked
    assert bool(found.no_way) == (len(invoked) > 1)


def test_a_function_and_its_alias_that_fail_into_one_queue_are_named_to_choose_from() -> None:
    found, _ = seen(versions("$LATEST", "2", aliases=[{"Name": "prod", "FunctionVersion": "2"}]))
    assert "functions bill, bill:prod all use the dead-letter queue graveyard" in found.no_way[0]
    assert "choose one with --to function:bill:prod" in found.no_way[0]


def test_an_alias_that_was_named_is_invoked_and_not_the_version_it_leads_to() -> None:
    answers = versions("2")
    answers["lambda.GetFunctionConfiguration"] = {"FunctionArn": f"{BILL}:2", "Version": "2"}
    (one,) = seen(answers, to="function:bill:prod")[0].destinations
    assert (one.route.arn, one.route.name) == (f"{BILL}:prod", "bill:prod")


def by_topic(**answers: Canned) -> dict[str, Canned]:
    """A queue that is subscribed to a topic."""
    own = {"SubscriptionArn": f"{TOPIC}:1", "TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": DLQ}
    return world(
        allow("sns.amazonaws.com", TOPIC),
        sns__ListSubscriptionsByTopic={"Subscriptions": [own]},
        sns__GetSubscriptionAttributes={"Attributes": own},
        **answers,
    )


def test_a_function_whose_failures_come_by_a_topic_is_named() -> None:
    answers = by_topic(lambda__ListFunctions=function(DeadLetterConfig={"TargetArn": TOPIC}))
    change = planned(seen(answers)[0])
    assert "its failed asynchronous invocations end in this queue by topic alerts" in change.why
    assert allowed(change, "Invoke") == [BILL]
    assert allowed(change, "GetSubscriptionAttributes") == ["*"]


def test_an_on_failure_destination_that_is_a_topic_is_found_behind_the_queue() -> None:
    config = {"FunctionArn": BILL, "DestinationConfig": {"OnFailure": {"Destination": TOPIC}}}
    answers = by_topic(
        lambda__ListFunctions=function(),
        lambda__ListFunctionEventInvokeConfigs={"FunctionEventInvokeConfigs": [config]},
    )
    assert "its on-failure destination is this queue by topic alerts" in planned(seen(answers)[0]).why


def test_a_subscription_and_a_rule_that_deliver_into_the_queue_itself_are_no_way_home() -> None:
    own = subscribed("sqs", DLQ)
    assert "it delivers to this queue itself" in seen(own)[0].stays[0]
    target = {"Id": "1", "Arn": DLQ, "DeadLetterConfig": {"Arn": DLQ}}
    rule = world(allow("events.amazonaws.com", RULE), events__ListTargetsByRule={"Targets": [target]})
    assert "it delivers to this queue itself" in seen(rule)[0].stays[0]


def test_functions_are_asked_for_their_destinations_only_when_nothing_else_explains_the_queue() -> None:
    answers = world(lambda__ListFunctions=function(DeadLetterConfig={"TargetArn": DLQ}))
    found, reader = seen(answers)
    assert "lambda.ListFunctionEventInvokeConfigs" not in reader.apis()
    assert "its failed asynchronous invocations end in this queue" in planned(found).why


def test_too_many_functions_are_not_asked_one_by_one_and_that_is_said() -> None:
    many = [{"FunctionName": f"f{n}", "FunctionArn": f"{BILL}{n}"} for n in range(300)]
    found, _ = seen(world(lambda__ListFunctions={"Functions": many}))
    assert found.unknown == ("the on-failure destinations of 300 functions were not read",)


def test_a_stream_whose_batches_fail_into_the_queue_is_named_and_may_be_read() -> None:
    mapping = {
        "FunctionArn": BILL,
        "EventSourceArn": STREAM,
        "DestinationConfig": {"OnFailure": {"Destination": DLQ}},
        "KMSKeyArn": "arn:aws:kms:us-east-1:1:key/filters",
    }
    change = planned(seen(world(lambda__ListEventSourceMappings={"EventSourceMappings": [mapping]}))[0])
    assert "read again from stream/clicks" in change.why
    assert allowed(change, "GetEventSourceMapping") == ["*"]
    assert allowed(change, "Decrypt") == ["arn:aws:kms:us-east-1:1:key/filters"]
    assert allowed(change, "GetRecords") == [STREAM]
    assert allowed(change, "Invoke") == [BILL, f"{BILL}:$LATEST"]


def test_a_kafka_source_is_said_to_stay() -> None:
    mapping = {
        "FunctionArn": BILL,
        "EventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/1",
        "DestinationConfig": {"OnFailure": {"Destination": DLQ}},
    }
    found, _ = seen(world(lambda__ListEventSourceMappings={"EventSourceMappings": [mapping]}))
    assert "only batches of Kinesis and DynamoDB" in found.stays[0]


def sourced(**answers: Canned) -> dict[str, Canned]:
    sources = {"sqs.ListDeadLetterSourceQueues": {"queueUrls": [f"{URL}/orders"]}}
    return world() | sources | {name.replace("__", "."): value for name, value in answers.items()}


def test_a_queue_that_sqs_and_sns_fill_is_not_left_to_the_task() -> None:
    answers = subscribed("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:mails")
    answers["sqs.ListDeadLetterSourceQueues"] = {"queueUrls": [f"{URL}/orders"]}
    found, _ = seen(answers)
    assert [one.route.name for one in found.destinations] == ["orders", "mails"]
    assert found.via == "client"


def test_a_destination_whose_messages_grow_old_is_broken() -> None:
    def told(read: Read) -> Json:
        return metrics(age=7200) if "AWS/SQS" in str(read.params) else metrics(invocations=1)

    found, _ = seen(sourced(cloudwatch__GetMetricData=told))
    assert found.broken == ("the oldest message of orders has waited for 120 minutes",)


@pytest.mark.parametrize(
    ("sums", "says"),
    [
        ({"invocations": 20, "errors": 15}, "function bill fails: 15 of 20"),
        ({"invocations": 3, "throttles": 9}, "function bill is throttled: 9 times"),
    ],
)
def test_a_consumer_that_fails_or_is_throttled_is_broken(sums: dict[str, float], says: str) -> None:
    def told(read: Read) -> Json:
        return {} if "AWS/SQS" in str(read.params) else metrics(**sums)

    mapping = {"FunctionArn": BILL, "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", "State": "Enabled"}
    found, _ = seen(
        sourced(
            cloudwatch__GetMetricData=told,
            lambda__ListEventSourceMappings={"EventSourceMappings": [mapping]},
        )
    )
    assert says in found.broken[0]


@pytest.mark.parametrize(
    "api", sorted(set(sourced()) - {"sqs.GetQueueUrl", f"sqs.GetQueueAttributes {URL}/graveyard"})
)
def test_a_read_that_is_denied_is_said_and_never_taken_for_nothing(api: str) -> None:
    answers = sourced()
    answers["lambda.ListEventSourceMappings"] = {
        "EventSourceMappings": [
            {"FunctionArn": BILL, "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", "State": "Enabled"}
        ]
    }
    answers[api] = denied(api)
    found, _ = seen(answers)
    told = " ".join([*found.unknown, *found.no_way, *found.broken, *found.summary])
    assert "access denied" in told or "cannot be read" in told
    assert api in told or "cannot be read" in told


def test_sources_that_may_not_be_listed_are_no_reason_to_guess() -> None:
    found, _ = seen(world(sqs__ListDeadLetterSourceQueues=denied("sqs.ListDeadLetterSourceQueues")))
    assert "cannot be listed" in found.no_way[0]


@pytest.mark.parametrize(
    ("to", "api", "says"),
    [
        ("function:none", "lambda.GetFunctionConfiguration", "there is no function 'none'"),
        ("bus:none", "events.DescribeEventBus", "there is no event bus 'none'"),
    ],
)
def test_a_destination_that_does_not_exist_is_wrong_input(to: str, api: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        seen(with_answer(api, missing(api, "ResourceNotFoundException")), to=to)


def test_a_canary_goes_to_a_function_whose_metrics_can_be_read() -> None:
    answers = world(lambda__ListFunctions=function(DeadLetterConfig={"TargetArn": DLQ}))
    answers[f"sqs.GetQueueAttributes {URL}/graveyard"] = attributes("graveyard", ApproximateNumberOfMessages="500")
    found, _ = seen(answers)
    assert found.canary == 10
    assert planned(found).params["functions"] == ["bill"]
    assert allowed(planned(found), "GetMetricData") == ["*"]
    answers["cloudwatch.GetMetricData"] = denied("cloudwatch.GetMetricData")
    assert seen(answers)[0].canary == 0


def by_task() -> Redrive:
    found, _ = seen(world(sqs__ListDeadLetterSourceQueues={"queueUrls": [f"{URL}/orders"]}))
    assert found.via == "task"
    return found


@pytest.mark.parametrize(
    "settings",
    [{"where": "body.n"}, {"edit": "body"}, {"limit": 3}, {"backup": "x.jsonl"}],
    ids=lambda settings: next(iter(settings)),
)
def test_a_filter_given_to_the_action_alone_is_not_left_to_a_task_that_moves_everything(
    settings: dict[str, Json],
) -> None:
    change = planned(by_task(), **settings)
    assert change.operation == "dlq.move"
    assert "Moved by opsctl: messages are filtered" in change.why


@pytest.mark.parametrize("name", ["where", "edit"])
def test_a_bad_expression_in_a_playbook_of_ones_own_is_refused_when_planning(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a JMESPath"):
        planned(by_task(), **{name: "body.["})
