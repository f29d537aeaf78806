"""The scripts that read the network of instances from the inside."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.tune.guest_script import LINUX, READS, WINDOWS


class GuestRead(Value):
    """What a script calls, and what for."""

    command: str
    reads: str


class GuestScripts(Value):
    """The lines of the scripts, by system, and what they call; nothing where nothing is wanted."""

    linux: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    calls: tuple[GuestRead, ...] = ()


class TuneGuest(Fact):
    """Return the scripts that read drivers, MTU, queues and counters in a guest; nothing is read or run."""

    name: ClassVar[str] = "tune.guest"
    Result: ClassVar[type[Value]] = GuestScripts

    wanted: bool = Field(description="Whether anything is to be read inside.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read nothing: the scripts are opsctl's own."""
        yield []
        if not self.wanted:
            return GuestScripts()
        calls = tuple(GuestRead(command=command, reads=reads) for command, reads in READS)
        return GuestScripts(linux=LINUX, windows=WINDOWS, calls=calls)
