"""What `dlq.attach` finds, refuses and warns of, and what it plans from that; no account is asked."""

import json
from collections.abc import Mapping

import pytest

from opsctl.dlq.actions.dlq_attach import DlqAttachAction
from opsctl.dlq.attach.attachment import Attachment
from opsctl.dlq.facts.dlq_attach import DlqAttach
from opsctl.model.changes import Change
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, denied, drive, missing

SQS = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs/worker"
NO_QUEUE = missing("sqs.GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue")


def url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


def queue(name: str, **attributes: str) -> dict[str, Canned]:
    return {
        f"sqs.GetQueueUrl {name}": {"QueueUrl": url(name)},
        f"sqs.GetQueueAttributes {url(name)}": {"Attributes": {"QueueArn": f"{SQS}:{name}"} | attributes},
    }


NOBODY: dict[str, Canned] = {
    "sqs.GetQueueUrl": NO_QUEUE,
    "sqs.ListDeadLetterSourceQueues": {"queueUrls": []},
    "lambda.ListEventSourceMappings": {"EventSourceMappings": []},
    "lambda.ListFunctions": {"Functions": []},
    "iam.ListRolePolicies": {"PolicyNames": []},
    "iam.SimulatePrincipalPolicy": {"EvaluationResults": [{"EvalDecision": "implicitDeny"}]},
}


def rule(*targets: Json, **more: Json) -> dict[str, Canned]:
    return {
        "events.DescribeRule": {"Arn": RULE, "Name": "nightly"} | more,
        "events.ListTargetsByRule": {"Targets": list(targets)},
    }


def function(**more: Json) -> dict[str, Canned]:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    return {
        "lambda.GetFunctionConfiguration": {"FunctionArn": arn, "Role": ROLE, "RevisionId": "1"} | more,
        "lambda.GetFunctionEventInvokeConfig": missing("lambda.GetFunctionEventInvokeConfig", "ResourceNotFound"),
    }


def found(source: str, answers: Mapping[str, Canned], dlq: str = "", max_receive: int = 0) -> Attachment:
    fact = DlqAttach(source=source, queue=dlq, max_receive=max_receive)
    result, _ = drive(fact.read(ABOUT), NOBODY | dict(answers))
    assert isinstance(result, Attachment)
    return result


def planned(attachment: Attachment) -> list[Change]:
    return drive(DlqAttachAction(attachment=attachment).plan(ABOUT), {})[0]


def calls(attachment: Attachment) -> list[str]:
    return [change.api for change in planned(attachment)]


def test_a_queue_gets_one_of_its_kind_named_after_it_with_its_key() -> None:
    attachment = found("ledger.fifo", queue("ledger.fifo", KmsMasterKeyId="alias/ours"))
    create, allow, attach = planned(attachment)
    assert create.params["QueueName"] == "ledger-dlq.fifo"
    assert create.params["Attributes"]["FifoQueue"] == "true"
    assert create.params["Attributes"]["KmsMasterKeyId"] == "alias/ours"
    assert create.params["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert create.params["tags"] == {"opsctl:plan": ABOUT.plan_id}
    assert allow.depends_on == ("queue",)
    policy = json.loads(attach.params["Attributes"]["RedrivePolicy"])
    assert policy == {"deadLetterTargetArn": f"{SQS}:ledger-dlq.fifo", "maxReceiveCount": 5}


def test_only_what_is_missing_is_planned_and_the_count_stays_as_it_is() -> None:
    policy = json.dumps({"deadLetterTargetArn": f"{SQS}:dead", "maxReceiveCount": 9})
    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [f"{SQS}:orders"]})
    world = queue("orders", RedrivePolicy=policy) | queue("dead", RedriveAllowPolicy=allow)
    assert calls(found("orders", world)) == []
    (change,) = planned(found("orders", world, max_receive=3))
    assert json.loads(change.params["Attributes"]["RedrivePolicy"])["maxReceiveCount"] == 3


def test_a_queue_that_others_use_openly_stays_open_and_that_is_said() -> None:
    world = queue("orders") | queue("dead")
    world["sqs.ListDeadLetterSourceQueues " + url("dead")] = {"queueUrls": [url("other")]}
    attachment = found("orders", world, dlq="dead")
    assert [change.id for change in planned(attachment)] == ["attach"]
    assert "stays open to every queue" in attachment.notes[0]


