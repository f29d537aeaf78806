"""Explanations of ids as text."""

from collections.abc import Sequence

from opsctl.model.explanation import Explanation
from opsctl.render.inert import visible


def render_explanations(found: Sequence[Explanation]) -> str:
    """Return each explanation in a few lines, what several places mean alike once."""
    places: dict[Explanation, list[str]] = {}
    for one in found:
        places.setdefault(one.model_copy(update={"of": ""}), []).append(one.of)
    merged = [one.model_copy(update={"of": ", ".join(of)}) for one, of in places.items()]
    return "\n\n".join(_one(one) for one in merged)


def _one(it: Explanation) -> str:
    lines = [f"{it.id}: {it.kind} of {it.of}" if it.kind != "error" else f"{it.id}: {it.of}"]
    for head, text in (("means", it.means), ("why", it.why), ("do", it.todo), ("source", it.source)):
        if text:
            lines.append(f"  {head:<6} {visible(text)}")
    return "\n".join(visible(line) for line in lines)


def render_ids(found: Sequence[Explanation]) -> str:
    """Return all ids, one a line, with where each appears."""
    width = max(len(one.id) for one in found)
    return "\n".join(f"{visible(one.id):<{width}}  {one.kind:<7}  {visible(one.of)}" for one in found)
