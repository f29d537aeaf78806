"""What it means to send: a destination takes messages and says of each whether it has it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from opsctl.model.value import Json

Alive: TypeAlias = Callable[[], None]
"""Called before every request and every wait, so that what we hold stays hidden from others."""


GROUP_STOPPED = "GroupStopped"
CANNOT_EDIT = "CannotEdit"


class Stayed(NamedTuple):
    """A message that could not be sent, and why."""

    message: Json
    code: str
    reason: str

    @property
    def tried(self) -> bool:
        """Whether its destination was asked: not for what cannot be edited, or follows another that stayed."""
        return self.code not in (GROUP_STOPPED, CANNOT_EDIT)


@dataclass
class Sent:
    """What came of sending some messages.

    `doubtful` are ids of messages that may have arrived twice, or once although they stayed; each as often as it
    may have arrived unnoticed. `new_ids` are the ids under which the destination knows what it got.
    """

    confirmed: list[Json] = field(default_factory=list)
    stayed: list[Stayed] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    new_ids: list[str] = field(default_factory=list)

    def add(self, other: "Sent") -> None:
        """Take over what another sending came to."""
        self.confirmed += other.confirmed
        self.stayed += other.stayed
        self.doubtful += other.doubtful
        self.new_ids += other.new_ids


class Sending(Protocol):
    """A destination; used by several threads."""

    @property
    def closed(self) -> str:
        """Why nothing more can be sent there, or nothing."""
        ...

    @property
    def repeats_s(self) -> float:
        """For how many seconds a repeated send is recognised and dropped; 0 when never."""
        ...

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Send up to ten messages; never raises for what one message or the destination does."""
        ...


class InParts(Sending, Protocol):
    """A destination whose messages do not all go together."""

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """Divide messages into those that go together; what becomes of a part is recorded before the next goes."""
        ...


class Filter(Protocol):
    """Which messages are meant, and what is to be changed in them."""

    def wants(self, message: Json) -> bool:
        """Tell whether a message is meant."""
        ...

    def edited(self, message: Json) -> Json:
        """Return the message as it is to be sent; raises ValueError when the edit cannot be made."""
        ...


class Keeper(Protocol):
    """Writes messages to a file before they are sent."""

    def keep(self, messages: list[Json]) -> None:
        """Write messages; they are in the file when this returns."""
        ...


def undivided(messages: list[Json]) -> list[list[Json]]:
    """Divide nothing: one request takes all."""
    return [messages]
