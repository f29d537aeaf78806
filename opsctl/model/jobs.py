"""Long client-side work as data and a port: jobs are registered by name and run by the executor."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeAlias

from opsctl.model.commands import Commands
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Clock, Progress
from opsctl.model.value import Json, Value

BatchState: TypeAlias = Literal["intended", "sent"]
MakeRequest: TypeAlias = Callable[[str, str, Json, str], tuple[str, dict[str, Json]]]


class Held(Value):
    """A message in our hands: its id and the receipt handle under which it can be deleted."""

    id: str
    handle: str


class OpenBatch(Value):
    """A batch that was under way when a run stopped; `at` is seconds since the epoch, UTC.

    `intended`: it may have been sent. `sent`: the destination confirmed it, the delete may be missing.
    """

    number: int
    state: BatchState
    at: float
    messages: tuple[Held, ...]


class Checkpoint(Protocol):
    """What a job has in hand, on disk before each call; safe to use from several threads.

    Only open batches are kept, so it stays small however many messages pass.
    """

    def intend(self, messages: Sequence[tuple[str, str]], at: float) -> int:
        """Record id and receipt handle of messages about to be sent; returns the batch's number."""
        ...

    def confirm(self, number: int, messages: Sequence[tuple[str, str]]) -> None:
        """Record which messages of a batch their destination confirmed."""
        ...

    def close(self, number: int, moved: int) -> None:
        """Forget a batch whose confirmed messages were deleted, and count them."""
        ...

    def open_batches(self) -> list[OpenBatch]:
        """The batches under way when the run stopped."""
        ...

    def moved(self) -> int:
        """Messages moved so far, over all processes that worked on the run."""
        ...

    def doubt(self, messages: Sequence[str]) -> None:
        """Record messages that may be at their destination once more than known, each as often as it is named."""
        ...

    def doubtful(self) -> list[str]:
        """All messages that may be at their destination once more than known, each as often as it was named."""
        ...

    def undeleted(self, messages: Sequence[str]) -> None:
        """Record messages that were sent and may still be in their source."""
        ...

    def deleted(self, messages: Sequence[str], moved: int = 0) -> None:
        """Forget such messages, for they are gone from their source, and count so many of them as moved."""
        ...

    def all_undeleted(self) -> list[str]:
        """All messages that were sent and may still be in their source."""
        ...

    def arrived(self, ids: Sequence[str]) -> None:
        """Record ids under which a destination knows what it got, so that what comes back is recognised."""
        ...

    def all_arrived(self) -> list[str]:
        """All such ids."""
        ...

    def remember(self, name: str, value: Json) -> None:
        """Keep a small value for the next process."""
        ...

    def recall(self, name: str) -> Json:
        """Return a value kept earlier, or None."""
        ...

    def part(self, name: str) -> "Checkpoint":
        """Return the checkpoint of a part of the job, which knows nothing of the others."""
        ...


class Wire(Protocol):
    """A fast way to one service's API, for many small calls from several threads; nothing is ever sent twice."""

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        """Make one call and return its answer.

        Raises:
            AwsRefused: the service said no, or the call never left; it was not carried out.
            OutcomeUnknown: it was sent and its answer was lost.
        """
        ...

    def server_time(self) -> float:
        """The service's clock, seconds since the epoch, as of its last answer; 0 before the first."""
        ...


def _never(_api: str) -> None:
    """Nothing was called before."""


def _no_probe(_url: str) -> str:
    """There is no way out to the web."""
    return "this job has no probe"


def _no_models(service: str, operation: str, _told: Json, _token: str) -> tuple[str, dict[str, Json]]:
    """No service models are at hand."""
    raise ValueError(f"nothing here knows the requests of {service}.{operation}")


def _nothing_stored(read: Read) -> Answer:
    """There is no way to what is stored."""
    raise ValueError(f"nothing here may read {read.api}")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a job works with.

    `called_at` says when the run last set out to call an API, as `service.Operation`. `probe` asks a URL once
    and returns why the answer was not good, or nothing. `commands` makes commands to type next. `request` makes,
    of a client, an operation, a request written as JSON and a token, the operation's exact name and its
    parameters by the service models, or raises ValueError. `stored` reads the records of a stream, which no
    other read may.
    """

    aws: Aws
    queues: Callable[[str], Wire]
    checkpoint: Checkpoint
    clock: Clock
    progress: Progress
    stopping: Callable[[], bool]
    called_at: Callable[[str], float | None] = _never
    probe: Callable[[str], str] = _no_probe
    request: MakeRequest = _no_models
    stored: Callable[[Read], Answer] = _nothing_stored
    commands: Commands = field(default_factory=Commands)


class JobResult(Value):
    """What a job came to, in one line and as data.

    `complete`: nothing that was to be done is left. `certain`: nothing may have been done twice.
    """

    says: str
    complete: bool
    certain: bool = True
    hint: str = ""
    details: dict[str, Json] = {}


class Job(Value, ABC):
    """Long work: its fields are the parameters of a change of kind `job`.

    Subclasses live in a room's `jobs`, one a file. A job resumes by itself: run again with the same checkpoint
    it goes on where it stopped. A job that takes back another is given that one's checkpoint.
    """

    name: ClassVar[str]
    takes_out_of: ClassVar[str] = ""
    """The field with the URL of the queue that messages are accepted out of, which no two runs may do at once."""
    parks: ClassVar[bool] = False
    """Whether what is taken out waits elsewhere meanwhile: the part `parked` of the checkpoint, less `back`."""

    @abstractmethod
    def run(self, tools: Tools) -> JobResult:
        """Do the work, or as much of it as is possible until asked to stop."""
