"""What plans and reports say, in words that every form of output shares."""

from collections.abc import Iterable, Mapping, Sequence

from opsctl.model.binary import binary_words, is_binary
from opsctl.model.changes import Change, Check, Choice, Instruction, Irreversible, Severity
from opsctl.model.commands import command_line
from opsctl.model.half_done import made_in_open_turns
from opsctl.model.paths import Paths
from opsctl.model.plan import Finding, Plan
from opsctl.model.references import is_reference
from opsctl.model.report import ChangeResult, ChangeStatus, Report
from opsctl.model.value import Json, canonical
from opsctl.render.job_view import view_of

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


def mark_of(change: Change) -> str:
    """Return `+`, `-` or `~`, and `!` beside it for severe risk."""
    words = change.operation
    mark = "~"
    if change.edit is not None and change.edit.writes_back:
        # What writes a whole document back changes it, whatever AWS calls the call.
        mark = "~"
    elif words.startswith(("Create", "Import", "Associate", "Attach", "Put", "Run", "Start", "Subscribe")):
        mark = "+"
    elif words.startswith(("Delete", "Disassociate", "Detach", "Terminate", "Stop", "Remove", "Unsubscribe")):
        mark = "-"
    return mark + ("!" if change.risk.severity == "severe" else "")


def call_of(instruction: Instruction) -> str:
    """Say what is called, where."""
    if instruction.kind == "wait":
        return f"wait, reading {instruction.api}"
    if instruction.kind == "job":
        return f"job {instruction.operation}" + (f" in {instruction.region}" if instruction.region else "")
    return f"{instruction.api} in {instruction.region}" if instruction.region else instruction.api


_LOCKS = {"LockToken", "IfMatch", "RevisionId"}


def queries_of(plan: Plan) -> dict[str, str]:
    """Return for every output of a change how it is found: the query, and whose answer it reads."""
    outputs = {f"{change.id}.{name}": query for change in plan.changes for name, query in change.outputs.items()}
    return {name: f"{one.query} of {one.read.api}" for name, one in (plan.references | outputs).items()}


def details_of(instruction: Instruction, queries: Mapping[str, str]) -> list[str]:
    """List parameters and edited elements, one a line, whole; what is not known yet says where it is from."""
    if instruction.kind == "job":
        return _members("", instruction.params)
    lines = [f"{name} = {value_text(value, queries)}" for name, value in instruction.params.items()]
    if isinstance(instruction, Change) and instruction.choice is not None:
        lines += _choice(instruction.choice)
    if instruction.edit is not None:
        marks = {"add": "+", "remove": "-", "set": "=", "unset": "-"}
        for element in instruction.edit.elements:
            condition = " (if nothing else is left)" if element.if_empty else ""
            for one in element.values:
                value = "" if element.op == "unset" else f"{value_text(one, queries)} at "
                lines.append(f"{marks[element.op]} {value}{element.at}{condition}")
        if not _LOCKS.isdisjoint(instruction.edit.carry):
            lines.append("everything else is read again and kept, under AWS's lock")
        else:
            lines.append("everything else is read again just before and kept; AWS has no lock here")
    return lines


def _choice(choice: Choice) -> list[str]:
    """Say which values are used when the first is taken by then; whole numbers in a row are a range."""
    first, *others = choice.values
    runs: list[list[Json]] = []
    for value in others:
        if runs and _goes_on(runs[-1], value):
            runs[-1].append(value)
        else:
            runs.append([value])
    named = ", ".join(map(_range, runs))
    return [f"if {choice.what} {value_text(first)} is taken by then, the first free of: {named}"] if named else []


def _goes_on(run: Sequence[Json], value: Json) -> bool:
    """Tell whether a number is one or two below the last of a run, as the numbers of the run are."""
    if not isinstance(value, int) or not isinstance(run[-1], int):
        return False
    step = run[-1] - value
    return step in (1, 2) and (len(run) == 1 or run[-2] - run[-1] == step)


def _range(run: Sequence[Json]) -> str:
    if len(run) == 1:
        return value_text(run[0])
    every = " by twos" if run[0] - run[1] == 2 else ""
    return f"{run[0]} to {run[-1]}{every}"


_SHORT = 60
_NONE: Mapping[str, str] = {}


