"""Reads the topic and the queues of a fan-out, and what SNS would drop without a word."""

import re
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.events.fanout_queues import FannedQueue, filters_of, find_queues, why_refused
from opsctl.events.kms_keys import read_keys
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.actions.sns_topic import topic_arn

# CreateTopic in the SNS API.
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")
_NAME_AT_MOST = 256


class FanoutRead(Value):
    """A topic with the queues that are to get what it gets.

    `refused` are queues that SNS cannot deliver to, `doubtful` what it does without telling: order that ends,
    sizes that do not fit. `foreign` are the subscriptions that are none of these queues'.
    """

    topic: str
    name: str
    exists: bool
    fifo: bool
    queues: tuple[FannedQueue, ...]
    refused: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


class EventsFanout(Fact):
    """Read a topic, its subscriptions and the queues that are to be subscribed to it."""

    name: ClassVar[str] = "events.fanout"
    Result: ClassVar[type[Value]] = FanoutRead
    services: ClassVar[tuple[str, ...]] = ("sns", "sqs")

    topic: str = Field(description="Name or ARN of the topic; one that ends in .fifo is a FIFO topic.")
    queues: tuple[str, ...] = Field((), description="Names, URLs or ARNs of queues.")
    filters: tuple[str, ...] = Field((), description="QUEUE=JSON: the filter policy of a queue.")
    scope: Literal["MessageAttributes", "MessageBody"] = Field(
        "MessageAttributes", description="What the filters look at."
    )

    def read(self, about: Context) -> Fetching[Value]:
        """Read the topic and all queues at once, then the keys."""
        arn = self._arn(about)
        filters = filters_of(self.filters, self.scope)
        reads = [
            Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn}),
            Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": arn}),
        ]
        topic, listed = yield reads
        for answer in (topic, listed):
            if answer.refusal is not None and not answer.known:
                raise FactUnknown(answer.refusal)
        queues = yield from find_queues(self.queues, filters, arn, about)
        keys = yield from read_keys([one.key for one in queues])
        fifo = arn.endswith(".fifo")
        known = {str(one["Endpoint"]): one for one in (listed.value or {}).get("Subscriptions") or []}
        told = tuple(
            one.model_copy(update={"subscription": str(known.get(one.arn, {}).get("SubscriptionArn", ""))})
            for one in queues
        )
        account = about.account
        refused = [
            why_refused(one, fifo_topic=fifo, topic=arn, key=keys.get(one.key), account=account) for one in told
        ]
        ours = {one.arn for one in told}
        size = int(((topic.value or {}).get("Attributes") or {}).get("MaximumMessageSize") or 0)
        return FanoutRead(
            topic=arn,
            name=arn.rpartition(":")[2],
            exists=topic.refusal is None,
            fifo=fifo,
            queues=told,
            refused=tuple(text for text in refused if text),
            doubtful=tuple(_doubts(told, fifo=fifo, size=size)),
            foreign=tuple(f"{one['Protocol']} {name}" for name, one in known.items() if name not in ours),
        )

    def _arn(self, about: Context) -> str:
        if not self.topic.startswith("arn:"):
            if not _NAME.fullmatch(self.topic) or len(self.topic) > _NAME_AT_MOST:
                raise InvalidInput.one(
                    f"{self.topic!r} is no name of a topic",
                    source="topic",
                    hint="letters, digits, - and _, and .fifo at the end of a FIFO topic",
                )
            return topic_arn(self.topic, about.identity)
        parts = self.topic.split(":")
        here = ["arn", about.identity.partition, "sns", about.region, about.account]
        if len(parts) != 6 or parts[:5] != here or not _NAME.fullmatch(parts[5]):
            raise InvalidInput.one(f"{self.topic} is no topic of this account and region", source="topic")
        return self.topic


def _doubts(queues: tuple[FannedQueue, ...], *, fifo: bool, size: int) -> list[str]:
    found = []
    for one in queues:
        if fifo and not one.fifo:
            found.append(f"{one.name} is a standard queue: order and deduplication of the FIFO topic end there")
        if one.fifo and one.filter:
            found.append(f"{one.name} has a filter: a FIFO topic then delivers at most once")
        if size and one.max_bytes < size:
            found.append(f"{one.name} takes messages of {one.max_bytes:,} bytes, the topic of {size:,}")
    return found
