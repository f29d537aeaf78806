"""What an example of an action is: how its account is arranged, what it is given, and what an undo restores."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from opsctl.model.value import Json
from tests.kit.moto_account import World

Seed = Callable[[Callable[[str], Any]], object]


class Stage(NamedTuple):
    """The account of one example, and a directory for the files that it needs."""

    world: World
    path: Path
    move: Callable[[float], None]
    """Lets time pass in the account."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One use of an action: `given` arranges the account and returns the fields of the action, as in `with:`.

    `seeds` are there before. `look` says what an undo has to restore; nothing means the whole account, as far as
    it is kept in memory. `kept` says why something that the undo leaves is not looked at.
    """

    given: Callable[[Stage], dict[str, Json]]
    seeds: tuple[Seed, ...] = ()
    look: Callable[[], Json] | None = None
    kept: str = ""

    def __post_init__(self) -> None:
        assert (self.look is None) == (not self.kept), "say why not the whole account is looked at"
