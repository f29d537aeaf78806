"""What was seen of a queue, and why its messages failed, as one result."""

from opsctl.dlq.following import redriving
from opsctl.dlq.looking_at_messages import Inspected
from opsctl.dlq.why import CauseWhy, ConsumerFacts, Explained
from opsctl.model.commands import Commands
from opsctl.model.value import Json, Value


class Why(Value):
    """Why the messages of a queue failed, cause by cause, the largest first.

    `iam_policy` allows all that was read and nothing else. `next` are the commands to type next, `next_because`
    what each is good for; the other members are those of a look at the queue.
    """

    queue: str
    about: int
    seen: int
    matched: int
    whole: bool
    note: str
    unjudged: dict[str, int]
    hidden: str
    causes: tuple[CauseWhy, ...]
    consumers: tuple[ConsumerFacts, ...]
    unknown: tuple[str, ...]
    iam_policy: dict[str, Json]
    next: tuple[str, ...] = ()
    next_because: dict[str, str] = {}


def why_of(looked: Inspected, explained: Explained, iam_policy: dict[str, Json], commands: Commands) -> Why:
    """Put together what was seen and what was found out."""
    steps = (explained.fixes | redriving(looked.queue, commands)) if looked.seen else {}
    return Why(
        **looked.model_dump(exclude={"groups", "next", "next_because"}),
        causes=explained.causes,
        consumers=explained.consumers,
        unknown=explained.unknown,
        iam_policy=iam_policy,
        next=tuple(steps),
        next_because=steps,
    )
