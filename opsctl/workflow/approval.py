"""Consent: what must be said before a stranger's playbook reads, or a plan is carried out, and by whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opsctl.model.errors import GuardRefusal, RefusedByGuard
from opsctl.model.foreign import ForeignRead
from opsctl.model.plan import Plan
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.ports import Prompter
from opsctl.model.settings import Settings
from opsctl.model.value import Value

_EXPLAINED = (
    "{yes}: carry the plan out, just as it is shown",
    "n, or anything else: change nothing; the plan is kept",
    "d: show each call with its parameters, checks, proof and undo, then ask again",
    "s: save the plan as a file here, for a colleague to review, then ask again",
    "Ctrl-C: leave; nothing is changed and nothing is kept",
)


class Consent(Value):
    """What the command line said in advance: `--yes`, and `--confirm NAME`."""

    yes: bool = False
    confirm: str = ""


@dataclass(frozen=True)
class Asides:
    """What whoever is asked can have besides a yes.

    `details` shows the whole plan; `save` writes it as a file, `keep` keeps it for later: both return how it is
    applied from there, or nothing where it could not be written.
    """

    details: Callable[[], None]
    save: Callable[[], str]
    keep: Callable[[], str]


def approve(plan: Plan, consent: Consent, prompter: Prompter, settings: Settings, asides: Asides) -> None:
    """Return when the plan may be carried out.

    Ordinary risk needs a yes; severe risk and protected accounts need the target's name, for which `--yes`
    is not enough.

    Raises:
        RefusedByGuard: the answer was no, the name was wrong, there is nobody to ask, or something in the
            plan has not been accepted.
    """
    if plan.pending:
        raise _unaccepted(plan)
    if plan.severe or plan.account in settings.protected_accounts:
        _by_name(plan, consent, prompter, asides)
    elif not consent.yes:
        _by_yes(plan, prompter, asides)


def question_of(plan: Plan) -> str:
    """Say what is asked: what is done to what, in how many changes, in which account."""
    number = len(plan.changes)
    account = f"{plan.account_alias} ({plan.account})" if plan.account_alias else plan.account
    changes = f"{number} change{'s' if number != 1 else ''}"
    return f"{plan.title}, {changes} in {account}?"


def _unaccepted(plan: Plan) -> RefusedByGuard:
    waiting = [finding for finding in plan.warnings if finding.pending]
    return RefusedByGuard(
        f"the plan needs {', '.join(plan.pending)} to be accepted; nothing was changed",
        "if you accept that, plan again with " + " ".join(f"--accept {name}" for name in plan.pending),
        evidence=[f"{finding.id}: {finding.because}" for finding in waiting],
        guards=[
            GuardRefusal(guard=one.id, because=one.because, evidence=one.evidence, switch=f"--accept {one.id}")
            for one in waiting
        ],
    )


def _by_name(plan: Plan, consent: Consent, prompter: Prompter, asides: Asides) -> None:
    name = plan.confirm or plan.account
    if consent.confirm:
        if consent.confirm != name:
            raise RefusedByGuard(
                f"--confirm says {consent.confirm!r}, the plan is for {name!r}; nothing was changed",
                f"--confirm {name}",
            )
        return
    if not prompter.present:
        raise RefusedByGuard(
            "the plan carries severe risk and there is no terminal to ask on; nothing was changed",
            f"--yes is not enough: add --confirm {name}",
        )
    question = f"{question_of(plan)} It carries severe risk: to apply it, type {name}"
    if _answer(question, "or [n]o [d]etails [s]ave [?]: ", {name}, prompter, asides) != name:
        raise _refused("the name does not match; nothing was changed", asides)


def _by_yes(plan: Plan, prompter: Prompter, asides: Asides) -> None:
    if not prompter.present:
        raise RefusedByGuard(
            "there is no terminal to ask on; nothing was changed",
            "add --yes, or --dry-run to see the plan only",
        )
    choices = "[y]es [n]o [d]etails [s]ave [?]: "
    if _answer(question_of(plan), choices, set(), prompter, asides).lower() not in ("y", "yes"):
        raise _refused("not approved; nothing was changed", asides)


def _answer(question: str, choices: str, names: set[str], prompter: Prompter, asides: Asides) -> str:
    """Ask until the answer is one: what shows or saves the plan is none, unless it is the name asked for."""
    while True:
        answer = prompter.ask(question, choices).strip()
        word = "" if answer in names else answer.lower()
        if word in ("d", "details"):
            asides.details()
        elif word in ("s", "save"):
            saved = asides.save()
            prompter.tell([saved or "it could not be saved here"])
        elif word in ("?", "h", "help"):
            prompter.tell([line.format(yes=" or ".join(names) or "y or yes") for line in _EXPLAINED])
        else:
            return answer


def _refused(summary: str, asides: Asides) -> RefusedByGuard:
    return RefusedByGuard(summary, asides.keep())


def agree_to_reads(
    loaded: LoadedPlaybook,
    reads: Sequence[ForeignRead],
    *,
    trusted: str,
    settings: Settings,
    prompter: Prompter,
    show: Callable[[], None],
    listed: Sequence[str],
) -> None:
    """Return when the playbook's reads may be made; `trusted` is the SHA-256 that was given, or nothing.

    `show` lists the reads for the person who is asked; `listed` says the same for when nobody is there.

    Raises:
        RefusedByGuard: another playbook is trusted than this one, the answer was no, or there is nobody to ask.
    """
    if trusted and trusted != loaded.sha256:
        raise RefusedByGuard(
            f"{loaded.source} is not the playbook that --trust-reads names; nothing was called",
            f"its SHA-256 is {loaded.sha256}: read it, then give that",
            [f"--trust-reads names {trusted}"],
        )
    if not reads or loaded.shipped or loaded.sha256 in (trusted, *settings.trusted_playbooks):
        return
    what = f"{len(reads)} read{'s' if len(reads) != 1 else ''}"
    if not prompter.present:
        raise RefusedByGuard(
            f"{loaded.source} is not shipped with opsctl, and nobody has agreed to its reads; nothing was called",
            f"read it, then add --trust-reads {loaded.sha256}",
            listed,
        )
    show()
    question = f"Make {'this' if len(reads) == 1 else 'these'} {what}?"
    if prompter.ask(question, "[y]es [n]o: ").strip().lower() not in ("y", "yes"):
        raise RefusedByGuard("its reads were not agreed to; nothing was called")
