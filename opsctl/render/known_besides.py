"""What was known besides when a plan was made, in the few lines that stand with the plan."""

from opsctl.model.commands import command_line
from opsctl.model.dossier import LATE, Dossier
from opsctl.model.networks import plain_addresses
from opsctl.model.plan import Plan
from opsctl.model.sentences import sentence

TELLING = 3
LEAST = 20
"""What tells less is no reason to stop and think."""


def known_lines(plan: Plan) -> list[str]:
    """Return the most telling lines, then what was not looked at; nothing where nobody asked."""
    found = plan.evidence
    if found is None:
        return []
    told = [one for one in found.telling[:TELLING] if one.telling >= LEAST]
    lines = [f"known: {one.says}" for one in told] or [f"known: {_nothing(found)}"]
    missing = _missing(found)
    if missing:
        lines = [*lines, missing] if told else [f"{lines[0]}; {missing}"]
    return [plain_addresses(line) for line in lines]


def all_known(plan: Plan) -> list[str]:
    """Return everything that was found, and of each source that was not looked at why, and what to do."""
    found = plan.evidence
    if found is None:
        return []
    lines = [f"known: {one.says}" for one in found.telling] or [f"known: {_nothing(found)}"]
    lines += [f"not looked at: {found.left_out}"] if found.left_out else []
    for one in found.unread:
        whole = "" if one.looked == "no" else "all of "
        lines.append(f"not looked at: {whole}{one.title}: {sentence(one.why)} {sentence(one.todo)}".rstrip())
    if found.again:
        lines.append(f"all of it, as it is then: {command_line(plan.reached_by, *found.again)}")
    return [plain_addresses(line) for line in dict.fromkeys(lines)]


def _nothing(found: Dossier) -> str:
    """Say that nothing was found, or that nobody looked."""
    whose = " and ".join(found.addresses)
    looked = any(one.looked != "no" for one in found.reports)
    return f"nothing of note on {whose}" if looked else f"nothing on {whose}, for nothing could be looked at"


def _missing(found: Dossier) -> str:
    """Name what was late, for asking again may tell it; count the rest: why is said in the details."""
    late = list(dict.fromkeys(one.source for one in found.unread if one.why == LATE))
    others = {one.source for one in found.unread} - set(late)
    parts = [f"{LATE}: {', '.join(late)}"] if late else []
    rest = [found.left_out] if found.left_out else []
    rest += [f"{len(others)} source{'s' * (len(others) != 1)}"] if others else []
    parts += [f"not looked at: {' and '.join(rest)} (-d: why)"] if rest else []
    return "; ".join(parts)