def _members(path: str, value: Json) -> list[str]:
    """List what a job was told, part by part; what says nothing is left out, for a job writes out all."""
    if isinstance(value, dict) and not is_reference(value) and not is_binary(value):
        told = {name: item for name, item in value.items() if item not in ("", 0, -1, False, None, [], {})}
        short = ", ".join(f"{name}: {item}" for name, item in told.items())
        if path and len(short) <= _SHORT and all(isinstance(item, str) for item in told.values()):
            return [f"{path} = {short}"]
        return [line for name, item in told.items() for line in _members(f"{path}.{name}".lstrip("."), item)]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        if any(" " in item for item in value):
            return [f"{path} =", *(f"  {item}" for item in value)]
        return [f"{path} = {', '.join(value)}"]
    return [f"{path} = {value_text(value)}"]


def value_text(value: Json, queries: Mapping[str, str] = _NONE) -> str:
    """Return a value as one line; references to earlier changes are known only after apply, by their queries."""
    if is_reference(value):
        return _after_apply(value, queries)
    if isinstance(value, str):
        return value
    if is_binary(value):
        return binary_words(value)
    if isinstance(value, (dict, list)):
        return canonical(readable(value, queries))
    return canonical(value)


def _after_apply(value: Json, queries: Mapping[str, str]) -> str:
    name = value["$ref"]
    return f"(known after apply: {name}{f', which is {queries[name]}' if name in queries else ''})"


def finding_words(finding: Finding) -> str:
    """Say what kind of finding it is, and its name."""
    if finding.pending:
        return f"to be accepted {finding.id}"
    if finding.accepted:
        return f"accepted {finding.id}"
    return f"{'overridden' if finding.overridden else 'warning'} {finding.id}"


def nowhere_lines(paths: Paths) -> list[tuple[str, tuple[str, ...]]]:
    """Say why there is no way in to show: none was found, or nobody can tell."""
    if paths.untold:
        return [("No way in from the internet was found, but there may be one:", paths.untold)]
    return [("No way in from the internet was found:", paths.nowhere)] if paths.nowhere else []


def unaccepted_words(plan: Plan) -> str:
    """Say what ends a run with exit code 6 although every change is made, and how to say that it is meant."""
    accepted = " ".join(f"--accept {name}" for name in plan.unaccepted)
    return f"That ends with exit code 6; if it is meant: {accepted}"


def undo_of(change: Change) -> str:
    """Say how a change is taken back, or why it cannot be."""
    if change.kind == "wait":
        return "nothing to undo"
    if isinstance(change.undo, Irreversible):
        return f"{'nothing to undo' if change.undo.only_reads else 'cannot be undone'}: {change.undo.because}"
    steps = len(change.undo_first)
    words = "a step that settles" if steps == 1 else f"{steps} steps that settle"
    first = f", after {words} what has happened since" if steps else ""
    return f"{call_of(change.undo)}{first}{f'; but {change.lasting}' if change.lasting else ''}"


def undo_details(change: Change, queries: Mapping[str, str]) -> list[str]:
    """List the parameters of what takes a change back."""
    return [] if isinstance(change.undo, Irreversible) else details_of(change.undo, queries)


def asked_words(check: Check) -> str:
    """Say a predicate in its author's words, and what is really asked."""
    compared = check.op if check.value is None else f"{check.op} {value_text(check.value)}"
    params = f" {value_text(check.read.params)}" if check.read.params else ""
    return f"{check.says} ({check.read.api}{params}: {check.query} {compared})"


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


def counts_of(plan: Plan) -> str:
    """Say how many changes there are, of which risk, and of how many none can be undone."""
    number = len(plan.changes)
    made = [change for change in plan.changes if change.kind != "wait"]
    if not number:
        found = len(plan.warnings)
        if plan.foretold:
            return f"No changes: {'; '.join(plan.foretold)}."
        if found:
            return f"No changes, and {found} warning{'s' if found != 1 else ''}."
        return "No changes: the account is as the playbook wants it."
    severities = [change.risk.severity for change in plan.changes]
    parts = [
        f"{severities.count(Severity(level))} {level}"
        for level in ("severe", "high", "medium", "low")
        if level in severities
    ]
    tail = "" if plan.undo_of else f"; {_undone(made)}"
    return f"{number} change{'s' if number != 1 else ''} ({', '.join(parts)} risk){tail}."


def tally_of(plan: Plan) -> str:
    """Count the changes by their marks, and say how risky they are and how far they can be undone."""
    made = [change for change in plan.changes if change.kind != "wait"]
    if not plan.changes:
        return counts_of(plan)
    marks = [mark_of(change)[0] for change in made]
    words = (("+", "add"), ("~", "change"), ("-", "remove"))
    parts = [f"{marks.count(mark)} to {word}" for mark, word in words if mark in marks]
    waits = len(plan.changes) - len(made)
    parts += [f"{waits} wait{'s' if waits != 1 else ''}"] if waits else []
    number = len(plan.changes)
    return f"{number} change{'s' if number != 1 else ''}: {', '.join(parts)}; {_risk_and_undo(plan, made)}"


