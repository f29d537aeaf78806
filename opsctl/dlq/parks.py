"""What planning a move through a queue of opsctl's own has to know, and what that move may call."""

from opsctl.model.changes import Grant
from opsctl.model.value import Value

_TAKING = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "SendMessage")
_OWN_KEYS = ("", "alias/aws/sqs")


class ParkFound(Value):
    """The queue to park in, by the queue whose messages it is for; without a name none is needed.

    `homes` are the senders that messages could not be told apart by any more once they are brought back, when
    there are several; the only one is in `forgets`. `closed` says why nobody may be able to send to the queue,
    `small` why not everything may fit into it, `left` what other runs have parked of it. `max_bytes` is the
    largest message that it takes.
    """

    name: str = ""
    url: str = ""
    of: str = ""
    key: str = ""
    attributes: dict[str, str] = {}
    max_bytes: int = 0
    homes: tuple[str, ...] = ()
    forgets: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def parking_needs(park: ParkFound) -> tuple[Grant, ...]:
    """Return the calls that parking and bringing back may make, beside those of taking out."""
    arn = f"{park.of.rpartition(':')[0]}:{park.name}"
    grants = [Grant(service="sqs", operation=name, params={"QueueArn": arn}) for name in (*_TAKING, "DeleteQueue")]
    grants += [Grant(service="sqs", operation=name, params={"QueueArn": park.of}) for name in _TAKING]
    if park.key not in _OWN_KEYS:
        key = park.key if park.key.startswith("arn:") else ""
        grants += [
            Grant(service="kms", operation=name, params={"KeyId": key}) for name in ("GenerateDataKey", "Decrypt")
        ]
    return tuple(grants)
