"""The reads of a playbook that is not shipped, as they are put to whoever has to agree."""

from collections.abc import Sequence

from opsctl.model.foreign import ForeignRead, Part
from opsctl.model.playbook import LoadedPlaybook
from opsctl.render.page import Page


def render_reads(loaded: LoadedPlaybook, reads: Sequence[ForeignRead], *, width: int, colour: bool) -> str:
    """Return what the playbook reads, every parameter whole, and what of one answer goes into another call."""
    page = Page(width, colour=colour)
    page.line(f"{loaded.source} is not shipped with opsctl. It makes these reads of its own:", "bold")
    for number, read in enumerate(reads, start=1):
        page.item(f"{number}. {_call(read)}", "bold")
        page.pairs([(part.name, _text(part)) for part in read.parts], indent=5)
    if any(read.passes_on for read in reads):
        page.item("What one call answers goes into another: see (from ...).", "yellow")
    page.pairs([("sha256", loaded.sha256)])
    return page.text()


def lines_of(reads: Sequence[ForeignRead]) -> list[str]:
    """Return the same, one call a line."""
    return [f"{_call(read)}{''.join(f'; {part.name}: {_text(part)}' for part in read.parts)}" for read in reads]


def _call(read: ForeignRead) -> str:
    return f"{read.call}, {read.place}" + (", is handed what was read" if read.handed else "")


def _text(part: Part) -> str:
    return f"{part.text} (from {', '.join(part.answers)})" if part.answers else part.text
