"""The whole of a plan: every reason once, the risk where it differs, nothing cut of what is reviewed."""

import json

from opsctl.model.changes import Change, Risk, Severity
from opsctl.model.value import Json
from opsctl.render import screen, terminal
from tests.kit.box_plans import make_box, plan_of

REASON = "The queue is behind a proxy."


def change(name: str, why: str = REASON, risk: Risk | None = None, **params: Json) -> Change:
    made = make_box(name, name)
    return made.model_copy(
        update={"why": why, "risk": risk or Risk(note="it takes minutes"), "params": made.params | params}
    )


def text(*changes: Change) -> str:
    return terminal.render_plan(plan_of(*changes), width=80, colour=False)


def test_a_reason_is_told_once_and_a_new_one_beside_it_is_told() -> None:
    shown = text(change("a"), change("b"), change("c", f"It has no set yet. {REASON}"))
    assert shown.count(REASON) == 1
    assert "why      It has no set yet.\n" in shown


def test_the_risk_that_most_changes_have_is_told_once_and_another_where_it_is() -> None:
    shown = text(change("a"), change("b"), change("c", risk=Risk(severity=Severity.HIGH, note="it stops")))
    assert shown.count("it takes minutes") == 1
    assert shown.count("risk     ") == 1
    assert "risk     high: it stops\n" in shown
    assert "risk     low: it takes minutes" in text(change("a"))


def test_what_is_reviewed_is_whole_however_long_and_laid_out() -> None:
    rules = [{"Name": f"rule-{number}", "Action": {"Block": {}}, "Priority": number} for number in range(200)]
    policy = {"Statement": [{"Sid": f"s{number}", "Effect": "Allow", "Action": "sqs:*"} for number in range(90)]}
    shown = text(change("a", Rules=rules, Policy=json.dumps(policy)))
    squeezed = "".join(shown.split())
    assert json.dumps(rules, separators=(",", ":"), sort_keys=True)[1:-1] in squeezed
    assert json.dumps(policy, separators=(",", ":"), sort_keys=True)[1:-1] in squeezed
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


def test_a_change_of_somebody_elses_playbook_names_its_call_also_where_there_are_many() -> None:
    few, many = plan_of(change("a")), plan_of(*(change(f"c{number}") for number in range(20)))
    for plan in (few, many):
        assert "(box.PutBox)" in screen.render_plan(plan, width=80, colour=False, calls=True)
        assert "(box.PutBox)" not in screen.render_plan(plan, width=80, colour=False)
