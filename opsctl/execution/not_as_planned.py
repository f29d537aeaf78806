"""Judges what was found against what was expected, and says it where a change cannot go on for it."""

from collections.abc import Sequence

from opsctl.execution.asking import Asking
from opsctl.model.changes import Change
from opsctl.model.commands import run_command
from opsctl.model.errors import Drifted, OpsctlError, Unproved
from opsctl.model.report import CheckResult


def broken_of(change: Change, asking: Asking) -> list[CheckResult]:
    """Return what a change expects and what is not so."""
    return [result for result in asking.judge_all(change.expect) if not result.held]


def all_held(results: Sequence[CheckResult]) -> bool:
    """Tell whether everything that was looked at is so."""
    return all(result.held for result in results)


def drift_error(change: Change, broken: Sequence[CheckResult]) -> OpsctlError:
    """Say what was planned, what was expected and what was found."""
    return Drifted(
        f"{change.title}: {expected_and_found(broken)}",
        "nothing further was changed; plan again to see the account as it is",
    )


def expected_and_found(broken: Sequence[CheckResult]) -> str:
    """Say what was expected and what was found, of the first that does not hold."""
    worst = broken[0]
    return f"expected that {worst.says} ({short(worst.expected)}), found {short(worst.found)}"


def unseen_error(plan_id: str, change: Change, missing: CheckResult, within_s: int) -> OpsctlError:
    """Say what did not come in time: nobody made what is only waited for, so what was found is told as well."""
    made = "made, but not confirmed" if change.kind != "wait" else "not so"
    found = "" if change.kind != "wait" else f", found {short(missing.found)}"
    return Unproved(
        f"{change.title}: {made} after {within_s} s: {missing.says}{found}",
        change.proof.otherwise or run_command("verify", plan_id),
    )


def short(value: object) -> str:
    """Return a value as text that a line has room for."""
    text = str(value)
    return text if len(text) <= 160 else text[:157] + "..."
