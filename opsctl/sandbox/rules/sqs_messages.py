"""How messages are received, hidden and deleted, where moto is laxer; at a cost that does not grow with the queue.

Sources: the SQS API reference, SQS guide (FIFO delivery logic, visibility timeout), answers recorded from AWS
(localstack's validated tests of SQS).
"""

import copy
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple

from opsctl.sandbox.endpoint import ACCOUNT
from opsctl.sandbox.engine.clock import MachineClock
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.queue_contents import Contents
from opsctl.sandbox.engine.sqs_faults import fault
from opsctl.sandbox.engine.turns import aside

IN_FLIGHT_AT_MOST = 120_000
HIDDEN_AT_MOST_S = 43_200
ENTRIES_AT_MOST = 10
_BETWEEN_LOOKS_S = 0.01
WAITED = 1.0
"""How much of a long poll is waited for: all of it, but where nobody sends meanwhile."""
_WAIT_S = 0.1


class Poll(NamedTuple):
    """What a call asks for that moto does not hand on: to look once only, and the name of a repeatable receive."""

    short: bool
    attempt: str


# Lambda's pollers, which are no call, always ask all hosts.
_POLL: ContextVar[Poll | None] = ContextVar("poll", default=None)


def install() -> None:
    """Put another store under moto's queues, and the rules with it."""
    from moto.sqs import models
    from moto.sqs.responses import SQSResponse

    models.unix_time, models.unix_time_millis = now, _now_ms
    queue, backend = models.Queue, models.SQSBackend
    queue._messages = property(lambda self: list(contents(self)), _emptied)
    queue.messages = property(lambda self: contents(self).visible())
    for number, name in enumerate(("", "_not_visible", "_delayed")):
        setattr(queue, f"approximate_number_of_messages{name}", property(_count(number)))
    queue.add_message, queue.delete_message, queue.wait_for_messages = _add, _delete, _wait
    backend.receive_message = _receive
    backend.delete_message_batch = _delete_each
    backend.change_message_visibility = _change
    backend.change_message_visibility_batch = _change_each
    SQSResponse.receive_message = _as_asked(SQSResponse.receive_message)


def now() -> float:
    """The time of the sandbox's queues: that of the account."""
    return _here().now()


def _here() -> Conditions:
    return conditions(os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT))


def _now_ms() -> float:
    return now() * 1000


def contents(queue: Any) -> Contents:
    """What is in a queue by now."""
    found: Contents = queue.__dict__.setdefault("opsctl_contents", Contents())
    lag = conditions(queue.account_id).durations.queue_counts
    retention_s = getattr(queue, "message_retention_period", float("inf"))  # not yet, while moto makes the queue
    found.settle(_now_ms(), retention_s * 1000, lag * 1000)
    return found


def _emptied(queue: Any, _: list[Any]) -> None:
    """moto makes the list anew for a new queue and to purge one."""
    contents(queue).clear()


def _count(number: int) -> Callable[[Any], int]:
    return lambda queue: contents(queue).told()[number]


def _add(queue: Any, message: Any) -> None:
    """Put a message in, unless its deduplication id was seen; a sender of that gets the first one's answer."""
    held, at = contents(queue), _now_ms()
    if queue.fifo_queue:
        known = _duplicate(queue, message, at)
        if known is not None:
            message.id, message.sequence_number = known.id, known.sequence_number
            return
        message.sequence_number = _next_number(queue)
    with queue._messages_lock:
        held.add(message, at, message.group_id if queue.fifo_queue else None)
        queue._messages_lock.notify_all()
    for arn, mapping in list(queue.lambda_event_source_mappings.items()):
        if mapping.enabled:
            _invoke(queue, arn, mapping.batch_size)


def _duplicate(queue: Any, message: Any, at: float) -> Any:
    if not message.deduplication_id:
        return None
    by_group = queue.deduplication_scope == "messageGroup"
    return contents(queue).duplicate_of(message, message.group_id if by_group else None, at)


def _next_number(queue: Any) -> str:
    """Numbers of 20 digits that grow, as AWS was seen to give."""
    queue.opsctl_number = getattr(queue, "opsctl_number", int(_now_ms()) << 24) + 256
    return f"{queue.opsctl_number:020d}"


def _invoke(queue: Any, mapping: str, count: int) -> None:
    """Let a function have what is there, as Lambda's pollers do: deleted when it succeeds, else visible again."""
    from moto.awslambda.utils import get_backend
    from moto.sqs.models import sqs_backends

    backend = sqs_backends[queue.account_id][queue.region]
    messages = backend.receive_message(queue.name, count, 0, queue.visibility_timeout)
    done = get_backend(queue.account_id, queue.region).send_sqs_batch(mapping, messages, queue.queue_arn)
    for one in messages:
        if done:
            backend.delete_message(queue.name, one.receipt_handle)
        else:
            backend.change_message_visibility(queue.name, one.receipt_handle, 0)


def _as_asked(method: Callable[..., Any]) -> Callable[..., Any]:
    def received(self: Any) -> Any:
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        wait = self._get_param("WaitTimeSeconds")
        short = not int(queue.receive_message_wait_time_seconds if wait is None else wait)
        attempt = self._get_param("ReceiveRequestAttemptId") if queue.fifo_queue else None
        token = _POLL.set(Poll(short, attempt or ""))
        try:
            return method(self)
        finally:
            _POLL.reset(token)

    return received


