"""Makes an SQS queue for failures."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.run import Action, Context
from opsctl.resources.marks import with_mark
from opsctl.resources.queue_facts import get_queue_url
from opsctl.resources.sqs_queue_calls import (
    GONE_WITHIN_S,
    create_queue,
    delete_queue,
    queue_arn,
    queue_is_absent,
    queue_is_ours,
    sending_policy,
    url_of,
)


class SqsQueue(Action):
    """Create a queue to which EventBridge rules of this account may send; undo deletes it with what is in it."""

    name: ClassVar[str] = "sqs.queue"
    outputs: ClassVar[tuple[str, ...]] = ("url",)

    queue: str = Field(description="Name of the queue; not in use yet.")
    tags: dict[str, str] = Field({}, description="Tags of the queue.")
    why: str = Field(description="What the queue is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateQueue."""
        found = yield from fetch_if_exists(get_queue_url(self.queue))
        if found is not None:
            raise RefusedByGuard(
                f"there is a queue {self.queue} already; nothing was changed", "choose another name"
            )
        policy = sending_policy(queue_arn(self.queue, about.identity), about.account)
        return [
            Change(
                **dict(create_queue(self.queue, policy, with_mark(about.plan_id, self.tags))),
                id="create",
                title=f"Create SQS queue {self.queue}",
                why=self.why,
                expect=(queue_is_absent(self.queue),),
                proof=Proof(
                    configured=(queue_is_ours(self.queue, "create", about.plan_id),), within_s=GONE_WITHIN_S
                ),
                undo=delete_queue("create"),
                outputs={"url": url_of(self.queue)},
            )
        ]
