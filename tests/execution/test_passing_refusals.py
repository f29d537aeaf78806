"""Refusals that AWS documents as passing are waited out; what lasts is told in AWS's own words."""

from collections.abc import Callable

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.changes import Change, Instruction
from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.resources import asg_calls, lambda_calls, sqs_queue_calls
from opsctl.resources.actions import events_rule, iam_role
from tests.kit.box_plans import make_box, plan_of
from tests.kit.ports import Box, FakeClock, MemoryJournal, refusal

PASSING: list[tuple[str, Callable[[], Instruction]]] = [
    ("ResourceContention", lambda: asg_calls.suspend("g", ["Terminate"])),
    ("ScalingActivityInProgress", lambda: asg_calls.set_sizes("g", MinSize=1)),
    ("ScalingActivityInProgress", lambda: asg_calls.delete_group("g")),
    ("ResourceInUse", lambda: asg_calls.delete_group("g")),
    ("ResourceContention", lambda: asg_calls.detach_instances("g", "attach")),
    ("ConcurrentModificationException", lambda: events_rule.put_rule("r", {}, "rate(1 minute)", "", {})),
    ("ConcurrentModificationException", lambda: events_rule.delete_rule("r")),
    ("ConcurrentModificationException", lambda: events_rule.put_target("r", {})),
    ("ResourceNotFoundException", lambda: events_rule.put_target("r", {})),
    ("ConcurrentModificationException", lambda: events_rule.remove_target("r", "t")),
    ("InvalidParameterValueException", lambda: lambda_calls.create_function({"Role": "arn"})),
    ("ResourceConflictException", lambda: lambda_calls.put_concurrency("f", 1)),
    ("ResourceConflictException", lambda: lambda_calls.delete_concurrency("f")),
    ("ResourceConflictException", lambda: lambda_calls.add_permission("f", "s", "arn")),
    ("ResourceConflictException", lambda: lambda_calls.remove_permission("f", "s")),
    ("ResourceConflictException", lambda: lambda_calls.delete_function("f")),
    ("NoSuchEntity", lambda: iam_role.put_policy("r", "p", {})),
    ("DeleteConflict", lambda: iam_role.delete_role("r")),
    ("QueueDeletedRecently", lambda: sqs_queue_calls.create_queue("q", {}, {})),
]


class Refusing(Box):
    """An account that refuses a call with one code for a while, and then carries out a stand-in."""

    def __init__(self, clock: FakeClock, code: str, for_s: float) -> None:
        super().__init__()
        self.clock, self.code, self.until = clock, code, clock.now() + for_s

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse, or carry out."""
        if self.clock.now() < self.until:
            raise AwsRefused(refusal(RefusalKind.INVALID, self.code, f"{service}.{operation}"))
        return super().write("box", "PutBox", {"Name": "new", "Items": ["ours"]}, region)


def run(instruction: Instruction, account: Refusing) -> None:
    asked = {name: getattr(instruction, name) for name in Instruction.model_fields} | {"params": {}}
    change = Change(**(dict(make_box("new")) | asked))
    Executor(plan_of(change), account, MemoryJournal(), account.clock, lambda _line: None, lambda: False).apply()


@pytest.mark.parametrize(("code", "instruction"), PASSING)
def test_a_refusal_that_passes_is_waited_out(code: str, instruction: Callable[[], Instruction]) -> None:
    account = Refusing(FakeClock(), code, for_s=30)
    run(instruction(), account)
    assert account.writes == ["PutBox"]


@pytest.mark.parametrize(
    ("code", "instruction"),
    [
        ("LimitExceeded", lambda: asg_calls.create_group("g", {}, ())),
        ("LimitExceededException", lambda: events_rule.put_rule("r", {}, "rate(1 minute)", "", {})),
        *PASSING,
    ],
)
def test_a_refusal_that_lasts_is_told_with_its_code(code: str, instruction: Callable[[], Instruction]) -> None:
    with pytest.raises(OpsctlError, match=code):
        run(instruction(), Refusing(FakeClock(), code, for_s=7200))