def _receive(
    backend: Any, name: str, count: int, wait_s: int, visibility_s: int, attributes: Iterable[str] | None = None
) -> list[Any]:
    """Wait for messages; who waits does not keep others from sending them."""
    from moto.sqs.models import _filter_message_attributes

    until = time.monotonic() + (wait_s * WAITED if _passes_by_itself() else 0)
    while True:
        found = _receive_now(backend.get_queue(name), count, visibility_s)
        if found or time.monotonic() >= until:
            break
        with aside():
            backend.get_queue(name).wait_for_messages(_WAIT_S)
            time.sleep(_BETWEEN_LOOKS_S)
    shown = [copy.copy(message) for message in found]
    for message in shown:
        _filter_message_attributes(message, list(attributes or ()))
    return shown


def _passes_by_itself() -> bool:
    """Tell whether there is any use in waiting: time that somebody moves by hand stands still meanwhile."""
    return isinstance(_here().timeline.clock, MachineClock)


def _receive_now(queue: Any, count: int, visibility_s: int) -> list[Any]:
    poll = _POLL.get() or Poll(short=False, attempt="")
    held, at = contents(queue), _now_ms()
    until = at + int(visibility_s) * 1000
    if poll.attempt:
        again = held.repeated(poll.attempt, until, at)
        if again is not None:
            return again
    if held.counts().in_flight >= IN_FLIGHT_AT_MOST:
        if queue.fifo_queue:
            return []
        raise fault("OverLimit", "The maximum number of in flight messages is reached.")
    found = held.take(at, until, count, short=poll.short, is_spent=_is_spent(queue))
    for message in found.spent:
        queue.dead_letter_queue.add_message(message)
    for message in found.given:
        message.mark_received()
        message.taken_at = at
        held.handles[message.receipt_handle] = message
    if poll.attempt:
        held.keep_attempt(poll.attempt, found.given, at)
    return found.given


def _is_spent(queue: Any) -> Callable[[Any], bool]:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return lambda _: False
    most = int(queue.redrive_policy["maxReceiveCount"])
    return lambda message: int(message.approximate_receive_count) >= most


def _wait(queue: Any, timeout: float) -> None:
    """Wait until somebody could have a message, or so long."""
    with queue._messages_lock:
        queue._messages_lock.wait_for(lambda: contents(queue).anything(), timeout=timeout)


def _delete(queue: Any, handle: str) -> None:
    """Delete by a handle that is the last one given; on FIFO only while the message is in flight.

    DeleteMessage: "If you use an old ReceiptHandle, the request will succeed, but the message might not be
    deleted."
    """
    held = contents(queue)
    message = held.handles.get(handle)
    if message is None:
        if handle not in held.gone:
            raise _unknown(handle)
    elif queue.fifo_queue and not _is_current(held, message, handle):
        raise _invalid(handle, "The receipt handle has expired.")
    elif message.receipt_handle == handle:
        held.remove(message)


def _is_current(held: Contents, message: Any, handle: str) -> bool:
    return message.receipt_handle == handle and held.is_in_flight(message)


def _change(backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
    """Hide a message for another time; on a standard queue also one whose time is over, as AWS was seen to do."""
    queue = backend.get_queue(queue_name)
    held, at = contents(queue), _now_ms()
    message = held.handles.get(receipt_handle)
    if message is None and receipt_handle not in held.gone:
        raise _unknown(receipt_handle)
    if message is not None and queue.fifo_queue and not _is_current(held, message, receipt_handle):
        raise _invalid(receipt_handle, "The receipt handle has expired.")
    if message is None or message.receipt_handle != receipt_handle:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise _invalid(receipt_handle, reason)
    until = at + int(visibility_timeout) * 1000
    if until > message.taken_at + HIDDEN_AT_MOST_S * 1000:
        raise fault(
            "InvalidParameterValue",
            f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: Total "
            f"VisibilityTimeout for the message is beyond the limit [{HIDDEN_AT_MOST_S} seconds]",
        )
    held.hide(message, until, at)


def _delete_each(backend: Any, name: str, entries: list[dict[str, Any]]) -> Any:
    return _each(entries, lambda entry: backend.delete_message(name, entry["ReceiptHandle"]))


def _change_each(backend: Any, name: str, entries: list[dict[str, Any]]) -> Any:
    def change(entry: dict[str, Any]) -> None:
        seconds = entry.get("VisibilityTimeout")
        if seconds is None or not 0 <= int(seconds) <= HIDDEN_AT_MOST_S:
            raise fault("InvalidParameterValue", "Visibility timeout invalid")
        backend.change_message_visibility(name, entry["ReceiptHandle"], int(seconds))

    return _each(entries, change)


def _each(entries: list[dict[str, Any]], action: Callable[[dict[str, Any]], None]) -> Any:
    """Each entry succeeds or fails by itself; up to ten, whose ids differ."""
    from moto.sqs import exceptions

    if len(entries) > ENTRIES_AT_MOST:
        raise exceptions.TooManyEntriesInBatchRequest(len(entries))
    for name, count in Counter(entry["Id"] for entry in entries).items():
        if count > 1:
            raise exceptions.BatchEntryIdsNotDistinct(name)
    good, bad = [], []
    for entry in entries:
        try:
            action(entry)
            good.append(entry["Id"])
        except exceptions.SQSException as fault:
            told = {"Id": entry["Id"], "SenderFault": True, "Code": fault.code, "Message": fault.message}
            bad.append(told)
    return good, bad


def _unknown(handle: str) -> Exception:
    return fault("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')


def _invalid(handle: str, reason: str) -> Exception:
    return fault(
        "InvalidParameterValue", f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"
    )
