"""What an undo of an attached instance tells a person who waits in vain, in the playbook's words."""

import pytest
from pydantic import ValidationError

from opsctl.model.changes import Change
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.resources.actions.asg_attach import AsgAttach
from tests.kit.canned import ABOUT, CannedReader


def attach(**more: Json) -> Change:
    action = AsgAttach.model_validate({"group": "g", "instance": "i-1", "why": "It is watched."} | more)
    (change,) = run_fetching(action.plan(ABOUT), CannedReader({}))
    return change


def otherwise(**more: Json) -> str:
    return attach(**more).undo_first[0].proof.otherwise


def test_without_a_command_the_scaling_activities_are_named() -> None:
    assert otherwise() == "fix what the scaling activities of g report, then run the undo again"


def test_a_command_and_a_hook_are_named_as_they_can_be_typed() -> None:
    told = otherwise(status=["make-ha", "status", "g"], launch_hook="data")
    assert told.startswith("fix what opsctl make-ha status g reports, or accept the new instance as it is (aws ")
    assert "complete-lifecycle-action" in told
    assert "--lifecycle-hook-name data" in told


@pytest.mark.parametrize("word", ["--yes", "-y", "--override=never-block", "--role-arn"])
def test_a_command_that_would_consent_is_refused(word: str) -> None:
    with pytest.raises(ValidationError, match="must neither give consent nor use another account"):
        attach(status=["undo", "RUN", word])
