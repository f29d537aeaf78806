"""Runs that stopped something and did not come to the end of its turn: to be gone on with first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from opsctl.model.changes import Severity
from opsctl.model.commands import Commands
from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.half_done import HALF_DONE_RUN, made_in_open_turns
from opsctl.model.plan import Finding, Plan
from opsctl.model.run import Context, Identity
from opsctl.model.value import canonical
from opsctl.workflow.run_context import Journals

_LOOKED_AT = 100


def may_meet_open_turns(plan: Plan) -> bool:
    """Tell whether a plan is of turns, or found nothing to do: only then earlier runs are looked at."""
    return not plan.changes or any(change.turn for change in plan.changes)


def warned_of_open_turns(plan: Plan, journal: Journals) -> Plan:
    """Return the plan with a first warning for the runs that have left something stopped that it names.

    To a plan what is stopped is to stay so. Only that run knows that it ran, and what is still reserved for it.
    """
    place, commands = (plan.account, plan.region), Commands(reached_by=plan.reached_by)
    evidence = tuple(_open_turns(canonical(plan.to_json()), place, commands, journal))
    if not evidence:
        return plan
    because = "an earlier run has stopped this and is not at its end; go on with it, or take it back, first"
    finding = Finding(id=HALF_DONE_RUN, because=because, evidence=evidence)
    return plan.model_copy(update={"warnings": (finding, *plan.warnings), "digest": ""}).sealed()


@contextmanager
def told_of_open_turns(about: Context, journal: Callable[[], Journals]) -> Iterator[None]:
    """Let a refusal begin what is to be done with the runs that have left half done what it names.

    An instance that a killed run is just stopping can be neither planned about nor left alone.
    """
    try:
        yield
    except RefusedByGuard as refused:
        told = refused
        with suppress(InvalidInput):  # where no journal can be had, no run of this machine has begun
            told = _with_open_turns(refused, about.identity, journal())
        raise told from None


def _with_open_turns(refused: RefusedByGuard, there: Identity, journal: Journals) -> RefusedByGuard:
    text = "\n".join((*refused.evidence, *(line for one in refused.guards for line in one.evidence)))
    runs = tuple(_open_turns(text, (there.account, there.region), there.commands, journal))
    if not runs:
        return refused
    hint = "; ".join((f"first go on with it, or take it back: {', '.join(runs)}", *filter(None, [refused.hint])))
    return RefusedByGuard(refused.summary, hint, refused.evidence, refused.guards)


def _open_turns(text: str, place: tuple[str, str], commands: Commands, journal: Journals) -> Iterator[str]:
    rows = [one for one in journal.runs() if one.status != "done" and (one.account, one.region) == place]
    for row in rows[:_LOOKED_AT]:
        # Of a run that another version recorded nobody here can tell.
        with suppress(OpsctlError):
            if row.undo_of or journal.undone_by(row.id):
                continue
            stopped = [name for name in _stopped_by(row.id, journal) if name in text]
            if stopped:
                undoing = journal.undo_begun(row.id)
                verbs = (("resume", undoing),) if undoing else (("resume", row.id), ("undo", row.id))
                typed = " or ".join(commands.opsctl(*words) for words in verbs)
                yield f"run {row.id} stopped {', '.join(stopped)}: {typed}"


def _stopped_by(run_id: str, journal: Journals) -> list[str]:
    """What a run has made that is severe, in turns that are not at their end."""
    last = {event.change: event.event for event in journal.events(run_id)}
    made = made_in_open_turns(journal.plan(run_id), last)
    severe = [name for one in made if one.risk.severity is Severity.SEVERE for name in one.risk.affects]
    return list(dict.fromkeys(severe))
