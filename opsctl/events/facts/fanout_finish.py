"""Reads by which of its policies a producer may still send to the queues of a topic, and whether it still does."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.facts.fanout_migration import FanoutMigration, FanoutMigrationRead
from opsctl.events.migration_counts import MigrationCounts
from opsctl.events.send_rights import NarrowedStatement, NotNarrowed, narrowed, statements_in
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class SendingPolicy(Value):
    """An inline policy with the statements that let the role send; `whole`: nothing of it is left without them."""

    name: str
    document: dict[str, Json]
    statements: tuple[NarrowedStatement, ...]
    whole: bool


class FanoutFinishRead(Value):
    """A producer's rights to send to a topic's queues itself.

    `unready` says that it could not publish instead, or that this could not be told, `refused` are rights that
    have to be taken away by hand, `still` says that the old way is in use, `unknown` why that could not be told.
    """

    topic: str
    role: str
    role_name: str
    queues: tuple[str, ...]
    policies: tuple[SendingPolicy, ...]
    unready: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class FanoutFinish(Fact):
    """Read a producer's policies and what its queues were sent in the last hour."""

    name: ClassVar[str] = "fanout.finish"
    Result: ClassVar[type[Value]] = FanoutFinishRead
    services: ClassVar[tuple[str, ...]] = ("sns", "iam", "cloudwatch")

    topic: str = Field(description="Name or ARN of the topic.")
    producer: str = Field(description="Name or ARN of a role, or name of a function.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read topic, queues and counts, then the role's policies."""
        told = yield from FanoutMigration(topic=self.topic, producer=self.producer).read(about)
        found = FanoutMigrationRead.model_validate(told.model_dump())
        role = found.role.rpartition("/")[2]
        params = {"TopicArn": found.topic}
        listed = yield from require(Read(service="sns", operation="ListSubscriptionsByTopic", params=params))
        arns = [str(one["Endpoint"]) for one in listed["Subscriptions"] if one["Protocol"] == "sqs"]
        inline = yield from _inline(role)
        policies, refused = [], []
        for name, document in inline.items():
            judged = [narrowed(one, arns) for one in statements_in(document)]
            refused += [f"inline policy {name}: {one.why}" for one in judged if isinstance(one, NotNarrowed)]
            taken = tuple(one for one in judged if isinstance(one, NarrowedStatement))
            if taken:
                whole = len(taken) == len(judged) and not any(one.new for one in taken)
                policies.append(SendingPolicy(name=name, document=document, statements=taken, whole=whole))
        attached = yield from _attached(role)
        refused += [
            f"managed policy {name} allows it, and others may have it too"
            for name, document in attached.items()
            if any(narrowed(one, arns) for one in statements_in(document))
        ]
        return FanoutFinishRead(
            topic=found.topic,
            role=found.role,
            role_name=role,
            queues=found.queues,
            policies=tuple(policies),
            unready=tuple(one.says for one in found.points if one.id == "may-publish" and one.state != "ready"),
            refused=tuple(refused),
            still=tuple(still_sent(found.counts)),
            unknown=("what queues and topic were sent could not be read",) * (found.counts.published is None),
        )


def still_sent(counts: MigrationCounts) -> list[str]:
    """Say what the counts of the last hour tell of the old way; a queue's count is of both ways together."""
    if counts.published is None:
        return []
    said = [
        f"queue {name} was sent {sent:,} messages in the last hour, and the topic published {counts.published:,}"
        for name, sent in counts.sent.items()
        if sent > counts.published
    ]
    if not counts.published and not said:
        said.append("nothing was published to the topic in the last hour")
    return said


def _inline(role: str) -> Fetching[dict[str, Json]]:
    listed = yield from require(Read(service="iam", operation="ListRolePolicies", params={"RoleName": role}))
    found: dict[str, Json] = {}
    for name in listed.get("PolicyNames") or []:
        params = {"RoleName": role, "PolicyName": name}
        told = yield from require(Read(service="iam", operation="GetRolePolicy", params=params))
        found[str(name)] = told["PolicyDocument"]
    return found


def _attached(role: str) -> Fetching[dict[str, Json]]:
    read = Read(service="iam", operation="ListAttachedRolePolicies", params={"RoleName": role})
    listed = yield from require(read)
    found: dict[str, Json] = {}
    for one in listed.get("AttachedPolicies") or []:
        params = {"PolicyArn": one["PolicyArn"]}
        told = yield from require(Read(service="iam", operation="GetPolicy", params=params))
        version = {**params, "VersionId": told["Policy"]["DefaultVersionId"]}
        whole = yield from require(Read(service="iam", operation="GetPolicyVersion", params=version))
        found[str(one["PolicyName"])] = whole["PolicyVersion"]["Document"]
    return found
