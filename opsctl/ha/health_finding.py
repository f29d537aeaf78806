"""One finding about a group's recovery."""

from typing import Literal

from opsctl.model.value import Value


class HealthFinding(Value):
    """One thing that recovery needs, and how it stands; `wrong` says what to do as well."""

    check: str
    state: Literal["ok", "wrong", "unknown"]
    finding: str


def judged(check: str, good: bool, fine: str, wrong: str) -> HealthFinding:
    """Return a finding in the words that fit."""
    return HealthFinding(check=check, state="ok" if good else "wrong", finding=fine if good else wrong)
