"""Parts of an inquiry fail, are late, cost and lead on, each without the others."""

from collections.abc import Callable, Sequence
from threading import Event

import pytest
from pydantic import ValidationError

from opsctl.model.dossier import Following, Part, PartResult, Price, Sighting, SourceReport
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Answer, Read
from opsctl.planning.inquiring import LATE, Inquiring
from tests.kit.canned import INVENTED, CannedReader, denied

READ = Read(service=INVENTED, operation="Look")


def silent(name: str) -> tuple[SourceReport, ...]:
    return (SourceReport(source=name, title=name, matter="did", looked="no", why="nobody looked"),)


def says(name: str, text: str) -> SourceReport:
    return SourceReport(source=name, title=name, matter="did", found=(Sighting(says=text, telling=1),))


def part(name: str, fetching: Fetching[PartResult]) -> Part:
    return Part(fetching=fetching, silent=silent(name))


def looks(name: str) -> Fetching[PartResult]:
    answer = yield from require(READ)
    return (says(name, answer["text"]),)


def breaks() -> Fetching[PartResult]:
    yield [READ]
    raise ZeroDivisionError("a slip")


def in_time() -> bool:
    return False


def after(rounds: int) -> Callable[[], bool]:
    """A clock by which it is late after so many looks at it."""
    left = [rounds]

    def late() -> bool:
        left[0] -= 1
        return left[0] < 0

    return late


class Slow:
    """Answers nothing before it is let go."""

    def __init__(self) -> None:
        self.go = Event()

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        self.go.wait()
        return [Answer(value={"text": "late"}) for _ in reads]


def test_each_part_that_fails_is_named_and_the_others_answer() -> None:
    parts = {"one": part("one", looks("one")), "two": part("two", breaks())}
    reports = Inquiring(parts, CannedReader({f"{INVENTED}.Look": {"text": "seen"}})).until(late=in_time)
    found = {one.source: (one.looked, one.why, [sighting.says for sighting in one.found]) for one in reports}
    assert found == {
        "one": ("yes", "", ["seen"]),
        "two": ("no", "it failed: ZeroDivisionError: a slip", []),
    }


def test_what_a_part_leads_to_begins_before_anybody_takes_answers() -> None:
    begun = Event()

    def leads() -> Fetching[PartResult]:
        yield [READ]
        return Following(parts={"two": part("two", follows())})

    def follows() -> Fetching[PartResult]:
        begun.set()
        answer = yield from require(READ)
        return (says("two", answer["text"]),)

    inquiring = Inquiring({"one": part("one", leads())}, CannedReader({f"{INVENTED}.Look": {"text": "seen"}}))
    assert begun.wait(timeout=30)
    assert [one.source for one in inquiring.until(late=in_time)] == ["two"]


def test_a_refusal_says_what_was_denied_and_what_to_do() -> None:
    reader = CannedReader({f"{INVENTED}.Look": denied(f"{INVENTED}.Look")})
    (report,) = Inquiring({"one": part("one", looks("one"))}, reader).until(late=in_time)
    assert report.looked == "no"
    assert "access denied at box.Look" in report.why
    assert "read permission" in report.todo


def test_what_is_not_there_in_time_is_said_as_such_and_what_came_is_kept() -> None:
    def quick() -> Fetching[PartResult]:
        return (says("quick", "seen"),)
        yield

    slow = Slow()
    inquiring = Inquiring({"slow": part("slow", looks("slow")), "quick": part("quick", quick())}, slow)
    reports = {one.source: one for one in inquiring.until(late=after(3))}
    slow.go.set()
    assert (reports["slow"].looked, reports["slow"].why) == ("no", LATE)
    assert reports["quick"].found[0].says == "seen"


def leads(price: Price | None) -> Fetching[PartResult]:
    yield [READ]
    return Following(reports=(says("first", "found"),), parts={"next": part("next", looks("next"))}, price=price)


@pytest.mark.parametrize("pays", [True, False])
def test_what_costs_is_looked_at_only_where_somebody_agrees_to_the_price(*, pays: bool) -> None:
    asked: list[Price] = []

    def agree(price: Price) -> bool:
        asked.append(price)
        return pays

    reader = CannedReader({f"{INVENTED}.Look": {"text": "seen"}})
    price = Price(usd=0.01, says="1.2 GB of flow logs")
    reports = Inquiring({"first": part("first", leads(price))}, reader, agree).until(late=in_time)
    assert asked == [price]
    assert [one.looked for one in reports] == ["yes", "yes" if pays else "no"]
    assert pays or reports[1].why == "it costs something: 1.2 GB of flow logs"


def test_what_costs_nothing_goes_on_without_a_question() -> None:
    reader = CannedReader({f"{INVENTED}.Look": {"text": "seen"}})
    reports = Inquiring({"first": part("first", leads(None))}, reader).until(late=in_time)
    assert [one.source for one in reports] == ["first", "next"]


def test_bad_input_that_only_the_account_tells_is_kept_for_whoever_asked() -> None:
    def refuses() -> Fetching[PartResult]:
        yield [READ]
        raise InvalidInput.one("nothing is called so", source="target")

    inquiring = Inquiring({"target": part("target", refuses())}, CannedReader({f"{INVENTED}.Look": {}}))
    (report,) = inquiring.until(late=in_time)
    assert inquiring.invalid is not None
    assert report.why == "nothing is called so"


def test_a_report_cannot_pass_over_what_was_not_looked_at() -> None:
    with pytest.raises(ValidationError, match="nobody says why"):
        SourceReport(source="one", title="one", matter="did", looked="no")
    with pytest.raises(ValidationError, match="without looking"):
        SourceReport(
            source="one", title="one", matter="did", looked="no", why="denied", found=(Sighting(says="seen"),)
        )


def test_an_inquiry_of_a_playbook_asks_what_costs_nothing_and_says_what_would_cost() -> None:
    from opsctl.model.dossier import _all_of
    from opsctl.planning.run_fetching import run_fetching

    parts = {
        "free": part("free", leads(None)),
        "paid": part("paid", leads(Price(usd=1, says="20 GB"))),
    }
    reports = run_fetching(_all_of(parts), CannedReader({f"{INVENTED}.Look": {"text": "seen"}}))
    assert [one.looked for one in reports if one.source == "next"] == ["yes", "no"]
