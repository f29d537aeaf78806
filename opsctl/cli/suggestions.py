"""What a command line that does not parse may have meant."""

import re
from typing import Any

from typer.exceptions import TyperException

_NO_COMMAND = re.compile(r"No such command '(.+)'")


def message_of(fault: TyperException) -> str:
    """Return what is wrong with a command line, and the nearest that would be right; never the opposite."""
    from opsctl.model.closest import closest, opposed

    wrong: Any = fault
    if getattr(wrong, "possibilities", None):
        typed = wrong.option_name
        wrong.possibilities = [one for one in wrong.possibilities if not opposed(typed, one)]
    message = str(wrong.format_message() if hasattr(wrong, "format_message") else wrong)
    message = message.replace("Value error, ", "")  # how the library's validation begins each of its messages
    missing = _NO_COMMAND.search(message)
    if not missing:
        return message
    known = getattr(wrong.ctx.command, "commands", {}) if wrong.ctx else {}
    near = closest(missing[1], [name for name, command in known.items() if not command.hidden])
    return f"{message} Did you mean '{near}'?" if near else message
