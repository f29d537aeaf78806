"""Where planning happens: the account, the region, who asks, and what the organisation has configured."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from opsctl.model.changes import Change
from opsctl.model.commands import Commands
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.settings import Settings
from opsctl.model.value import Value


class Identity(Value):
    """Who calls, from STS alone; the endpoint is empty when it is AWS's own.

    `reached_by` are the switches that were typed to get there, so that the next command can be typed as well.
    """

    account: str
    arn: str
    region: str
    partition: str = "aws"
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()

    @property
    def commands(self) -> Commands:
        """Makes the next commands."""
        return Commands(reached_by=self.reached_by)


class Context(Value):
    """What every fact and action may know of the run it works for.

    `plan_id` is the mark that everything this run creates carries; `now` is when the command began, in seconds
    since the epoch, UTC. `cache` is the directory of what was fetched when somebody asked for it. `accepted` are
    the names of guards that whoever plans has accepted or overridden: what shows only when a run looks is so too.
    """

    identity: Identity
    settings: Settings = Settings()
    plan_id: str
    now: float = 0.0
    cache: str = ""
    accepted: tuple[str, ...] = ()

    @property
    def commands(self) -> Commands:
        """Makes commands that reach the account as this one did."""
        return self.identity.commands

    @property
    def account(self) -> str:
        """The account number."""
        return self.identity.account

    @property
    def region(self) -> str:
        """The region of the run."""
        return self.identity.region

    def region_of(self, read: Read) -> str:
        """The region in which a read of this run is made."""
        return read.region or self.identity.region


class Fact(Value, ABC):
    """A named fact: its fields are the playbook's `with:`, `Result` is the shape it comes back in.

    `services` are those that its first reads ask, so that their clients can be made while the identity is asked;
    without them all is as right and a little later. `later` are the modules that are only needed when the first
    answers are there, so that they can be loaded meanwhile.

    Subclasses live in a room's `facts`, one a file, and never call AWS: they yield reads.
    """

    name: ClassVar[str]
    Result: ClassVar[type[Value]]
    services: ClassVar[tuple[str, ...]] = ()
    later: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def read(self, about: Context) -> Fetching[Value]:
        """Yield the reads needed and return a `Result`."""


class Action(Value, ABC):
    """A named step: its fields are the playbook's `with:`, its plan is a list of changes.

    Subclasses live in a room's `actions`, one a file, and never call AWS: they yield reads and return changes
    whose ids are unique within the action; the planner puts the step's id in front. `outputs` names the
    references that later steps may use.
    """

    name: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Yield the reads needed and return the changes, none when there is nothing to do."""


class Clock(Protocol):
    """Time, so that tests never sleep."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


Progress = Callable[[str], None]
"""Takes one line that says what is being waited for; shown on stderr. One that ends with a newline stays there."""
