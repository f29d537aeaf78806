"""Reads what a FIFO topic archives."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import moment
from opsctl.events.topic_archives import read_topic, topic_arn_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class TopicArchive(Value):
    """A FIFO topic, for how many days it keeps what is published, and from when on that can be replayed."""

    topic: str
    arn: str
    days: int
    since: str = ""
    key: str = ""


class EventsTopicArchiveFact(Fact):
    """Read a FIFO topic and its archive policy."""

    name: ClassVar[str] = "events.topic_archive"
    Result: ClassVar[type[Value]] = TopicArchive
    services: ClassVar[tuple[str, ...]] = ("sns",)

    topic: str = Field(description="Name or ARN of the FIFO topic.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the topic."""
        found = yield from read_topic(topic_arn_of(self.topic, about))
        return TopicArchive(
            topic=found.name,
            arn=found.arn,
            days=found.days,
            since=moment(found.since) if found.since is not None else "",
            key=found.key,
        )
