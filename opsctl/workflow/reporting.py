"""Puts together what a run came to, from its plan and its records."""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Irreversible
from opsctl.model.commands import command_line, completed
from opsctl.model.plan import Plan
from opsctl.model.report import (
    ChangeResult,
    ChangeStatus,
    EventRow,
    Evidence,
    JournalEvent,
    Report,
    RunRow,
)
from opsctl.model.value import Json
from opsctl.workflow.run_context import Journals


def recorded(journal: Journals, run: RunRow, *, hint: str = "", reached_by: Sequence[str] | None = None) -> Report:
    """Return the report of a run from all that the journal has of it; otherwise as `report_of`."""
    return report_of(
        run,
        journal.plan(run.id),
        journal.events(run.id),
        evidence=journal.evidence(run.id),
        undone_by=journal.undone_by(run.id),
        hint=hint,
        reached_by=reached_by,
    )


def report_of(
    run: RunRow,
    plan: Plan,
    events: Sequence[EventRow],
    *,
    evidence: Sequence[Evidence] = (),
    undone_by: str = "",
    hint: str = "",
    reached_by: Sequence[str] | None = None,
) -> Report:
    """Return the report of a run; `evidence` is what was found of it as a whole, oldest first.

    `reached_by` are the switches that lead to the account from here; those of whoever planned when not given.
    """
    switches = plan.reached_by if reached_by is None else reached_by
    last = {event.change: event for event in events}
    commands = _Next(run, plan, switches, {change: event.event for change, event in last.items()})
    newest = evidence[-1] if evidence else None
    results = []
    for change in plan.changes:
        event = last.get(change.id)
        status: ChangeStatus = "pending"
        if event is not None:
            status = _status(event.event)
        results.append(
            ChangeResult(
                change_id=change.id,
                status=status,
                at=event.at if event else "",
                detail=_detail(event.detail) if event else "",
                result=event.detail if event and change.kind == "job" and event.event != "intent" else None,
                checks=newest.proofs.get(change.id, ()) if newest else (),
            )
        )
    checks = newest.checks if newest else ()
    return Report(
        run_id=run.id,
        status=run.status,
        plan=plan,
        started=run.started,
        finished=run.finished,
        changes=tuple(results),
        checks=checks,
        evidence=tuple(evidence),
        message=run.message,
        hint=completed(hint, switches),
        next=commands.lines(undone_by),
        next_because={
            line: commands.reasons[line] for line in commands.lines(undone_by) if line in commands.reasons
        },
        undone_by=undone_by,
        told=() if undone_by else tuple(line for check in checks for line in check.told),
    )


def _status(event: JournalEvent) -> ChangeStatus:
    return "intended" if event == "intent" else event


class _Next:
    """The commands that make sense after a run."""

    def __init__(
        self, run: RunRow, plan: Plan, reached_by: Sequence[str], last: Mapping[str, JournalEvent]
    ) -> None:
        self._run = run
        # What a run took back by itself it neither goes on with nor undoes; earlier turns may stand.
        self._went_back = "reverted" in last.values()
        self._goes_back = "returning" in last.values()
        self._stands = any(
            last.get(one.id) == "done" and not isinstance(one.undo, Irreversible) for one in plan.changes
        )
        self._following = plan.next if run.status == "done" else ()
        self._final = all(isinstance(change.undo, Irreversible) for change in plan.changes)
        # Of what was only gone through, or stays in spite of an undo, a run that is done leaves nothing to undo.
        self._over = all(
            isinstance(one.undo, Irreversible) or one.proof.passing or one.lasting for one in plan.changes
        )
        self._is_undo = bool(plan.undo_of)
        self._reached_by = reached_by

    def lines(self, undone_by: str) -> tuple[str, ...]:
        run, done = self._run, self._run.status == "done"
        if undone_by:
            return (self._show(undone_by),)
        if self._is_undo:  # what it took away is for a new plan to make, of the account as it is then
            return (self._on("verify"),) if done else (self._show(run.id), self._on("resume"))
        if self._goes_back:
            return (self._show(run.id), self._on("resume"), self._on("undo"))
        if self._went_back:
            return (self._show(run.id), *((self._on("undo"),) if self._stands else ()))
        if self._final or (done and self._over):
            return (self._show(run.id), *self.reasons) if done else (self._on("resume"),)
        if done:
            return (self._on("verify"), *self.reasons, self._on("undo"))
        return (self._show(run.id), self._on("resume"), self._on("undo"))

    @property
    def reasons(self) -> dict[str, str]:
        """The playbook's own commands, with what each is good for."""
        return {command_line(self._reached_by, *step.words): step.because for step in self._following}

    def _on(self, verb: str) -> str:
        return command_line(self._reached_by, verb, self._run.id)

    def _show(self, run_id: str) -> str:
        # It calls nothing, but what it says to type next is to reach the same account.
        return command_line(self._reached_by, "runs", "show", run_id)


def _detail(detail: Json) -> str:
    if isinstance(detail, dict):
        text = detail.get("message") or detail.get("note") or detail.get("api") or ""
        code = detail.get("code")
        return f"{code}: {text}" if code else str(text)
    if isinstance(detail, list):
        return "; ".join(
            f"expected that {item.get('says')} ({item.get('expected')}), found {item.get('found')}"
            for item in detail
            if isinstance(item, dict)
        )
    return "" if detail is None else str(detail)
