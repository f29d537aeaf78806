"""Redrives dead letters."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.edits import refuse_bad_expression
from opsctl.dlq.jobs.dlq_move import DlqMove
from opsctl.dlq.jobs.dlq_move_task import DlqMoveTask
from opsctl.dlq.jobs.dlq_through import DlqThrough
from opsctl.dlq.message_filter import Setting
from opsctl.dlq.needs import needs_of
from opsctl.dlq.parks import ParkFound
from opsctl.dlq.queue_checks import queue_at, queue_is_there
from opsctl.dlq.redrive import Redrive
from opsctl.dlq.route import Route
from opsctl.model.changes import Change, Check, Grant, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence

_MANY = 1000


class DlqRedriveAction(Action):
    """Send dead letters back to their sources, by an SQS message move task or by opsctl; it cannot be undone.

    A message is deleted from the dead-letter queue only after its destination confirmed it. With a canary, a
    few go first, and the rest only when these were consumed and none came back.
    """

    name: ClassVar[str] = "dlq.redrive"

    redrive: Redrive = Field(description="What the fact `dlq.redrive` found.")
    where: str = Field("", description="Only messages that match this JMESPath expression.")
    settings: tuple[Setting, ...] = Field((), description="Members of body or attributes to set.")
    edit: str = Field("", description="JMESPath over a message that gives its new body.")
    limit: int = Field(0, description="Maximum number of messages; 0: all.")
    rate: int = Field(0, description="Messages per second; 0: no limit.")
    watch: int = Field(10, description="Stop when more than this many messages come back to the queue; -1: never.")
    backup: str = Field("", description="Write every message to this file before it is sent.")
    onto_bus: bool = Field(False, description="Put the dead letters of EventBridge rules back on their event bus.")
    park: ParkFound = Field(ParkFound(), description="What the fact `dlq.park` found.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job, or none when the queue is empty; with a task after a canary, two."""
        for text, at in ((self.where, "where"), (self.edit, "edit")):
            if text:
                refuse_bad_expression(text, at)
        queue = self.redrive.queue
        if not queue.total:
            return []
        if self.redrive.via == "client" or self._altered():
            return [self._move(about, self.redrive.canary, self.limit or -1)]
        changes = []
        if self.redrive.canary:
            changes.append(self._move(about, self.redrive.canary, self.redrive.canary))
        changes.append(self._task(about, changes))
        return changes
        yield

    def _move(self, about: Context, canary: int, limit: int) -> Change:
        queue = self.redrive.queue
        job = self._job(about, canary, limit)
        only_canary = canary and limit == canary
        change = Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=needs_of(self.redrive, onto_bus=self.onto_bus),
            id=f"{queue.name}/canary" if only_canary else queue.name,
            title=self._title(canary if only_canary else limit),
            why=self._why(),
            expect=(queue_is_there(queue), *self._destinations_there(about)),
            proof=Proof(configured=()),
            undo=Irreversible(because="a message that was sent may already be consumed"),
            risk=self._risk(),
        )
        return DlqThrough.instead_of(change, job, self.park, about) if self.park.name else change

    def _job(self, about: Context, canary: int, limit: int) -> DlqMove:
        queue = self.redrive.queue
        return DlqMove(
            queue_name=queue.name,
            queue_url=queue.url,
            region=about.region,
            routes=tuple(one.route for one in self.redrive.destinations),
            recorded=self.redrive.recorded,
            onto_bus=self.onto_bus,
            where=self.where,
            settings=self.settings,
            edit=self.edit,
            limit=limit,
            per_s=self.rate,
            canary=canary,
            canary_within_s=self.redrive.canary_within_s,
            functions=tuple(dict.fromkeys(name for one in self.redrive.destinations for name in one.functions)),
            returns_at_most=self.watch,
            others_hold_s=min(queue.visibility_s, 60),
            expected=queue.total if limit < 0 else min(limit, queue.total),
            backup=self.backup,
        )

    def _task(self, about: Context, before: list[Change]) -> Change:
        queue = self.redrive.queue
        to = self.redrive.destinations
        count = "the rest of the messages" if before else f"about {queue.total:,} messages"
        target = to[0].route.arn if len(to) == 1 and not to[0].route.origin else ""
        job = DlqMoveTask(
            queue_name=queue.name,
            queue_url=queue.url,
            queue_arn=queue.arn,
            region=about.region,
            destination_arn=target,
            per_s=self.rate,
            expected=queue.total,
            returns_at_most=self.watch,
            rest=None if self.redrive.insists else self._job(about, canary=0, limit=-1),
        )
        tasks = [
            Grant(service="sqs", operation=name, params={"SourceArn": queue.arn, "QueueArn": queue.arn})
            for name in ("StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask")
        ]
        return Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=(*tasks, *needs_of(self.redrive, onto_bus=self.onto_bus)),
            id=f"{queue.name}/task",
            title=f"Redrive {count} from {queue.name} with an SQS message move task",
            why=self._why(),
            expect=(queue_is_there(queue), *self._destinations_there(about)),
            proof=Proof(configured=()),
            undo=Irreversible(because="a message that was sent may already be consumed"),
            risk=self._risk(),
            depends_on=tuple(change.id for change in before),
        )

    def _altered(self) -> bool:
        """Whether SQS's task would do something else, whatever the fact was told: it moves everything."""
        return bool(self.where or self.settings or self.edit or self.limit or self.backup)

    def _title(self, limit: int) -> str:
        queue = self.redrive.queue
        total = f"about {queue.total:,}"
        limited = 0 <= limit < queue.total
        if self.where:
            most = f"up to {limit:,} " if limited else ""
            says = f"Redrive {most}messages from {queue.name} where {self.where} (of {total})"
        else:
            says = f"Redrive {f'{limit:,} of {total}' if limited else total} messages from {queue.name}"
        edits = len(self.settings) + bool(self.edit)
        return f"{says}, with {edits} edit{'s' if edits > 1 else ''}" if edits else says

    def _why(self) -> str:
        way = f"Moved by {_VIA[self.redrive.via]}: {self.redrive.because}."
        if self.redrive.via == "task" and self._altered():
            way = f"Moved by {_VIA['client']}: messages are filtered, edited, limited or backed up."
        elif self.redrive.via == "task" and not self.redrive.insists:
            way += " The task fails at the first message that SQS did not put there; opsctl then moves the rest."
        return f"{self._where()} {self._lasts()} {way} {self._canary()}"

    def _lasts(self) -> str:
        """How long it takes; through a park messages move twice, and SQS's counts tell when all were seen."""
        if self.park.name:
            return f"Takes {self.redrive.lasts} for each of two moves, and a minute or more for SQS's counts."
        return f"Takes {self.redrive.lasts}."

    def _where(self) -> str:
        """Where each kind of message goes; what no setting of the account tells, its own record does."""
        if not self.redrive.summary:
            return (
                "No source in the account uses this dead-letter queue now. Each message goes to the function, "
                "subscription, rule target or schedule target that it names; one that names none stays."
            )
        kinds = "; ".join(self.redrive.summary)
        only = all(one.sqs_puts for one in self.redrive.destinations) or not self.redrive.recorded
        more = "" if only else " Messages that name another function, subscription or rule target go there."
        return f"To {kinds}.{more}"

    def _canary(self) -> str:
        because = self.redrive.canary_because
        if not self.redrive.canary:
            return sentence(because[:1].upper() + because[1:])
        return (
            f"Canary: {self.redrive.canary} messages go first ({because}). The rest follows when these were "
            f"consumed within {self.redrive.canary_within_s} s, none came back and the consumer's errors did not "
            "rise."
        )

    def _risk(self) -> Risk:
        severity = Severity.MEDIUM if self.redrive.queue.total < _MANY else Severity.HIGH
        note = "Messages are processed again: what the consumer did before it failed may be repeated."
        calls = tuple(one.route.name for one in self.redrive.destinations if one.route.kind == "call")
        if calls:
            # What an API does to what else is not known here.
            severity = Severity.SEVERE
            note += f" Schedules call {', '.join(dict.fromkeys(calls))}: what that does may no longer be wanted."
        return Risk(
            severity=severity,
            affects=(*calls, *(text for one in self.redrive.destinations for text in one.consumers)),
            note=note,
        )

    def _destinations_there(self, about: Context) -> tuple[Check, ...]:
        return tuple(
            queue_at(one.route.url, one.route.arn, one.route.name, _elsewhere(one.route, about))
            for one in self.redrive.destinations
            if one.route.kind == "queue" and one.route.url
        )


def _elsewhere(route: Route, about: Context) -> str | None:
    region = route.region(about.region)
    return None if region == about.region else region


_VIA = {"task": "an SQS message move task", "client": "opsctl"}
