"""Steps that a role sends over: what IAM's simulation says of it decides, asked once a role."""

import json

import pytest

from opsctl.events.delivery_graph import DeliveryEdge
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, denied
from tests.kit.deliveries import Account, arn, lets

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sender"
SEND = "sqs:SendMessage"


def scheduled(**queue: str) -> Account:
    """A schedule that sends to queue `orders` by role `sender`."""
    made = Account()
    made.queue("orders", **queue)
    made.schedule("nightly", {"Arn": arn("sqs", "orders"), "RoleArn": ROLE})
    return made


def step(made: Account) -> DeliveryEdge:
    """The step of the schedule."""
    return made.edges("schedule:nightly")["orders"]


def test_what_the_role_may_do_is_delivered() -> None:
    made = scheduled()
    made.allow("sender", (SEND, arn("sqs", "orders")))
    assert (step(made).verdict, step(made).why) == ("delivers", ())


def test_what_nothing_allows_the_role_is_blocked_and_a_finding() -> None:
    made = scheduled()
    made.allow("sender")
    assert (step(made).verdict, step(made).causes) == ("blocked", ("no-permission",))
    assert step(made).why == ("role sender may not sqs:SendMessage on queue orders",)


def test_a_role_that_does_not_exist_blocks() -> None:
    edge = step(scheduled())
    assert (edge.verdict, edge.why) == ("blocked", ("role sender does not exist",))


ORGANIZATION = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
OWN = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sqs:*"}]})


@pytest.mark.parametrize(
    ("why", "policy", "says"),
    [
        (ORGANIZATION, "", "a policy of the organization decides"),
        ({"MissingContextValues": ["aws:SourceVpce"]}, "", "depends on aws:SourceVpce"),
        ({}, OWN, "the policy of queue orders names it"),
    ],
)
def test_what_a_simulation_cannot_tell_is_unknown(why: Json, policy: str, says: str) -> None:
    made = scheduled(**({"Policy": policy} if policy else {}))
    made.allow("sender", why=why)
    assert step(made).verdict == "unknown"
    assert says in step(made).why[0]


def test_who_may_not_ask_is_told_and_nothing_is_taken_for_fine() -> None:
    made = scheduled()
    made.refused["iam.SimulatePrincipalPolicy"] = denied("iam.SimulatePrincipalPolicy")
    found, _ = made.traced("schedule:nightly")
    assert [one.verdict for one in found.edges] == ["unknown"]
    assert any(one.startswith("permissions of role sender: access denied") for one in found.unknown)


def test_a_role_of_many_targets_is_asked_once() -> None:
    made = Account()
    queues = [made.queue(f"q{number}") for number in range(3)]
    role = made.allow("sender", *((SEND, one) for one in queues[:2]))
    targets = [{"Id": str(number), "Arn": one, "RoleArn": role} for number, one in enumerate(queues)]
    made.rule("paid", {"source": ["shop"]}, *targets)
    found, reader = made.traced("rule:paid")
    assert reader.apis().count("iam.SimulatePrincipalPolicy") == 1
    assert {one.target.rpartition(":")[2]: one.verdict for one in found.edges} == {
        "q0": "delivers",
        "q1": "delivers",
        "q2": "blocked",
    }


def test_a_key_that_the_role_may_not_use_is_in_doubt() -> None:
    made = scheduled(KmsMasterKeyId="orders-key")
    key = arn("kms", "key/1")
    made.answers["kms.DescribeKey orders-key"] = {"KeyMetadata": {"Arn": key, "KeyState": "Enabled"}}
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    made.answers["kms.GetKeyPolicy"] = {"Policy": json.dumps({"Statement": [account]})}
    made.allow("sender", (SEND, arn("sqs", "orders")))
    assert step(made).verdict == "unknown"
    uses = (("kms:GenerateDataKey", key), ("kms:Decrypt", key))
    made.allow("sender", (SEND, arn("sqs", "orders")), *uses)
    assert step(made).verdict == "delivers"
    made.answers["kms.GetKeyPolicy"] = {"Policy": "{}"}
    assert "key's policy lets neither" in step(made).why[0]


def test_the_dead_letters_of_a_rule_go_by_the_queues_policy_also_where_a_role_sends() -> None:
    """EventBridge guide, "Using dead-letter queues": the queue's policy lets events.amazonaws.com in."""
    made = Account()
    queue, dead = made.queue("orders"), arn("sqs", "dead")
    role = made.allow("sender", (SEND, queue))
    made.queue("dead", Policy=lets(dead, "events.amazonaws.com", SEND, arn("events", "rule/paid")))
    made.rule(
        "paid", {"source": ["a"]}, {"Id": "1", "Arn": queue, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}}
    )
    assert made.edges("rule:paid")["dead"].verdict == "delivers"


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        ({"KeyManager": "CUSTOMER", "KeyState": "Disabled"}, "blocked"),
        ({"KeyManager": "AWS", "KeyState": "Enabled"}, "delivers"),
    ],
    ids=["switched off", "of AWS"],
)
def test_a_role_may_use_the_key_of_aws_and_none_that_is_switched_off(key: Json, verdict: str) -> None:
    made = scheduled(KmsMasterKeyId="alias/it")
    made.answers["kms.DescribeKey alias/it"] = {"KeyMetadata": {"Arn": arn("kms", "key/1")} | key}
    made.allow("sender", (SEND, arn("sqs", "orders")))
    assert step(made).verdict == verdict


def test_what_a_statement_denies_the_role_no_policy_of_the_queue_sets_aside() -> None:
    made = scheduled(Policy=OWN)
    made.allow("sender", why={"EvalDecision": "explicitDeny"})
    assert (step(made).verdict, step(made).why) == (
        "blocked",
        ("a policy of role sender denies sqs:SendMessage on queue orders",),
    )
