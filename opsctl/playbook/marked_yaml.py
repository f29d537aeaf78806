"""Reads YAML that others have made rules for into nodes with their places: anchors, merges, tags of the standard.

It reads as PyYAML's safe loader does, which is what ParallelCluster reads its configuration with; the pure Python
one, whose marks count characters.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import yaml

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.marked import MarkedNode
from opsctl.model.value import Json

MAX_CHARACTERS = 400_000
MAX_DEPTH = 60
MAX_NODES = 100_000
"""Places in a document, with each alias counted as what it stands for: a few lines can stand for billions."""

_MERGE = "tag:yaml.org,2002:merge"


class _Alias(yaml.Node):
    """An alias where it is written, and the node that it stands for."""

    def __init__(self, target: yaml.Node, start: Any, end: Any) -> None:
        super().__init__(target.tag, target.value, start, end)
        self.target = target


class _Loader(yaml.SafeLoader):
    """The safe loader, which forgets where aliases stand."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node; of an alias, one with a place of its own."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if node is None or not isinstance(event, yaml.AliasEvent):
            return node
        return _Alias(node, event.start_mark, event.end_mark)


def read_marked(text: str, source: str) -> MarkedNode:
    """Parse one document.

    Raises:
        InvalidInput: it is no YAML, has a key twice, several documents or none, or is too large or deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise _fault("size", f"the file has more than {MAX_CHARACTERS:,} characters", source, None)
    try:
        _refuse_deep(text, source)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise _fault("empty", "the file is empty", source, None)
        uses = _counted(root, source)
        return _Reader(loader, source, uses).node(root)
    except yaml.YAMLError as fault:
        raise _syntax(fault, source, text) from None
    except ValueError as fault:
        raise _fault("yaml", f"not YAML: {fault}", source, None) from None


def _refuse_deep(text: str, source: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _fault("depth", f"nested deeper than {MAX_DEPTH} levels", source, event.start_mark)


def _counted(root: yaml.Node, source: str) -> Counter[int]:
    """Count in how many places each node of a document stands; an alias is a place."""
    uses: Counter[int] = Counter()
    open_: set[int] = set()

    def count(node: yaml.Node) -> None:
        node = _target(node)
        if id(node) in open_:
            raise _fault("alias", "an alias stands inside its own anchor", source, node.start_mark)
        uses[id(node)] += 1
        if uses.total() > MAX_NODES:
            raise _fault("size", f"more than {MAX_NODES:,} keys and values, aliases followed", source, None)
        open_.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for pair in node.value:
                for one in pair:
                    count(one)
        elif isinstance(node, yaml.SequenceNode):
            for one in node.value:
                count(one)
        open_.discard(id(node))

    count(root)
    return uses


def _target(node: yaml.Node) -> yaml.Node:
    return node.target if isinstance(node, _Alias) else node


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, source: str, uses: Counter[int]) -> None:
        self._loader, self._source, self._uses = loader, source, uses

    def node(self, of: yaml.Node) -> MarkedNode:
        if isinstance(of, _Alias):
            start, end = of.start_mark, of.end_mark
            return replace(
                self.node(of.target),
                alias=True,
                start=start.index,
                end=end.index,
                line=start.line + 1,
                column=start.column + 1,
            )
        start, end = of.start_mark, of.end_mark
        node = MarkedNode(
            kind="scalar",
            start=start.index,
            end=end.index,
            line=start.line + 1,
            column=start.column + 1,
            value=None,
            uses=self._uses[id(of)],
            flow=bool(getattr(of, "flow_style", False)),
            block_text=getattr(of, "style", None) in ("|", ">"),
        )
        if isinstance(of, yaml.MappingNode):
            pairs = tuple((self.node(key), self.node(value)) for key, value in of.value)
            return replace(node, kind="mapping", pairs=pairs, value=self._mapping(of, pairs))
        if isinstance(of, yaml.SequenceNode):
            items = tuple(self.node(item) for item in of.value)
            return replace(node, kind="sequence", items=items, value=[item.value for item in items])
        return replace(node, value="<<" if of.tag == _MERGE else self._loader.construct_object(of))

    def _mapping(self, of: yaml.MappingNode, pairs: tuple[tuple[MarkedNode, MarkedNode], ...]) -> dict[Json, Json]:
        own: dict[Json, Json] = {}
        merged: dict[Json, Json] = {}
        for (raw, _), (key, value) in zip(of.value, pairs, strict=True):
            if _target(raw).tag == _MERGE:
                # Of several that are merged the first wins, and what the mapping itself says before all.
                for one in reversed(value.value if value.kind == "sequence" else [value.value]):
                    merged |= one if isinstance(one, dict) else {}
                continue
            if not isinstance(key.value, str | int | float | bool | None):
                raise _fault("key", "a key has to be text", self._source, raw.start_mark)
            if key.value in own:
                raise _fault("duplicate", f"key {key.value!r} stands there twice", self._source, raw.start_mark)
            own[key.value] = value.value
        return merged | own


def _syntax(fault: yaml.YAMLError, source: str, text: str) -> InvalidInput:
    mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
    if isinstance(fault, yaml.reader.ReaderError):
        line = text.count("\n", 0, fault.position)
        mark = yaml.Mark(source, fault.position, line, 0, None, 0)
    problem = getattr(fault, "problem", None) or getattr(fault, "reason", None) or str(fault)
    hint = "it looks like a template: render it first" if "{%" in text or "{{" in text else ""
    return _fault("yaml", f"not YAML: {problem}", source, mark, hint)


def _fault(code: str, summary: str, source: str, mark: Any, hint: str = "") -> InvalidInput:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    where = Where(source=source, line=line, column=column)
    return InvalidInput([Diagnostic(code=code, summary=summary, where=where, hint=hint)])
