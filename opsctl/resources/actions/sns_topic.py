"""Makes an SNS topic."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Query
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.resources.marks import with_mark
from opsctl.resources.sns_topic_calls import (
    create_topic,
    delete_topic,
    publishing_policy,
    tags_of_topic,
    topic_arn,
    topic_is_absent,
    topic_is_ours,
)


class SnsTopic(Action):
    """Create a topic to which alarms and EventBridge of this account may publish; undo deletes it.

    Nobody is subscribed: add addresses with `aws sns subscribe`.
    """

    name: ClassVar[str] = "sns.topic"
    outputs: ClassVar[tuple[str, ...]] = ("arn",)

    topic: str = Field(description="Name of the topic; not in use yet.")
    tags: dict[str, str] = Field({}, description="Tags of the topic.")
    why: str = Field(description="What the topic is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateTopic."""
        arn = topic_arn(self.topic, about.identity)
        found = yield from fetch_if_exists(tags_of_topic(arn))
        if found is not None:
            raise RefusedByGuard(
                f"there is a topic {self.topic} already; nothing was changed", f"to use it, say so: {arn}"
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
                outputs={"arn": Query(read=attributes, query="Attributes.TopicArn")},
            )
        ]
