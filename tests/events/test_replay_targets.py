"""Which rules a replay reaches, and what their targets do with an event that they had."""

from collections.abc import Sequence

import pytest

from opsctl.events.replay_targets import ReplayedRule, read_rules
from opsctl.model.errors import FactUnknown
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from tests.kit.ports import IDENTITY, refusal

ARN = f"arn:aws:{{}}:us-east-1:{IDENTITY.account}:"
ABOUT = Context(identity=IDENTITY, plan_id="20260101-000001-test")


class Bus:
    """A bus with one rule with one target; `told` is who subscribed to a topic, or None where that is refused."""

    def __init__(self, target: str, pattern: str = '{"source": ["a"]}', told: Sequence[str] | None = ()) -> None:
        self.target, self.pattern, self.told = target, pattern, told

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer each."""
        return [self.answer(read) for read in reads]

    def answer(self, read: Read) -> Answer:
        """Answer one."""
        if read.operation == "ListRules":
            rule = {"Name": "r", "Arn": ARN.format("events") + "rule/b/r", "EventPattern": self.pattern}
            managed = {"Name": "Events-Archive-b", "Arn": "x", "EventPattern": "{}", "ManagedBy": "aws"}
            return Answer(value={"Rules": [rule, managed]})
        if read.operation == "ListTargetsByRule":
            return Answer(value={"Targets": [{"Id": "t", "Arn": self.target}]})
        if self.told is None:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AuthorizationError", read.api))
        value: Json = {"Subscriptions": [{"Protocol": one} for one in self.told]}
        return Answer(value=value)


def rule_of(bus: Bus) -> ReplayedRule:
    (found,) = run_fetching(read_rules("b", ABOUT), bus)
    return found


@pytest.mark.parametrize(
    ("target", "told", "says"),
    [
        (ARN.format("states") + "stateMachine:ship", (), "state machine ship starts an execution again"),
        (ARN.format("events") + "api-destination/crm/1", (), "calls an endpoint outside AWS again"),
        (
            "arn:aws:events:eu-west-1:999999999999:event-bus/far",
            (),
            "of account 999999999999 in eu-west-1 gets the",
        ),
        (ARN.format("sns") + "mails", ("email", "sqs"), "topic mails tells email again"),
        (ARN.format("ssm") + "document/Restart", (), "runs a command again"),
    ],
)
def test_what_is_known_to_act_twice_is_named(target: str, told: Sequence[str], says: str) -> None:
    found = rule_of(Bus(target, told=told))
    assert says in str(found.repeats)
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (ARN.format("sqs") + "q", ()),
        (ARN.format("lambda") + "function:f", ()),
        (ARN.format("sns") + "t", ("sqs",)),
        (ARN.format("sns") + "t", None),
    ],
)
def test_what_cannot_be_told_is_unknown_and_never_fine(target: str, told: Sequence[str] | None) -> None:
    found = rule_of(Bus(target, told=told))
    assert found.repeats == ()
    assert len(found.unknown) == 1


def test_a_pattern_without_a_replays_name_keeps_replays_out_and_one_that_cannot_be_judged_does_not() -> None:
    queue = ARN.format("sqs") + "q"
    kept = '{"source": ["a"], "replay-name": [{"exists": false}]}'
    assert rule_of(Bus(queue, pattern=kept)).takes_part is False
    assert rule_of(Bus(queue)).takes_part is True
    assert rule_of(Bus(queue, pattern='{"source": [{"later-operator": 1}]}')).takes_part is True


def test_rules_that_may_not_be_read_are_no_empty_list() -> None:
    class Denied(Bus):
        def answer(self, read: Read) -> Answer:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))

    with pytest.raises(FactUnknown):
        rule_of(Denied(""))
