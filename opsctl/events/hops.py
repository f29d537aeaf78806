"""What a kind of node reads: the resource itself, who may write to it, and where it hands events on to."""

from typing import Literal

from opsctl.events.delivery_graph import DeliveryNode, StepSettings
from opsctl.events.selections import Selection
from opsctl.model.value import Json, Value

Form = Literal[
    "same",
    "records",
    "eventbridge",
    "notification",
    "sns-record",
    "sqs-records",
    "pipe",
    "proxy-1",
    "proxy-1-http",
    "proxy-2",
    "input",
    "result",
]
"""As it is; as S3 tells queues; as S3 tells EventBridge; in the envelope of SNS; as SNS and SQS call functions; as
a pipe hands it on; as REST and HTTP APIs call functions; as a rule's target wants it; what a program or a template
made of it, which is not told here."""


class Waypoint(Value):
    """A resource to look at, with the members that every event has which comes to it, as far as is known."""

    arn: str
    carrying: dict[str, Json] = {}


class Hop(StepSettings):
    """A resource hands events to a place, as far as its own settings tell.

    `service` is the principal that writes there and `on_behalf_of` the ARN that its policy sees (aws:SourceArn);
    where it may be several, as for the stages of an API, the others are `also_for`. Without a service the writer
    has a role, `role`, or reads by itself; `calls` is the role's action where the kind of the target does not tell
    it (`?`: it cannot be told). `failing_by` is the principal that writes to the dead-letter queue where that is
    another. `takes` decides about one concrete event (none: it takes all), and `makes` is the form in which that
    is handed on, with `settings` of a rule's target.
    """

    to: Waypoint
    service: str = ""
    on_behalf_of: str = ""
    also_for: tuple[str, ...] = ()
    role: str = ""
    calls: str = ""
    failing_by: str = ""
    takes: Selection | None = None
    makes: Form = "same"
    settings: dict[str, Json] = {}
    target: dict[str, Json] = {}


class Admission(Value):
    """Who may write to a resource: its policy (None when it could not be read), its key, the action it takes.

    `needs_policy` tells that AWS services write only by the resource's own policy. `trouble` says what stops
    every event that comes. `deduplicates` is False of a FIFO queue that asks each message for a
    deduplication id.
    """

    action: str
    policy: str | None = ""
    key: str = ""
    trouble: tuple[str, ...] = ()
    fifo: bool = False
    deduplicates: bool = True


class ReadResource(Value):
    """One resource as it was read; `waiting` are the messages in a queue."""

    node: DeliveryNode
    hops: tuple[Hop, ...] = ()
    admission: Admission | None = None
    unknown: tuple[str, ...] = ()
    waiting: int = 0

    def all_hops(self) -> tuple[Hop, ...]:
        """Where it hands events on to, and where those go that could not be delivered."""
        failing = (
            Hop(
                to=Waypoint(arn=one.dead_letter),
                by=f"what {one.by} could not deliver",
                service=one.failing_by or one.service,
                on_behalf_of=one.on_behalf_of,
                role="" if one.failing_by else one.role,
                failure=True,
            )
            for one in self.hops
            if one.dead_letter
        )
        return (*self.hops, *{one.to.arn: one for one in failing}.values())
