"""Finds every source by scanning this package; nothing is listed by hand."""

import importlib
import pkgutil
from functools import lru_cache
from inspect import isabstract

from opsctl.block import evidence
from opsctl.block.evidence.source import EvidenceSource


@lru_cache(maxsize=1)
def every_source() -> tuple[EvidenceSource, ...]:
    """Return one of each source, ordered by name."""
    found: dict[str, EvidenceSource] = {}
    for info in pkgutil.iter_modules(evidence.__path__, f"{evidence.__name__}."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            defined_here = isinstance(value, type) and value.__module__ == module.__name__
            if defined_here and issubclass(value, EvidenceSource) and not isabstract(value):
                found[value.name] = value()
    return tuple(found[name] for name in sorted(found))
