"""Faults in what people wrote: place, what is wrong, the text itself, and a hint."""

from collections.abc import Sequence

from opsctl.model.diagnostics import Diagnostic
from opsctl.render.inert import shortened, visible

SHOWN = 50
_LONGEST = {"summary": 600, "hint": 1200, "offending": 200}


def bounded(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return the first faults with nothing long in them: what was written is not repeated whole."""
    return [_short(fault) for fault in diagnostics[:SHOWN]]


def _short(fault: Diagnostic) -> Diagnostic:
    texts = {name: _cut(getattr(fault, name), limit) for name, limit in _LONGEST.items()}
    where = fault.where.model_copy(update={"source": _cut(fault.where.source, _LONGEST["offending"])})
    whole = texts["offending"] == fault.offending
    caret = fault.caret if whole or fault.caret <= _LONGEST["offending"] // 2 else 0
    return fault.model_copy(update={**texts, "where": where, "caret": caret})


def _cut(text: str, limit: int) -> str:
    """The end of a sentence says what to do about what it repeats."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} … {text[-half:]}"


def render_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """Return the faults, one after the other, ending with their number when there are several."""
    lines: list[str] = []
    for fault in bounded(diagnostics):
        lines.append(f"error: {visible(fault.where)}: {visible(fault.summary)}")
        if fault.offending and visible(fault.offending) not in visible(fault.summary):
            lines.append(f"    {shortened(fault.offending, 200)}")
            if fault.caret:
                lines.append("    " + " " * len(visible(fault.offending[: fault.caret - 1])) + "^")
        if fault.hint:
            lines.append(f"    hint: {visible(fault.hint)}")
    if len(diagnostics) > 1:
        left = f", of which {SHOWN} are shown" if len(diagnostics) > SHOWN else ""
        lines.append(f"{len(diagnostics)} errors{left}; nothing was called")
    return "\n".join(lines) + "\n"
