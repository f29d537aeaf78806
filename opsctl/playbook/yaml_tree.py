"""Reads YAML into plain values with the place of each, and collects every fault instead of stopping at the first.

A deliberately small YAML: no anchors, aliases, merge keys or tags; no duplicate keys; one document; and only the
JSON types, so that `yes`, `0123` and `12:30` are the text that was written.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import yaml

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.value import Json, Value

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_EVENTS = 100_000
MANY = 50
"""Faults of one file that are kept."""

SLOWLY_READ = 100_000
"""Characters that PyYAML reads in a moment; above, libyaml alone reads, whatever words it has for a fault."""

_INT = re.compile(r"^-?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^-?(0|[1-9][0-9]*)\.[0-9]+$")
# Where libyaml and PyYAML were seen to differ; what is a fault has to be one on every machine, in the same words.
_READ_DIFFERENTLY = re.compile(r"[\t\ufeff]|\?[\s,\[\]{}]|^---\s", re.MULTILINE)
_OCTAL = re.compile(r"^0[0-9]+$")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_SURPRISES = ("yes", "no", "on", "off", "y", "n")


class Tree(Value):
    """A document as plain values, where each part stands (dotted path to line and column, from 1), and faults."""

    value: Json
    lines: dict[str, tuple[int, int]]
    faults: tuple[Diagnostic, ...]

    def place(self, part: str) -> tuple[int, int]:
        """Return line and column of a part by its dotted path, or of the nearest part around it."""
        while part and part not in self.lines:
            part = part.rpartition(".")[0]
        return self.lines.get(part, (1, 1))

    def where(self, part: str, source: str) -> Where:
        """Return where a part stands in its file."""
        line, column = self.place(part)
        return Where(source=source, line=line, column=column)


def read_tree(data: bytes, source: str) -> Tree:
    """Parse one YAML document; any bytes in, never an exception."""
    reader = _Reader(source)
    value = reader.read(data)
    return Tree(value=value, lines=reader.lines, faults=tuple(reader.faults))


def _loader_and_events(text: str) -> tuple[Any, Iterable[yaml.Event]]:
    """Return libyaml for what it reads as PyYAML does, which is what is well-formed, and what it reads."""
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if len(text) > SLOWLY_READ:
        return fast, _shallow_events(text, fast)
    if not _READ_DIFFERENTLY.search(text):
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            return fast, list(_shallow_events(text, fast))
    return yaml.SafeLoader, _shallow_events(text, yaml.SafeLoader)


def _shallow_events(text: str, loader: Any) -> Iterator[yaml.Event]:
    """Yield the events of a text, ending after a level or a value too many: both readers descend as they build."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        yield event
        if depth > MAX_DEPTH or number > MAX_EVENTS:
            return


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self.lines: dict[str, tuple[int, int]] = {}
        self.faults: list[Diagnostic] = []

    def read(self, data: bytes) -> Json:
        if len(data) > MAX_BYTES:
            self._fault("size", f"the file is larger than {MAX_BYTES} bytes", 1, 1)
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = data[: fault.start].count(b"\n") + 1
            self._fault("encoding", "the file is not UTF-8", line, 1, hint="save it as UTF-8")
            return None
        loader, events = _loader_and_events(text)
        try:
            if self._goes_beyond_the_language(events):
                return None
            documents = list(yaml.compose_all(text, Loader=loader))
        except (yaml.YAMLError, ValueError, RecursionError) as fault:
            self._syntax(fault)
            return None
        if not documents or documents[0] is None:
            self._fault("empty", "the file is empty", 1, 1)
            return None
        if len(documents) > 1:
            mark = documents[1].start_mark
            self._fault("documents", "the file has several documents", mark.line + 1, 1, hint="keep one")
            return None
        return self._value(documents[0], "")

    def _goes_beyond_the_language(self, events: Iterable[yaml.Event]) -> bool:
        """Tell, before anything is built, of anchors, of depth and of number."""
        before, depth = len(self.faults), 0
        for number, event in enumerate(events):
            mark, anchor = event.start_mark, getattr(event, "anchor", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                self._fault("depth", f"nested deeper than {MAX_DEPTH} levels", line, column)
            if number > MAX_EVENTS:
                self._fault("size", f"more than {MAX_EVENTS:,} keys and values", line, column)
            if anchor:
                summary = "anchors and aliases are not part of the language"
                self._fault("anchor", summary, line, column, offending=str(anchor), hint="write the value out")
        return len(self.faults) > before

    def _syntax(self, fault: Exception) -> None:
        mark = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or getattr(fault, "reason", None) or str(fault)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        hint = "indent with spaces" if "'\\t'" in str(problem) else ""
        self._fault("yaml", f"not YAML: {problem}", line, column, hint=hint)

    def _value(self, node: yaml.Node, path: str) -> Json:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.lines.setdefault(path, (line, column))
        if isinstance(node, yaml.MappingNode):
            self._refuse_tag(node, "tag:yaml.org,2002:map", line, column)
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "tag:yaml.org,2002:seq", line, column)
            return [self._value(item, f"{path}.{number}".strip(".")) for number, item in enumerate(node.value)]
        return self._scalar(node, line, column)

    def _mapping(self, node: yaml.MappingNode, path: str) -> Json:
        found: dict[str, Json] = {}
        for key, item in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, yaml.ScalarNode) or not isinstance(key.value, str):
                self._fault("key", "a key has to be text", line, column)
                continue
            if key.value == "<<":
                self._fault("merge", "merge keys are not part of the language", line, column, offending="<<")
                continue
            if key.value in found:
                self._fault("duplicate", "duplicate key", line, column, offending=key.value, hint="keep one")
            here = f"{path}.{key.value}".strip(".")
            self.lines[here] = (line, column)
            found[key.value] = self._value(item, here)
        return found

    def _scalar(self, node: yaml.Node, line: int, column: int) -> Json:
        text = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or node.style:
            return text
        if node.tag not in _PLAIN_TAGS:
            self._fault("tag", "tags are not part of the language", line, column, offending=str(node.tag))
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.match(text) and len(text) < 20:
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        if _OCTAL.match(text):
            self._fault(
                "octal", "a number with a leading zero is ambiguous", line, column, text, f'quote it: "{text}"'
            )
        elif text.lower() in _SURPRISES or text in ("True", "False", "TRUE", "FALSE", "Null", "NULL"):
            self._fault(
                "surprise",
                "YAML parsers read this differently",
                line,
                column,
                text,
                f'write true or false, or quote it: "{text}"',
            )
        return text

    def _refuse_tag(self, node: yaml.Node, plain: str, line: int, column: int) -> None:
        if node.tag != plain:
            self._fault("tag", "tags are not part of the language", line, column, offending=str(node.tag))

    def _fault(self, code: str, summary: str, line: int, column: int, offending: str = "", hint: str = "") -> None:
        if len(self.faults) >= MANY:
            return
        where = Where(source=self._source, line=line, column=column)
        self.faults.append(Diagnostic(code=code, summary=summary, where=where, offending=offending, hint=hint))


_PLAIN_TAGS: Sequence[str] = tuple(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
)
