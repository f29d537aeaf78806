"""The live account: reads and writes through the SDK, with refusals translated."""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Lock, Thread

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from opsctl.aws.advice import clock_skew_of
from opsctl.aws.clients import CONNECTIONS, Clients
from opsctl.aws.pages import fetch, plain
from opsctl.aws.translate import not_supported, raise_for_entries, raise_for_write, refusal_of
from opsctl.aws.whole import last_body, unknown_members, watch
from opsctl.model.binary import with_bytes
from opsctl.model.errors import AwsRefused, InvalidInput, OutcomeUnknown
from opsctl.model.readonly import why_no_read
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Clock, Identity
from opsctl.model.value import Json

_SDK_FAULTS = (ClientError, BotoCoreError, ResponseParserError, OSError)
_CBOR_FAULTS = (ResponseParserError, AttributeError, IndexError, MemoryError, TypeError, ValueError)
"""What the SDK's reader of CBOR raises where a server that lacks a service answers with XML, JSON or text."""

_SPEAKS_CBOR = ("eventbridgev2",)
_ASK_THE_PROOF = "the proof tells whether it happened: a resume asks it"
THROTTLE_ATTEMPTS = 8
LOCKS = ("LockToken", "IfMatch")
"""What AWS WAF and CloudFront take so that a call only writes over what its sender has read."""

RECORDS = ("dynamodbstreams.GetRecords", "kinesis.GetRecords")


