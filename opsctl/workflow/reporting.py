"""Puts together what a run came to, from its plan and its records."""

import re
from collections.abc import Mapping, Sequence

from opsctl.model.changes import Irreversible
from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult, ChangeStatus, CheckResult, EventRow, Report, RunRow
from opsctl.model.value import Json

_COMMAND = re.compile(r"\bopsctl(?= [a-z])")


def report_of(
    run: RunRow,
    plan: Plan,
    events: Sequence[EventRow],
    *,
    proofs: Mapping[str, tuple[CheckResult, ...]] | None = None,
    checks: Sequence[CheckResult] = (),
    undone_by: str = "",
    hint: str = "",
) -> Report:
    """Return the report of a run; `proofs` are the results of asking again, by change id."""
    last = {event.change: event for event in events}
    results = []
    for change in plan.changes:
        event = last.get(change.id)
        status: ChangeStatus = "pending"
        if event is not None:
            status = "intended" if event.event == "intent" else event.event
        results.append(
            ChangeResult(
                change_id=change.id,
                status=status,
                at=event.at if event else "",
                detail=_detail(event.detail) if event else "",
                result=event.detail if event and change.kind == "job" and event.event != "intent" else None,
                checks=(proofs or {}).get(change.id, ()),
            )
        )
    return Report(
        run_id=run.id,
        status=run.status,
        plan=plan,
        started=run.started,
        finished=run.finished,
        changes=tuple(results),
        checks=tuple(checks),
        message=run.message,
        hint=_as_typed(hint, plan),
        next=_next(run, plan, undone_by),
        undone_by=undone_by,
    )


def _as_typed(hint: str, plan: Plan) -> str:
    """A hint that names a command, as it has to be typed to reach the same account."""
    return _COMMAND.sub(_command(plan), hint)


def _command(plan: Plan) -> str:
    return "opsctl --sandbox" if _in_sandbox(plan) else "opsctl"


def _next(run: RunRow, plan: Plan, undone_by: str) -> tuple[str, ...]:
    command = _command(plan)
    if all(isinstance(change.undo, Irreversible) for change in plan.changes):
        wanted = "runs show" if run.status == "done" else "resume"
        return (f"{command} {wanted} {run.id}",)
    if undone_by:
        return (f"{command} runs show {undone_by}",)
    if run.status == "done":
        return (f"{command} verify {run.id}", f"{command} undo {run.id}")
    return (f"{command} runs show {run.id}", f"{command} resume {run.id}", f"{command} undo {run.id}")


def _in_sandbox(plan: Plan) -> bool:
    return plan.endpoint.startswith("http://127.0.0.1:")


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
