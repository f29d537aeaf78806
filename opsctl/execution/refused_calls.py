"""What a refusal of AWS means for the change whose call was refused: try again, take another value, or go back."""

from opsctl.model.changes import ANY_REFUSAL, Change, Choice
from opsctl.model.errors import AwsRefused
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json

EDIT_WITHIN_S = 300


class ValueTaken(Exception):
    """Somebody took the value that a call was made with."""

    def __init__(self, choice: Choice, because: str) -> None:
        """Say which value of a bound change it was, and what AWS said."""
        self.value: Json = choice.values[0]
        self.because = because
        super().__init__(f"{choice.what} {self.value}")


def is_passing(change: Change, refusal: Refusal, waited_s: float) -> bool:
    """Tell whether the call is tried again: what refuses it passes, and it was not waited for too long."""
    passing = change.retry is not None and refusal.code in change.retry.codes and waited_s < change.retry.within_s
    if change.edit is None or waited_s >= EDIT_WITHIN_S:
        return passing
    return passing or refusal.code in change.edit.conflicts or refusal.kind is RefusalKind.THROTTLED


def taken_value(change: Change, refused: AwsRefused) -> Choice | None:
    """Return the choice whose value is why the call was refused, if it is."""
    choice = change.choice
    return choice if choice is not None and refused.refusal.code in choice.conflicts else None


def is_for_good(change: Change, refusal: Refusal) -> bool:
    """Tell whether a change goes back for a refusal.

    Where something is gone, or somebody else changed it meanwhile, the rest is not what was planned any more.
    """
    any_other = ANY_REFUSAL in change.goes_back and refusal.kind is RefusalKind.INVALID
    moved = bool(change.goes_back) and refusal.kind in (RefusalKind.MISSING, RefusalKind.CONFLICT)
    return any_other or moved or refusal.code in change.goes_back
