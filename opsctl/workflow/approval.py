"""Consent: what must be said before a plan is carried out, and by whom."""

from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Prompter
from opsctl.model.run import Settings
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
        RefusedByGuard: the answer was no, the name was wrong, or there is nobody to ask.
    """
    if plan.severe or plan.account in settings.protected_accounts:
        _by_name(plan, consent, prompter)
    elif not consent.yes:
        _by_yes(plan, prompter)


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
