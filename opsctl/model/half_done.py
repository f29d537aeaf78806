"""How far a run came with its turns: what belongs together, and is done as a whole or taken back."""

from collections.abc import Mapping

from opsctl.model.changes import Change, Instruction
from opsctl.model.plan import Plan

HALF_DONE_RUN = "half-done-run"
"""The finding that names such a run: it comes before anything else of a plan."""

_MADE = ("done", "intended", "intent", "unproved")
_SETTLED = ("done", "skipped", "kept")


def made_in_open_turns(plan: Plan, status: Mapping[str, str]) -> list[Change]:
    """Return the changes that can be taken back and were made in turns that are not at their end.

    `status` is how each change stands, by its id, as reports or the records of a run call it.
    """
    of_turns = [change for change in plan.changes if change.turn]
    made = [one for one in of_turns if isinstance(one.undo, Instruction) and status.get(one.id) in _MADE]
    begun = {one.turn for one in made}
    calls = [change for change in of_turns if change.kind == "call" and change.turn in begun]
    open_ = {change.turn for change in calls if status.get(change.id) not in _SETTLED}
    return [one for one in made if one.turn in open_]
