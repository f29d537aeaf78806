"""Consent: yes is for ordinary risk, the name for severe."""

from collections.abc import Sequence
from functools import partial

import pytest

from opsctl.model.changes import Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Finding, Plan
from opsctl.model.settings import Settings
from opsctl.workflow.approval import Asides, Consent, question_of
from opsctl.workflow.approval import approve as approve_with
from tests.kit.box_plans import make_box, plan_of


class Person:
    """Somebody, or nobody, at the terminal: gives the answers in turn, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.told: list[str] = []

    @property
    def present(self) -> bool:
        return bool(self._answers)

    def ask(self, question: str, choices: str) -> str:
        self.asked.append(f"{question} {choices}")
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def tell(self, lines: Sequence[str]) -> None:
        self.told += lines


class Shelf:
    """Writes down what was wanted besides a yes."""

    def __init__(self, *, full: bool = False) -> None:
        self._full = full
        self.did: list[str] = []

    @property
    def asides(self) -> Asides:
        return Asides(
            details=lambda: self.did.append("details"),
            save=partial(self._put, "save"),
            keep=partial(self._put, "keep"),
        )

    def _put(self, what: str) -> str:
        self.did.append(what)
        return "" if self._full else f"opsctl apply {what}"


def approve(plan: Plan, consent: Consent, person: Person, settings: Settings, shelf: Shelf | None = None) -> None:
    approve_with(plan, consent, person, settings, (shelf or Shelf()).asides)


NOBODY = Person()
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


@pytest.mark.parametrize("answer", ["y", "yes", "Y", " YES \n"])
def test_a_yes_is_asked_for_once_with_what_it_is_for(answer: str) -> None:
    person = Person(answer)
    approve(ORDINARY, Consent(), person, Settings())
    (question,) = person.asked
    assert question == f"{ORDINARY.title}, 1 change in {ORDINARY.account}? [y]es [n]o [d]etails [s]ave [?]: "
    two = Person(answer)
    approve(plan_of(make_box("b"), make_box("c", "other")), Consent(), two, Settings())
    assert ", 2 changes in " in two.asked[0]


def test_a_name_is_asked_for_only_of_who_is_there_and_has_not_given_it() -> None:
    for consent in (Consent(), Consent(yes=True)):
        person = Person("shop.example.com")
        approve(severe(), consent, person, Settings())
        assert ["type shop.example.com or" in question for question in person.asked] == [True]
    person = Person("shop.example.com")
    for consent in (Consent(confirm="shop"), Consent(confirm=ORDINARY.account)):
        with pytest.raises(RefusedByGuard, match="--confirm says") as refused:
            approve(severe(), consent, person, Settings())
        assert refused.value.hint == "--confirm shop.example.com"
    approve(severe(), Consent(confirm="shop.example.com"), person, Settings())
    assert person.asked == []


def test_what_has_no_name_of_its_own_is_confirmed_by_the_number_of_the_account() -> None:
    nameless = severe().model_copy(update={"confirm": ""})
    with pytest.raises(RefusedByGuard) as refused:
        approve(nameless, Consent(yes=True), NOBODY, Settings())
    assert refused.value.hint.endswith(f"--confirm {ORDINARY.account}")
    for wrong in ("", "y", "yes", "None"):
        with pytest.raises(RefusedByGuard, match="nothing was changed"):
            approve(nameless, Consent(yes=True), Person(wrong), Settings())
    approve(nameless, Consent(), Person(ORDINARY.account), Settings())


def test_an_account_that_is_not_protected_is_applied_with_yes() -> None:
    approve(ORDINARY, Consent(yes=True), NOBODY, Settings(protected_accounts=("999999999999",)))


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


def test_everything_that_is_not_accepted_yet_is_named_with_its_reason_and_nothing_else() -> None:
    findings = tuple(
        Finding(id=name, because=f"{name} is so", evidence=(), pending=pending)
        for name, pending in (("one", True), ("told", False), ("two", True))
    )
    with pytest.raises(RefusedByGuard) as refused:
        approve(severe().model_copy(update={"warnings": findings}), Consent(yes=True), NOBODY, Settings())
    assert refused.value.evidence == ("one: one is so", "two: two is so")
    assert refused.value.hint.endswith(" --accept one --accept two")
    assert "one, two" in refused.value.summary


@pytest.mark.parametrize("answer", ["", "n", "no", "maybe", "yes please"])
def test_whoever_does_not_say_yes_is_told_how_to_apply_the_plan_that_is_kept(answer: str) -> None:
    shelf = Shelf()
    with pytest.raises(RefusedByGuard) as refused:
        approve(ORDINARY, Consent(), Person(answer), Settings(), shelf)
    assert refused.value.hint == "opsctl apply keep"
    assert shelf.did == ["keep"]
    with pytest.raises(RefusedByGuard) as nowhere:
        approve(ORDINARY, Consent(), Person(answer), Settings(), Shelf(full=True))
    assert nowhere.value.hint == ""


def test_details_and_help_and_saving_are_had_before_the_answer_and_the_question_comes_again_each_time() -> None:
    person, shelf = Person("d", "?", "s", "y"), Shelf()
    approve(ORDINARY, Consent(), person, Settings(), shelf)
    assert shelf.did == ["details", "save"]
    assert len(person.asked) == 4
    assert person.told[-1] == "opsctl apply save"
    assert any(line.startswith("d: ") for line in person.told)


def test_a_name_of_one_letter_is_a_name_and_none_of_the_other_answers() -> None:
    shelf = Shelf()
    approve(severe().model_copy(update={"confirm": "d"}), Consent(), Person("d"), Settings(), shelf)
    assert shelf.did == []


def test_severe_risk_is_looked_at_whole_before_the_name_is_typed() -> None:
    person, shelf = Person("d", "shop.example.com"), Shelf()
    approve(severe(), Consent(yes=True), person, Settings(), shelf)
    assert shelf.did == ["details"]
    assert "severe risk" in person.asked[0]
    helped = Person("?", "shop.example.com")
    approve(severe(), Consent(), helped, Settings())
    assert helped.told[0] == "shop.example.com: carry the plan out, just as it is shown"


def test_the_question_names_the_account_by_its_alias_too() -> None:
    plan = ORDINARY.model_copy(
        update={"title": "Block 203.0.113.9, 2001:db8::1 and 10.0.0.0/8 at shop", "account_alias": "prod"}
    )
    assert question_of(plan) == (
        f"Block 203.0.113.9, 2001:db8::1 and 10.0.0.0/8 at shop, 1 change in prod ({plan.account})?"
    )
