"""Subscribes a queue to a topic so that nothing is lost: with its permission and its dead-letter queue."""

import json
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.events.fanout_queues import SERVICE, undelivered_name
from opsctl.events.subscription_calls import is_subscribed, subscribe, subscription_of, unsubscribe
from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.value import Json, fingerprint
from opsctl.resources.dead_letter_reads import subscription_attributes
from opsctl.resources.marks import with_mark
from opsctl.resources.queue_facts import get_queue_url, queue_attributes
from opsctl.resources.queue_policy_calls import edit_policy, policy_has
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on
from opsctl.resources.sqs_queue_calls import (
    FOURTEEN_DAYS,
    GONE_WITHIN_S,
    JUST_DELETED,
    delete_queue,
    queue_is_absent,
    queue_is_ours,
    url_of,
)


class SnsSubscribe(Action):
    """Make a dead-letter queue of the subscription, let the topic in at the queue, and subscribe in one call.

    All attributes are in that call: a filter that is set afterwards lets everything through for up to 15 minutes.
    Undo unsubscribes, takes the permission away, and deletes the dead-letter queue if it is empty.
    """

    name: ClassVar[str] = "sns.subscribe"

    topic: str = Field(description="ARN of the topic, also of one that an earlier step makes.")
    queue: str = Field(description="ARN of the queue.")
    url: str = Field(description="URL of the queue.")
    allowed: bool = Field(default=False, description="Whether its policy lets the topic in already.")
    raw: bool = Field(default=False, description="Deliver the message as it is, without SNS's envelope.")
    filter_policy: str = Field("", alias="filter", description="Filter policy in JSON; empty: every message.")
    scope: Literal["MessageAttributes", "MessageBody"] = Field(
        "MessageAttributes", description="What the filter looks at."
    )
    why: str = Field(description="What the queue needs the messages for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the dead-letter queue, the permission and the subscription."""
        name = undelivered_name(self.queue.rpartition(":")[2])
        dead = f"{self.queue.rpartition(':')[0]}:{name}"
        there = yield from fetch(get_queue_url(name))
        if there.refusal is None:
            made = yield from self._opened(str(there.value["QueueUrl"]), dead, about)
        elif there.known:
            made = [self._dead_letter_queue(name, dead, about)]
        else:
            raise FactUnknown(there.refusal)
        allowed = [] if self.allowed else [self._permission("permission", self.url, self.queue)]
        before = tuple(one.id for one in (*made, *allowed))
        return [*made, *allowed, self._subscription(dead, before)]

    def _opened(self, url: str, dead: str, about: Context) -> Fetching[list[Change]]:
        """Let the topic in at a dead-letter queue that is there already, such as another topic's."""
        told = (yield from require(queue_attributes(url)))["Attributes"]
        call = ServiceCall(
            service=SERVICE, action="sqs:SendMessage", resource=dead, source_arn=self.topic, account=about.account
        )
        if verdict_on(str(told.get("Policy") or ""), call) is PolicyAnswer.YES:
            return []
        return [self._permission("undelivered-permission", url, dead)]

    @property
    def _short(self) -> str:
        return f"{self.queue.rpartition(':')[2]} to topic {self.topic.rpartition(':')[2]}"

    def _statement(self, resource: str) -> dict[str, Json]:
        return {
            "Sid": f"OpsctlSns{fingerprint([resource, self.topic])[7:19]}",
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sqs:SendMessage",
            "Resource": resource,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }

    def _dead_letter_queue(self, name: str, arn: str, about: Context) -> Change:
        policy = {"Version": "2012-10-17", "Statement": [self._statement(arn)]}
        attributes = {
            "MessageRetentionPeriod": str(FOURTEEN_DAYS),
            "SqsManagedSseEnabled": "true",
            "Policy": json.dumps(policy, sort_keys=True),
            **({"FifoQueue": "true"} if name.endswith(".fifo") else {}),
        }
        params = {"QueueName": name, "Attributes": attributes, "tags": with_mark(about.plan_id, {})}
        depth = "Attributes.[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]"
        empty = Check(
            read=queue_attributes(reference("undelivered", "url")),
            query=depth,
            op="equals",
            value=["0", "0"],
            says=f"queue {name} has no messages",
        )
        others = f"[from_json(Attributes.Policy).Statement][] | [?Sid!='{self._statement(arn)['Sid']}'].Sid"
        alone = Check(
            read=queue_attributes(reference("undelivered", "url")),
            query=others,
            op="empty",
            says=f"nothing else keeps what it could not deliver in queue {name}",
        )
        return Change(
            kind="call",
            service="sqs",
            operation="CreateQueue",
            params=params,
            retry=JUST_DELETED,
            id="undelivered",
            title=f"Create dead-letter queue {name} of the subscription",
            why="What SNS cannot deliver is gone unless the subscription has a dead-letter queue.",
            expect=(queue_is_absent(name),),
            proof=Proof(configured=(queue_is_ours(name, "undelivered", about.plan_id),), within_s=GONE_WITHIN_S),
            undo=delete_queue("undelivered"),
            undo_only_if=(empty, alone, is_subscribed(self.topic, self.queue, there=False)),
            outputs={"url": url_of(name)},
        )

    def _permission(self, id_: str, url: str, queue: str) -> Change:
        one = self._statement(queue)
        name = queue.rpartition(":")[2]
        return Change(
            **dict(edit_policy(url, "add", one)),
            id=id_,
            title=f"Let topic {self.topic.rpartition(':')[2]} write to queue {name}",
            why="SNS confirms a subscription whatever the queue's policy says, and drops what that refuses.",
            expect=(policy_has(url, name, one, present=False),),
            proof=Proof(configured=(policy_has(url, name, one, present=True),), within_s=60),
            undo=edit_policy(url, "remove", one),
            undo_only_if=(is_subscribed(self.topic, self.queue, there=False),),
            risk=Risk(note=f"The topic may write to {name}."),
        )

    def _subscription(self, dead: str, after: tuple[str, ...]) -> Change:
        attributes: dict[str, Json] = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
        if self.raw:
            attributes["RawMessageDelivery"] = "true"
        if self.filter_policy:
            attributes |= {"FilterPolicyScope": self.scope, "FilterPolicy": self.filter_policy}
        own = reference("subscription", "arn")
        return Change(
            **dict(subscribe(self.topic, self.queue, attributes)),
            id="subscription",
            title=f"Subscribe queue {self._short}{' for a part of the messages' if self.filter_policy else ''}",
            why=sentence(self.why),
            expect=(is_subscribed(self.topic, self.queue, there=False),),
            proof=Proof(
                configured=(is_subscribed(self.topic, self.queue, there=True), *self._settings(own, dead)),
                within_s=60,
            ),
            undo=unsubscribe(own),
            # SNS has one subscription of a queue: where somebody made it anew or changed it, it is theirs.
            undo_only_if=self._as_made(own, dead),
            risk=Risk(
                severity=Severity.MEDIUM,
                note="From now on the queue gets what is published; a changed filter takes up to 15 minutes.",
            ),
            depends_on=after,
            outputs={"arn": subscription_of(self.topic, self.queue)},
        )

    def _as_made(self, own: Json, dead: str) -> tuple[Check, ...]:
        read = subscription_attributes(own)
        wanted: tuple[tuple[str, Json, str], ...] = (
            ("from_json(Attributes.RedrivePolicy || '{}').deadLetterTargetArn", dead, "dead-letter queue"),
            ("from_json(Attributes.FilterPolicy || '{}')", json.loads(self.filter_policy or "{}"), "filter"),
            ("Attributes.RawMessageDelivery || 'false'", "true" if self.raw else "false", "form"),
        )
        return tuple(
            Check(
                read=read,
                query=query,
                op="equals",
                value=value,
                says=f"the subscription has the {what} it was given",
            )
            for query, value, what in wanted
        )

    def _settings(self, own: Json, dead: str) -> tuple[Check, ...]:
        read = subscription_attributes(own)
        return (
            Check(
                read=read,
                query="Attributes.PendingConfirmation",
                op="equals",
                value="false",
                context=True,
                says="the subscription is confirmed",
            ),
            Check(
                read=read,
                query="from_json(Attributes.RedrivePolicy).deadLetterTargetArn",
                op="equals",
                value=dead,
                context=True,
                says=f"its failures go to {dead.rpartition(':')[2]}",
            ),
        )
