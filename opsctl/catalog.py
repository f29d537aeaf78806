"""Finds the plug-ins by the names of their files; the registry is a value, nothing is global."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Generic, TypeVar

from opsctl import actions, jobs, lookups
from opsctl.model.jobs import Job
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Lookup

P = TypeVar("P", Lookup, Action, Job)


class Plugins(Mapping[str, type[P]], Generic[P]):
    """The plug-ins of a package by name: `waf.block` is what `waf_block.py` defines, imported when asked for.

    Most commands need two or three of them, and importing all takes longer than everything else at the start.
    """

    def __init__(self, package: ModuleType, kind: type[P]) -> None:
        self._package = package.__name__
        self._kind: type[P] = kind
        self._names = sorted(one.name.replace("_", ".", 1) for one in pkgutil.iter_modules(package.__path__))

    def __getitem__(self, name: str) -> type[P]:
        if name not in self._names:
            raise KeyError(name)
        module = importlib.import_module(f"{self._package}.{name.replace('.', '_', 1)}")
        (found,) = (
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, self._kind) and value.__module__ == module.__name__
        )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def find_plugins() -> Registry:
    """Return the plug-ins of `opsctl.lookups`, `opsctl.actions` and `opsctl.jobs`."""
    # The bases are abstract and never instantiated here; the type checker cannot know.
    return Registry(
        lookups=Plugins(lookups, Lookup),  # type: ignore[type-abstract]
        actions=Plugins(actions, Action),  # type: ignore[type-abstract]
        jobs=Plugins(jobs, Job),  # type: ignore[type-abstract]
    )
