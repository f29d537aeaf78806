"""Reads whether what a FIFO topic archived can be replayed to a subscription, and what becomes of it then.

Sources: SNS guide, "Message replay for FIFO topic subscribers" and "Message archiving for FIFO topic owners"; SQS
guide, "Exactly-once processing" (a FIFO queue drops what has a deduplication id that it got in the last 5
minutes).
"""

from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import moment, seconds_of
from opsctl.events.kms_keys import read_keys, what_key_refuses
from opsctl.events.topic_archives import (
    RUNNING,
    ArchivedTopic,
    ReplayedSubscription,
    point,
    read_subscriptions,
    read_topic,
    topic_arn_of,
)
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.queue_facts import QueueFacts, find_queue, queue_name_of

DEDUPLICATED_S = 300
STATEMENTS_AT_MOST = 20
"""Of a queue's policy (SQS guide, "Amazon SQS policy quotas")."""
CLOCKS_DIFFER_S = 60
"""By how much the clock of this machine may be ahead of AWS's: the subscription receives again from so much before
the plan was made, so that nothing is missed in between."""


class TopicReplay(Value):
    """What a replay of a FIFO topic to a subscription comes to.

    `start`, `end` and `resume_at` are written as SNS takes them, `window` for people. What refuses:
    `not_archived`, `running`, `paused`, `unconfirmed`, `key_refused`. What is said: `silent` until when nothing
    new comes, `gap` what is left out, `repeats` what comes once more, `deduplicated` what may vanish, `unordered`,
    `filtered`.
    `queue` is one that gets them alone, `open` whether its policy lets the topic in, `raw` whether the others get
    messages raw.
    """

    topic: str
    topic_arn: str
    subscription: str
    endpoint: str
    window: str
    start: str
    end: str
    resume_at: str
    archive: str = ""
    not_archived: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    key_refused: tuple[str, ...] = ()
    key_unknown: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    gap: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    deduplicated: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    queue: QueueFacts | None = None
    queue_refused: tuple[str, ...] = ()
    open: bool = False
    raw: bool = False
    rows: tuple[dict[str, Json], ...] = ()


