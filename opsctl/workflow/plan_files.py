"""Saved plans: written privately, read with suspicion, bound to account, region, digest and time."""

import json
import math
import os
import shlex
import stat
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from opsctl.model.commands import local_command
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.run import Identity
from opsctl.model.value import Json

MAX_BYTES = 50_000_000
MAX_DEPTH = 100


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan file, readable by its owner alone; a regular file is replaced as a whole.

    Raises:
        InvalidInput: the file cannot be written, or is a device, a directory, a pipe.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if os.path.lexists(path) and not path.is_file():
            raise InvalidInput.one(
                f"{path} is not a regular file; only regular files are replaced", source="--out"
            )
        handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(plan.to_json(), indent=2, ensure_ascii=False) + "\n")
        partial.replace(path)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise InvalidInput.one(f"{path} cannot be written: {fault.strerror}", source="--out") from None


def load_plan(path: Path, *, private: bool = False) -> Plan:
    """Read a plan file and check that nobody altered it; with `private`, that nobody else could.

    Raises:
        InvalidInput: it cannot be read, is no plan, or its content does not match its digest.
        RefusedByGuard: others may write it.
    """
    data = _json(_bytes(path, private=private), path)
    try:
        plan = Plan.model_validate(data)
    except ValidationError as fault:
        raise _invalid(path, fault) from None
    if plan.digest != plan.computed_digest():
        raise InvalidInput.one(
            "the plan was altered after it was made: its content does not match its digest",
            source=str(path),
            hint="plan again with --out",
        )
    return plan


def _bytes(path: Path, *, private: bool) -> bytes:
    try:
        # A pipe that nobody writes to must not be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise InvalidInput.one("it is not a regular file", source=str(path))
            if private:
                _refuse_shared(path, about)
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "a plan that was shown and not applied is kept for 7 days"
        raise InvalidInput.one("no such file, and no such plan is kept", source=str(path), hint=hint) from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise InvalidInput.one(f"it cannot be read: {reason}", source=str(path)) from None
    if len(text) > MAX_BYTES:
        raise InvalidInput.one("the file is too large to be a plan", source=str(path))
    return text


def _refuse_shared(path: Path, about: os.stat_result) -> None:
    """Refuse a file that somebody else may write: what was reviewed need not be what is in it now."""
    if about.st_uid not in (0, os.geteuid()):
        raise RefusedByGuard(
            f"{path} belongs to another user, who can change it at any time; nothing was called",
            f"review it and keep your own copy: install -m 600 {shlex.quote(str(path))} my-plan.json",
        )
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RefusedByGuard(
            f"{path} is writable by others (mode {stat.S_IMODE(about.st_mode):03o}); nothing was called",
            f"review it again, then: chmod go-w {shlex.quote(str(path))}",
        )


def _json(text: bytes, path: Path) -> Json:
    """Parse JSON of which every reader makes the same: no key twice, no number that is none, no broken text."""
    try:
        data = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number)
        _refuse_odd(data)
    except (ValueError, RecursionError) as fault:
        said = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)[:200]
        raise InvalidInput.one(f"not a plan file: not JSON ({said})", source=str(path)) from None
    return data


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key in an object")
    return found


def _no_number(text: str) -> Json:
    raise ValueError(f"{text} is not a number")


def _refuse_odd(data: Json) -> None:
    """Refuse what JSON's grammar lets pass and nothing that opsctl writes has; raises ValueError."""
    level = [data]
    for _ in range(MAX_DEPTH):
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError("a number is too large")
            if isinstance(value, str):
                value.encode()
        level = [
            item
            for value in level
            if isinstance(value, (dict, list))
            for item in ([*value.keys(), *value.values()] if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def refuse_other_digest(plan: Plan, digest: str, file: Path) -> None:
    """Refuse the plan of a file when another was approved: its digest begins otherwise; raises RefusedByGuard."""
    if not plan.digest.removeprefix("sha256:").startswith(digest.removeprefix("sha256:")):
        raise RefusedByGuard(
            f"the plan's digest is {plan.short_digest}, not {digest[:80]}; nothing was called",
            f"review the plan again: {local_command('show', str(file))}",
        )


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
                "use the profile and region of the plan, or plan again",
            )


def _invalid(path: Path, fault: ValidationError) -> InvalidInput:
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
