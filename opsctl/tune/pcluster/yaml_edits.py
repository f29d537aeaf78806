"""Edits of the text of a YAML file: a key added, a value set, a key removed, and not a character around them.

Files are not written anew from what was read: comments, order, quotes, spaces and line ends are the author's.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from opsctl.model.marked import MarkedNode, Path, dotted
from opsctl.model.value import Json


class NotEditable(Exception):
    """The text cannot be edited there without changing something else as well; says why."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit: `set` gives the key at a path a value, `remove` takes the key away.

    A new key comes behind the key `after`, where there is one. `value` is a scalar or a mapping of scalars.
    """

    do: Literal["set", "remove"]
    path: Path
    value: Json = None
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class _Splice:
    """Characters of a text that are replaced, at which line, and in how many places of the document they count."""

    start: int
    end: int
    text: str
    line: int
    uses: int = 1


def edited(text: str, root: MarkedNode, edits: Sequence[Edit]) -> tuple[str, list[int]]:
    """Return the text with all edits made, and the lines of the text that they are about.

    Raises:
        NotEditable: what is edited stands elsewhere, or would change elsewhere as well.
    """
    asked = Counter(_splice(text, root, edit) for edit in edits)
    for splice, times in asked.items():
        if splice.uses > times:
            raise NotEditable(f"the part at line {splice.line} is an anchor's, and counts in other places too")
    for splice in sorted(asked, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text, sorted(splice.line for splice in asked)


def _splice(text: str, root: MarkedNode, edit: Edit) -> _Splice:
    parent = root.at(edit.path[:-1])
    if parent is None or parent.kind != "mapping":
        raise NotEditable(f"{dotted(edit.path[:-1])} is merged from another part of the file")
    splice = _alone(text, parent, edit)
    return replace(splice, uses=parent.uses)


def _alone(text: str, parent: MarkedNode, edit: Edit) -> _Splice:
    key = edit.path[-1]
    pair = parent.pair(key)
    if edit.do == "set" and pair is None:
        return _inserted(text, parent, edit)
    if pair is None:
        raise NotEditable(f"{dotted(edit.path)} is merged from another part of the file")
    return _set(pair, edit) if edit.do == "set" else _removed(text, parent, pair, edit)


def _set(pair: tuple[MarkedNode, MarkedNode], edit: Edit) -> _Splice:
    _, value = pair
    if value.kind != "scalar" or value.alias or isinstance(edit.value, dict) or value.start == value.end:
        raise NotEditable(f"{dotted(edit.path)} is not a value that stands on its line")
    if value.uses > 1 and value.uses > pair[0].uses:
        raise NotEditable(f"{dotted(edit.path)} is an anchor's, and counts in other places too")
    return _Splice(start=value.start, end=value.end, text=_scalar(edit.value), line=value.line)


def _inserted(text: str, parent: MarkedNode, edit: Edit) -> _Splice:
    if not parent.pairs and not parent.flow:
        raise NotEditable(f"{dotted(edit.path[:-1])} is empty")
    neighbour = parent.pair(edit.after) or (parent.pairs[-1] if parent.pairs else None)
    if parent.flow or neighbour is None:
        return _into_flow(text, parent, neighbour, edit)
    newline = newline_of(text)
    lines = newline.join(_block_lines(edit, parent.pairs[0][0].column - 1, _step(parent)))
    last = neighbour[1].last()
    if last.block_text and _at_line_start(text, last.end):
        return _Splice(start=last.end, end=last.end, text=lines + newline, line=_line_of(text, last.end))
    at = _line_end(text, last.end)
    return _Splice(start=at, end=at, text=newline + lines, line=_line_of(text, at) + 1)


def _into_flow(
    text: str, parent: MarkedNode, neighbour: tuple[MarkedNode, MarkedNode] | None, edit: Edit
) -> _Splice:
    quote = '"' if neighbour and text[neighbour[0].start] == '"' else ""
    said = f"{quote}{edit.path[-1]}{quote}: {_inline(edit.value, quote)}"
    if neighbour is None:
        return _Splice(start=parent.start + 1, end=parent.start + 1, text=said, line=parent.line)
    at = max(neighbour[0].end, neighbour[1].end)
    return _Splice(start=at, end=at, text=f", {said}", line=_line_of(text, at))


def _removed(text: str, parent: MarkedNode, pair: tuple[MarkedNode, MarkedNode], edit: Edit) -> _Splice:
    if len(parent.pairs) == 1:
        raise NotEditable(f"{dotted(edit.path)} is all that its mapping has")
    number = parent.pairs.index(pair)
    key, value = pair
    end = max(key.end, value.last().end)
    if parent.flow:
        if number:
            before = parent.pairs[number - 1]
            start = max(before[0].end, before[1].end)
            return _Splice(start=start, end=end, text="", line=key.line)
        return _Splice(start=key.start, end=parent.pairs[1][0].start, text="", line=key.line)
    if text[_line_start(text, key.start) : key.start].strip():
        # It stands behind the dash of a list, where the next key takes its place.
        return _Splice(start=key.start, end=parent.pairs[number + 1][0].start, text="", line=key.line)
    if not _at_line_start(text, end):
        end = _next_line(text, end)
    return _Splice(start=_line_start(text, key.start), end=end, text="", line=key.line)


def _block_lines(edit: Edit, indent: int, step: int) -> list[str]:
    margin = " " * indent
    if not isinstance(edit.value, dict):
        return [f"{margin}{edit.path[-1]}: {_scalar(edit.value)}"]
    inner = " " * (indent + step)
    return [f"{margin}{edit.path[-1]}:", *_nested(edit.value, inner, step)]


def _nested(value: dict[str, Json], margin: str, step: int) -> list[str]:
    lines: list[str] = []
    for key, one in value.items():
        if isinstance(one, dict):
            lines += [f"{margin}{key}:", *_nested(one, margin + " " * step, step)]
        else:
            lines.append(f"{margin}{key}: {_scalar(one)}")
    return lines


def _inline(value: Json, quote: str) -> str:
    """A value between braces; keys are quoted where their neighbours are, so that JSON stays JSON."""
    if not isinstance(value, dict):
        return _scalar(value)
    return "{" + ", ".join(f"{quote}{key}{quote}: {_inline(one, quote)}" for key, one in value.items()) + "}"


def _scalar(value: Json) -> str:
    """A boolean or number as YAML 1.1 and 1.2 both read it; a text in the quotes that both take."""
    return json.dumps(value)


def _step(parent: MarkedNode) -> int:
    """How much further in the author writes what is below a key; two where nothing shows it."""
    indent = parent.pairs[0][0].column
    for _, value in parent.pairs:
        if value.kind == "mapping" and not value.flow and value.pairs:
            return max(1, value.pairs[0][0].column - indent)
    return 2


def newline_of(text: str) -> str:
    """Return the line end of a text, as its first line has it."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _at_line_start(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"


def _line_end(text: str, at: int) -> int:
    """Where the line ends, before its line end and behind its comment."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def plain(value: Json) -> Json:
    """Return values as JSON has them: dates as text, and every key too, so that documents can be compared."""
    return json.loads(json.dumps(value, default=str))


def changed(value: Json, edits: Sequence[Edit]) -> Json:
    """Return plain values with the same edits made: what the edited text has to say when it is read again."""
    copy = plain(value)
    for edit in edits:
        at = copy
        for key in edit.path[:-1]:
            at = at[key]
        if edit.do == "set":
            at[edit.path[-1]] = edit.value
        else:
            del at[edit.path[-1]]
    return copy
