"""Finds what a queue of opsctl's own has to be like, and what speaks against moving through it."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.dlq.attach.failing_sources import sources_of
from opsctl.dlq.park_queues import (
    OF_TAG,
    attributes_like,
    denies_sending,
    list_parks,
    park_name,
    run_of,
    tags_of,
)
from opsctl.dlq.parks import ParkFound
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Answer
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.marks import PLAN_TAG
from opsctl.resources.queue_facts import QueueFacts, find_queue, parse_queue, queue_attributes, url_for
from opsctl.resources.queue_policy import EVERYTHING


class DlqPark(Fact):
    """Find how to take everything out of a FIFO queue in order and bring back what a filter does not want.

    Reads nothing without `through`. The queue to park in is made for one run and deleted by it.
    """

    name: ClassVar[str] = "dlq.park"
    Result: ClassVar[type[Value]] = ParkFound

    queue: str = Field(description="Name, URL or ARN of the queue.")
    through: bool = Field(False, description="Whether to use a temporary queue, for a filter on a FIFO queue.")
    where: str = Field("", description="JMESPath over a message: the filter.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the queue, what sends to it, and what is parked of it already."""
        if not self.through:
            return ParkFound()
        if not self.where:
            raise InvalidInput.one("--through needs a filter; add --where", source="through")
        queue = yield from find_queue(self.queue, about, source="queue")
        if not queue.fifo:
            raise InvalidInput.one(
                f"{queue.name} is not a FIFO queue, so a filter works without it",
                source="through",
                hint="omit --through",
            )
        told, sources, parks = yield [queue_attributes(queue.url), sources_of(queue.url), list_parks()]
        attributes = (told.value or {}).get("Attributes") or {}
        urls = sorted((sources.value or {}).get("queueUrls") or [])
        senders = [f"queue {url.rpartition('/')[2]}" for url in urls]
        senders += [f"topic {arn.rpartition(':')[2]}" for arn in queue.topics if arn != EVERYTHING]
        small = yield from self._small(queue, urls)
        left = yield from self._left(queue, parks, about)
        name = park_name(about.plan_id)
        arn = f"{queue.arn.rpartition(':')[0]}:{name}"
        return ParkFound(
            name=name if queue.total else "",
            url=url_for(arn, queue.url),
            of=queue.arn,
            key=queue.key,
            attributes=attributes_like(attributes, arn),
            max_bytes=queue.max_bytes,
            homes=_several(queue, senders, sources) if urls or not sources.known else (),
            forgets=tuple(senders) if urls and len(senders) == 1 else (),
            closed=_closed(queue, attributes.get("Policy", "")),
            small=small,
            left=left,
        )

    def _small(self, queue: QueueFacts, urls: list[str]) -> Fetching[tuple[str, ...]]:
        answers: Sequence[Answer] = (yield [queue_attributes(url) for url in urls]) if urls else ()
        found = [
            parse_queue(url, one.value) for url, one in zip(urls, answers, strict=True) if one.value is not None
        ]
        return tuple(
            f"{queue.name} takes messages of {queue.max_bytes:,} bytes, {one.name} of {one.max_bytes:,}"
            for one in found
            if one.max_bytes > queue.max_bytes
        )

    def _left(self, queue: QueueFacts, parks: Answer, about: Context) -> Fetching[tuple[str, ...]]:
        urls = sorted((parks.value or {}).get("QueueUrls") or [])
        found = []
        for url in urls:
            tags = yield from fetch(tags_of(url))
            marks = (tags.value or {}).get("Tags") or {}
            if marks.get(OF_TAG) == queue.arn:
                name = url.rpartition("/")[2]
                run = marks.get(PLAN_TAG) or run_of(name)
                back = f"{about.commands.opsctl('resume', run)}, or {about.commands.opsctl('undo', run)}"
                found.append(f"{name}: {back}")
        return tuple(found)


def _several(queue: QueueFacts, senders: list[str], sources: Answer) -> tuple[str, ...]:
    if not sources.known:
        return (f"which queues use {queue.name} cannot be read: {sources.refusal}",)
    return tuple(senders) if len(senders) > 1 else ()


def _closed(queue: QueueFacts, policy: str) -> tuple[str, ...]:
    if not denies_sending(policy):
        return ()
    return (f"the policy of {queue.name} denies sending to some callers, perhaps to you",)
