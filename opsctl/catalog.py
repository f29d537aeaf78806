"""Finds the plug-ins by scanning their packages; the registry is a value, nothing is global."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from opsctl import actions, jobs, lookups
from opsctl.model.jobs import Job
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Lookup

P = TypeVar("P", Lookup, Action, Job)


def find_plugins() -> Registry:
    """Import every module of `opsctl.lookups`, `opsctl.actions` and `opsctl.jobs`; return what they define."""
    # The bases are abstract and never instantiated here; the type checker cannot know.
    found_lookups = _defined_in(lookups, Lookup)  # type: ignore[type-abstract]
    found_actions = _defined_in(actions, Action)  # type: ignore[type-abstract]
    found_jobs = _defined_in(jobs, Job)  # type: ignore[type-abstract]
    return Registry(
        lookups={one.name: one for one in found_lookups},
        actions={one.name: one for one in found_actions},
        jobs={one.name: one for one in found_jobs},
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
