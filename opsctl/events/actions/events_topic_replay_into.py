"""Replays what a FIFO topic archived into one queue, by a subscription that is there only for that.

Source: SNS guide, "Message replay for FIFO topic subscribers" (a replay policy is among the attributes of
Subscribe).
"""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.jobs.events_topic_replay import EventsTopicReplay
from opsctl.events.subscription_calls import is_subscribed, subscribe, subscription_of, unsubscribe
from opsctl.events.topic_replay_calls import ReplaySpan
from opsctl.events.topic_replay_waits import REFUSED, WAITED, replay_completed, replay_counted
from opsctl.model.changes import Change, Check, Grant, Irreversible, Proof, Risk, Severity
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json, fingerprint
from opsctl.resources.queue_policy_calls import edit_policy, policy_has

SERVICE = "sns.amazonaws.com"
_OWN = Irreversible(because="it was there for this replay alone", only_reads=True)


class EventsTopicReplayInto(Action):
    """Let the topic in at a queue, subscribe it with a replay policy that has an end, and take both away after it.

    No other subscription is touched: none gets anything again, and none is paused. Subscription and permission go
    when the replay has ended, when it fails, when somebody interrupts, and by an undo.
    """

    name: ClassVar[str] = "events.topic_replay_into"

    topic: str = Field(description="ARN of the FIFO topic.")
    queue: str = Field(description="ARN of the queue, which is not subscribed.")
    url: str = Field(description="URL of the queue.")
    allowed: bool = Field(default=False, description="Whether its policy lets the topic in already.")
    raw: bool = Field(default=False, description="Deliver the message as it is, without SNS's envelope.")
    start: str = Field(description="From when on messages are replayed, as SNS writes moments.")
    end: str = Field(description="Until when.")
    since: str = Field(description="A moment before the replay begins.")
    within_s: int = Field(6 * 3600, ge=60, le=LONGEST_WAIT_S, description="For how long it is watched at most.")
    why: str = Field(description="Why it is replayed.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan permission and subscription, the watch, and the removal of both."""
        yield from ()
        own = reference("subscription", "arn")
        opened = [] if self.allowed else [self._permission()]
        made = [*opened, self._subscription(), self._watch(about), replay_completed(own, passing=True)]
        made.append(self._away(own))
        made += [] if self.allowed else [self._permission_away()]
        name = self.topic.rpartition(":")[2]
        return [*made, replay_counted(name, "", since=self.since, after=made[-1].id)]

    @property
    def _span(self) -> ReplaySpan:
        return ReplaySpan(start=self.start, end=self.end)

    @property
    def _name(self) -> str:
        return self.queue.rpartition(":")[2]

    @property
    def _statement(self) -> dict[str, Json]:
        return {
            "Sid": f"OpsctlReplay{fingerprint([self.queue, self.topic])[7:19]}",
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sqs:SendMessage",
            "Resource": self.queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }

    def _has(self, *, present: bool) -> Check:
        return policy_has(self.url, self._name, self._statement, present=present)

    def _permission(self) -> Change:
        return Change(
            **dict(edit_policy(self.url, "add", self._statement)),
            id="permission",
            title=f"Let topic {self.topic.rpartition(':')[2]} write to queue {self._name}",
            why="SNS confirms a subscription whatever the queue's policy says, and drops what that refuses.",
            expect=(self._has(present=False),),
            proof=Proof(configured=(self._has(present=True),), within_s=60),
            undo=edit_policy(self.url, "remove", self._statement),
            risk=Risk(note="It goes with the replay."),
        )

    def _subscription(self) -> Change:
        attributes: dict[str, Json] = {"ReplayPolicy": json.dumps(self._span.policy, sort_keys=True)}
        if self.raw:
            attributes["RawMessageDelivery"] = "true"
        return Change(
            **dict(subscribe(self.topic, self.queue, attributes)),
            id="subscription",
            title=f"Replay {self._span.words} of topic {self.topic.rpartition(':')[2]} into queue {self._name}",
            why=self.why,
            expect=(is_subscribed(self.topic, self.queue, there=False),),
            proof=Proof(
                configured=(is_subscribed(self.topic, self.queue, there=True),), within_s=60, passing=True
            ),
            undo=unsubscribe(reference("subscription", "arn")),
            lasting="what was sent already stays sent",
            undo_risk=Risk(note="It stops what is left; what was sent already stays sent."),
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=(self._name,),
                note="The queue gets every message of that time, those that it had already too.",
            ),
            outputs={"arn": subscription_of(self.topic, self.queue)},
            depends_on=() if self.allowed else ("permission",),
            goes_back=() if self.allowed else REFUSED,
        )

    def _watch(self, about: Context) -> Change:
        job = EventsTopicReplay(
            run_id=about.plan_id,
            topic=self.topic,
            queue=self.queue,
            span=self._span,
            then=None,
            within_s=self.within_s,
        )
        return Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=(
                Grant(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": self.topic}),
                Grant(service="sns", operation="GetSubscriptionAttributes"),
                Grant(service="sns", operation="Unsubscribe"),
            ),
            id="watch",
            title=f"Watch the replay into queue {self._name}",
            why="SNS tells whether it runs; Ctrl-C ends it.",
            expect=(),
            proof=Proof(configured=()),
            undo=WAITED,
            depends_on=("subscription",),
        )

    def _away(self, own: Json) -> Change:
        return Change(
            **dict(unsubscribe(own)),
            id="subscription-away",
            title=f"Take queue {self._name} off the topic",
            why="It was subscribed for this replay alone, and a replay with an end has paused it.",
            expect=(is_subscribed(self.topic, self.queue, there=True),),
            proof=Proof(configured=(is_subscribed(self.topic, self.queue, there=False),), within_s=60),
            undo=_OWN,
            depends_on=("completed",),
        )

    def _permission_away(self) -> Change:
        return Change(
            **dict(edit_policy(self.url, "remove", self._statement)),
            id="permission-away",
            title=f"Let the topic no longer write to queue {self._name}",
            why="It was there for this replay alone.",
            expect=(self._has(present=True),),
            proof=Proof(configured=(self._has(present=False),), within_s=60),
            undo=_OWN,
            depends_on=("subscription-away",),
        )