def _risk_and_undo(plan: Plan, made: Sequence[Change]) -> str:
    worst = max((change.risk.severity for change in plan.changes), key=list(Severity).index)
    return f"{worst} risk" if plan.undo_of else f"{worst} risk; {_undone(made)}"


def _undone(made: Sequence[Change]) -> str:
    """Say how far changes can be undone, or that what they do changes nothing."""
    if all(isinstance(change.undo, Irreversible) and change.undo.only_reads for change in made):
        return "nothing is changed"
    final = sum(change.stays for change in made)
    partly = sum(bool(change.lasting) for change in made)
    undone = f"{final} cannot be undone" if final else "all can be undone"
    return undone + (f", {partly} only in part" if partly else "")


def where_words(plan: Plan) -> str:
    """Say in one line which account a plan is for, where, and as whom it was made."""
    account = f"{plan.account_alias} ({plan.account})" if plan.account_alias else plan.account
    who = plan.caller.rpartition(":")[2].removeprefix("assumed-role/").removeprefix("user/")
    endpoint = f", endpoint {plan.endpoint} (not AWS)" if plan.endpoint else ""
    return f"{account} {plan.region} as {who}{endpoint}"


def header_of(plan: Plan) -> list[tuple[str, str]]:
    """List what a reviewer must know about a plan before reading it."""
    alias = f" ({plan.account_alias})" if plan.account_alias else ""
    rows = [
        ("account", f"{plan.account}{alias}, region {plan.region}"),
        ("caller", plan.caller),
        ("playbook", f"{plan.playbook.name} {plan.playbook.version}"),
        ("plan", f"{plan.id}, digest {plan.short_digest}"),
        ("made", f"{plan.created}, expires {plan.expires}"),
    ]
    if plan.endpoint:
        rows.insert(1, ("endpoint", f"{plan.endpoint} (not AWS itself)"))
    rows += [("" if number else "config", path) for number, path in enumerate(plan.configuration)]
    if plan.undo_of:
        rows.append(("undoes", f"run {plan.undo_of}"))
    reason = plan.inputs.get("reason")
    if reason:
        rows.append(("reason", str(reason)))
    return rows


def carrying_on(plan: Plan, following: Sequence[str]) -> list[str]:
    """List the commands that apply a plan which is only shown, then those that are good for it afterwards."""
    unborn = following and plan.undo_of  # the undo that is made anew will be a run of another id
    later = [] if unborn else [f"{one}  # afterwards" if following else one for one in _afterwards(plan)]
    return [*next_lines(following, following_because(plan, following)), *later]


def following_because(plan: Plan, following: Sequence[str]) -> dict[str, str]:
    """Say why what carries on from an undo that is only shown names no plan, as other plans do."""
    anew = "an undo is not kept as a plan: it is made anew, of what its run has made by then"
    return dict.fromkeys(following, anew) if plan.undo_of else {}


def _afterwards(plan: Plan) -> list[str]:
    """List the commands that prove a plan again, and take it back if anything can; none where nothing is made."""
    if not plan.changes:
        return []
    final = plan.undo_of or all(isinstance(change.undo, Irreversible) for change in plan.changes)
    return [
        command_line(plan.reached_by, verb, plan.id) for verb in (("verify",) if final else ("verify", "undo"))
    ]


def next_lines(commands: Iterable[str], because: Mapping[str, str]) -> list[str]:
    """List the commands to type next as a script: above a command, as a comment, what it is good for."""
    return [text for line in commands for text in ([f"# {because[line]}", line] if line in because else [line])]


def actions_needed(plan: Plan) -> list[str]:
    """List the IAM actions that applying needs."""
    return sorted({action for part in plan.iam_policy.apply.get("Statement", []) for action in part["Action"]})


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


def few(items: Iterable[str], limit: int) -> list[str]:
    """Return the first items, and a line that says how many were left out."""
    listed = list(items)
    if len(listed) <= limit:
        return listed
    return [*listed[: limit - 1], f"… and {len(listed) - limit + 1} more (-o json lists all)"]


def readable(value: Json, queries: Mapping[str, str]) -> Json:
    """Return a value in which references and bytes are told in words."""
    if is_reference(value):
        return _after_apply(value, queries)
    if is_binary(value):
        return binary_words(value)
    if isinstance(value, dict):
        return {name: readable(item, queries) for name, item in value.items()}
    if isinstance(value, list):
        return [readable(item, queries) for item in value]
    return value
