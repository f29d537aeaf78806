"""Commands to type next, which reach what the present one reached."""

import shlex
from collections.abc import Sequence

SANDBOX = "--sandbox"


def command_there(reached_by: Sequence[str], region: str, endpoint: str, *words: str) -> str:
    """Return a command that goes to just this region and endpoint, whatever another shell is set to."""
    switches = list(reached_by)
    if "--region" not in switches:
        switches += ["--region", region]
    if endpoint and SANDBOX not in switches and "--endpoint-url" not in switches:
        switches += ["--endpoint-url", endpoint]
    return command_line(switches, *words)


def command_line(reached_by: Sequence[str], *words: str) -> str:
    """Return an opsctl command, quoted for a shell, that reaches its account by the same switches.

    `reached_by` is what was typed to reach it: `--sandbox`, and switches with their values.
    """
    in_front = (SANDBOX,) if SANDBOX in reached_by else ()
    behind = tuple(word for word in reached_by if word != SANDBOX)
    return shlex.join(("opsctl", *in_front, *words, *behind))
