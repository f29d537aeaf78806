"""What several sources know of an address: each may be late, refused or empty without the others."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value

Looked = Literal["yes", "partly", "no"]
Matter = Literal["whose", "blocked", "ways in", "did"]
"""What a source speaks of; readers are shown them in this order."""

LATE = "not read in time"
"""Why a source was not looked at that had not answered by the time that there was."""

MATTERS: tuple[Matter, ...] = ("whose", "blocked", "ways in", "did")


class Sighting(Value):
    """One thing that is known, in a line; `telling` says how much it should count for whoever decides."""

    says: str
    telling: int = Field(default=0, ge=0, le=100)


class SourceReport(Value):
    """What one source had to say of one address; an empty address stands for all that were asked about.

    A source that was looked at and said nothing is an answer. One that was not looked at, or not all of it, says
    `why`, and what to do: `todo`. `count`, `first` and `last` are of what the address did there; times are UTC.
    `cost` says in words what looking came to, where AWS takes money for it.
    """

    source: str
    title: str
    matter: Matter
    address: str = ""
    looked: Looked = "yes"
    why: str = ""
    todo: str = ""
    found: tuple[Sighting, ...] = ()
    count: int | None = None
    first: str = ""
    last: str = ""
    cost: str = ""

    @model_validator(mode="after")
    def _no_silence(self) -> "SourceReport":
        if self.looked != "yes" and not self.why:
            raise ValueError(f"{self.source}: nobody says why not all was looked at")
        if self.looked == "no" and self.found:
            raise ValueError(f"{self.source}: found something without looking")
        return self


class Dossier(Value):
    """All reports about some addresses; `left_out` says which of the addresses nobody asked about.

    `since` and `until` are the span that was asked about, UTC. `account` and `region` are where was looked,
    `again` the words of the opsctl command that tells all of it afresh.
    """

    addresses: tuple[str, ...]
    reports: tuple[SourceReport, ...] = ()
    left_out: str = ""
    target: str = ""
    since: str = ""
    until: str = ""
    account: str = ""
    region: str = ""
    again: tuple[str, ...] = ()

    @property
    def telling(self) -> tuple[Sighting, ...]:
        """What was found, the most telling first, each once."""
        several = len(self.addresses) > 1
        found = (
            Sighting(says=f"{report.address}: {one.says}", telling=one.telling)
            if several and report.address
            else one
            for report in self.reports
            for one in report.found
        )
        return tuple(dict.fromkeys(sorted(found, key=lambda one: -one.telling)))

    @property
    def unread(self) -> tuple[SourceReport, ...]:
        """The reports of what was not looked at, or not all of it."""
        return tuple(report for report in self.reports if report.looked != "yes")


class Price(Value):
    """What looking would cost, before it is done: at most so many dollars, and for what, in words."""

    usd: float = Field(ge=0)
    says: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One source at work: `silent` are its reports where it does not come to its end, but for why."""

    fetching: "Fetching[PartResult]"
    silent: tuple[SourceReport, ...]


@dataclass(frozen=True, kw_only=True)
class Following:
    """What a part leads to: reports that are there already, and parts that can begin now.

    With a `price` they begin only when whoever pays agrees; else each of them is `silent`.
    """

    reports: tuple[SourceReport, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    price: Price | None = None


PartResult: TypeAlias = tuple[SourceReport, ...] | Following


class Inquiry(Fact):
    """A fact of several sources; whoever drives it may drive each of its parts apart, and take what has come."""

    @abstractmethod
    def parts(self, about: Context) -> Mapping[str, Part]:
        """Return what can begin at once, by the names of the sources."""

    @abstractmethod
    def dossier(self, about: Context, reports: tuple[SourceReport, ...]) -> Dossier:
        """Put the reports together."""

    def read(self, about: Context) -> Fetching[Value]:
        """Ask all sources that cost nothing, side by side."""
        reports = yield from _all_of(self.parts(about))
        return self.dossier(about, reports)


def not_looked(silent: tuple[SourceReport, ...], why: str, todo: str = "") -> tuple[SourceReport, ...]:
    """Return the reports of a part that did not come to its end, with the reason."""
    return tuple(one.model_copy(update={"looked": "no", "why": why, "todo": todo}) for one in silent)


def _all_of(parts: Mapping[str, Part]) -> Fetching[tuple[SourceReport, ...]]:
    found: tuple[SourceReport, ...] = ()
    results = yield from gather([part.fetching for part in parts.values()])
    for result in results:
        if not isinstance(result, Following):
            found += result
            continue
        found += result.reports
        if result.price is None:
            found += yield from _all_of(result.parts)
        else:
            why = f"it costs something: {result.price.says}"
            found += tuple(one for part in result.parts.values() for one in not_looked(part.silent, why))
    return found
