"""Judges whether the account has room for the handler as it should run."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import PreflightFinding, warn
from opsctl.ha.inventory import Inventory

UNRESERVED = 100
"""AWS: at least so much of an account's Lambda concurrency has to stay unreserved."""


def check_handler(inventory: Inventory) -> Iterator[PreflightFinding]:
    """What becomes of a handler that nothing keeps from running twice at once."""
    if inventory.answers.get("functions") and not concurrency_of(inventory):
        why = (
            "this is safe: the handler keeps state only in tags, reads AWS again before each step, and "
            "AWS attaches a volume once; at worst a snapshot is taken twice"
        )
        yield warn(
            "overlapping-runs",
            ("the account has no Lambda concurrency left to reserve, so invocations of the handler may overlap"),
            why,
        )


def concurrency_of(inventory: Inventory) -> int:
    """Return how many runs of the handler may go on at once: one, or 0 where none can be reserved for it."""
    limits = (inventory.answers.get("functions") or {}).get("AccountLimit", {})
    return 1 if int(limits.get("UnreservedConcurrentExecutions", 0)) > UNRESERVED else 0
