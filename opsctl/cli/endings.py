"""How a command ends: an exit code, and on failure a line that says what happened and one that says what to do."""

import sys
import traceback
from typing import TYPE_CHECKING

from opsctl.cli.asked_form import asked_for_json, form_of, value_of
from opsctl.cli.leaving import INTERRUPTED
from opsctl.cli.streams import LostOutput, give_up_results
from opsctl.model.commands import local_command
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.errors import OpsctlError

USAGE = 2

LONGEST = 600
"""Characters of a message about a command line."""


def end_usage(message: str, argv: list[str], command: str, usage: str = "") -> int:
    """Report a command line that does not parse; returns the exit code."""
    short = _shortened(message)
    if asked_for_json(argv):
        error: dict[str, object] = {"code": "usage", "summary": short, "hint": usage}
        _envelope(command, argv, USAGE, Outcome.INVALID, [error])
    lines = [f"error: {_inert(short)}"] + ([f"hint: {usage}"] if usage else [])
    sys.stderr.write("\n".join(lines) + "\n")
    return USAGE


def end_badly(error: "OpsctlError", argv: list[str], command: str) -> int:
    """Report an expected failure; returns the exit code."""
    from opsctl.model.errors import InvalidInput, RefusedByGuard
    from opsctl.render.diagnostics import bounded, render_diagnostics

    if isinstance(error, InvalidInput):
        sys.stderr.write(render_diagnostics(error.diagnostics).rstrip("\n") + "\n")
        details = [fault.model_dump(mode="json") for fault in bounded(error.diagnostics)]
    else:
        evidence = error.evidence if isinstance(error, RefusedByGuard) else ()
        sys.stderr.write(f"error: {_inert(error.summary)}\n")
        sys.stderr.writelines(f"  {_inert(line)}\n" for line in evidence)
        if error.hint:
            sys.stderr.write(f"hint: {_inert(error.hint)}\n")
        details = _details(error, evidence)
    if asked_for_json(argv):
        _envelope(command, argv, int(error.exit_code), error.outcome, details)
    if "--debug" in argv:
        traceback.print_exception(error, file=sys.stderr)
    return int(error.exit_code)


def _details(error: "OpsctlError", evidence: tuple[str, ...]) -> list[dict[str, object]]:
    """One error a guard that refused, else the one that there is."""
    from opsctl.model.errors import RefusedByGuard

    guards = error.guards if isinstance(error, RefusedByGuard) else ()
    said = [(one.guard, one.because, one.switch, one.evidence) for one in guards]
    return [
        {
            "code": error.outcome.value,
            "guard": guard,
            "summary": summary,
            "hint": hint,
            "evidence": list(found),
        }
        for guard, summary, hint, found in said or [("", error.summary, error.hint, evidence)]
    ]


def end_interrupted(argv: list[str], command: str) -> int:
    """Report that a second Ctrl-C ended a command between two lines; returns the exit code."""
    shown = local_command("runs", "list")
    sys.stderr.write(f"\nstopped at once; {shown} shows where the run stands\n")
    if asked_for_json(argv) and not getattr(sys.stdout, "begun", False):
        error: dict[str, object] = {"code": "interrupted", "summary": "stopped at once", "hint": shown}
        _envelope(command, argv, INTERRUPTED, Outcome.INTERRUPTED, [error])
    return INTERRUPTED


def end_lost(reason: str) -> int:
    """Report that the result could not be written; returns the exit code of a failure."""
    sys.stderr.write(f"error: the output cannot be written: {reason}\n")
    sys.stderr.write(f"hint: {local_command('runs', 'list')} shows whether a run was begun, and how it stands\n")
    return 1


def end_bug(fault: BaseException, argv: list[str], command: str) -> int:
    """Report what should not have happened; returns the exit code of a failure."""
    if "--debug" in argv:
        traceback.print_exception(fault, file=sys.stderr)
    failed, reported = _whose(fault)
    summary = f"{failed} failed: {type(fault).__name__}: {fault}"
    hint = f"run it again with --debug and report the traceback{reported}"
    sys.stderr.write(f"error: {_inert(summary)}\nhint: {hint}\n")
    if asked_for_json(argv):
        _envelope(command, argv, 1, Outcome.BUG, [{"code": "bug", "summary": summary, "hint": hint}])
    return 1


def _whose(fault: BaseException) -> tuple[str, str]:
    """Say whose code failed, by the innermost frame in a plug-in of somebody else, and who is to be told."""
    from opsctl.catalog import owner_of

    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(fault.__traceback__)]
    for module in reversed(modules):
        owner = owner_of(module)
        if owner is not None:
            return f"{module} of {owner.distribution}", f" to whoever ships {_inert(owner.distribution)}"
    return "opsctl itself", ""


def _envelope(command: str, argv: list[str], code: int, outcome: Outcome, errors: list[dict[str, object]]) -> None:
    from opsctl.model.errors import InvalidInput
    from opsctl.render.json_text import envelope_of, found_in, json_text

    found = envelope_of(command=command, exit_code=code, outcome=outcome, result=None, errors=errors)
    try:
        found = found_in(found, value_of(argv, "--query"))
    except InvalidInput:  # it cannot be asked of a failure, or is the failure itself; stderr says what happened
        if form_of(argv) != "json":
            return
    raw = "-r" in argv or "--raw" in argv
    try:
        sys.stdout.write(json_text(found, raw=raw, on_terminal=sys.stdout.isatty()))
        sys.stdout.flush()
    except LostOutput as lost:
        give_up_results()
        end_lost(str(lost))


def _shortened(text: str) -> str:
    """What was typed may be long, and is not repeated whole; its end says which option it was."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


def _inert(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
