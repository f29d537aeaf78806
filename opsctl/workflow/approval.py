"""Consent: what must be said before a stranger's playbook reads, or a plan is carried out, and by whom."""

from collections.abc import Callable, Sequence

from opsctl.model.errors import GuardRefusal, RefusedByGuard
from opsctl.model.foreign import ForeignRead
from opsctl.model.plan import Plan
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.ports import Prompter
from opsctl.model.settings import Settings
from opsctl.model.value import Value


class Consent(Value):
    """What the command line said in advance: `--yes`, and `--confirm NAME`."""

    yes: bool = False
    confirm: str = ""


def approve(plan: Plan, consent: Consent, prompter: Prompter, settings: Settings) -> None:
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
        _by_name(plan, consent, prompter)
    elif not consent.yes:
        _by_yes(plan, prompter)


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


def _by_name(plan: Plan, consent: Consent, prompter: Prompter) -> None:
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
            "the plan carries severe risk and there is no terminal to ask at; nothing was changed",
            f"--yes is not enough here: add --confirm {name}",
        )
    if prompter.ask(f"This plan carries severe risk. Type {name} to apply it: ").strip() != name:
        raise RefusedByGuard("the name does not match; nothing was changed")


def _by_yes(plan: Plan, prompter: Prompter) -> None:
    if not prompter.present:
        raise RefusedByGuard(
            "there is no terminal to ask at; nothing was changed",
            "add --yes, or --dry-run to see the plan only",
        )
    count = len(plan.changes)
    question = f"Apply {count} change{'s' if count != 1 else ''} to account {plan.account}? [y/N] "
    if prompter.ask(question).strip().lower() not in ("y", "yes"):
        raise RefusedByGuard("not approved; nothing was changed")


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
    if prompter.ask(f"Make {'this' if len(reads) == 1 else 'these'} {what}? [y/N] ").strip().lower() not in (
        "y",
        "yes",
    ):
        raise RefusedByGuard("its reads were not agreed to; nothing was called")
