"""What a run may have made, by its journal: an intent stays open unless AWS refused its call for certain."""

from opsctl.model.report import JournalEvent
from opsctl.model.value import Json

BACK = "back:"
"""Before the id of what a run takes back by itself: no change of the plan, so no undo takes that back again."""


class OpenIntents:
    """The intents of each change, in order, whose calls may have been carried out."""

    def __init__(self) -> None:
        self._details: dict[str, list[Json]] = {}

    def note(self, change_id: str, event: JournalEvent, detail: Json) -> None:
        """Take the next record in."""
        details = self._details.setdefault(change_id, [])
        if event == "intent":
            details.append(detail)
        elif event == "failed" and details and _is_refusal(detail):
            details.pop()
        elif event == "reverted":
            details.clear()

    def of(self, change_id: str) -> list[Json]:
        """What was recorded with each open intent of a change."""
        return list(self._details.get(change_id, ()))


def _is_refusal(detail: Json) -> bool:
    """Whatever else fails may have happened all the same."""
    return isinstance(detail, dict) and detail.keys() >= {"kind", "code", "api"}
