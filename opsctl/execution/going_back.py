"""Going back to where a turn began, by itself, when AWS refuses one of its calls for good."""

from collections.abc import Iterator

from opsctl.execution.choosing import made_by
from opsctl.execution.inverse import inverse_of, undone_change
from opsctl.model.changes import Change
from opsctl.model.commands import run_command
from opsctl.model.errors import OpsctlError
from opsctl.model.intents import BACK
from opsctl.model.plan import Plan
from opsctl.model.ports import RunJournal


def way_back(plan: Plan, refused: Change, journal: RunJournal) -> Iterator[tuple[str, Change]]:
    """Yield, newest first, what takes back the changes that the run made in the turn before a refused one.

    Each comes with the id of the change that is taken back once it is carried out, or nothing where it only comes
    first. Its own id is none of the plan, so that an undo of the run does not take back what went back.
    """
    turn = [one for one in plan.changes if one.turn == refused.turn]
    before = turn[: [one.id for one in turn].index(refused.id)]
    made = [made_by(one, journal.open_intents(one.id)) for one in before]
    known = {one.id for one in made}
    intended = [one for one in journal.intended() if one in known]
    for inverse in inverse_of(plan.model_copy(update={"changes": tuple(made)}), intended):
        needed = tuple(f"{BACK}{undone_change(one)}" for one in inverse.depends_on)
        planned = undone_change(inverse.id)
        back = inverse.model_copy(update={"id": f"{BACK}{planned}", "depends_on": needed})
        yield planned if planned in known else "", back


_EARLIER = "the run took this back by itself when its turn could not go on, and does not go on either"


def went_back(plan_id: str, refused: Change, because: str) -> OpsctlError:
    """Say that a turn was taken back: neither a resume nor another try of the same run makes sense."""
    why = f"{because.rstrip('.')}; everything that was done for it was taken back" if because else _EARLIER
    return OpsctlError(
        f"{refused.title}: {why}",
        f"plan again when that has changed; {run_command('runs show', plan_id)} says what was done",
    )
