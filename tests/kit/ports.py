"""Fakes of the ports: a clock that never waits, a journal and an account in memory, and faults."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.intents import BACK, OpenIntents
from opsctl.model.ports import Aws
from opsctl.model.readonly import why_no_read
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.report import JournalEvent
from opsctl.model.run import Identity
from opsctl.model.value import Json

IDENTITY = Identity(account="123456789012", arn="arn:aws:iam::123456789012:user/responder", region="us-east-1")


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.time += max(seconds, 0.001)


class MemoryJournal:
    """Implements the `RunJournal` port in memory."""

    def __init__(self) -> None:
        self.records: list[tuple[str, JournalEvent, Json]] = []
        self._open, self._noted = OpenIntents(), 0

    def record(self, change_id: str, event: JournalEvent, detail: Json = None) -> None:
        """Append."""
        self.records.append((change_id, event, detail))

    def last(self, change_id: str) -> JournalEvent | None:
        """The last event of a change."""
        events = [event for name, event, _ in self.records if name == change_id]
        return events[-1] if events else None

    def intended(self) -> list[str]:
        """Changes with an open intent, in order, that were not found made by somebody else."""
        all_names = dict.fromkeys(name for name, event, _ in self.records if event == "intent")
        names = [name for name in all_names if not name.startswith(BACK)]
        return [name for name in names if self.last(name) != "skipped" and self.open_intents(name)]

    def open_intents(self, change_id: str) -> list[Json]:
        """What was recorded with the intents of a change that were not refused for certain."""
        for record in self.records[self._noted :]:
            self._open.note(*record)
        self._noted = len(self.records)
        return self._open.of(change_id)


@dataclass
class Box:
    """An account of named boxes: `box.GetBox`, `box.PutBox`, `box.DropBox`, with a version as its lock."""

    boxes: dict[str, Json] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    before_write: Callable[[str], None] | None = None

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return IDENTITY

    def read(self, read: Read) -> Answer:
        """Answer GetBox and ListBoxes."""
        self.reads.append(read.api)
        if read.operation == "ListBoxes":
            return Answer(value={"Boxes": [{"Name": name} for name in sorted(self.boxes)]})
        name = read.params["Name"]
        if name not in self.boxes:
            return Answer(refusal=refusal(RefusalKind.MISSING, "NoSuchBox", read.api))
        return Answer(value=copy.deepcopy(self.boxes[name]))

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """The members that a call on a box takes."""
        return frozenset({"Name", "Items", "Lock"})

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Carry out PutBox, DropBox and EditBox; EditBox checks its lock."""
        if self.before_write is not None:
            self.before_write(operation)
        self.writes.append(operation)
        name = params["Name"]
        if operation == "PutBox":
            if name in self.boxes:
                raise AwsRefused(refusal(RefusalKind.CONFLICT, "BoxAlreadyExists", "box.PutBox"))
            self.boxes[name] = {"Items": list(params.get("Items", [])), "Lock": 1}
        elif operation == "EditBox":
            if self.boxes[name]["Lock"] != params["Lock"]:
                raise AwsRefused(refusal(RefusalKind.CONFLICT, "StaleLock", "box.EditBox"))
            self.boxes[name] = {"Items": list(params["Items"]), "Lock": params["Lock"] + 1}
        else:
            del self.boxes[name]
        return {}


def refusal(kind: RefusalKind, code: str, api: str) -> Refusal:
    """Make a refusal with AWS's sort of words."""
    return Refusal(kind=kind, code=code, message=f"{code} happened", api=api, request_id="req-1")


def only_reads(read: Read) -> None:
    """Refuse, as the live account does, what is not on the list of reads."""
    why = why_no_read(read.service, read.operation, read.params)
    assert not why, f"{read.api} {why}"


class Killed(BaseException):
    """The process died here."""


@dataclass
class Wrapping:
    """An account behind another; what a test does not change is passed on."""

    inner: Aws

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return self.inner.identity

    def read(self, read: Read) -> Answer:
        """Pass on."""
        return self.inner.read(read)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """Pass on."""
        return self.inner.takes(service, operation)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on."""
        return self.inner.write(service, operation, params, region)


@dataclass
class Faulty(Wrapping):
    """An account in which the n-th write fails in a chosen way, once."""

    fault: str
    at: int
    count: int = 0

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, or fail before or after."""
        self.count += 1
        if self.count != self.at:
            return self.inner.write(service, operation, params, region)
        api = f"{service}.{operation}"
        if self.fault == "killed-before":
            raise Killed
        if self.fault == "not-sent":
            raise AwsRefused(refusal(RefusalKind.UNREACHABLE, "EndpointConnectionError", api))
        if self.fault == "denied":
            raise AwsRefused(refusal(RefusalKind.DENIED, "AccessDenied", api))
        if self.fault == "throttled":
            raise AwsRefused(refusal(RefusalKind.THROTTLED, "ThrottlingException", api))
        if self.fault == "lost-before":
            raise OutcomeUnknown(f"{api} was sent and its answer was lost")
        self.inner.write(service, operation, params, region)
        if self.fault == "killed-after":
            raise Killed
        raise OutcomeUnknown(f"{api} was sent and its answer was lost")


FAULTS = ("not-sent", "denied", "throttled", "lost-before", "lost-after", "killed-before", "killed-after")


class AnswersReader:
    """Implements the `Reader` port over an account, counting rounds and distinct reads."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._known: dict[str, Answer] = {}
        self.rounds = 0
        self.made: list[Read] = []

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make each distinct read once."""
        new = [read for read in reads if read.key not in self._known]
        self.rounds += bool(new)
        for read in new:
            if read.key not in self._known:
                self._known[read.key] = self._aws.read(read)
                self.made.append(read)
        return [self._known[read.key] for read in reads]
