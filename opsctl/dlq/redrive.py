"""What planning a redrive has to know: the queue, its destinations, their consumers, and what is against it."""

from opsctl.dlq.route import Route
from opsctl.model.value import Value
from opsctl.resources.queue_facts import QueueFacts

CLIENT_PER_S = 3000


class Destination(Value):
    """One place that messages go back to. `waiting` is how many it holds already, -1 when nobody knows.

    `functions` are the Lambda functions that consume there and whose metrics can be read. `sqs_puts` tells that
    SQS itself moves messages from there to the dead-letter queue, which is what its own task can take back.
    """

    route: Route
    consumers: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    sqs_puts: bool = False
    key: str = ""
    broken: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    waiting: int = -1
    returns_after_s: int = 0


class DestinationRow(Value):
    """A destination for the one screen: what it is, how many messages wait there already, who takes from it."""

    to: str
    waiting: str
    consumers: str


class Redrive(Value):
    """A dead-letter queue with the ways home.

    `via` is `task` for SQS's own message move task and `client` otherwise, `because` says why, and `insists` that
    it was asked for by name. `recorded` tells that messages may also go where their own record says (function,
    subscription, rule target). `stays` names senders whose messages opsctl cannot deliver; what
    follows are hazards by kind.
    """

    queue: QueueFacts
    destinations: tuple[Destination, ...]
    via: str
    because: str
    insists: bool = False
    recorded: bool
    canary: int
    canary_because: str
    canary_within_s: int = 0
    lasts: str = ""
    summary: tuple[str, ...] = ()
    rows: tuple[DestinationRow, ...] = ()
    goal: str = ""
    stays: tuple[str, ...] = ()
    not_a_dlq: tuple[str, ...] = ()
    no_way: tuple[str, ...] = ()
    own_redrive: tuple[str, ...] = ()
    active_task: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def lasting(count: int, per_s: float) -> str:
    """Say how long so many messages take."""
    if not count:
        return "nothing to move"
    seconds = count / (per_s or CLIENT_PER_S)
    if seconds < 1:
        return "about a second"
    if seconds < 120:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 7200 else f"about {seconds / 3600:.1f} hours"
