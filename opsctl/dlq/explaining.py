"""Explains dead letters: who was to take them, and what its logs, metrics and settings say of that time.

Rounds: who was to take the letters of each cause; then the facts of each of those, once; then the log of each for
each cause. Only the largest causes are explained, and each log search is bounded, so the number of calls is too.
"""

from collections.abc import Sequence

from opsctl.dlq.consumer_facts import Span, asked_for, consumer_facts
from opsctl.dlq.consumer_logs import logs_of, window_of
from opsctl.dlq.function_changes import seconds
from opsctl.dlq.grouping import CauseGroup
from opsctl.dlq.signs import fixes_of, signs_of, whole_log
from opsctl.dlq.suspects import Suspect, Suspected, suspects_of
from opsctl.dlq.why import CauseWhy, ConsumerFacts, Explained, LogFacts
from opsctl.model.commands import Commands
from opsctl.model.fetching import Fetching, elsewhere, gather
from opsctl.model.run import Context
from opsctl.resources.queue_facts import QueueFacts

CAUSES_AT_MOST = 8
CONSUMERS_AT_MOST = 8


def explain(
    groups: Sequence[CauseGroup], queue: QueueFacts, about: Context, commands: Commands
) -> Fetching[Explained]:
    """Find out why the letters of each cause failed; what could not be read is said and never taken for fine."""
    looked, left = groups[:CAUSES_AT_MOST], groups[CAUSES_AT_MOST:]
    suspected = yield from gather([suspects_of(one, queue, about) for one in looked])
    wanted = _spans(looked, suspected, about.now)
    chosen = dict(list(wanted.items())[:CONSUMERS_AT_MOST])
    facts = yield from gather([consumer_facts(one, span, about) for one, span in chosen.values()])
    consumers = {one.asked: one for one in facts}
    logs = yield from gather(
        [_logs(group, found, consumers, about) for group, found in zip(looked, suspected, strict=True)]
    )
    causes = [
        _cause(group, found, consumers, said, about.now)
        for group, found, said in zip(looked, suspected, logs, strict=True)
    ]
    unknown = []
    if left:
        unknown.append(f"why {len(left):,} smaller causes failed: not examined; narrow down with --where")
    if len(wanted) > len(chosen):
        unknown.append(f"how {len(wanted) - len(chosen):,} more consumers do: only {len(chosen)} were examined")
    first = next((log for said in logs for log in said if not log.unknown), None)
    return Explained(
        causes=(
            *causes,
            *(CauseWhy(group=one, unknown=("why, because only the largest causes are examined",)) for one in left),
        ),
        consumers=tuple(facts),
        fixes=fixes_of(facts, commands) | (whole_log(first, commands) if first else {}),
        unknown=tuple(unknown),
    )


def _spans(
    groups: Sequence[CauseGroup], suspected: Sequence[Suspected], now: float
) -> dict[str, tuple[Suspect, Span]]:
    """Each consumer once, with the time of all its letters."""
    found: dict[str, tuple[Suspect, Span]] = {}
    for group, one in zip(groups, suspected, strict=True):
        first, last = seconds(group.first), window_of(group, one.retried_s, now).end
        for suspect in one.suspects:
            known = found.get(asked_for(suspect.arn))
            span = known[1] if known else Span(first=first, last=last)
            mappings = {
                mapping.id: mapping for mapping in (*(known[0].mappings if known else ()), *suspect.mappings)
            }
            found[asked_for(suspect.arn)] = (
                Suspect(arn=suspect.arn, mappings=tuple(mappings.values())),
                Span(first=min(span.first, first), last=max(span.last, last)),
            )
    return found


def _logs(
    group: CauseGroup, found: Suspected, consumers: dict[str, ConsumerFacts], about: Context
) -> Fetching[list[LogFacts]]:
    mine = [consumers[name] for name in _names(found) if name in consumers]
    if not found.logged:
        return []
    return (
        yield from gather(
            [_there(logs_of(group, one, found.retried_s, about.now), one, about) for one in mine if one.log_group]
        )
    )


def _there(fetching: Fetching[LogFacts], one: ConsumerFacts, about: Context) -> Fetching[LogFacts]:
    """A log is in the Region of its function."""
    parts = one.arn.split(":")
    region = parts[3] if len(parts) > 3 else about.region
    return (yield from (fetching if region == about.region else elsewhere(fetching, region)))


def _names(found: Suspected) -> list[str]:
    return list(dict.fromkeys(asked_for(one.arn) for one in found.suspects))


def _cause(
    group: CauseGroup,
    found: Suspected,
    consumers: dict[str, ConsumerFacts],
    logs: Sequence[LogFacts],
    now: float,
) -> CauseWhy:
    mine = [consumers[name] for name in _names(found) if name in consumers]
    told = _the_one(mine, logs)
    newest = window_of(group, found.retried_s, now).end
    return CauseWhy(
        group=group,
        consumers=tuple(_names(found)),
        no_consumer=found.none,
        explained=found.explained,
        signs=(*found.seen, *signs_of(group, told, [log for log in logs if _is_of(log, told)], newest)),
        logs=tuple(logs),
        unknown=(*found.unknown, *(text for log in logs for text in log.unknown)),
    )


def _the_one(consumers: list[ConsumerFacts], logs: Sequence[LogFacts]) -> list[ConsumerFacts]:
    """Of several functions that fail into a queue, those in whose logs the letters' own invocations are."""
    certain = [log.consumer for log in logs if log.by == "requests" and log.lines]
    return [one for one in consumers if one.asked in certain] if certain else consumers


def _is_of(log: LogFacts, consumers: list[ConsumerFacts]) -> bool:
    return any(one.asked == log.consumer for one in consumers)
