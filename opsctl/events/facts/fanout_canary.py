"""Reads who would get a canary besides the one who sends it."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.jobs.fanout_canary import OTHERS_AT_MOST
from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.consumers import mappings_of
from opsctl.resources.queue_facts import find_queue


class CanaryReach(Value):
    """Queues in which a consumer may be faster, or in which others' messages would be received once more.

    `crowded` are those that are better not looked into: many messages, or some that may be received only once.
    """

    taken: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    crowded: tuple[str, ...] = ()


class FanoutCanaryFact(Fact):
    """Read which queues have consumers or messages that a canary would meet; nothing where none is wanted."""

    name: ClassVar[str] = "fanout.canary"
    Result: ClassVar[type[Value]] = CanaryReach
    services: ClassVar[tuple[str, ...]] = ("sqs", "lambda")

    wanted: bool = Field(description="Whether a canary is wanted.")
    queues: tuple[str, ...] = Field(description="Names, URLs or ARNs of queues.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the queues and their event source mappings."""
        if not self.wanted:
            yield from ()
            return CanaryReach()
        queues = yield from gather([find_queue(one, about, source="queues") for one in dict.fromkeys(self.queues)])
        answers = yield [mappings_of(one.arn) for one in queues]
        for one in answers:
            if one.refusal is not None and not one.known:
                raise FactUnknown(one.refusal)
        taken = [
            f"{queue.name}: {str(mapping.get('FunctionArn', '')).rpartition(':')[2]} polls it, and may be faster"
            for queue, answer in zip(queues, answers, strict=True)
            for mapping in (answer.value or {}).get("EventSourceMappings") or []
            if mapping.get("State") not in ("Disabled", "Disabling")
        ]
        full = [one for one in queues if one.total > OTHERS_AT_MOST or (one.total and one.max_receive == 1)]
        busy = [
            f"{one.name}: {one.total} messages; each is received once more"
            for one in queues
            if one.total and one not in full
        ]
        crowded = [
            f"{one.name}: {one.total:,} messages"
            + (", each of which may be received once" if one.max_receive == 1 else "")
            for one in full
        ]
        return CanaryReach(taken=tuple(taken), busy=tuple(busy), crowded=tuple(crowded))