class EventsTopicReplayFact(Fact):
    """Read a FIFO topic, its archive and its subscriptions, and what a replay to one of them does."""

    name: ClassVar[str] = "events.topic_replay"
    Result: ClassVar[type[Value]] = TopicReplay
    services: ClassVar[tuple[str, ...]] = ("sns",)

    topic: str = Field(description="Name or ARN of the FIFO topic.")
    start: str = Field(description="From when on, with time and zone; by the time of publishing.")
    end: str = Field("", description="Until when, with time and zone; empty: it goes on with what is new.")
    subscription: str = Field("", description="ARN of the subscription.")
    queue: str = Field("", description="Name, URL or ARN of the queue that is subscribed.")
    into: str = Field("", description="Name, URL or ARN of a queue that is not, and gets them alone.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the topic, then its subscriptions, then its key."""
        start, end = self._span(about.now)
        arn = topic_arn_of(self.topic, about)
        if sum(bool(one) for one in (self.subscription, self.queue, self.into)) > 1:
            raise InvalidInput.one(
                "say who gets the messages once: --queue, --subscription or --into", source="subscription"
            )
        if self.into and not end:
            raise InvalidInput.one("a replay into a queue of its own needs an end", source="end")
        topic = yield from read_topic(arn)
        everybody = yield from read_subscriptions(arn)
        refused, unknown = yield from _key(topic, about)
        if self.into:
            alone = yield from self._alone(topic, everybody, (start, end), about)
            return alone.model_copy(update={"key_refused": refused, "key_unknown": unknown})
        one = self._chosen(topic.name, everybody, about)
        return TopicReplay(
            topic=topic.name,
            topic_arn=topic.arn,
            subscription=one.arn,
            endpoint=one.named,
            window=f"{moment(start)} to {moment(end)}" if end else f"from {moment(start)} on",
            start=point(start),
            end=point(end) if end else "",
            resume_at=point(about.now - CLOCKS_DIFFER_S),
            archive=f"{topic.days} days" if topic.days else "",
            not_archived=_not_archived(topic, start),
            running=(f"{one.named}: {one.status} since {one.start}",) if one.status in RUNNING else (),
            paused=_paused(one, bounded=bool(end)),
            unconfirmed=(one.named,) if one.pending else (),
            key_refused=refused,
            key_unknown=unknown,
            silent=(f"{one.named} until the replay has ended and the last change is made",) if end else (),
            gap=_gap(one, start),
            repeats=(f"{one.named}: what it had of {moment(start)} on comes again",),
            deduplicated=(f"{one.named}: what it got after {moment(about.now - DEDUPLICATED_S)}",)
            if one.endpoint.endswith(".fifo") and (end or about.now) > about.now - DEDUPLICATED_S
            else (),
            unordered=() if one.endpoint.endswith(".fifo") else (one.named,),
            filtered=(one.named,) if one.filtered else (),
            rows=_rows(everybody, one),
        )

    def _alone(
        self,
        topic: ArchivedTopic,
        everybody: Sequence[ReplayedSubscription],
        span: tuple[float, float],
        about: Context,
    ) -> Fetching[TopicReplay]:
        """Into a queue that is not subscribed: nothing of the others is touched."""
        queue = yield from find_queue(self.into, about, source="into")
        if any(one.endpoint == queue.arn for one in everybody):
            raise InvalidInput.one(
                f"queue {queue.name} is subscribed to topic {topic.name} already",
                source="into",
                hint="--queue replays to its subscription",
            )
        start, end = span
        queues = [one for one in everybody if one.protocol == "sqs"]
        return TopicReplay(
            topic=topic.name,
            topic_arn=topic.arn,
            subscription="",
            endpoint=f"queue {queue.name}",
            window=f"{moment(start)} to {moment(end)}",
            start=point(start),
            end=point(end),
            resume_at=point(about.now - CLOCKS_DIFFER_S),
            archive=f"{topic.days} days" if topic.days else "",
            not_archived=_not_archived(topic, start),
            queue_refused=tuple((yield from _why_not_into(queue, topic, about))),
            unordered=() if queue.fifo else (f"queue {queue.name}",),
            queue=queue,
            open=any(fnmatchcase(topic.arn, one) for one in queue.topics),
            raw=bool(queues) and all(one.raw for one in queues),
            rows=_rows(everybody, None),
        )

    def _span(self, now: float) -> tuple[float, float]:
        """Beginning and end in whole seconds, the end 0 where there is none."""
        start = seconds_of(self.start, "start")
        end = seconds_of(self.end, "end") if self.end else 0.0
        if end and start >= end:
            raise InvalidInput.one(f"the time ends at {moment(end)} and begins at {moment(start)}", source="end")
        if end > now:
            raise InvalidInput.one(
                f"the time ends at {moment(end)}, which is yet to come",
                source="end",
                hint="leave --to out: the replay then goes on with what is new",
            )
        if start > now - CLOCKS_DIFFER_S:
            raise InvalidInput.one(f"there is nothing before {moment(start)} to replay", source="start")
        return start, end

    def _chosen(
        self, topic: str, everybody: Sequence[ReplayedSubscription], about: Context
    ) -> ReplayedSubscription:
        known = ", ".join(one.named for one in everybody) or "nobody"
        if self.subscription:
            found = [one for one in everybody if one.arn == self.subscription]
            asked = f"subscription {self.subscription}"
        elif self.queue:
            name = queue_name_of(self.queue, about, "queue")
            found = [one for one in everybody if one.protocol == "sqs" and one.endpoint.rpartition(":")[2] == name]
            asked = f"queue {name}"
        else:
            raise InvalidInput.one(
                "say who gets the messages: --queue, --subscription or --into",
                source="queue",
                hint=f"subscribed to {topic}: {known}",
            )
        if not found:
            raise InvalidInput.one(
                f"{asked} is not subscribed to topic {topic}",
                source="subscription" if self.subscription else "queue",
                hint=f"it has {known}; {about.commands.opsctl('fanout', 'add')} subscribes a queue",
            )
        return found[0]


def _key(topic: ArchivedTopic, about: Context) -> Fetching[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Whether SNS may decrypt what the topic archived."""
    if not topic.key:
        return (), ()
    keys = yield from read_keys([topic.key])
    why, unknown = what_key_refuses(
        keys[topic.key], service="sns.amazonaws.com", on_behalf_of=topic.arn, account=about.account
    )
    return (why,) if why else (), (unknown,) if unknown else ()


def _not_archived(topic: ArchivedTopic, start: float) -> tuple[str, ...]:
    if not topic.days:
        return (f"topic {topic.name} has no archive: nothing of what was published is kept",)
    if topic.since is None:
        return (f"topic {topic.name} does not say from when on it has messages",)
    if start < topic.since:
        return (f"topic {topic.name} has messages from {moment(topic.since)} on, not from {moment(start)}",)
    return ()


def _paused(one: ReplayedSubscription, *, bounded: bool) -> tuple[str, ...]:
    """A replay with an end has left the subscription deaf: another one would leave out what came since."""
    if not one.end or one.status in RUNNING or not bounded:
        return ()
    return (f"{one.named} has received nothing published after {one.end}",)


def _gap(one: ReplayedSubscription, start: float) -> tuple[str, ...]:
    """What a paused subscription would never get: from where its replay ended to where this one begins."""
    if not one.end or one.status in RUNNING:
        return ()
    try:
        ended = datetime.fromisoformat(one.end).timestamp()
    except ValueError:
        return (f"{one.named}: from {one.end} on",)
    return (f"{one.named}: from {one.end} to {moment(start)}",) if ended < start else ()


def _why_not_into(queue: QueueFacts, topic: ArchivedTopic, about: Context) -> Fetching[list[str]]:
    """What keeps SNS from delivering to a queue, though it is let in."""
    refused = []
    if queue.statements >= STATEMENTS_AT_MOST:
        refused.append(f"{queue.name}: its policy has {queue.statements} statements, and SQS takes no more")
    if queue.key:
        keys = yield from read_keys([queue.key])
        why, _ = what_key_refuses(
            keys[queue.key], service="sns.amazonaws.com", on_behalf_of=topic.arn, account=about.account
        )
        refused += [f"{queue.name}: {why}"] if why else []
    return refused


def _rows(
    everybody: Sequence[ReplayedSubscription], chosen: ReplayedSubscription | None
) -> tuple[dict[str, Json], ...]:
    return tuple(
        {
            "who": one.named,
            "gets": "yes" if one == chosen else "no",
            "replay": f"{one.status}, {one.start} to {one.end or 'now on'}" if one.start else "none",
        }
        for one in everybody
    )
