"""What was found of a run as a whole, and when, in words that every form of output shares."""

from dataclasses import dataclass

from opsctl.model.paths import Paths, WayIn
from opsctl.model.report import CheckResult, Evidence, Report
from opsctl.model.sentences import sentence
from opsctl.render.instruction_words import value_text
from opsctl.render.paths import paths_after, paths_of

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class WaySeen:
    """A way in: what it was when the run was planned, and what it was when somebody last looked after that."""

    name: str
    short: str
    before: str
    after: str
    told: str


def ways_seen(report: Report) -> list[WaySeen]:
    """Return every way in that was there before or after; none when nobody looked afterwards."""
    before, after = paths_of(report.plan), paths_after(report)
    if before is None or after is None:
        return []
    return _compared(before, after[1])


def seen_at(report: Report) -> tuple[str, str]:
    """Return when the ways in were looked at before, and when after."""
    after = paths_after(report)
    return report.plan.created, after[0] if after else ""


def state_of(way: WayIn) -> str:
    """Say in a word what a way is; an older version's plan only says whether it was closed."""
    return way.now or ("closed" if way.dropped else "OPEN")


def told_of(way: WayIn) -> str:
    """Say what becomes of a packet on a way, and what could not be told."""
    return " ".join([sentence(way.verdict), *(f"Cannot tell: {text}." for text in way.unknown)])


def check_words(check: CheckResult) -> str:
    """Say whether a check held, and what was found when it did not."""
    return "holds" if check.held else f"DOES NOT HOLD, found {value_text(check.found)}"


def verified(report: Report) -> list[tuple[str, str]]:
    """Return when a run was verified after it ended, and what that came to: the last times, oldest first."""
    found = [(one.at, _outcome(one)) for one in report.evidence if one.by == "verify"]
    earlier = len(found) - _SHOWN
    more = [("earlier", f"{earlier} more times; -o json lists all")] if earlier > 0 else []
    return more + found[-_SHOWN:]


def _compared(before: Paths, after: Paths) -> list[WaySeen]:
    states = {way.name: state_of(way) for way in before.ways}
    found = [
        WaySeen(
            name=way.name,
            short=way.short or way.name,
            before=states.get(way.name, "was not there"),
            after=state_of(way),
            told=told_of(way),
        )
        for way in after.ways
    ]
    left = {way.name for way in after.ways}
    gone = [
        WaySeen(
            name=way.name, short=way.short or way.name, before=states[way.name], after="is gone", told=told_of(way)
        )
        for way in before.ways
        if way.name not in left
    ]
    return found + gone


def _outcome(evidence: Evidence) -> str:
    asked = [*(one for results in evidence.proofs.values() for one in results), *evidence.checks]
    broken = [one.says for one in asked if not one.held]
    if broken:
        return f"DOES NOT HOLD: {'; '.join(broken)}"
    return f"all {len(asked)} proofs and checks hold" if asked else "nothing could be asked"