class LiveAccount:
    """Implements the `Aws` port; every read is made afresh."""

    def __init__(self, clients: Clients, identity: Identity, clock: Clock) -> None:
        self._clients = clients
        self._identity = identity
        self._clock = clock

    @property
    def identity(self) -> Identity:
        """Who calls, where."""
        return self._identity

    def read(self, read: Read) -> Answer:
        """Make one read now; a refusal comes back as an answer.

        Where AWS throttles for longer than the SDK is patient (Lambda answers 15 control calls a second, and
        a region may have a thousand functions) it is asked again: a fact that is throttled away is unknown.

        Raises:
            InvalidInput: the call is not on the list of reads; it was not made.
        """
        why = why_no_read(read.service, read.operation, read.params)
        if why:
            raise InvalidInput.one(f"{read.api} {why}; it was not called", source=read.api, code="read")
        return self._patiently(read)

    def stored(self, read: Read) -> Answer:
        """Read the records of a stream, which are handed on and not shown; no plan and no playbook reads them.

        Raises:
            InvalidInput: the call reads something else; it was not made.
        """
        if read.api not in RECORDS:
            raise InvalidInput.one(f"{read.api} reads no records; it was not called", source=read.api, code="read")
        return self._patiently(read)

    def _patiently(self, read: Read) -> Answer:
        for attempt in range(THROTTLE_ATTEMPTS - 1):
            answer = self._read_once(read)
            if answer.refusal is None or answer.refusal.kind is not RefusalKind.THROTTLED:
                return answer
            self._pause(attempt)
        return self._read_once(read)

    def _read_once(self, read: Read) -> Answer:
        try:
            client = self._clients.get(read.service, read.region)
            if not hasattr(client, xform_name(read.operation)):
                return Answer(refusal=_too_old(read))
            if not read.whole:
                return Answer(value=fetch(client, read))
            watch(client)
            value = fetch(client, read)
            strangers = unknown_members(client, read.operation, last_body())
        except (*_SDK_FAULTS, *_CBOR_FAULTS) as fault:
            if read.service in _SPEAKS_CBOR and isinstance(fault, _CBOR_FAULTS):
                return Answer(refusal=_not_supported(read, fault))
            if not isinstance(fault, _SDK_FAULTS):
                raise
            return Answer(refusal=refusal_of(fault, read.api))
        if strangers:
            return Answer(refusal=_too_new(read, strangers))
        return Answer(value=value)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """The members that an operation takes, as the installed SDK knows them."""
        shape = self._clients.get(service, None).meta.service_model.operation_model(operation).input_shape
        return frozenset(shape.members) if shape else frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make one mutating call, sent again only when AWS throttled it.

        One that carries a lock is not: by then somebody else may have written, so whoever calls reads again first.

        Raises:
            AwsRefused: AWS said no, or the call never left.
            OutcomeUnknown: it was sent and the answer was lost.
        """
        waits = params.get("InvocationType") == "RequestResponse"
        try:
            client = self._clients.get(service, region, writes=True, waits=waits)
        except _SDK_FAULTS as fault:
            raise AwsRefused(refusal_of(fault, f"{service}.{operation}")) from fault
        method = getattr(client, xform_name(operation))
        attempts = 1 if any(name in params for name in LOCKS) else THROTTLE_ATTEMPTS
        for attempt in range(attempts):
            try:
                answer = plain(method(**with_bytes(params)))
            except (*_SDK_FAULTS, *_CBOR_FAULTS) as fault:
                if not isinstance(fault, _SDK_FAULTS):
                    if service not in _SPEAKS_CBOR:
                        raise
                    unread = not_supported(f"{service}.{operation}", type(fault).__name__)
                    raise OutcomeUnknown(f"its answer could not be read: {unread}", _ASK_THE_PROOF) from fault
                refusal = refusal_of(fault, f"{service}.{operation}")
                if refusal.kind is not RefusalKind.THROTTLED or attempt == attempts - 1:
                    raise_for_write(fault, f"{service}.{operation}")
                self._pause(attempt)
            else:
                raise_for_entries(answer, f"{service}.{operation}")
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, attempt: int) -> None:
        # Full jitter, as AWS advises for clients that back off together.
        self._clock.sleep(random.uniform(0.5, 1) * min(2.0**attempt, 20))  # noqa: S311


class KnownAnswers:
    """Answers by what was asked, shared by readers in several threads: each question is for one of them to ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[str, Future[Answer]] = {}

    def unasked(self, reads: Iterable[Read]) -> list[Read]:
        """Return those that nobody has asked yet, each once, and leave them to whoever claims them first."""
        with self._lock:
            return list({read.key: read for read in reads if read.key not in self._answers}.values())

    def claim(self, reads: Iterable[Read]) -> dict[str, Read]:
        """Return those that nobody has asked yet: whoever claims them has to `ask` them."""
        with self._lock:
            new = {read.key: read for read in reads if read.key not in self._answers}
            self._answers.update((key, Future()) for key in new)
        return new

    def ask(self, read: Read, ask: Callable[[Read], Answer]) -> None:
        """Ask, and keep the answer for everybody, or what came instead of one."""
        try:
            self._answers[read.key].set_result(ask(read))
        except Exception as fault:  # noqa: BLE001 - raised in each thread that asks for the answer
            self._answers[read.key].set_exception(fault)

    def answer(self, read: Read) -> Answer:
        """Return the answer, when it is there."""
        return self._answers[read.key].result()


class CachedReader:
    """Implements the `Reader` port: reads at once, each distinct call once.

    `made` are the distinct reads, `rounds` how often some were new, whoever asked them first. `under_way` is set
    when the first are being asked.
    """

    def __init__(self, read: Callable[[Read], Answer], known: KnownAnswers | None = None) -> None:
        self._read = read
        self._wanted: set[str] = set()
        self.known = known or KnownAnswers()
        self.made: list[Read] = []
        self.rounds = 0
        self.under_way = Event()

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make those reads that were not made before, concurrently, and answer all in order."""
        wanted = {read.key: read for read in reads if read.key not in self._wanted}
        self._wanted |= wanted.keys()
        self.made += wanted.values()
        self.rounds += bool(wanted)
        new = self.known.claim(wanted.values())
        if new:
            with ThreadPoolExecutor(max_workers=min(CONNECTIONS, len(new))) as pool:
                for read in new.values():
                    pool.submit(self.known.ask, read, self._read)
                self.under_way.set()
        return [self.known.answer(read) for read in reads]


class ReaderBeside:
    """Implements the `Reader` port for what is read beside something else, which never waits for it.

    What the other reader asked is not asked again, and what waits here for its turn is left to the other to ask.
    Its threads are daemons: a slow answer keeps no process alive.
    """

    AT_ONCE = 16

    def __init__(self, read: Callable[[Read], Answer], known: KnownAnswers) -> None:
        self._read = read
        self._known = known
        self._turns = BoundedSemaphore(self.AT_ONCE)

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make the reads, a few at a time, and answer all in order; the thread that asks makes some itself."""
        waiting: SimpleQueue[Read] = SimpleQueue()
        fresh = self._known.unasked(reads)
        for read in fresh:
            waiting.put(read)
        workers = [
            Thread(target=self._work, args=(waiting,), daemon=True, name="beside")
            for _ in range(min(len(fresh), self.AT_ONCE) - 1)
        ]
        for worker in workers:
            worker.start()
        self._work(waiting)
        for worker in workers:
            worker.join()
        return [self._known.answer(read) for read in reads]

    def _work(self, waiting: "SimpleQueue[Read]") -> None:
        """Ask, as long as there is something that nobody else asks by then."""
        with suppress(Empty):
            while True:
                read = waiting.get_nowait()
                with self._turns:
                    for mine in self._known.claim([read]).values():
                        self._known.ask(mine, self._read)


