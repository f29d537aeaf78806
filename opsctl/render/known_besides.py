"""What was known besides when a plan was made, in the few lines that stand with the plan."""

from opsctl.model.commands import command_line
from opsctl.model.dossier import Dossier
from opsctl.model.networks import plain_addresses
from opsctl.model.plan import Plan

TELLING = 3
LEAST = 20
"""What tells less is no reason to stop and think."""


def known_lines(plan: Plan, at_most: int = TELLING) -> list[str]:
    """Return the most telling lines, then what was not looked at; nothing where nobody asked."""
    found = plan.evidence
    if found is None:
        return []
    lines = [f"known: {one.says}" for one in found.telling[:at_most] if one.telling >= LEAST]
    missing = ", ".join(filter(None, [found.left_out, *_missing(found)]))
    command = f"; {command_line(plan.reached_by, *found.again)}" if missing and found.again else ""
    if lines:
        lines += [f"not looked at: {missing}{command}"] if missing else []
    else:
        lines = [f"known: {_nothing(found)}{f'; not looked at: {missing}' if missing else ''}{command}"]
    return [plain_addresses(line) for line in lines]


def _nothing(found: Dossier) -> str:
    """Say that nothing was found, or that nobody looked."""
    whose = " and ".join(found.addresses)
    looked = any(one.looked != "no" for one in found.reports)
    return f"nothing of note on {whose}" if looked else f"nothing on {whose}, for nothing could be looked at"


def _missing(found: Dossier) -> list[str]:
    names = (one.source if one.looked == "no" else f"all of {one.source}" for one in found.unread)
    return list(dict.fromkeys(names))
