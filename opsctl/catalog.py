"""Finds the plug-ins by scanning their packages; the registry is a value, nothing is global."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from opsctl import actions, lookups
from opsctl.model.run import Action, Lookup, Registry

P = TypeVar("P", Lookup, Action)


def find_plugins() -> Registry:
    """Import every module of `opsctl.lookups` and `opsctl.actions` and return what they define."""
    # The bases are abstract and never instantiated here; the type checker cannot know.
    found_lookups = _defined_in(lookups, Lookup)  # type: ignore[type-abstract]
    found_actions = _defined_in(actions, Action)  # type: ignore[type-abstract]
    return Registry(
        lookups={one.name: one for one in found_lookups}, actions={one.name: one for one in found_actions}
    )


def _defined_in(package: ModuleType, kind: type[P]) -> list[type[P]]:
    found: list[type[P]] = []
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, kind) and value.__module__ == module.__name__
        ]
    return sorted(found, key=lambda plugin: plugin.name)