@pytest.mark.parametrize(
    ("allow", "reason"),
    [
        ({"redrivePermission": "denyAll"}, "denyAll"),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [f"{SQS}:q{n}" for n in range(10)]},
            "10 source queues",
        ),
    ],
)
def test_a_queue_that_cannot_take_another_source_is_unfit(allow: Json, reason: str) -> None:
    world = queue("orders") | queue("dead", RedriveAllowPolicy=json.dumps(allow))
    assert reason in found("orders", world, dlq="dead").unfit[0]


def test_a_chain_that_goes_round_is_unfit() -> None:
    back = json.dumps({"deadLetterTargetArn": f"{SQS}:orders", "maxReceiveCount": 3})
    assert "in a loop" in found("orders", queue("orders") | queue("dead", RedrivePolicy=back), dlq="dead").unfit[0]


def test_few_receives_are_warned_of_for_a_function() -> None:
    world = queue("orders")
    mapping = {"FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker"}
    world["lambda.ListEventSourceMappings " + f"{SQS}:orders"] = {"EventSourceMappings": [mapping]}
    assert "function worker" in found("orders", world, max_receive=2).few[0]
    assert found("orders", world).few == ()


def test_a_functions_dead_letter_queue_is_known_as_one() -> None:
    world = queue("dead")
    world["lambda.ListFunctions"] = {
        "Functions": [{"FunctionName": "f", "DeadLetterConfig": {"TargetArn": f"{SQS}:dead"}}]
    }
    assert found("dead", world).serves == ("dead takes the dead letters of function f",)


def test_a_functions_role_is_given_what_it_needs_and_nothing_when_it_may_send_already() -> None:
    _, role, attach = planned(found("function:f", function()))
    assert (role.api, role.params["RoleName"]) == ("iam.PutRolePolicy", "worker")
    assert role.params["PolicyName"].startswith("opsctl-dlq-f-dlq-")
    assert attach.edit is not None
    assert attach.edit.carry == {"RevisionId": "RevisionId"}
    allowed: dict[str, Canned] = {
        "iam.SimulatePrincipalPolicy": {"EvaluationResults": [{"EvalDecision": "allowed"}]}
    }
    assert "iam.PutRolePolicy" not in calls(found("function:f", function() | allowed))
    unreadable: dict[str, Canned] = {"iam.SimulatePrincipalPolicy": denied("iam.SimulatePrincipalPolicy")}
    assert "iam.PutRolePolicy" in calls(found("function:f", function() | unreadable))


def test_what_takes_the_failures_already_has_to_be_replaced_by_name() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:failures"
    attachment = found("function:f", function(DeadLetterConfig={"TargetArn": topic}))
    assert attachment.another == (f"the failures of function f go to {topic} now",)
    attach = planned(attachment)[-1]
    assert not hasattr(attach.undo, "because")
    assert attach.undo.model_dump()["params"]["DeadLetterConfig"] == {"TargetArn": topic}


def test_several_targets_are_listed_in_the_form_to_type() -> None:
    with pytest.raises(InvalidInput, match="2 targets") as caught:
        found("rule:nightly", rule({"Id": "a", "Arn": "x"}, {"Id": "b", "Arn": "x"}))
    assert caught.value.hint == "rule:default/nightly#a, rule:default/nightly#b"


def test_a_policy_that_lets_the_service_send_is_enough() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"{SQS}:dead",
        "Condition": {"ArnLike": {"aws:SourceArn": RULE}},
    }
    world = rule({"Id": "a", "Arn": "x"}) | queue("dead", Policy=json.dumps({"Statement": [statement]}))
    assert calls(found("rule:nightly", world, dlq="dead")) == ["events.PutTargets"]
    ours = statement | {"Sid": "OpsctlDlq0123"}
    world |= queue("dead", Policy=json.dumps({"Statement": ours}))
    assert calls(found("rule:nightly", world, dlq="dead")) == ["sqs.SetQueueAttributes", "events.PutTargets"]


def test_a_queue_under_awss_own_key_cannot_be_reached_by_a_service() -> None:
    world = rule({"Id": "a", "Arn": "x"}) | queue("dead", KmsMasterKeyId="alias/aws/sqs")
    assert "events.amazonaws.com cannot use" in found("rule:nightly", world, dlq="dead").unfit[0]


def test_a_customers_key_that_denies_the_service_is_found() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    world = rule({"Id": "a", "Arn": "x"}) | queue("dead", KmsMasterKeyId="alias/ours")
    world["kms.DescribeKey"] = {"KeyMetadata": {"Arn": key, "KeyManager": "CUSTOMER"}}
    world["kms.GetKeyPolicy"] = {"Policy": json.dumps({"Statement": []})}
    assert key in found("rule:nightly", world, dlq="dead").key_denied[0]
    world["kms.GetKeyPolicy"] = denied("kms.GetKeyPolicy")
    assert found("rule:nightly", world, dlq="dead").unknown


