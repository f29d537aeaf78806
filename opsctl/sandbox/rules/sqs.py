"""SQS's own rules, where moto is laxer. Source: SQS API reference and guide, answers recorded from AWS."""

import json
import re
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.sqs_faults import fault
from opsctl.sandbox.engine.turns import turn
from opsctl.sandbox.rules import sqs_tasks as tasks
from opsctl.sandbox.rules.sqs_messages import contents, now
from opsctl.sandbox.rules.sqs_sizes import check_batch, check_size

MAX_ATTRIBUTES = 10
MAX_ALLOWED_SOURCES = 10
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def install() -> None:
    """Put the rules around moto's SQS, and the calls about message move tasks; after `rules.sqs_messages`."""
    from moto.sqs.models import Queue, SQSBackend
    from moto.sqs.responses import SQSResponse

    SQSResponse.call_action = _after_moves(SQSResponse.call_action)
    Queue.wait_for_messages = _with_moves(Queue.wait_for_messages)
    SQSResponse.start_message_move_task = _start_task
    SQSResponse.list_message_move_tasks = _list_tasks
    SQSResponse.cancel_message_move_task = _cancel_task
    Queue.add_message = _with_origin(Queue.add_message)
    SQSResponse.receive_message = _telling_origins(SQSResponse.receive_message)
    SQSResponse.send_message = _checked_message(SQSResponse.send_message)
    SQSBackend.send_message_batch = _checked_entries(SQSBackend.send_message_batch)
    SQSBackend.send_message = _with_system_attributes(SQSBackend.send_message)
    Queue._set_attributes = _checked_policies(Queue._set_attributes)
    Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    Queue.redrive_allow_policy = None


def _advance(backend: Any) -> None:
    with turn():
        tasks.advance(backend, now())


def _after_moves(method: Callable[..., Any]) -> Callable[..., Any]:
    """Each call finds the queues as the tasks have left them by now."""

    def called(self: Any) -> Any:
        _advance(self.sqs_backend)
        return method(self)

    return called


def _with_moves(method: Callable[..., Any]) -> Callable[..., Any]:
    """A long poll sees what is moved while it waits."""

    def waited(self: Any, timeout: float) -> None:
        from moto.sqs.models import sqs_backends

        method(self, timeout)
        _advance(sqs_backends[self.account_id][self.region])

    return waited


def _start_task(self: Any) -> Any:
    source, destination = self._get_param("SourceArn"), self._get_param("DestinationArn")
    rate = self._get_param("MaxNumberOfMessagesPerSecond")
    task = tasks.start(self.sqs_backend, source, destination, rate, now())
    return _result({"TaskHandle": task.handle})


def _list_tasks(self: Any) -> Any:
    found = tasks.listed(self.sqs_backend, self._get_param("SourceArn"), self._get_param("MaxResults", 1))
    return _result({"Results": [task.shown() for task in found]})


def _cancel_task(self: Any) -> Any:
    task = tasks.cancel(self.sqs_backend, self._get_param("TaskHandle"), now())
    return _result({"ApproximateNumberOfMessagesMoved": task.moved})


