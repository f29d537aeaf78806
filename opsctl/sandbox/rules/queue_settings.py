"""SQS's rules about making and setting up queues, where moto is laxer. Source: SQS API reference and guide.

A queue is not known everywhere in its first moments, so that one call sees it and the next does not: "you must
wait at least one second after the queue is created to be able to use the queue" (service model of SQS,
CreateQueue). Terraform's provider waits until six reads in a row see a new queue (its `queue.go`).
"""

import json
import random
import time
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.sqs_faults import fault

COOL_DOWN_S = 60
MAX_RECEIVE_COUNT = 1000
UNAWARE = 1 / 3


def install() -> None:
    """Put the rules around moto's queues; after those of `rules.sqs`, which check the policies' contents."""
    from moto.sqs.models import Queue, SQSBackend

    SQSBackend.create_queue = _cooled_down(SQSBackend.create_queue)
    SQSBackend.delete_queue = _remembered(SQSBackend.delete_queue)
    Queue._set_attributes = _checked_attributes(Queue._set_attributes)
    # Outside the others, which make and look at them.
    SQSBackend.create_queue = _hidden_at_first(SQSBackend.create_queue)
    SQSBackend.get_queue = _seen(SQSBackend.get_queue)


def now() -> float:
    """The sandbox's time; tests put their own in its place."""
    return time.time()


def _remembered(method: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(self: Any, queue_name: str) -> None:
        method(self, queue_name)
        self.__dict__.setdefault("opsctl_deleted", {})[queue_name] = now()

    return deleted


def _cooled_down(method: Callable[..., Any]) -> Callable[..., Any]:
    """A name is free again 60 seconds after its queue was deleted; a queue that is there keeps its tags."""

    def created(self: Any, name: str, tags: dict[str, str] | None = None, **more: Any) -> Any:
        there = name in self.queues
        deleted_at = self.__dict__.get("opsctl_deleted", {}).get(name)
        if not there and deleted_at is not None and now() - deleted_at < COOL_DOWN_S:
            raise fault(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                f"You must wait {COOL_DOWN_S} seconds after deleting a queue before you can create another "
                "with the same name.",
            )
        return method(self, name, None if there else tags, **more)

    return created


def _checked_attributes(method: Callable[..., Any]) -> Callable[..., Any]:
    """Only what is sent changes; a policy has statements, a dead-letter queue exists, one kind of encryption."""

    def changed(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        sent = dict(attributes)
        if "Policy" not in sent:
            sent["Policy"] = self.policy
        elif sent["Policy"]:
            _check_policy(sent["Policy"])
        if sent.get("RedrivePolicy"):
            _check_redrive(self, sent["RedrivePolicy"])
        if sent.get("KmsMasterKeyId"):
            sent["SqsManagedSseEnabled"] = "false"
        elif "KmsMasterKeyId" not in sent and str(sent.get("SqsManagedSseEnabled", "")).lower() == "true":
            sent["KmsMasterKeyId"] = None
        method(self, sent, now)

    return changed


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _check_policy(text: Any) -> None:
    if not _object(text).get("Statement"):
        raise fault("InvalidAttributeValue", "Invalid value for the parameter Policy.")


def _check_redrive(queue: Any, text: Any) -> None:
    from moto.sqs.models import sqs_backends

    policy = _object(text)
    target, count = policy.get("deadLetterTargetArn"), str(policy.get("maxReceiveCount", ""))
    if not policy:
        return
    queues = sqs_backends[queue.account_id][queue.region].queues.values()
    reason = ""
    if target and target not in [one.queue_arn for one in queues if not is_hidden(one)]:
        reason = "Dead letter target does not exist."
    elif count and not (count.isdecimal() and 1 <= int(count) <= MAX_RECEIVE_COUNT):
        reason = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to {MAX_RECEIVE_COUNT}."
    if reason:
        shown = json.dumps(policy, separators=(",", ":"))
        raise fault(
            "InvalidParameterValue", f"Value {shown} for parameter RedrivePolicy is invalid. Reason: {reason}"
        )


def is_hidden(queue: Any) -> bool:
    """Whether a look meets a server that does not know a new queue yet: one in three, the same for each name."""
    until = getattr(queue, "opsctl_hidden_until", 0)
    if until <= conditions(queue.account_id).now():
        return False
    if not hasattr(queue, "opsctl_servers"):
        queue.opsctl_servers = random.Random(queue.name)  # noqa: S311
    return bool(queue.opsctl_servers.random() < UNAWARE)


def _hidden_at_first(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, name: str, *args: Any, **more: Any) -> Any:
        there = name in self.queues
        queue = method(self, name, *args, **more)
        about = conditions(self.account_id)
        if not there and about.durations.queue:
            queue.opsctl_hidden_until = about.now() + about.durations.queue
        return queue

    return created


def _seen(method: Callable[..., Any]) -> Callable[..., Any]:
    def found(self: Any, name: str) -> Any:
        queue = method(self, name)
        if is_hidden(queue):
            from moto.sqs.exceptions import QueueDoesNotExist

            raise QueueDoesNotExist
        return queue

    return found
