"""Runs that began to move messages out of a queue and did not settle all of them: to be resumed before another."""

from collections.abc import Iterator, Mapping

from opsctl.model.commands import command_line
from opsctl.model.errors import OpsctlError, RefusedByGuard
from opsctl.model.jobs import Job
from opsctl.model.plan import Finding, Plan
from opsctl.workflow.run_context import Journals

_LOOKED_AT = 100

Jobs = Mapping[str, type[Job]]


def warned_of_open_moves(plan: Plan, journal: Journals, jobs: Jobs) -> Plan:
    """Return the plan with a warning for each run that has messages of its queues in hand.

    Only the checkpoint of that run tells which messages were sent already: whatever else takes them out of the
    queue sends them a second time.
    """
    queues = _queues_of(plan, jobs)
    if not queues:
        return plan
    evidence = tuple(_open_moves(plan, queues, journal, jobs))
    if not evidence:
        return plan
    because = "messages that another run sent and has not deleted yet would be sent twice; resume that run first"
    finding = Finding(id="open-run", because=because, evidence=evidence)
    return plan.model_copy(update={"warnings": (*plan.warnings, finding), "digest": ""}).sealed()


def _queues_of(plan: Plan, jobs: Jobs) -> dict[str, list[str]]:
    """The changes by the URL of the queue that they take messages out of."""
    queues: dict[str, list[str]] = {}
    for change in plan.changes:
        job = jobs.get(change.operation) if change.kind == "job" else None
        if job is not None and job.takes_out_of:
            queues.setdefault(str(change.params[job.takes_out_of]), []).append(change.id)
    return queues


def _open_moves(plan: Plan, queues: dict[str, list[str]], journal: Journals, jobs: Jobs) -> Iterator[str]:
    """Tell for each run what it has in hand of these queues."""
    there = (plan.account, plan.region)
    open_ = [run for run in journal.runs() if run.status != "done" and (run.account, run.region) == there]
    for run in open_[:_LOOKED_AT]:
        try:
            theirs = journal.plan(run.id)
            known = _queues_of(theirs, jobs)
            mine = [change for url, ids in known.items() if url in queues for change in ids]
            with journal.claim(run.id):
                count = sum(_in_hand(run.id, change, journal) for change in mine)
                parked = sum(
                    _parked(run.id, change, journal)
                    for change in mine
                    if jobs[theirs.change(change).operation].parks
                )
        except RefusedByGuard:
            if known.keys() & queues.keys():
                yield f"run {run.id} is receiving messages from this queue now"
        except OpsctlError:
            continue  # recorded by another version: nobody here can tell
        else:
            resume = command_line(plan.reached_by, "resume", run.id)
            if parked:
                yield f"run {run.id} has parked {parked:,} messages of this queue: {resume}"
            if count:
                yield f"run {run.id} sent {count:,} messages, or was about to, that may be in the queue: {resume}"


def _in_hand(run_id: str, change_id: str, journal: Journals) -> int:
    if journal.of_run(run_id).last(change_id) is None:
        return 0
    checkpoint = journal.checkpoint(run_id, change_id)
    ids = {one.id for batch in checkpoint.open_batches() for one in batch.messages}
    return len(ids | set(checkpoint.all_undeleted()))


def _parked(run_id: str, change_id: str, journal: Journals) -> int:
    """How many messages a move through a park has taken out of the queue and not brought back."""
    if journal.of_run(run_id).last(change_id) is None:
        return 0
    checkpoint = journal.checkpoint(run_id, change_id)
    return max(0, checkpoint.part("parked").moved() - checkpoint.part("back").moved())