def identify(clients: Clients, now: float, soon: Iterable[str] = ()) -> Identity:
    """Ask STS who calls.

    Credentials come first and by themselves: getting them may ask the person for a code, once. While the answer
    is on its way the clients of services that are asked `soon` are made; nothing is asked of them meanwhile.

    Raises:
        AwsRefused: there are no usable credentials, or no connection.
        InvalidInput: the configuration of a profile is wrong.
    """
    region = clients.region
    try:
        clients.keys()
        with ThreadPoolExecutor(max_workers=1) as pool:
            asked = pool.submit(clients.get("sts", None).get_caller_identity)
            clients.make(soon, until=asked.done)
            who = asked.result()
    except _SDK_FAULTS as fault:
        raise clients.explained(fault, "sts.GetCallerIdentity", now) from fault
    return Identity(
        account=who["Account"],
        arn=who["Arn"],
        region=region,
        partition=who["Arn"].split(":")[1],
        endpoint=clients.endpoint,
    )


def alias_of(clients: Clients) -> str:
    """Return the account's alias, or nothing: many callers may not read it and nothing depends on it."""
    try:
        aliases = clients.get("iam", None).list_account_aliases()["AccountAliases"]
    except _SDK_FAULTS:
        return ""
    return str(aliases[0]) if aliases else ""


def signed_in(clients: Clients, now: float) -> str:
    """Get credentials, and return where they are from, in the SDK's own word for it.

    Raises:
        AwsRefused, InvalidInput: there are none; see `identify`.
    """
    try:
        clients.keys()
    except _SDK_FAULTS as fault:
        raise clients.explained(fault, "sts.GetCallerIdentity", now) from fault
    return clients.origin


def clock_skew_s(clients: Clients, clock: Clock) -> float:
    """Return by how many seconds this machine is ahead of AWS's clock, from the date of an answer.

    Raises:
        AwsRefused: STS cannot be asked.
    """
    try:
        answer = clients.get("sts", None).get_caller_identity()
    except _SDK_FAULTS as fault:
        raise clients.explained(fault, "sts.GetCallerIdentity", clock.now()) from fault
    return clock_skew_of(answer, clock.now())


def _too_old(read: Read) -> Refusal:
    return Refusal(
        kind=RefusalKind.UNREADABLE,
        code="UnknownOperation",
        message=f"the installed SDK does not know {read.api}: upgrade boto3",
        api=read.api,
    )


def _not_supported(read: Read, fault: BaseException) -> Refusal:
    return not_supported(read.api, type(fault).__name__)


def _too_new(read: Read, strangers: Sequence[str]) -> Refusal:
    return Refusal(
        kind=RefusalKind.UNREADABLE,
        code="UnknownMember",
        message=(
            f"the installed SDK does not know {', '.join(strangers[:5])} and would drop it on write-back: "
            "upgrade boto3"
        ),
        api=read.api,
    )