def _result(answer: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(answer)


def _with_origin(method: Callable[..., Any]) -> Callable[..., Any]:
    """A message that comes from another queue is a dead letter, and knows which queue it came from."""

    def added(self: Any, message: Any) -> None:
        origin = getattr(message, "home", None)
        if origin is not None:
            message.dead_letter_source = origin
            message.moved_at = now()
            if self.fifo_queue:
                # FIFO alone starts the retention anew, and puts the message's id for its deduplication id.
                message.deduplication_id = message.id
                message.sent_timestamp = int(now() * 1000)
        message.home = self.queue_arn
        method(self, message)

    return added


def _telling_origins(method: Callable[..., Any]) -> Callable[..., Any]:
    """DeadLetterQueueSourceArn is told to whoever asks for it."""

    def received(self: Any) -> Any:
        result = method(self)
        asked = {*self._get_param("AttributeNames", []), *self._get_param("MessageSystemAttributeNames", [])}
        if asked & {"All", "DeadLetterQueueSourceArn"}:
            known = contents(self.sqs_backend.get_queue(self._get_queue_name())).handles
            for shown in result.result.get("Messages", []):
                origin = getattr(known.get(shown["ReceiptHandle"]), "dead_letter_source", None)
                if origin is not None:
                    shown.setdefault("Attributes", {})["DeadLetterQueueSourceArn"] = origin
        return result

    return received


def _check_message(body: str, attributes: dict[str, Any]) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise fault(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
        )
    if _NOT_XML.search(body):
        raise fault(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
            "#xE000 to #xFFFD | #x10000 to #x10FFFF",
        )


def _checked_message(method: Callable[..., Any]) -> Callable[..., Any]:
    """At most ten attributes, only characters XML has, and no more bytes than the queue takes."""

    def sent(self: Any) -> Any:
        body, attributes = self._get_param("MessageBody"), self._get_param("MessageAttributes", {})
        _check_message(body, attributes)
        check_size(self.sqs_backend.get_queue(self._get_queue_name()), body, attributes, in_batch=False)
        return method(self)

    return sent


class _Carrying(dict[str, Any]):
    """An entry's attributes, with its system attributes on the way through moto, which would drop them."""

    system: Any = None


def _checked_entries(method: Callable[..., Any]) -> Callable[..., Any]:
    """A bad entry fails alone and the rest is sent; each entry keeps its system attributes."""

    def sent(self: Any, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
        from moto.sqs.exceptions import SQSException

        ids = [entry["Id"] for entry in entries.values()]
        if len(ids) > 10 or len(set(ids)) < len(ids):
            return method(self, queue_name, entries)  # moto refuses the whole request
        check_batch(entries.values())
        queue = self.get_queue(queue_name)
        good: dict[str, dict[str, Any]] = {}
        failed = []
        for key, entry in entries.items():
            try:
                _check_message(entry["MessageBody"], entry["MessageAttributes"])
                check_size(queue, entry["MessageBody"], entry["MessageAttributes"], in_batch=True)
                _check_delay(queue.fifo_queue, entry["DelaySeconds"])
            except SQSException as fault:
                failed.append(
                    {"Id": entry["Id"], "SenderFault": True, "Code": fault.code, "Message": fault.message}
                )
                continue
            attributes = _Carrying(entry["MessageAttributes"])
            attributes.system = entry.get("MessageSystemAttributes")
            good[key] = entry | {"MessageAttributes": attributes}
        messages, more = method(self, queue_name, good)
        return messages, failed + more

    return sent


def _check_delay(fifo: bool, delay: int | None) -> None:
    if fifo and delay:
        raise fault(
            "InvalidParameterValue",
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: "
            "The request include parameter that is not valid for this queue type.",
        )


def _with_system_attributes(method: Callable[..., Any]) -> Callable[..., Any]:
    """What an entry of a batch carried becomes the message's."""

    def sent(self: Any, queue_name: str, message_body: str, **more: Any) -> Any:
        attributes = more.get("message_attributes")
        if isinstance(attributes, _Carrying):
            more |= {"message_attributes": dict(attributes), "system_attributes": attributes.system}
        return method(self, queue_name, message_body, **more)

    return sent


def _checked_policies(method: Callable[..., Any]) -> Callable[..., Any]:
    """A dead-letter queue is of its source's type and allows that source; nothing is set when it does not."""

    def changed(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        if attributes.get("RedriveAllowPolicy") is not None:
            attributes = attributes | {"RedriveAllowPolicy": _allowed(attributes["RedriveAllowPolicy"])}
        policy = _parsed(attributes.get("RedrivePolicy"))
        if policy:
            fifo = str(attributes.get("FifoQueue", self.fifo_queue)).lower() == "true"
            _check_dead_letter_queue(self, policy, fifo)
        method(self, attributes, now)

    return changed


def _parsed(policy: Any) -> dict[str, Any]:
    """The policy as a mapping; what is none is left to moto to refuse."""
    try:
        found = json.loads(policy) if isinstance(policy, str) and policy else policy
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _allowed(text: Any) -> str | None:
    if text == "":
        return None
    policy = _parsed(text)
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in _PERMISSIONS or (permission == "byQueue") != bool(sources):
        reason = "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format."
        raise _policy_fault("RedriveAllowPolicy", policy, reason)
    if len(sources or ()) > MAX_ALLOWED_SOURCES:
        reason = f"At most {MAX_ALLOWED_SOURCES} source queues can be named."
        raise _policy_fault("RedriveAllowPolicy", policy, reason)
    return json.dumps(policy)


def _check_dead_letter_queue(queue: Any, policy: dict[str, Any], fifo: bool) -> None:
    from moto.sqs.models import sqs_backends

    for other in sqs_backends[queue.account_id][queue.region].queues.values():
        if other.queue_arn == policy.get("deadLetterTargetArn"):
            if other.fifo_queue != fifo:
                reason = "Dead-letter queue must be same type of queue as the source."
                raise _policy_fault("RedrivePolicy", policy, reason)
            allow = _parsed(other.redrive_allow_policy)
            permission = allow.get("redrivePermission", "allowAll")
            if permission == "denyAll" or (
                permission == "byQueue" and queue.queue_arn not in allow["sourceQueueArns"]
            ):
                reason = "The dead-letter queue's redrive allow policy does not allow this source queue."
                raise _policy_fault("RedrivePolicy", policy, reason)


def _policy_fault(name: str, policy: dict[str, Any], reason: str) -> Exception:
    text = json.dumps(policy, separators=(",", ":"))
    return fault("InvalidParameterValue", f"Value {text} for parameter {name} is invalid. Reason: {reason}")
