"""How a run and each of its changes ended, and what a job could not do."""

from opsctl.model.changes import Change, Irreversible
from opsctl.model.half_done import made_in_open_turns
from opsctl.model.report import ChangeResult, ChangeStatus, Report
from opsctl.render.job_view import view_of
from opsctl.render.words import few

KEPT = "others rely on it, or it is gone"

STATUS_WORDS: dict[ChangeStatus, str] = {
    "pending": "not started",
    "skipped": "was so already",
    "kept": f"kept: {KEPT}",
    "done": "done and proved",
    "intended": "outcome unknown: the process ended around the call",
    "failed": "failed",
    "drifted": "drifted: the account no longer matches the plan",
    "unproved": "made, but not seen in time",
    "returning": "could not go on; what was done in its turn is being taken back",
    "reverted": "taken back by the run itself",
}

LEFT_OUT = "left out: not called for"

OUTCOME_WORDS = {
    "planned": "Planned",
    "running": "Running",
    "done": "Done: every change is applied and proved",
    "failed": "Failed: the run can be resumed or undone",
    "drifted": "Drifted: the account no longer matches the plan; nothing further was changed",
    "unproved": "Applied, but a proof or check did not hold in time",
    "interrupted": "Interrupted: the journal knows where the run stands",
}

WENT_BACK = "Went back: what could not go on is taken back with its turn, as it was before; the run is over"

GOING_BACK = (
    "On its way back, and not there: what it stopped or reserved stays so until the run is resumed or undone"
)

HALF_DONE = "a turn is half done: what it stopped or reserved stays so until the run is resumed or undone"


def status_of(change: Change, result: ChangeResult, *, verbose: bool = False) -> str:
    """Say in words what became of a change, with the detail that matters."""
    if change.kind == "job" and result.status == "done":
        return f"done: {result.detail}"
    words = STATUS_WORDS[result.status]
    if change.kind == "job" and result.status == "unproved":
        view = view_of(change, result)
        words = "done, but not for certain" if view is None else view.unproved
    if isinstance(result.result, dict) and result.result.get("interrupted") is True:
        words = "interrupted"
    if result.status == "kept" and not change.id.startswith("undo:"):
        words = LEFT_OUT
    elif result.status == "kept" and result.detail:
        words = "kept"
    good = result.status in ("done", "skipped") or words == LEFT_OUT
    return f"{words}: {result.detail}" if result.detail and (not good or verbose) else words


def job_lines(change: Change, result: ChangeResult) -> list[str]:
    """List what a job could not do, and why: reasons with their counts, then messages by id."""
    if not isinstance(result.result, dict):
        return []
    found = result.result
    view = view_of(change, result)
    if view is not None:
        return view.lines()
    lines = [
        f"{one['count']:,} stayed: {one['code']}: {one['reason']}" for one in found.get("reasons") or [] if one
    ]
    for name, words in _JOB_LISTS.items():
        ids = [str(one.get("id") if isinstance(one, dict) else one) for one in found.get(name) or []]
        lines += few((f"{words}: {id_}" for id_ in ids), _IDS_SHOWN)
    often = sorted((found.get("copies_at_most") or {}).items(), key=lambda one: -one[1])
    return lines + few((f"may be there up to {most} times: {id_}" for id_, most in often), _IDS_SHOWN)


_JOB_LISTS = {
    "stayed_messages": "stayed",
    "sent_not_deleted": "sent but not deleted",
    "came_back_messages": "came back",
    "may_be_twice": "may be duplicated",
    "may_be_lost": "arrived, or deleted with the queue",
}

_IDS_SHOWN = 10


def outcome_of(report: Report) -> str:
    """Say how a run ended, in one line."""
    words = OUTCOME_WORDS[report.status]
    if report.status == "failed" and all(isinstance(change.undo, Irreversible) for change in report.plan.changes):
        words = "Failed: the run can be resumed"
    statuses = {result.status for result in report.changes}
    if "returning" in statuses and not report.undone_by:
        words = GOING_BACK
    elif "reverted" in statuses:
        words = WENT_BACK
    elif report.status not in ("planned", "running", "done") and not report.undone_by and _half_done(report):
        # Of a failure that says how it stands all that there is to say.
        words = f"{'Failed' if report.status == 'failed' else words}; {HALF_DONE}"
    if report.status == "unproved" and any(result.status == "failed" for result in report.changes):
        words = (
            "Failed, and not for certain: what is named may be done twice; resume the run before another does it"
        )
    return f"{words}; undone by run {report.undone_by}" if report.undone_by else words


def _half_done(report: Report) -> bool:
    """Tell whether something that can be taken back was done in a turn that is not at its end."""
    return bool(made_in_open_turns(report.plan, {result.change_id: result.status for result in report.changes}))
