"""How a job that has more to tell than counts and lists is shown: by the view that has its name."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from typing import ClassVar

from opsctl.model.changes import Change
from opsctl.model.report import ChangeResult
from opsctl.model.value import Json
from opsctl.render import views


class JobView(ABC):
    """Shows what one kind of job came to; the class in `views/ha_drill.py` does so for the job `ha.drill`."""

    unproved: ClassVar[str]
    """What became of it, in a word, when it is done but not as it should be."""

    def __init__(self, found: dict[str, Json]) -> None:
        """Show this result."""
        self.found = found

    @classmethod
    @abstractmethod
    def shows(cls, found: dict[str, Json]) -> bool:
        """Tell whether a result is whole enough; that of a job which was interrupted may not be."""

    @abstractmethod
    def lines(self) -> list[str]:
        """List what it came to, for a report of the whole run."""

    def file(self, run_id: str) -> tuple[str, str] | None:
        """Return the path of the file that is to be written about it, and its text; most need none."""
        return None


def view_of(change: Change, result: ChangeResult) -> JobView | None:
    """Return the view of what a job came to, or None where counts and lists say all."""
    name = change.operation.replace(".", "_")
    known = change.kind == "job" and isinstance(result.result, dict)
    if not known or name not in {one.name for one in pkgutil.iter_modules(views.__path__)}:
        return None
    module = importlib.import_module(f"{views.__name__}.{name}")
    (kind,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, JobView) and value.__module__ == module.__name__
    )
    return kind(result.result) if kind.shows(result.result) else None
