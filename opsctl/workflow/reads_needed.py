"""Which reads a playbook may make, from the code of its facts and actions: nothing is called, and no list is kept.

A read is written as two texts, a client and an operation, mostly in one function, sometimes by a helper that takes
the operation. So what a plug-in can reach is gone through: functions, classes, the values that they name, and
packages whose modules are found by their places. An operation that is named there belongs to the client named
beside it, or else to any client that some helper calls and that has such a read.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from opsctl.model.playbook import Playbook
from opsctl.model.readonly import listed_reads
from opsctl.model.registry import Registry


def reads_of(playbook: Playbook, registry: Registry) -> frozenset[str]:
    """Return every read, as `service.Operation`, that planning the playbook may make."""
    facts: list[type] = [registry.facts[fact.uses] for fact in playbook.facts.values() if fact.uses]
    actions: list[type] = [registry.actions[step.uses] for step in playbook.steps if step.uses]
    return _reads_from(frozenset(facts + actions)) | {fact.read for fact in playbook.facts.values() if fact.read}


@lru_cache(maxsize=256)
def _reads_from(plugins: frozenset[type]) -> frozenset[str]:
    """What the code of facts and actions may read; it does not change while a process runs."""
    reached = _Reached()
    for one in plugins:
        reached.go_through(one)
    return frozenset(reached.reads())


@lru_cache(maxsize=1)
def _listed() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """All reads, the services that they are of, and their operations."""
    listed = listed_reads()
    services, operations = (frozenset(names) for names in zip(*(api.split(".") for api in listed), strict=True))
    return listed, services, operations


class _Reached:
    """What can be reached from where one began, and the texts that stand in it, by piece of code."""

    def __init__(self) -> None:
        self._met: dict[int, Any] = {}
        self._waiting: list[Any] = []
        self._texts: list[set[str]] = []
        self._helped: set[str] = set()

    def reads(self) -> set[str]:
        """Pair what was found to reads."""
        listed, services, operations = _listed()
        helped = self._helped & services
        found: set[str] = set()
        for texts in self._texts:
            for operation in texts & operations:
                beside = {f"{service}.{operation}" for service in texts & services} & listed
                found |= beside or {f"{service}.{operation}" for service in helped} & listed
        return found

    def go_through(self, thing: Any) -> None:
        """Go through a function, a class or a package, and all that it leads to, once each."""
        self.reach(thing)
        while self._waiting:
            self._look_at(self._waiting.pop())

    def reach(self, thing: Any) -> None:
        """Have a thing gone through that was not met before."""
        if id(thing) not in self._met:
            self._met[id(thing)] = thing
            self._waiting.append(thing)

    def _look_at(self, thing: Any) -> None:
        if isinstance(thing, FunctionType):
            self._function(thing)
        elif isinstance(thing, type):
            self._class(thing)
            if _is_own(thing.__module__) and not thing.__module__.startswith("opsctl.model."):
                self._each(type.__subclasses__(thing))
        elif isinstance(thing, ModuleType):
            self._package(thing)
        elif isinstance(thing, _WRAPPERS):
            self._each(getattr(thing, name, None) for name in ("__func__", "fget", "func", "__wrapped__"))
        elif isinstance(thing, Mapping):
            self._each(thing.values())
        elif isinstance(thing, (tuple, list)):
            self._each(thing)

    def _each(self, things: Iterable[Any]) -> None:
        for thing in things:
            self.reach(thing)

    def _class(self, kind: type) -> None:
        for one in kind.__mro__:
            if _is_own(one.__module__):
                self._each(vars(one).values())

    def _package(self, package: ModuleType) -> None:
        for info in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{package.__name__}."):
            for member in vars(importlib.import_module(info.name)).values():
                if getattr(member, "__module__", "") == info.name:
                    self.reach(member)

    def _function(self, function: FunctionType) -> None:
        if not _is_own(function.__module__):
            return
        for code in _codes(function.__code__):
            texts = set(_texts_in(code.co_consts))
            if "service" in texts:  # the name of what is given to a read
                self._helped |= texts
            self._texts.append(texts)
            for thing in _named(code, function.__globals__):
                self.reach(thing)
                self._texts.append(set(_texts_in(thing)))


_WRAPPERS = (staticmethod, classmethod, property, cached_property, partial, type(lru_cache(len)))


@lru_cache(maxsize=4096)
def _is_own(module: str) -> bool:
    """Whether a module is opsctl's or of somebody who builds on it, as one has to who reads."""
    if module.startswith("opsctl."):
        return True
    loaded = sys.modules.get(module)
    names = vars(loaded).values() if loaded else ()
    return any(str(getattr(one, "__module__", "")).startswith("opsctl.") for one in names)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _texts_in(value: Any, depth: int = 3) -> Iterator[str]:
    """Yield the texts in a constant, or in a value of ours such as a read that a module keeps ready."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from _texts_in(one, depth - 1)
    elif depth and isinstance(value, Mapping):
        yield from _texts_in([*value, *value.values()], depth)
    elif depth and _is_own(type(value).__module__) and hasattr(value, "__dict__"):
        yield from _texts_in(list(vars(value).values()), depth)


def _named(code: CodeType, known: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what the names in a piece of code mean."""
    for name in code.co_names:
        thing = known.get(name)
        if isinstance(thing, ModuleType) and _is_own(thing.__name__):
            yield thing
            yield from (vars(thing).get(other) for other in code.co_names)
        elif name.startswith("opsctl."):
            # Imported inside the function.
            yield from (vars(importlib.import_module(name)).get(other) for other in code.co_names)
        elif thing is not None:
            yield thing
