"""What the core asks of the outside: reading and writing AWS, and the journal."""

from collections.abc import Sequence
from typing import Protocol

from opsctl.model.reads import Answer, Read
from opsctl.model.report import JournalEvent
from opsctl.model.run import Identity
from opsctl.model.value import Json


class Reader(Protocol):
    """Reads the account; planning gets nothing more than this."""

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make the reads at once and return the answers in their order; equal reads are made once."""
        ...


class Aws(Protocol):
    """Reads and writes the account, always afresh; only execution gets this."""

    @property
    def identity(self) -> Identity:
        """Who calls, where."""
        ...

    def read(self, read: Read) -> Answer:
        """Make one read now."""
        ...

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """The members that an operation takes, as the installed SDK knows them."""
        ...

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make one mutating call.

        Raises:
            AwsRefused: AWS said no; nothing was done.
            OutcomeUnknown: the call was sent and the answer was lost.
        """
        ...


class RunJournal(Protocol):
    """The journal of one run; every record is on disk when the call returns."""

    def record(self, change_id: str, event: JournalEvent, detail: Json = None) -> None:
        """Append what is about to happen or what came of it; `change_id` is empty for the run itself."""
        ...

    def last(self, change_id: str) -> JournalEvent | None:
        """The last thing recorded of a change."""
        ...

    def intended(self) -> list[str]:
        """The changes that this run may have made, in the order of their intent.

        Left out are those that turned out to be made by somebody else, and those of which AWS refused every call.
        """
        ...

    def open_intents(self, change_id: str) -> list[Json]:
        """What was recorded with each intent of a change whose call AWS did not refuse for certain, in order."""
        ...


class Prompter(Protocol):
    """The person at the terminal, if there is one."""

    @property
    def present(self) -> bool:
        """Whether anybody can answer."""
        ...

    def ask(self, question: str, choices: str) -> str:
        """Ask on stderr and return the line typed after that; what was typed before is no answer."""
        ...

    def tell(self, lines: Sequence[str]) -> None:
        """Say something between two questions."""
        ...


class ServiceModels(Protocol):
    """The installed AWS service models, for checks that need no network."""

    def operations(self, service: str) -> frozenset[str]:
        """The operation names of a boto3 client; empty when there is no such client."""
        ...

    def services(self) -> frozenset[str]:
        """The names of all boto3 clients."""
        ...

    def input_shape(self, service: str, operation: str) -> Json:
        """The parameters of an operation as a JSON Schema."""
        ...

    def output_shape(self, service: str, operation: str) -> Json:
        """The answer of an operation as a JSON Schema."""
        ...
