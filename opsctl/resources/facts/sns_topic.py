"""Finds one SNS topic."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.dead_letter_reads import topic_attributes

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?")


class TopicFound(Value):
    """A topic; the ARN is empty when none was asked for. `notes` says what will keep an alarm from reaching it."""

    arn: str = ""
    notes: tuple[str, ...] = ()


class SnsTopic(Fact):
    """Find a topic by name or ARN in the account and region of the run; an empty name finds none."""

    name: ClassVar[str] = "sns.topic"
    Result: ClassVar[type[Value]] = TopicFound

    topic: str = Field("", description="Name or ARN of the topic.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the topic's attributes."""
        if not self.topic:
            return TopicFound()
        here = f"arn:{about.identity.partition}:sns:{about.region}:{about.account}:"
        name = self.topic.removeprefix(here)
        if self.topic.startswith("arn:") and name == self.topic:
            raise InvalidInput.one(
                f"{self.topic} is not a topic of account {about.account}, region {about.region}", source="topic"
            )
        if not _NAME.fullmatch(name):
            raise InvalidInput.one(f"{self.topic!r} is not a topic's name or ARN", source="topic")
        answer = yield from fetch(topic_attributes(here + name))
        if answer.refusal is not None:
            if answer.refusal.kind is not RefusalKind.MISSING:
                raise FactUnknown(answer.refusal)
            raise InvalidInput.one(
                f"there is no topic {name!r} in account {about.account}, region {about.region}", source="topic"
            )
        key = str(answer.value["Attributes"].get("KmsMasterKeyId") or "")
        own = key.endswith("alias/aws/sns")
        note = f"topic {name} is encrypted with AWS's own key, which CloudWatch alarms cannot use"
        return TopicFound(arn=here + name, notes=(note,) if own else ())
