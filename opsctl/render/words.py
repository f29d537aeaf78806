"""What a plan says, in words that every form of output shares."""

from collections.abc import Iterable, Mapping, Sequence

from opsctl.model.changes import Change, Irreversible, Severity
from opsctl.model.commands import command_line
from opsctl.model.paths import Paths
from opsctl.model.plan import Finding, Plan


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
        return "No changes: the account is as wanted already."
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


def few(items: Iterable[str], limit: int) -> list[str]:
    """Return the first items, and a line that says how many were left out."""
    listed = list(items)
    if len(listed) <= limit:
        return listed
    return [*listed[: limit - 1], f"… and {len(listed) - limit + 1} more (-o json lists all)"]
