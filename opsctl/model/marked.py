"""A document of somebody else as nodes that know where in the text they stand, so that parts can be edited."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from opsctl.model.value import Json

Key: TypeAlias = str | int
Path: TypeAlias = tuple[Key, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkedNode:
    """A part of a document: characters `start` to `end` of its text; line and column count from 1.

    `value` is what it says, with aliases and merge keys followed; `pairs` are a mapping's own, as written.
    `uses` is in how many places of the document this very text counts, more than one where it is an anchor's. An
    `alias` stands where it is written, and what is below it where the anchor is.
    """

    kind: Literal["scalar", "mapping", "sequence"]
    start: int
    end: int
    line: int
    column: int
    value: Json
    flow: bool = False
    block_text: bool = False
    alias: bool = False
    pairs: tuple[tuple["MarkedNode", "MarkedNode"], ...] = ()
    items: tuple["MarkedNode", ...] = ()
    uses: int = 1

    def pair(self, key: Key) -> "tuple[MarkedNode, MarkedNode] | None":
        """Return the key and value nodes of a mapping's own key, or None."""
        return next((pair for pair in self.pairs if pair[0].value == key), None)

    def at(self, path: Path) -> "MarkedNode | None":
        """Return the node at a path of keys and numbers; None where the text itself has none there."""
        node: MarkedNode | None = self
        for key in path:
            if node is None:
                return None
            node = node._step(key)
        return node

    def nearest(self, path: Path) -> "MarkedNode":
        """Return the key of the part at a path, or the nearest part around it: where a fault is shown."""
        shown = node = self
        for key in path:
            pair = node.pair(key)
            following = node._step(key)
            if following is None:
                return shown
            shown, node = (pair[0] if pair else following), following
        return shown

    def last(self) -> "MarkedNode":
        """Return the node that ends this one's text: a block collection has no end of its own."""
        if self.flow or self.alias or self.kind == "scalar":
            return self
        below = [value for _, value in self.pairs] or list(self.items)
        return below[-1].last() if below else self

    def walk(self) -> Iterator["MarkedNode"]:
        """Yield this node and all below it; a part that is used twice comes twice."""
        yield self
        for _, value in self.pairs:
            yield from value.walk()
        for item in self.items:
            yield from item.walk()

    def _step(self, key: Key) -> "MarkedNode | None":
        if isinstance(key, int) and self.kind == "sequence":
            return self.items[key] if key < len(self.items) else None
        pair = self.pair(key)
        return pair[1] if pair else None


def dotted(path: Path) -> str:
    """Say a path as `Scheduling.SlurmQueues[0].Name`."""
    parts = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in path]
    return "".join(parts).lstrip(".")
