"""Reads whether a producer can publish once to a topic instead of sending to each of its queues."""

import json
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.events.arns import named
from opsctl.events.fanout_queues import TOPIC_MAX_BYTES
from opsctl.events.migration_counts import MigrationCounts, MinuteCounts, counts_of, counts_read
from opsctl.events.role_permissions import RoleAnswers, RoleQuestion, ask_roles
from opsctl.model.commands import Commands
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value, json_object
from opsctl.resources.actions.sns_topic import topic_arn
from opsctl.resources.dead_letter_reads import subscription_attributes
from opsctl.resources.policy_simulation import Verdict
from opsctl.resources.queue_facts import queue_attributes, queue_url


class MigrationPoint(Value):
    """Something that has to be so before a producer publishes: `unknown` is what no setting tells."""

    id: str
    state: Literal["ready", "not ready", "unknown"]
    says: str
    todo: str = ""


class FanoutMigrationRead(Value):
    """A producer that sends to queues itself, and the topic that is to take its place.

    `queues` are those of the topic; `publish` is the call that replaces its SendMessage calls; `watched` is
    what was counted since, minute by minute.
    """

    topic: str
    role: str
    queues: tuple[str, ...]
    points: tuple[MigrationPoint, ...]
    publish: dict[str, Json]
    counts: MigrationCounts = MigrationCounts()
    watched: tuple[MinuteCounts, ...] = ()
    unknown: tuple[str, ...] = ()


class FanoutMigration(Fact):
    """Read a topic, its queues and a producer's role, and judge what a migration needs; nothing is changed."""

    name: ClassVar[str] = "fanout.migration"
    Result: ClassVar[type[Value]] = FanoutMigrationRead
    services: ClassVar[tuple[str, ...]] = ("sns",)

    topic: str = Field(description="Name or ARN of the topic.")
    producer: str = Field(description="Name or ARN of a role, or name of a function.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read topic and producer, then subscriptions, queues and permissions."""
        arn = self.topic if self.topic.startswith("arn:") else topic_arn(self.topic, about.identity)
        role = yield from self._role()
        reads = [
            Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn}),
            Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": arn}),
        ]
        topic, listed = yield reads
        if topic.refusal is not None:
            if topic.refusal.kind is RefusalKind.MISSING:
                hint = f"make it with {about.commands.opsctl('fanout', 'create', self.topic)}"
                raise InvalidInput.one(f"there is no topic {self.topic}", source="topic", hint=hint)
            raise FactUnknown(topic.refusal)
        if listed.refusal is not None:
            raise FactUnknown(listed.refusal)
        subscribed = [one for one in listed.value["Subscriptions"] if one["Protocol"] == "sqs"]
        queues = [str(one["Endpoint"]) for one in subscribed]
        settings = yield [subscription_attributes(one["SubscriptionArn"]) for one in subscribed]
        urls = yield [queue_url(one) for one in queues]
        found = yield [queue_attributes(str((one.value or {}).get("QueueUrl", ""))) for one in urls]
        publish, sends = (
            RoleQuestion(role, "sns:Publish", arn),
            [RoleQuestion(role, "sqs:SendMessage", one) for one in queues],
        )
        answers = yield from ask_roles([publish, *sends], about)
        names = [named(one).name for one in queues]
        counts = (yield [counts_read(named(arn).name, names, about.now)])[0]
        fifo = arn.endswith(".fifo")
        told = (topic.value or {}).get("Attributes") or {}
        points = [
            _may_publish(answers, publish),
            *_still_sends(
                answers, sends, about.commands.opsctl("fanout", "finish", self.topic, "--producer", self.producer)
            ),
            *_subscriptions(names, settings, about.commands),
            _size(names, found, int(told.get("MaximumMessageSize") or TOPIC_MAX_BYTES)),
            *_unseen(fifo=fifo, by_content=told.get("ContentBasedDeduplication") == "true"),
        ]
        if not queues:
            todo = about.commands.opsctl("fanout", "add", named(arn).name, "--queue", "QUEUE", "--raw-delivery")
            points.insert(
                0, MigrationPoint(id="queues", state="not ready", says="no queue is subscribed", todo=todo)
            )
        more = {"MessageGroupId": "as before", "MessageDeduplicationId": "as before"} if fifo else {}
        return FanoutMigrationRead(
            topic=arn,
            role=role,
            queues=tuple(names),
            points=tuple(points),
            publish={"TopicArn": arn, "Message": "the MessageBody", "MessageAttributes": "the same", **more},
            counts=counts_of(counts, names),
            unknown=(*answers.unknown, *([str(counts.refusal)] if counts.refusal else [])),
        )

    def _role(self) -> Fetching[str]:
        if self.producer.startswith("arn:") and ":role/" in self.producer:
            yield from ()
            return self.producer
        name = self.producer.rpartition(":")[2]
        reads = [
            Read(service="iam", operation="GetRole", params={"RoleName": name}),
            Read(service="lambda", operation="GetFunctionConfiguration", params={"FunctionName": self.producer}),
        ]
        role, function = yield reads
        if function.value:
            return str(function.value["Role"])
        if role.value:
            return str(role.value["Role"]["Arn"])
        for answer in (role, function):
            if answer.refusal is not None and not answer.known:
                raise FactUnknown(answer.refusal)
        raise InvalidInput.one(f"there is neither a function nor a role {self.producer!r}", source="producer")


