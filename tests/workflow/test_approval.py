"""Consent: yes is for ordinary risk, the name for severe."""

import pytest

from opsctl.model.changes import Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Finding, Plan
from opsctl.model.settings import Settings
from opsctl.workflow.approval import Consent, approve
from tests.kit.box_plans import make_box, plan_of


class Person:
    """Somebody, or nobody, at the terminal."""

    def __init__(self, answer: str | None) -> None:
        self._answer = answer
        self.asked: list[str] = []

    @property
    def present(self) -> bool:
        return self._answer is not None

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return self._answer or ""


NOBODY = Person(None)
ORDINARY = plan_of(make_box("b"))


def severe() -> Plan:
    change = make_box("b").model_copy(update={"risk": Risk(severity=Severity.SEVERE)})
    return plan_of(change).model_copy(update={"confirm": "shop.example.com"})


def test_yes_skips_the_question_and_only_the_question() -> None:
    person = Person("n")
    approve(ORDINARY, Consent(yes=True), person, Settings())
    assert person.asked == []


def test_with_nobody_to_ask_and_no_yes_it_refuses() -> None:
    with pytest.raises(RefusedByGuard, match="no terminal"):
        approve(ORDINARY, Consent(), NOBODY, Settings())


@pytest.mark.parametrize("answer", ["", "n", "no", "maybe", "yes please"])
def test_anything_but_yes_is_a_no(answer: str) -> None:
    with pytest.raises(RefusedByGuard, match="nothing was changed"):
        approve(ORDINARY, Consent(), Person(answer), Settings())


def test_severe_risk_is_not_satisfied_by_yes() -> None:
    with pytest.raises(RefusedByGuard, match="severe risk"):
        approve(severe(), Consent(yes=True), NOBODY, Settings())


def test_severe_risk_wants_the_name_typed_or_confirmed() -> None:
    approve(severe(), Consent(confirm="shop.example.com"), NOBODY, Settings())
    approve(severe(), Consent(), Person("shop.example.com\n"), Settings())
    for consent, person in ((Consent(confirm="shop"), NOBODY), (Consent(), Person("y"))):
        with pytest.raises(RefusedByGuard):
            approve(severe(), consent, person, Settings())


def test_a_protected_account_asks_for_a_name_too() -> None:
    settings = Settings(protected_accounts=(ORDINARY.account,))
    with pytest.raises(RefusedByGuard):
        approve(ORDINARY, Consent(yes=True), NOBODY, settings)
    approve(ORDINARY, Consent(confirm=ORDINARY.account), NOBODY, settings)


def test_what_is_not_accepted_yet_is_neither_applied_with_yes_nor_asked_about() -> None:
    found = Finding(id="root-disk", because="what is on the root disk is lost", evidence=("8 GiB",), pending=True)
    person = Person("y")
    with pytest.raises(RefusedByGuard, match="needs root-disk to be accepted") as refused:
        approve(ORDINARY.model_copy(update={"warnings": (found,)}), Consent(yes=True), person, Settings())
    assert "--accept root-disk" in refused.value.hint
    assert person.asked == []
