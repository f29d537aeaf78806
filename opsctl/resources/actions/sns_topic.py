"""Makes an SNS topic."""

import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Query
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context, Identity
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_list, with_mark


class SnsTopic(Action):
    """Create a topic to which alarms and EventBridge of this account may publish; undo deletes it.

    Nobody is subscribed: add addresses with `aws sns subscribe`.
    """

    name: ClassVar[str] = "sns.topic"
    outputs: ClassVar[tuple[str, ...]] = ("arn",)

    topic: str = Field(description="Name of the topic, not in use yet; one that ends in .fifo is a FIFO topic.")
    keep_subscribed: bool = Field(
        default=False, description="Have an undo keep it while anybody is subscribed to it."
    )
    tags: dict[str, str] = Field({}, description="Tags of the topic.")
    why: str = Field(description="What the topic is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateTopic."""
        arn = topic_arn(self.topic, about.identity)
        found = yield from fetch_if_exists(tags_of_topic(arn))
        if found is not None:
            raise RefusedByGuard(
                f"there is a topic {self.topic} already; nothing was changed", f"to use it, give its ARN: {arn}"
            )
        policy = publishing_policy(arn, about.account, about.identity.partition)
        attributes = Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn})
        return [
            Change(
                **dict(create_topic(self.topic, policy, with_mark(about.plan_id, self.tags))),
                id="create",
                title=f"Create SNS topic {self.topic}",
                why=self.why,
                expect=(topic_is_absent(arn),),
                proof=Proof(configured=(topic_is_ours(arn, about.plan_id),), within_s=60),
                undo=delete_topic(arn),
                undo_only_if=(nobody_is_subscribed(arn),) if self.keep_subscribed else (),
                outputs={"arn": Query(read=attributes, query="Attributes.TopicArn")},
            )
        ]


def topic_arn(name: str, identity: Identity) -> str:
    """The ARN that a topic of this name has in the run's account and region."""
    return f"arn:{identity.partition}:sns:{identity.region}:{identity.account}:{name}"


def tags_of_topic(arn: str) -> Read:
    """Read a topic's tags; a topic that is not there is missing."""
    return Read(service="sns", operation="ListTagsForResource", params={"ResourceArn": arn})


def publishing_policy(arn: str, account: str, partition: str) -> dict[str, Json]:
    """A topic's policy: its own account, and alarms and EventBridge of that account.

    EventBridge publishes only where the topic's own policy lets it, and "you can't use Condition blocks in Amazon
    SNS topic policies for EventBridge" (EventBridge user guide, resource-based policies): its statement has none.
    A policy that names services replaces the default one, so the account's own line is in it too.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "owner",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes"],
                "Resource": arn,
            },
            {
                "Sid": "alarms",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            },
            {
                "Sid": "events",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn,
            },
        ],
    }


def nobody_is_subscribed(arn: str) -> Check:
    """The topic has no subscription."""
    read = Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": arn})
    name = arn.rpartition(":")[2]
    return Check(read=read, query="Subscriptions", op="empty", says=f"nobody is subscribed to topic {name}")


def create_topic(name: str, policy: Mapping[str, Json], tags: Mapping[str, str]) -> Instruction:
    """Create a topic."""
    kind: dict[str, Json] = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    return Instruction(
        kind="call",
        service="sns",
        operation="CreateTopic",
        params={
            "Name": name,
            "Attributes": {"Policy": json.dumps(policy, sort_keys=True), **kind},
            "Tags": tag_list(tags),
        },
    )


def delete_topic(arn: str) -> Instruction:
    """Delete a topic with its subscriptions."""
    return Instruction(kind="call", service="sns", operation="DeleteTopic", params={"TopicArn": arn})


def topic_is_absent(arn: str) -> Check:
    """There is no such topic."""
    return Check(read=tags_of_topic(arn), query="Tags && 'there'", op="empty", says=f"there is no topic {arn}")


def topic_is_ours(arn: str, plan_id: str) -> Check:
    """The topic was made by this plan."""
    return Check(
        read=tags_of_topic(arn),
        query=f"Tags[?Key=='{PLAN_TAG}'].Value | [0]",
        op="equals",
        value=plan_id,
        says=f"topic {arn} is this plan's",
    )
