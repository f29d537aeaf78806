"""A reader that answers from a table, fails on reads that nobody expected, and counts rounds."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from opsctl.model.fetching import Fetching
from opsctl.model.readonly import why_no_read
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Context, Identity
from opsctl.model.settings import Settings
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching

T = TypeVar("T")

Canned: TypeAlias = Json | Refusal | Callable[[Read], Json]
"""What a read comes to: AWS's answer, a refusal, or a function of the read."""

ACCOUNT = "123456789012"
REGION = "eu-west-1"
INVENTED = "box"
"""The service that AWS does not have, of tests that need none in particular."""
ABOUT = Context(
    identity=Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/responder", region=REGION),
    plan_id="20260101-000001-test",
)


class UnexpectedRead(AssertionError):
    """The code under test asked for something that the test did not foresee."""


class CannedReader:
    """Implements the `Reader` port over a table.

    Keys are `service.Operation`, or `service.Operation value` where the value is one of the parameters' values;
    the longer key wins. `made` holds the distinct reads, `rounds` how many batches needed new ones.
    """

    def __init__(self, answers: Mapping[str, Canned]) -> None:
        self._answers = answers
        self._known: dict[str, Answer] = {}
        self.made: list[Read] = []
        self.rounds = 0

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer each distinct read once."""
        new = {read.key: read for read in reads if read.key not in self._known}
        self.rounds += bool(new)
        self.made += new.values()
        self._known |= {key: self._answer(read) for key, read in new.items()}
        return [self._known[read.key] for read in reads]

    def apis(self) -> list[str]:
        """The distinct reads made, as `service.Operation`."""
        return [read.api for read in self.made]

    def _answer(self, read: Read) -> Answer:
        why = why_no_read(read.service, read.operation, read.params)
        if why and read.service != INVENTED:
            raise UnexpectedRead(f"{read.api} {why}")
        values = [str(value) for value in read.params.values()]
        keys = [f"{read.api} {value}" for value in values] + [read.api]
        found = next((key for key in keys if key in self._answers), None)
        if found is None:
            raise UnexpectedRead(f"{read.api} {read.params} in {read.region}")
        canned = self._answers[found]
        if isinstance(canned, Refusal):
            return Answer(refusal=canned)
        return Answer(value=canned(read) if callable(canned) else canned)


def drive(fetching: Fetching[T], answers: Mapping[str, Canned]) -> tuple[T, CannedReader]:
    """Run a fetching to its end over canned answers."""
    reader = CannedReader(answers)
    return run_fetching(fetching, reader), reader


def denied(api: str, code: str = "AccessDenied") -> Refusal:
    """A refusal for lack of permission."""
    return Refusal(kind=RefusalKind.DENIED, code=code, message="not authorized", api=api)


def missing(api: str, code: str) -> Refusal:
    """A refusal because the thing does not exist."""
    return Refusal(kind=RefusalKind.MISSING, code=code, message="does not exist", api=api)


def about(*, never_block: tuple[str, ...] = (), region: str = REGION) -> Context:
    """A context with settings of its own."""
    identity = ABOUT.identity.model_copy(update={"region": region})
    settings = Settings(never_block=never_block)
    return ABOUT.model_copy(update={"settings": settings, "identity": identity})
