"""A script's results in the report of a run."""

from opsctl.model.value import Json
from opsctl.render.views.ssm_command import SsmCommandView


def answer(instance: str, code: int | None, status: str = "Success", errors: str = "") -> Json:
    return {"instance": instance, "status": status, "ended": True, "exit": code, "output": "", "errors": errors}


def test_only_where_it_did_not_succeed_is_listed_with_the_last_that_was_said() -> None:
    found = {
        "expected": [0],
        "ran": [
            answer("i-1", 0),
            answer("i-2", 1, "Failed", "no such device\nfailed to run commands: exit status 1"),
            answer("i-3", None, "DeliveryTimedOut"),
        ],
        "proof": {"expected": [0], "ran": [answer("i-1", 4, "Failed")]},
    }
    assert SsmCommandView.shows(found)
    assert SsmCommandView(found).lines() == [
        "i-2 (exit code 1: no such device)",
        "i-3 (DeliveryTimedOut)",
        "proof: i-1 (exit code 4)",
    ]


def test_a_run_that_was_interrupted_before_it_was_sent_has_nothing_to_show() -> None:
    assert not SsmCommandView.shows({"interrupted": True})
