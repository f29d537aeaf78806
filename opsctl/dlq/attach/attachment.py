"""What is missing between a source and its dead-letter queue, and what speaks against it."""

from opsctl.dlq.attach.dead_letter_queues import DeadLetterQueue
from opsctl.dlq.attach.failing_sources import LAMBDA_RECEIVES, FailingSource
from opsctl.model.value import Value

ALLOWED_AT_MOST = 10
DEFAULT_RECEIVES = 5


class Attachment(Value):
    """A source, the queue for its dead letters, what is missing, and what speaks against it.

    `allow_missing`, `policy_missing` and `role_missing` say which permission has to be given. `key_arn` is the
    customer's key that whoever delivers must be able to use.
    """

    source: FailingSource
    queue: DeadLetterQueue
    max_receive: int = 0
    allow_missing: bool = False
    policy_missing: bool = False
    role_missing: bool = False
    key_arn: str = ""
    serves: tuple[str, ...] = ()
    another: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    key_denied: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def receives_of(source: FailingSource, queue: DeadLetterQueue, asked: int) -> int:
    """How often a message may be received: as asked, as it is now, or five times; 0 where nothing counts."""
    if source.kind != "queue":
        return 0
    kept = source.max_receive if source.current == queue.arn else 0
    return asked or kept or DEFAULT_RECEIVES


def allow_is_missing(source: FailingSource, queue: DeadLetterQueue) -> bool:
    """Whether the queue should name the source: when it is new, has a list, or is open and nobody else's."""
    if source.kind != "queue" or queue.permission == "denyAll":
        return False
    if queue.permission == "byQueue":
        return source.arn not in queue.allowed
    return not set(queue.users) - {source.name}


def unfit(source: FailingSource, queue: DeadLetterQueue) -> tuple[str, ...]:
    """Why the queue can never be this source's dead-letter queue."""
    found = []
    if queue.moves_to == source.arn:
        found.append(f"{source.name} is the dead-letter queue of {queue.name}: messages would go in a loop")
    if source.kind == "queue" and queue.permission == "denyAll":
        found.append(f"{queue.name} allows no queue to use it (RedriveAllowPolicy denyAll)")
    if allow_is_missing(source, queue) and len(queue.allowed) >= ALLOWED_AT_MOST:
        found.append(
            f"the RedriveAllowPolicy of {queue.name} names {ALLOWED_AT_MOST} source queues already, the maximum"
        )
    return tuple(found)


def another(source: FailingSource, queue: DeadLetterQueue) -> tuple[str, ...]:
    """What takes the failures now, when it is not this queue."""
    if source.current in ("", queue.arn):
        return ()
    return (f"the failures of {source.says} go to {source.current} now",)


def few(source: FailingSource, max_receive: int) -> tuple[str, ...]:
    """Whether a message may go to the dead-letter queue without having failed that often."""
    if source.kind != "queue" or max_receive >= LAMBDA_RECEIVES or not (source.consumers or max_receive == 1):
        return ()
    if source.consumers:
        consumer = source.consumers[0]
        return (
            f"maxReceiveCount {max_receive} is low for function {consumer}: AWS advises {LAMBDA_RECEIVES} or more",
        )
    return ("with maxReceiveCount 1 a single failure of the consumer moves a message to the dead-letter queue",)


def notes(source: FailingSource, queue: DeadLetterQueue) -> tuple[str, ...]:
    """What a person should know that speaks not against it."""
    found = list(source.notes)
    others = sorted(set(queue.users) - {source.name})
    if source.kind == "queue" and queue.url and queue.permission in ("", "allowAll") and others:
        found.append(
            f"{queue.name} stays open to every queue of the account: {', '.join(others[:5])} use it without being "
            "named in its RedriveAllowPolicy"
        )
    if queue.url and source.kind == "queue" and not source.fifo and queue.retention_s <= source.retention_s:
        found.append(
            f"the retention of {queue.name} ({queue.retention_s / 86_400:g} days) is not longer than that of "
            f"{source.name}, and a message's age counts from when it was first sent"
        )
    if queue.moves_to:
        found.append(f"{queue.name} has the dead-letter queue {queue.moves_to.rpartition(':')[2]}")
    return tuple(found)
