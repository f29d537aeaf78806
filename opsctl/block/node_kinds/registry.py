"""Finds every kind of node by scanning this package; nothing is listed by hand."""

import importlib
import pkgutil
from functools import lru_cache

from opsctl.block import node_kinds
from opsctl.block.topology.node_kind import NodeKind


@lru_cache(maxsize=1)
def every_node_kind() -> tuple[NodeKind, ...]:
    """Return one of each kind of node, ordered by kind."""
    found: dict[str, NodeKind] = {}
    for info in pkgutil.iter_modules(node_kinds.__path__, f"{node_kinds.__name__}."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            defined_here = isinstance(value, type) and value.__module__ == module.__name__
            if defined_here and issubclass(value, NodeKind) and hasattr(value, "kind"):
                found[value.kind] = value()
    return tuple(found[kind] for kind in sorted(found))
