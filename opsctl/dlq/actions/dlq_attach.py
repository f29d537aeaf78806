"""Gives a source a dead-letter queue."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.attach import attach_calls, role_calls
from opsctl.dlq.attach import dead_letter_queue_calls as queues
from opsctl.dlq.attach.attachment import Attachment
from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.queue_facts import queue_attributes
from opsctl.resources.queue_policy_calls import edit_policy, policy_has
from opsctl.resources.sqs_queue_calls import queue_is_absent, url_of

VISIBLE_WITHIN_S = 90


class DlqAttachAction(Action):
    """Make a dead-letter queue where there is none, let the source use it, and send the source's failures there.

    Undo takes back each of these; the queue is deleted only while it is empty and nobody else uses it. Only what
    is missing is planned.
    """

    name: ClassVar[str] = "dlq.attach"
    outputs: ClassVar[tuple[str, ...]] = ()

    attachment: Attachment = Field(description="What the fact `dlq.attach` found.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan queue, permission and redirection, one mutating call a change."""
        found = self.attachment
        changes = []
        if not found.queue.url:
            changes.append(self._create(about))
        if found.allow_missing:
            changes.append(self._allow(self._after(changes)))
        if found.policy_missing:
            changes.append(self._permit(self._after(changes)))
        if found.role_missing:
            changes.append(self._grant(self._after(changes)))
        unchanged = found.source.kind != "queue" or found.source.max_receive == found.max_receive
        if found.source.current != found.queue.arn or not unchanged:
            changes.append(self._attach(self._after(changes)))
        return changes
        yield

    def _after(self, changes: list[Change]) -> tuple[str, ...]:
        return tuple(change.id for change in changes)

    @property
    def _url(self) -> Json:
        return self.attachment.queue.url or reference("queue", "url")

    def _create(self, about: Context) -> Change:
        source, queue = self.attachment.source, self.attachment.queue
        kind = "FIFO queue" if source.fifo else "queue"
        encrypted = f"with the source's key {source.key}" if source.key else "with SQS-managed keys"
        made = queues.is_ours(reference("queue", "url"), queue.name, about.plan_id)
        return self._change(
            queues.create_queue(queue.name, about.plan_id, key=source.key, key_reuse_s=source.key_reuse_s),
            id="queue",
            title=f"Create {kind} {queue.name}, retention 14 days, encrypted {encrypted}",
            why=f"The queue does not exist yet. It will hold the failures of {source.says}.",
            expect=(queue_is_absent(queue.name),),
            proof=Proof(configured=(made,), within_s=VISIBLE_WITHIN_S),
            undo=queues.delete_queue(reference("queue", "url")),
            undo_only_if=queues.nobody_needs(
                reference("queue", "url"), queue.arn, queue.name, queues.sid_of(source)
            ),
            outputs={"url": url_of(queue.name), "arn": self._arn_of_new()},
            risk=Risk(note=_NOT_SEEN),
        )

    def _arn_of_new(self) -> Query:
        read = queue_attributes(reference("queue", "url"))
        return Query(read=read, query="Attributes.QueueArn")

    def _allow(self, after: tuple[str, ...]) -> Change:
        source, queue = self.attachment.source, self.attachment.queue
        expect: list[Check] = [queues.source_allowed(self._url, queue.name, source.arn, present=False)]
        if queue.url:
            expect.append(queues.permission_is(queue.url, queue.name, queue.permission))
        if queue.permission != "byQueue":
            expect.append(queues.only_users(self._url, queue.name, [source.url]))
        return self._change(
            queues.edit_allowed(self._url, "add", source.arn),
            id="allow",
            title=f"Allow {source.name}, and only queues that are named, to use {queue.name} as dead-letter queue",
            why="Without a redrive allow policy any queue of the account can use it as its dead-letter queue.",
            expect=tuple(expect),
            proof=self._proof(queues.source_allowed(self._url, queue.name, source.arn, present=True)),
            undo=queues.edit_allowed(self._url, "remove", source.arn),
            depends_on=after,
        )

    def _permit(self, after: tuple[str, ...]) -> Change:
        source, queue = self.attachment.source, self.attachment.queue
        one = queues.statement(queues.sid_of(source), queue.arn, source.service, source.sender)
        return self._change(
            edit_policy(self._url, "add", one),
            id="policy",
            title=f"Allow {source.service} to send to {queue.name} for {source.sender}",
            why="Without this permission the dead letters are lost. Other statements of the policy do not change.",
            expect=(policy_has(self._url, queue.name, one, present=False),),
            proof=self._proof(policy_has(self._url, queue.name, one, present=True)),
            undo=edit_policy(self._url, "remove", one),
            depends_on=after,
        )

    def _grant(self, after: tuple[str, ...]) -> Change:
        source, queue, key = self.attachment.source, self.attachment.queue, self.attachment.key_arn
        name = role_calls.policy_name(queue.name, source.arn)
        role = role_calls.role_name(source.role)
        return self._change(
            role_calls.put_policy(source.role, name, queue.arn, key),
            id="role",
            title=f"Allow role {role} to send to {queue.name}",
            why=f"{source.says} sends its dead letters with this role, which may lack the permission.",
            expect=(role_calls.has_policy(source.role, name, queue.arn, key, present=False),),
            proof=self._proof(role_calls.has_policy(source.role, name, queue.arn, key, present=True)),
            undo=role_calls.delete_policy(source.role, name),
            risk=Risk(affects=(f"everything that uses role {role} may send to {queue.name}",)),
            depends_on=after,
        )

    def _attach(self, after: tuple[str, ...]) -> Change:
        found = self.attachment
        source, queue = found.source, found.queue
        often = f" after {found.max_receive} receives" if source.kind == "queue" else ""
        before = (source.current, source.max_receive)
        is_so = attach_calls.failures_go_to(source, queue.arn, found.max_receive)
        instead = f" instead of {source.current.rpartition(':')[2]}" if found.another else ""
        return self._change(
            attach_calls.send_failures_to(source, queue.arn, found.max_receive, new=not queue.url),
            id="attach",
            title=f"Send the failures of {source.says}{often} to {queue.name}{instead}",
            why=_WHY[source.kind],
            expect=(attach_calls.failures_go_to(source, *before), attach_calls.source_is_there(source)),
            proof=self._proof(is_so),
            undo=attach_calls.send_failures_to(source, *before),
            undo_only_if=(is_so,),
            risk=Risk(
                severity=Severity.MEDIUM if found.another else Severity.LOW, note=_NOTES.get(source.kind, "")
            ),
            depends_on=after,
        )

    def _proof(self, check: Check) -> Proof:
        return Proof(configured=(check,), within_s=VISIBLE_WITHIN_S)

    def _change(self, instruction: Instruction, **parts: Json) -> Change:
        return Change(**dict(instruction), **parts)


_NOT_SEEN = (
    "Undo deletes the queue only if it is empty and appears unused. SQS's counts can be a minute old, and "
    "schedules that use the queue cannot be seen."
)
_WHY = {
    "queue": "A message that always fails is retried until it expires; in a FIFO queue it blocks its group.",
    "function": "Lambda discards an event when all retries have failed.",
    "subscription": "SNS discards a message that it cannot deliver after its retries.",
    "target": "EventBridge discards an event that the target does not accept after its retries.",
    "schedule": "EventBridge Scheduler discards an invocation when all retries have failed.",
}
_NOTES = {
    "target": "EventBridge replaces the whole target, without a lock: opsctl reads it just before it writes.",
    "schedule": "Scheduler replaces the whole schedule, without a lock: opsctl reads it just before it writes.",
}