def _may_publish(answers: RoleAnswers, asked: RoleQuestion) -> MigrationPoint:
    judged = answers.verdict(asked)
    state: Literal["ready", "not ready", "unknown"] = "unknown"
    says = f"whether {asked.role.rpartition('/')[2]} may publish could not be told"
    if judged.verdict is Verdict.ALLOWED:
        state, says = "ready", f"{asked.role.rpartition('/')[2]} may publish to the topic"
    elif judged.verdict is Verdict.DENIED:
        state, says = "not ready", f"{asked.role.rpartition('/')[2]} may not publish to the topic"
    todo = "" if state == "ready" else f"allow sns:Publish on {asked.resource} in a policy of the role"
    return MigrationPoint(id="may-publish", state=state, says=says, todo=todo)


def _still_sends(answers: RoleAnswers, asked: list[RoleQuestion], finish: str) -> list[MigrationPoint]:
    allowed = [one for one in asked if answers.verdict(one).verdict is Verdict.ALLOWED]
    if not allowed:
        return []
    names = ", ".join(named(one.resource).name for one in allowed)
    todo = f"when the queues get only what the topic hands them: {finish}"
    return [MigrationPoint(id="may-send", state="ready", says=f"it may send to {names} itself", todo=todo)]


def _subscriptions(names: list[str], settings: Sequence[Answer], commands: Commands) -> list[MigrationPoint]:
    points = []
    for name, answer in zip(names, settings, strict=True):
        if answer.refusal is not None:
            points.append(MigrationPoint(id="raw", state="unknown", says=f"{name}: {answer.refusal}"))
            continue
        told = answer.value["Attributes"]
        raw = told.get("RawMessageDelivery") == "true"
        says = f"{name} gets the body as it was" if raw else f"{name} gets SNS's envelope instead of the body"
        todo = "" if raw else "set RawMessageDelivery on the subscription, or let the consumer open the envelope"
        points.append(MigrationPoint(id="raw", state="ready" if raw else "not ready", says=says, todo=todo))
        if told.get("FilterPolicy"):
            chosen = json.dumps(json_object(told["FilterPolicy"]) or {}, sort_keys=True)
            says = f"{name} gets only what its filter chooses: {chosen}"
            todo = "see that the program sets what the filter looks at"
            points.append(MigrationPoint(id="filter", state="unknown", says=says, todo=todo))
        if not told.get("RedrivePolicy"):
            says = f"{name} has no dead-letter queue at its subscription"
            todo = commands.opsctl("dlq", "attach", str(told["SubscriptionArn"]))
            points.append(MigrationPoint(id="no-dlq", state="not ready", says=says, todo=todo))
    return points


def _size(names: list[str], found: Sequence[Answer], limit: int) -> MigrationPoint:
    sizes = {
        name: int(((one.value or {}).get("Attributes") or {}).get("MaximumMessageSize") or 0)
        for name, one in zip(names, found, strict=True)
    }
    unread = [name for name, size in sizes.items() if not size]
    if unread:
        return MigrationPoint(id="size", state="unknown", says=f"{', '.join(unread)} could not be read")
    larger = [name for name, size in sizes.items() if size > limit]
    if not larger:
        return MigrationPoint(
            id="size", state="ready", says=f"what the queues take fits the topic: {limit:,} bytes"
        )
    says = f"{', '.join(larger)} may get messages of more than the {limit:,} bytes that the topic takes"
    return MigrationPoint(id="size", state="unknown", says=says, todo="see how large the program's messages are")


def _unseen(*, fifo: bool, by_content: bool) -> list[MigrationPoint]:
    points = [
        MigrationPoint(
            id="attributes",
            state="unknown",
            says="with raw delivery a message of more than ten attributes is discarded",
            todo="count those of the program and of its tracing agent",
        ),
        MigrationPoint(
            id="delay",
            state="unknown",
            says="SNS has no DelaySeconds of a message",
            todo="look for it in the SendMessage calls; a delay of the whole queue stays",
        ),
        MigrationPoint(
            id="once",
            state="unknown",
            says="a message that is sent both ways comes twice to every queue",
            todo="let the program do one or the other, never both for safety",
        ),
    ]
    if fifo:
        says = "the same group and deduplication ids have to be published" + (
            ", or none of the latter" * by_content
        )
        points.append(
            MigrationPoint(id="fifo", state="unknown", says=says, todo="take them over from SendMessage")
        )
    return points
