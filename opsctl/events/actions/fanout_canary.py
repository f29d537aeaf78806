"""Tries a fan-out with one marked message."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.events.canary_messages import MARK_NAME, CanaryPlan, bus_canary, topic_canary
from opsctl.events.jobs.fanout_canary import CanaryQueue, FanoutCanary
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.value import Json, Value

_TAKING = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")


class TriedQueue(Value):
    """A queue with what chooses for it: a filter policy as JSON text, or an event pattern."""

    name: str
    arn: str
    url: str
    undelivered: str = ""
    filter_policy: str = ""
    pattern: dict[str, Json] = {}


class FanoutCanaryAction(Action):
    """Send one marked message through a topic or bus, see it in every queue, and take it out again.

    Who else is subscribed gets it too. Undo has nothing to take back: what was not seen stays with who took it.
    """

    name: ClassVar[str] = "fanout.canary"

    source: str = Field(description="ARN of the topic, or name of the bus.")
    queues: list[TriedQueue] = Field(description="The queues that are to get it.")
    scope: Literal["MessageAttributes", "MessageBody"] = Field(
        "MessageAttributes", description="What the filters of a topic look at."
    )
    within_s: int = Field(90, ge=5, le=600, description="For how long it is looked for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        mark = f"{MARK_NAME}-{about.plan_id}"
        made = self._made(mark, about)
        service: Literal["sns", "events"] = "sns" if self._is_topic else "events"
        job = FanoutCanary(
            mark=mark,
            service=service,
            sends=made.sends,
            queues=tuple(
                CanaryQueue(
                    name=one.name,
                    url=one.url,
                    undelivered=one.undelivered,
                    copies=made.copies.get(one.name, 1),
                )
                for one in self.queues
            ),
            untried=made.untried,
            within_s=self.within_s,
        )
        name = self.source.rpartition(":")[2]
        tried = ", ".join(one.name for one in self.queues)
        return [
            Change(
                **dict(
                    Instruction(
                        kind="job",
                        service="opsctl",
                        operation=job.name,
                        params=job.model_dump(mode="json"),
                        grants=self._grants(about),
                    )
                ),
                id="canary",
                title=f"Send a canary through {name}, and take it out of {tried}",
                why="A subscription and its permissions prove nothing until a message has gone through.",
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="the message is taken out again where it is seen"),
                risk=Risk(
                    severity=Severity.LOW,
                    affects=tuple(one.name for one in self.queues),
                    note="Who else is subscribed gets it too; other messages that are seen are received again.",
                ),
            )
        ]

    @property
    def _is_topic(self) -> bool:
        return ":sns:" in self.source

    def _made(self, mark: str, about: Context) -> CanaryPlan:
        if self._is_topic:
            filters = {one.name: one.filter_policy for one in self.queues if one.filter_policy}
            return topic_canary(self.source, mark, filters, self.scope)
        around = {"account": about.account, "region": about.region}
        return bus_canary(self.source, mark, {one.name: one.pattern for one in self.queues}, around)

    def _grants(self, about: Context) -> tuple[Grant, ...]:
        send = (
            Grant(service="sns", operation="Publish", params={"TopicArn": self.source})
            if self._is_topic
            else Grant(service="events", operation="PutEvents", params={"EventBusArn": self._bus_arn(about)})
        )
        arns = [*(one.arn for one in self.queues), *(self._dead(one) for one in self.queues if one.undelivered)]
        return (
            send,
            *(Grant(service="sqs", operation=call, params={"QueueArn": arn}) for arn in arns for call in _TAKING),
            *(Grant(service="sqs", operation="GetQueueUrl", params={"QueueArn": arn}) for arn in arns),
        )

    def _dead(self, queue: TriedQueue) -> str:
        return f"{queue.arn.rpartition(':')[0]}:{queue.undelivered}"

    def _bus_arn(self, about: Context) -> str:
        return f"arn:{about.identity.partition}:events:{about.region}:{about.account}:event-bus/{self.source}"
