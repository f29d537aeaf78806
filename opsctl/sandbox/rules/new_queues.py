"""A queue is not known everywhere in its first moments, so that one call sees it and the next does not.

Source: the service model of SQS, CreateQueue: "you must wait at least one second after the queue is created to be
able to use the queue". Terraform's provider waits until six reads in a row see a new queue (its `queue.go`).
"""

import random
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions

UNAWARE = 1 / 3


def install() -> None:
    """Put the rule around moto's queues, outside the others that make and look at them."""
    from moto.sqs.models import SQSBackend

    SQSBackend.create_queue = _hidden_at_first(SQSBackend.create_queue)
    SQSBackend.get_queue = _seen(SQSBackend.get_queue)


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
