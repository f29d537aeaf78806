"""Each command that an audit names mends what it was named for: once it is typed, the step is blocked no more."""

import json
import shlex

import pytest

from opsctl.events.audit_rules import EventFinding
from opsctl.events.facts.events_audit import EventsAudit, EventsAudited
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from tests.kit.canned import ACCOUNT
from tests.kit.deliveries import Account, arn, lets
from tests.kit.moto_account import World
from tests.kit.random_deliveries import RandomAccount
from tests.kit.samples import number_for, some_or_all
from tests.kit.timed import timed_world
from tests.kit.typed_commands import carry_out

ROUNDS = 8
_MENDED = (
    "no-permission",
    "kms",
    "destination-gone",
    "account-condition",
    "rule-disabled",
    "fifo-mismatch",
    "throttled",
)
_AT_MOST = 4
"""Behind one fault may be another: a key that is switched on and whose policy lets nobody in."""
_DECIDED = ("alias/YOUR-KEY",)
"""What a person has to put in."""


def audited(world: World) -> list[EventFinding]:
    """What an audit of the moto account finds."""
    found = run_fetching(EventsAudit().read(world.about()), world.reader())
    assert isinstance(found, EventsAudited)
    return list(found.findings)


def mend(found: list[EventFinding]) -> set[tuple[str, str]]:
    """Type every command of the aws CLI, and look again after each; returns what that was for, and where."""
    typed = set()
    for one in found:
        if one.id in _MENDED and one.fix.startswith("aws ") and not any(word in one.fix for word in _DECIDED):
            carry_out(one.fix)
            typed.add((one.id, one.resource))
    return typed


@pytest.mark.parametrize("share", some_or_all(ROUNDS))
def test_the_command_of_a_finding_mends_it(share: int) -> None:
    for number in range(ROUNDS // share):
        seed = f"fixes {number_for('fixes')} {number}"
        with timed_world() as (world, _):
            made = RandomAccount(seed, world.account)
            made.topic(queues=6, functions=2)
            made.rules(count=2, targets=4)
            left = [len(mend(audited(world))) for _ in range(_AT_MOST)]
        assert left[0] > 0, seed
        assert left[-1] == 0, (seed, left)


def only(made: Account, id_: str) -> EventFinding:
    """The one finding of a kind."""
    (found,) = [one for one in made.audited()[0].findings if one.id == id_]
    return found


def test_what_a_statement_more_does_not_mend_is_shown_instead() -> None:
    made = Account()
    denial = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    made.queue("orders", Policy=json.dumps({"Statement": [denial]}))
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    assert only(made, "no-permission").fix.startswith(f"opsctl events trace {arn('sns', 'shop')}")


def test_a_target_with_few_attempts_is_put_again_with_all_that_it_has() -> None:
    made = Account()
    queue = made.queue(
        "orders", Policy=lets("*", "events.amazonaws.com", "sqs:SendMessage", arn("events", "rule/paid"))
    )
    target: Json = {"Id": "q", "Arn": queue, "InputPath": "$.detail", "RetryPolicy": {"MaximumRetryAttempts": 0}}
    made.rule("paid", {"source": ["shop"]}, target)
    words = shlex.split(only(made, "retry-short").fix)
    (put,) = json.loads(words[words.index("--targets") + 1])
    assert put == target | {"RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}}


def test_a_policy_that_is_none_is_written_over_and_nothing_breaks() -> None:
    for policy in (
        '{"Statement": "x"}',
        '{"Statement": [1, null]}',
        '{"Statement": [{"Effect": "Allow", "Action": 5}]}',
        "no",
    ):
        made = Account()
        made.queue("orders", Policy=policy)
        made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
        assert "set-queue-attributes" in only(made, "no-permission").fix


def test_foreign_statements_stay_in_the_policy_that_is_written() -> None:
    made = Account()
    foreign = json.loads(lets(arn("sqs", "orders"), "s3.amazonaws.com", "sqs:SendMessage", "arn:aws:s3:::b"))
    made.queue("orders", Policy=json.dumps(foreign))
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    fix = only(made, "no-permission").fix
    assert "arn:aws:s3:::b" in fix
    assert '"aws:SourceArn\\": \\"' + arn("sns", "shop") in fix


def test_two_findings_of_one_queue_have_one_command_that_mends_both() -> None:
    made = Account()
    made.queue("orders")
    for name in ("shop", "other"):
        made.topic(name, {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    fixes = {one.fix for one in made.audited()[0].findings if one.id == "no-permission"}
    (fix,) = fixes
    assert all(arn("sns", name) in fix for name in ("shop", "other"))


@pytest.mark.parametrize(
    ("state", "verb"), [("Disabled", "enable-key"), ("PendingDeletion", "cancel-key-deletion")]
)
def test_a_key_that_is_off_is_switched_on_again(state: str, verb: str) -> None:
    made = Account()
    policy = lets(arn("sqs", "orders"), "sns.amazonaws.com", "sqs:SendMessage", arn("sns", "shop"))
    made.queue("orders", Policy=policy, KmsMasterKeyId="alias/it")
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")})
    key: Json = {"Arn": arn("kms", "key/1"), "KeyManager": "CUSTOMER", "KeyState": state}
    made.answers["kms.DescribeKey alias/it"] = {"KeyMetadata": key}
    assert only(made, "kms").fix.startswith(f"aws kms {verb} --key-id 1")


def test_a_role_gets_a_policy_of_its_own_and_a_pending_subscription_another_message() -> None:
    made = Account()
    queue = made.queue("orders")
    role = made.allow("sender")
    made.rule("paid", {"source": ["shop"]}, {"Id": "q", "Arn": queue, "RoleArn": role})
    assert only(made, "no-permission").fix.startswith(
        "aws iam put-role-policy --role-name sender --policy-name Opsctl"
    )
    made = Account()
    address = "https://example.com/hook"
    made.topic("shop", {"Protocol": "https", "Endpoint": address, "SubscriptionArn": "PendingConfirmation"})
    fix = only(made, "pending").fix
    assert fix.startswith(f"aws sns subscribe --topic-arn {arn('sns', 'shop')} --protocol https")
    assert ACCOUNT in fix
