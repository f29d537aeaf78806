"""Finds the plug-ins by the names of their files; the registry is a value, nothing is global."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import opsctl
from opsctl.model.jobs import Job
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Lookup

P = TypeVar("P", Lookup, Action, Job)


class Plugins(Mapping[str, type[P]], Generic[P]):
    """The plug-ins of one kind in every room: `waf.block` is what `block/actions/waf_block.py` defines.

    Each is imported when asked for: most commands need two or three of them, and importing all takes longer than
    everything else at the start.
    """

    def __init__(self, part: str, kind: type[P]) -> None:
        """Look for files, room by room; `part` is the package that holds this kind in each."""
        self._kind: type[P] = kind
        self._modules = dict(sorted(_modules(part)))

    def __getitem__(self, name: str) -> type[P]:
        module = importlib.import_module(self._modules[name])
        (found,) = (
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, self._kind) and value.__module__ == module.__name__
        )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def find_plugins() -> Registry:
    """Return the plug-ins of every room's `facts`, `actions` and `jobs`."""
    # The bases are abstract and never instantiated here; the type checker cannot know.
    return Registry(
        lookups=Plugins("facts", Lookup),  # type: ignore[type-abstract]
        actions=Plugins("actions", Action),  # type: ignore[type-abstract]
        jobs=Plugins("jobs", Job),  # type: ignore[type-abstract]
    )


def _modules(part: str) -> Iterator[tuple[str, str]]:
    """Yield each plug-in's name and the module that defines it."""
    for room in pkgutil.iter_modules(opsctl.__path__):
        places = [str(Path(root, room.name, part)) for root in opsctl.__path__]
        for one in pkgutil.iter_modules(places):
            yield one.name.replace("_", ".", 1), f"opsctl.{room.name}.{part}.{one.name}"
