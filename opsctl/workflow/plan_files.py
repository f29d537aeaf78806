"""Saved plans: written privately, read with suspicion, bound to account, region, digest and time."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.run import Identity

MAX_BYTES = 50_000_000


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan file, readable by its owner alone; a regular file is replaced as a whole.

    Raises:
        InvalidInput: the file cannot be written, or is a device, a directory, a pipe.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if os.path.lexists(path) and not path.is_file():
            raise InvalidInput.one(f"{path} is no regular file; nothing else is replaced", source="--out")
        handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(plan.to_json(), file, indent=2, ensure_ascii=False)
            file.write("\n")
        partial.replace(path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise InvalidInput.one(f"{path} cannot be written: {fault.strerror}", source="--out") from None


def load_plan(path: Path) -> Plan:
    """Read a plan file and check that nobody altered it.

    Raises:
        InvalidInput: it cannot be read, is no plan, or its content does not match its digest.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be read: {fault.strerror}", source=str(path)) from None
    if len(text) > MAX_BYTES:
        raise InvalidInput.one("the file is too large to be a plan", source=str(path))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise InvalidInput.one(f"not a plan file: not JSON ({fault})", source=str(path)) from None
    try:
        plan = Plan.model_validate(data)
    except (ValidationError, RecursionError) as fault:
        raise _invalid(path, fault) from None
    if plan.digest != plan.computed_digest():
        raise InvalidInput.one(
            "the plan was altered after it was made: its content does not match its digest",
            source=str(path),
            hint="plan again with --out",
        )
    return plan


def refuse_unbound(plan: Plan, identity: Identity, now: float) -> None:
    """Refuse a plan that was made for elsewhere or has expired; `now` is seconds since the epoch.

    Raises:
        RefusedByGuard: another account, region or endpoint, or too old.
    """
    refuse_other_account(plan, identity)
    if datetime.fromtimestamp(now, UTC) > datetime.fromisoformat(plan.expires):
        raise RefusedByGuard(f"the plan expired at {plan.expires}; nothing was changed", "plan again")


def refuse_other_account(plan: Plan, identity: Identity) -> None:
    """Refuse to work on a plan or run of another account, region or endpoint; raises RefusedByGuard."""
    for what, planned, actual in (
        ("account", plan.account, identity.account),
        ("region", plan.region, identity.region),
        ("endpoint", plan.endpoint, identity.endpoint),
    ):
        if planned != actual:
            raise RefusedByGuard(
                f"the plan was made for {what} {planned}, this is {what} {actual}; nothing was changed",
                "use the profile and region the plan was made with, or plan again",
            )


def _invalid(path: Path, fault: ValidationError | RecursionError) -> InvalidInput:
    if isinstance(fault, RecursionError):
        return InvalidInput.one("not a plan file: nested too deeply", source=str(path))
    return InvalidInput(
        [
            Diagnostic(
                code="plan",
                summary=f"not a plan file: {'.'.join(map(str, error['loc'])) or 'document'}: {error['msg']}",
                where=Where(source=str(path)),
                hint="plan files are made by --out and are not edited",
            )
            for error in fault.errors()[:10]
        ]
    )
