"""Faults in what people wrote: place, what is wrong, the text itself, and a hint."""

from collections.abc import Sequence

from opsctl.model.diagnostics import Diagnostic
from opsctl.render.inert import shortened, visible


def render_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """Return all faults, one after the other, ending with their number when there are several."""
    lines: list[str] = []
    for fault in diagnostics:
        lines.append(f"error: {visible(fault.where)}: {visible(fault.summary)}")
        if fault.offending and visible(fault.offending) not in visible(fault.summary):
            lines.append(f"    {shortened(fault.offending, 200)}")
            if fault.caret:
                lines.append("    " + " " * len(visible(fault.offending[: fault.caret - 1])) + "^")
        if fault.hint:
            lines.append(f"    hint: {visible(fault.hint)}")
    if len(diagnostics) > 1:
        lines.append(f"{len(diagnostics)} errors; nothing was called")
    return "\n".join(lines) + "\n"
