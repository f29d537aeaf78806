"""Puts questions to all sources: what needs the target once its ways are known, what costs after a yes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from opsctl.block.evidence.source import AskedAbout, EvidenceSource, Ways
from opsctl.block.target_paths import paths_to
from opsctl.block.topology.graph import Node
from opsctl.model.dossier import Following, Part, PartResult, Price, SourceReport
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read
from opsctl.model.run import Context

TARGET = "target"
_NO_TARGET = "no target was named"


def parts_of(
    sources: Sequence[EvidenceSource], questions: Sequence[AskedAbout], about: Context
) -> Mapping[str, Part]:
    """Return the parts that can begin at once; `questions` have one target, or none, and each an address."""
    target = questions[0].target if questions else ""
    later = [one for one in sources if one.needs_target or (target and one.wants_ways)]
    parts = {one.name: _part(one, questions, about) for one in sources if one not in later}
    if target and later:
        silent = tuple(one for source in later for one in _silent(source, questions))
        parts[TARGET] = Part(fetching=_after_the_ways(later, questions, about), silent=silent)
        ahead = [one for one in later if one.reads_ahead]
        parts |= {f"{one.name} ahead": Part(fetching=_ahead(one, questions, about), silent=()) for one in ahead}
    elif later:
        parts[TARGET] = Part(fetching=_nothing(later, questions), silent=())
    return parts


def _part(source: EvidenceSource, questions: Sequence[AskedAbout], about: Context) -> Part:
    asking = _priced(source, questions, about) if source.costs else _looked(source, questions, about)
    return Part(fetching=asking, silent=_silent(source, questions))


def _silent(source: EvidenceSource, questions: Sequence[AskedAbout]) -> tuple[SourceReport, ...]:
    return tuple(source.report(one, looked="no", why="nobody looked") for one in questions)


def _looked(source: EvidenceSource, questions: Sequence[AskedAbout], about: Context) -> Fetching[PartResult]:
    reports = yield from gather([source.look(one, about) for one in questions])
    return tuple(reports)


def _priced(source: EvidenceSource, questions: Sequence[AskedAbout], about: Context) -> Fetching[PartResult]:
    answers = yield from gather([source.price(one, about) for one in questions])
    reports = tuple(one for one in answers if isinstance(one, SourceReport))
    prices = [one for one in answers if isinstance(one, Price)]
    wanted = [one for one, answer in zip(questions, answers, strict=True) if isinstance(answer, Price)]
    if not prices:
        return reports
    part = Part(fetching=_looked(source, wanted, about), silent=_silent(source, wanted))
    usd = sum(one.usd for one in prices)
    price = Price(usd=usd, says="; ".join(dict.fromkeys(one.says for one in prices)))
    return Following(reports=reports, parts={source.name: part}, price=price if usd else None)


def _after_the_ways(
    sources: Sequence[EvidenceSource], questions: Sequence[AskedAbout], about: Context
) -> Fetching[PartResult]:
    def reads_about(node: Node) -> list[Read]:
        return [read for one in sources for read in one.reads_about(node)]

    web, survey = yield from paths_to(questions[0].target, about, reads_about)
    known = [replace(one, ways=Ways(web=web, survey=survey)) for one in questions]
    return Following(parts={one.name: _part(one, known, about) for one in sources})


def _ahead(source: EvidenceSource, questions: Sequence[AskedAbout], about: Context) -> Fetching[PartResult]:
    """Read while the ways in are still explored what a source asks for then; apart, for it may be slow."""
    yield from gather([source.ahead(one, about) for one in questions])
    return ()


def _nothing(sources: Sequence[EvidenceSource], questions: Sequence[AskedAbout]) -> Fetching[PartResult]:
    """Say of sources that need a target that none was named; asks nothing."""
    reports = [
        source.report(one, looked="no", why=_NO_TARGET, todo="name it with --target")
        for source in sources
        for one in questions
    ]
    return tuple(reports)
    yield
