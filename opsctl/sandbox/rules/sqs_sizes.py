"""How large messages may be: moto counts the characters of bodies, SQS the bytes of bodies and attributes.

Sources: SQS API reference (SendMessageBatch), answers recorded from AWS (localstack's validated tests of SQS).
"""

from collections.abc import Iterable
from typing import Any

from opsctl.sandbox.engine.sqs_faults import fault

BATCH_AT_MOST = 1_048_576


def check_size(queue: Any, body: str, attributes: dict[str, Any], *, in_batch: bool) -> None:
    """Refuse a message that is larger than its queue takes, in the words of the call."""
    if size_of(body, attributes) > queue.maximum_message_size:
        wrong = "cannot be validated" if in_batch else "are invalid"
        raise fault(
            "InvalidParameterValue",
            f"One or more parameters {wrong}. Reason: "
            f"Message must be shorter than {queue.maximum_message_size} bytes.",
        )


def check_batch(entries: Iterable[dict[str, Any]]) -> None:
    """Refuse a batch that is too large as a whole."""
    size = sum(size_of(entry["MessageBody"], entry["MessageAttributes"]) for entry in entries)
    if size > BATCH_AT_MOST:
        raise fault(
            "AWS.SimpleQueueService.BatchRequestTooLong",
            f"Batch requests cannot be longer than {BATCH_AT_MOST} bytes. You have sent {size} bytes.",
        )


def size_of(body: str, attributes: dict[str, Any]) -> int:
    """Bytes of a body, and of the names, types and values of attributes."""
    size = len(body.encode(errors="replace"))
    for name, value in attributes.items():
        size += len(name.encode()) + len(value["DataType"].encode())
        size += len(value.get("BinaryValue") or b"") + len((value.get("StringValue") or "").encode())
    return size