def test_a_managed_rule_is_refused() -> None:
    with pytest.raises(RefusedByGuard, match="managed by"):
        found("rule:nightly", rule({"Id": "a", "Arn": "x"}, ManagedBy="autoscaling.amazonaws.com"))


def test_a_cron_schedule_whose_start_has_passed_is_told() -> None:
    answer = {
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "Arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/s",
        "Target": {"Arn": "x", "RoleArn": ROLE},
        "StartDate": "2020-01-01T00:00:00+00:00",
    }
    fact = DlqAttach(source="schedule:s", queue="", max_receive=0)
    later = ABOUT.model_copy(update={"now": 1_800_000_000.0})
    result, _ = drive(fact.read(later), NOBODY | {"scheduler.GetSchedule": answer})
    assert isinstance(result, Attachment)
    assert "does not matter for a cron expression" in result.notes[0]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("box:x", "is not a queue, function"),
        ("function:a b", "not the name of a function"),
        ("rule:x#'||'", "not the name of a rule"),
        ("rule:\x1b[31m", "not the name of a rule"),
        ("https://example.com/", "not a queue's name"),
        ("arn:aws:s3:::bucket", "is not a queue, function"),
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:topic", "is a topic"),
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f:live", "version or alias"),
        (f"arn:aws:lambda:{REGION}:999999999999:function:f", "belongs to account 999999999999"),
        (f"arn:aws:events:us-west-2:{ACCOUNT}:rule/r", "is in us-west-2"),
        (f"arn:aws:sqs:us-west-2:{ACCOUNT}:q", "is in us-west-2"),
    ],
)
def test_what_is_no_source_here_is_refused_in_one_line_and_nothing_is_read(source: str, words: str) -> None:
    def never(read: Read) -> Json:
        raise AssertionError(read.api)

    with pytest.raises(InvalidInput, match=words):
        drive(DlqAttach(source=source).read(ABOUT), {"sqs.GetQueueUrl": never})


@pytest.mark.parametrize(
    ("source", "dlq", "words"),
    [
        ("orders", "dead.fifo", "standard queue"),
        ("ledger.fifo", "dead", "FIFO queue"),
        ("function:f", "dead.fifo", "standard queue"),
        ("orders", "orders", "own dead-letter queue"),
        ("orders", "a'b", "not a queue's name"),
        ("orders", f"arn:aws:sqs:{REGION}:999999999999:dead", "belongs to account"),
        ("x" * 78, "", "cannot be a queue's name"),
    ],
)
def test_a_queue_that_does_not_fit_the_source_is_refused(source: str, dlq: str, words: str) -> None:
    world = queue("orders") | queue("ledger.fifo") | queue("x" * 78) | function()
    with pytest.raises(InvalidInput, match=words):
        found(source, world, dlq=dlq)


def test_only_queues_count_receives() -> None:
    with pytest.raises(InvalidInput, match="has no maxReceiveCount"):
        found("function:f", function(), max_receive=3)


def test_what_may_not_be_read_is_no_missing_source() -> None:
    world = function() | {"lambda.GetFunctionConfiguration": denied("lambda.GetFunctionConfiguration")}
    with pytest.raises(FactUnknown):
        found("function:f", world)


def test_a_target_that_runs_with_a_role_needs_leave_to_pass_that_role_and_no_other() -> None:
    with_role = planned(found("rule:nightly", rule({"Id": "a", "Arn": "x", "RoleArn": ROLE})))
    without = planned(found("rule:nightly", rule({"Id": "a", "Arn": "x"})))
    policy = policy_for_changes(with_role, ABOUT.identity)
    passing = [part["Resource"] for part in policy["Statement"] if "iam:PassRole" in part["Action"]]
    assert passing == [[ROLE]]
    assert "iam:PassRole" not in str(policy_for_changes(without, ABOUT.identity))


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("https://hooks.example.com/orders?key=1", "orders-hooks-example-com-dlq"),
        (f"{SQS}:mail", "orders-mail-dlq"),
        ("oncall@example.com", "orders-0f1e2d3c-dlq"),
    ],
)
def test_a_subscription_is_called_after_where_it_delivers(endpoint: str, name: str) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"
    answer = {"Attributes": {"TopicArn": topic, "Endpoint": endpoint}}
    attachment = found(f"{topic}:0f1e2d3c-0000-4000-8000-000000000000", {"sns.GetSubscriptionAttributes": answer})
    assert planned(attachment)[0].params["QueueName"] == name
