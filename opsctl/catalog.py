"""Finds the plug-ins by the names of their files: those of the rooms, and those of packages that others ship.

Another distribution says by an entry point of the group `opsctl.plugins` which of its packages has plug-ins.
Nothing of it is imported before a plug-in is asked for by its name, and the registry is a value.
"""

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

import opsctl
from opsctl.model.errors import InvalidInput
from opsctl.model.explanation import Explanation
from opsctl.model.former_names import FormerName
from opsctl.model.jobs import Job
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Fact

P = TypeVar("P", Fact, Action, Job)

GROUP = "opsctl.plugins"
PARTS = ("facts", "actions", "jobs")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package with plug-ins and the distribution that it came with; `fault` says why nothing is found in it."""

    distribution: str
    module: str
    places: tuple[str, ...] = ()
    fault: str = ""

    def modules(self, part: str) -> Iterator[tuple[str, str]]:
        """Yield the name of each plug-in of a part, and the module that defines it."""
        for one in pkgutil.iter_modules([str(Path(place, part)) for place in self.places]):
            yield one.name.replace("_", ".", 1), f"{self.module}.{part}.{one.name}"


class Plugins(Mapping[str, type[P]], Generic[P]):
    """The plug-ins of one kind in every room: `waf.block` is what `block/actions/waf_block.py` defines.

    Each is imported when asked for: most commands need two or three of them, and importing all takes longer than
    everything else at the start. What somebody else ships is looked for at the first question.
    """

    def __init__(self, part: str, kind: type[P]) -> None:
        """Look for files, package by package; `part` is the package that holds this kind in each."""
        self._part = part
        self._kind: type[P] = kind

    def __getitem__(self, name: str) -> type[P]:
        """Import a plug-in.

        Raises:
            InvalidInput: two packages have one of this name, or what its module has is none.
        """
        (module, owner), *others = self._modules[name].items()
        if others:
            both = " and ".join(f"{one.distribution} ({at})" for at, one in self._modules[name].items())
            raise InvalidInput.one(
                f"{name} is defined more than once: by {both}",
                source=name,
                hint="uninstall one of them, or have its file renamed: nothing tells which of them is meant",
            )
        defined = [
            value
            for value in vars(_imported(module, owner)).values()
            if isinstance(value, type) and issubclass(value, self._kind) and value.__module__ == module
        ]
        if [getattr(value, "name", "") for value in defined] != [name]:
            raise InvalidInput.one(
                f"{module} of {owner.distribution} has to define one {self._kind.__name__} with the name {name}",
                source=name,
                hint="whoever ships it has to mend it",
            )
        return defined[0]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    @cached_property
    def _modules(self) -> dict[str, dict[str, Package]]:
        """The modules that define each name, with the packages that they are in."""
        found: dict[str, dict[str, Package]] = {}
        for package, name, module in _in_rooms(self._part, tuple(opsctl.__path__)):
            found.setdefault(name, {})[module] = package
        for package in shipped_by_others():
            for name, module in package.modules(self._part):
                found.setdefault(name, {})[module] = package
        return dict(sorted(found.items()))


def find_plugins() -> Registry:
    """Return the plug-ins of every room's `facts`, `actions` and `jobs`, and those that others ship."""
    # The bases are abstract and never instantiated here; the type checker cannot know.
    return Registry(
        facts=Plugins("facts", Fact),  # type: ignore[type-abstract]
        actions=Plugins("actions", Action),  # type: ignore[type-abstract]
        jobs=Plugins("jobs", Job),  # type: ignore[type-abstract]
        former=former_names,
    )


def explained() -> Iterator[Explanation]:
    """Yield what the rooms, and packages that others ship, say of the ids that they print."""
    yield from _told("explanations")


def former_names() -> Iterator[FormerName]:
    """Yield what the rooms, and packages that others ship, called something in the version before."""
    yield from _told("former_names")


def _told(name: str) -> Iterator[Any]:
    """Call the function of that name in each package's module of that name."""
    for package in (*_rooms(), *shipped_by_others()):
        if any(Path(place, f"{name}.py").is_file() for place in package.places):
            yield from getattr(_imported(f"{package.module}.{name}", package), name, tuple)()


def shipped_by_others() -> tuple[Package, ...]:
    """Return the packages that entry points name, ordered by distribution; none of their code runs."""
    return _named_by_entry_points(tuple(sys.path))


def owner_of(module: str) -> Package | None:
    """Return the package of somebody else to which a module belongs."""
    return next((one for one in shipped_by_others() if f"{module}.".startswith(f"{one.module}.")), None)


@lru_cache(maxsize=1)
def _named_by_entry_points(_path: tuple[str, ...]) -> tuple[Package, ...]:
    """Ask every distribution on the path once: three registries are made in one command."""
    found = {_package(one) for one in entry_points(group=GROUP)}
    return tuple(sorted(found, key=lambda one: (one.distribution, one.module)))


def _package(point: EntryPoint) -> Package:
    distribution = f"{point.dist.name} {point.dist.version}" if point.dist else point.name
    if not re.fullmatch(r"\w+(\.\w+)*", point.value):
        fault = f"its entry point {point.name} says {point.value}, which is no package"
        return Package(distribution=distribution, module=point.value, fault=fault)
    places = _places_of(point.value)
    if not any(Path(place, part).is_dir() for place in places for part in PARTS):
        fault = f"there is no package {point.value} with {', '.join(PARTS[:-1])} or {PARTS[-1]} in it"
        return Package(distribution=distribution, module=point.value, fault=fault)
    return Package(distribution=distribution, module=point.value, places=places)


def _places_of(module: str) -> tuple[str, ...]:
    """Return the directories of a package; unlike `find_spec` of a whole name this imports no parent of it."""
    top, *below = module.split(".")
    spec = importlib.util.find_spec(top)
    for name in below:
        within = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(f"{spec.name}.{name}", within) if spec and within else None
    return tuple(spec.submodule_search_locations or ()) if spec else ()


@lru_cache(maxsize=len(PARTS))
def _in_rooms(part: str, _path: tuple[str, ...]) -> tuple[tuple[Package, str, str], ...]:
    """Each plug-in of a part of our own rooms; three registries are made in one command, and no room changes."""
    return tuple((package, name, module) for package in _rooms() for name, module in package.modules(part))


def _rooms() -> Iterator[Package]:
    for room in pkgutil.iter_modules(opsctl.__path__):
        places = tuple(str(Path(root, room.name)) for root in opsctl.__path__)
        yield Package(distribution=f"opsctl {opsctl.__version__}", module=f"opsctl.{room.name}", places=places)


def _imported(module: str, owner: Package) -> object:
    """Import a module.

    Raises:
        InvalidInput: code that somebody else ships does not import.
    """
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as fault:
        if owner not in shipped_by_others():
            raise
        raise InvalidInput.one(
            f"{module} of {owner.distribution} cannot be imported: {type(fault).__name__}: {fault}",
            source=owner.distribution,
            hint="install a version that fits, or uninstall it: what does not use it works without it",
        ) from fault
