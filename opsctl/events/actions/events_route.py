"""Routes what a pattern chooses on a bus to one queue, topic or function, so that nothing is lost on the way."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.rule_calls import rule_state_is, target
from opsctl.events.rule_permissions import let_rule_in
from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.value import Json
from opsctl.resources.actions.events_rule import (
    delete_rule,
    describe_rule,
    put_rule,
    put_target,
    remove_target,
    rule_arn,
    rule_is_absent,
    target_is,
)
from opsctl.resources.marks import described, with_mark
from opsctl.resources.queue_facts import queue_attributes
from opsctl.resources.sqs_queue_calls import (
    GONE_WITHIN_S,
    create_queue,
    delete_queue,
    queue_arn,
    queue_is_absent,
    queue_is_ours,
    url_of,
)

TARGET = "opsctl"


class EventsRoute(Action):
    """Make a dead-letter queue, a rule, the permission at the destination, and the target; undo takes all away.

    With `disabled: true` the rule stays off until `events.enable` switches it on. A topic's permission has no
    condition, for EventBridge gives none anything to go by.
    """

    name: ClassVar[str] = "events.route"

    rule: str = Field(description="Name of the rule; not in use yet.")
    bus: str = Field("default", description="Name of the bus.")
    pattern: dict[str, Json] = Field(description="Event pattern.")
    destination: str = Field(description="ARN of the queue, topic or function.")
    url: str = Field("", description="URL of a queue.")
    group: str = Field("", description="Message group of a FIFO queue.")
    transformer: dict[str, Json] = Field({}, description="InputTransformer of the target; empty: the event.")
    disabled: bool = Field(default=False, description="Whether a later step is to switch the rule on.")
    all_management: bool = Field(default=False, description="Whether it gets calls that only read, by CloudTrail.")
    why: str = Field(description="What the destination needs the events for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan CreateQueue, PutRule, the permission and PutTargets."""
        found = yield from fetch_if_exists(describe_rule(self.rule, self.bus))
        if found is not None:
            raise RefusedByGuard(
                f"there is a rule {self.rule} on bus {self.bus} already; nothing was changed",
                f"see what it does: {about.commands.opsctl('events', 'trace', f'bus:{self.bus}')}",
            )
        name = f"{self.rule}-undelivered"
        dead = queue_arn(name, about.identity)
        arn = rule_arn(self.rule, about.identity, self.bus)
        allowed = let_rule_in(self.destination, arn, self.rule, url=self.url)
        return [
            self._dead_letter_queue(name, dead, arn, about),
            self._rule(about),
            *allowed,
            self._target(dead, ("undelivered", "rule", *(one.id for one in allowed))),
        ]

    def _dead_letter_queue(self, name: str, dead: str, rule: str, about: Context) -> Change:
        statement = {
            "Sid": "rule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": dead,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        read = queue_attributes(reference("undelivered", "url"))
        there = Check(
            read=read, query="Attributes.QueueArn", op="equals", value=dead, says=f"queue {name} can be written to"
        )
        empty = Check(
            read=read,
            query="Attributes.[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]",
            op="equals",
            value=["0", "0"],
            says=f"queue {name} has no messages",
        )
        return Change(
            **dict(create_queue(name, policy, with_mark(about.plan_id, {}))),
            id="undelivered",
            title=f"Create dead-letter queue {name} of the target",
            why="What EventBridge cannot deliver within a day is gone unless the target has a dead-letter queue.",
            expect=(queue_is_absent(name),),
            proof=Proof(
                configured=(queue_is_ours(name, "undelivered", about.plan_id), there), within_s=GONE_WITHIN_S
            ),
            undo=delete_queue("undelivered"),
            undo_only_if=(empty,),
            outputs={"url": url_of(name)},
        )

    def _rule(self, about: Context) -> Change:
        description = described(about.plan_id, self.why)[-512:]
        on = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" if self.all_management else "ENABLED"
        state = "DISABLED" if self.disabled else on
        tags = with_mark(about.plan_id, {})
        ours = Check(
            read=describe_rule(self.rule, self.bus),
            query="Description",
            op="equals",
            value=description,
            says=f"rule {self.rule} is this plan's",
        )
        return Change(
            **dict(put_rule(self.rule, self.pattern, "", description, tags, bus=self.bus, state=state)),
            id="rule",
            title=f"Create rule {self.rule} on bus {self.bus}{', switched off' if self.disabled else ''}",
            why=sentence(self.why),
            expect=(rule_is_absent(self.rule, self.bus),),
            proof=Proof(
                configured=(ours,) if self.disabled else (ours, rule_state_is(self.rule, self.bus, state)),
                within_s=60,
            ),
            undo=delete_rule(self.rule, self.bus),
        )

    def _target(self, dead: str, after: tuple[str, ...]) -> Change:
        made = target(TARGET, self.destination, dead, group=self.group, transformer=self.transformer)
        name = self.destination.rpartition(":")[2]
        on = "" if self.disabled else "From now on it gets what the pattern chooses."
        return Change(
            **dict(put_target(self.rule, made, self.bus)),
            id="target",
            title=f"Add target {name} to rule {self.rule}",
            why=sentence(self.why),
            expect=(target_is(self.rule, TARGET, self.destination, there=False, bus=self.bus),),
            proof=Proof(
                configured=(target_is(self.rule, TARGET, self.destination, there=True, bus=self.bus),),
                within_s=60,
            ),
            undo=remove_target(self.rule, TARGET, self.bus),
            risk=Risk(severity=Severity.MEDIUM, affects=(name,), note=on) if on else Risk(),
            depends_on=after,
        )
