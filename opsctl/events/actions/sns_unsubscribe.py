"""Takes queues off a topic; their subscriptions can be made again as they were."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.subscription_calls import is_subscribed, subscribe, unsubscribe
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import subscription_attributes

_SETTINGS = ("RawMessageDelivery", "FilterPolicyScope", "FilterPolicy", "RedrivePolicy", "DeliveryPolicy")


class SnsUnsubscribe(Action):
    """Unsubscribe one queue; undo subscribes it again, with the filter, form and dead-letter queue it had.

    The queue's policy and the dead-letter queue stay.
    """

    name: ClassVar[str] = "sns.unsubscribe"

    topic: str = Field(description="ARN of the topic.")
    queue: str = Field(description="ARN of the queue.")
    subscription: str = Field(description="ARN of the subscription.")
    why: str = Field(description="Why it is taken away.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Read how it is subscribed, and plan one Unsubscribe."""
        if not self.subscription.startswith("arn:"):
            name = self.queue.rpartition(":")[2]
            raise InvalidInput.one(f"queue {name} has no confirmed subscription to {self.topic}", source="queues")
        told = (yield from require(subscription_attributes(self.subscription)))["Attributes"]
        kept: dict[str, Json] = {
            name: told[name] for name in _SETTINGS if told.get(name) not in (None, "", "false")
        }
        short = f"{self.queue.rpartition(':')[2]} from topic {self.topic.rpartition(':')[2]}"
        return [
            Change(
                **dict(unsubscribe(self.subscription)),
                id="unsubscribe",
                title=f"Unsubscribe queue {short}",
                why=sentence(self.why),
                expect=(is_subscribed(self.topic, self.queue, there=True),),
                proof=Proof(configured=(is_subscribed(self.topic, self.queue, there=False),), within_s=60),
                undo=subscribe(self.topic, self.queue, kept),
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(f"its filter {kept['FilterPolicy']}",) if "FilterPolicy" in kept else (),
                    note="What is published while it is away does not reach the queue, and is not sent later.",
                ),
            )
        ]
