"""Sending one message at a time through an ordinary API call: invoking a function, putting an event."""

from collections.abc import Callable

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.queue import PASSING
from opsctl.dlq.transfer.sending import Alive, Sent, Stayed
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.ports import Aws
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json, Value

ATTEMPTS = 6
_PASSING_ENTRIES = ("ThrottlingException", "InternalFailure")
"""The errors of an entry that may be tried again (EventBridge API reference, PutEventsResultEntry)."""


class DeliveryCall(Value):
    """An API call that delivers one message; `known` is the error that says it was delivered before.

    One that is made `once` is not repeated when its answer was lost, nor when it was done in part.
    """

    service: str
    operation: str
    params: dict[str, Json]
    known: str = ""
    once: bool = False


class CallSending:
    """Implements `Sending`: each message becomes one call.

    `call_of` raises ValueError for a message that cannot be delivered, with the reason. A call whose answer was
    lost is repeated, unless it is made once, and its message named as perhaps delivered twice.
    """

    repeats_s = 0.0

    def __init__(
        self,
        aws: Aws,
        region: str,
        call_of: Callable[[Json], DeliveryCall],
        patience: Patience,
        fault_in: "Callable[[Json], tuple[str, str] | None] | None" = None,
    ) -> None:
        """`fault_in` finds, in an answer that is no error, why the message was not taken; it is final."""
        self._fault_in = fault_in
        self._aws = aws
        self._region = region
        self._call_of = call_of
        self._patience = patience
        self._closed = ""

    @property
    def closed(self) -> str:
        """Why nothing more can be delivered, or nothing."""
        return self._closed

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """Each alone, as each is a call."""
        return [[message] for message in messages]

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Deliver messages one after the other."""
        sent = Sent()
        for message in messages:
            alive()
            if self._closed:
                sent.stayed.append(Stayed(message, "Closed", self._closed))
            else:
                self._one(message, sent, alive)
        return sent

    def _one(self, message: Json, sent: Sent, alive: Alive) -> None:
        try:
            call = self._call_of(message)
        except ValueError as fault:
            sent.stayed.append(Stayed(message, "Undeliverable", str(fault)))
            return
        code, reason = "", ""
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                alive()
                self._patience.wait(attempt)
            try:
                answer = self._aws.write(call.service, call.operation, call.params, self._region)
            except OutcomeUnknown as lost:
                sent.doubtful.append(message["MessageId"])
                code, reason = "OutcomeUnknown", lost.summary
                if call.once:
                    break
                continue
            except AwsRefused as refused:
                code, reason = refused.refusal.code, refused.refusal.message
                if call.known and code == call.known:
                    sent.confirmed.append(message)
                    return
                if refused.refusal.kind in PASSING:
                    continue
                if refused.refusal.kind in (RefusalKind.MISSING, RefusalKind.DENIED):
                    self._closed = f"{code}: {reason}"
                break
            failed = None if call.once else _failed_entry(answer)
            if failed is None and self._fault_in is not None:
                final = self._fault_in(answer)
                if final is not None:
                    sent.stayed.append(Stayed(message, *final))
                    return
            if failed is None:
                sent.confirmed.append(message)
                sent.new_ids += _ids_in(answer)
                return
            code, reason = failed
            if code not in _PASSING_ENTRIES:
                break
        sent.stayed.append(Stayed(message, code, reason))


def _failed_entry(answer: Json) -> tuple[str, str] | None:
    """PutEvents answers 200 also when it took nothing; the entry says so."""
    if not isinstance(answer, dict) or not answer.get("FailedEntryCount"):
        return None
    entry = next(iter(answer.get("Entries") or [{}]))
    return str(entry.get("ErrorCode", "Failed")), str(entry.get("ErrorMessage", ""))


def _ids_in(answer: Json) -> list[str]:
    """The id of the invocation or event, which its dead letter would name."""
    if not isinstance(answer, dict):
        return []
    request = (answer.get("ResponseMetadata") or {}).get("RequestId")
    events = [one.get("EventId") for one in answer.get("Entries") or []]
    return [str(one) for one in (request, *events) if one]
