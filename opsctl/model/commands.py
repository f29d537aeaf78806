"""Commands to type next, which reach what the present one reached; every one that opsctl prints is made here."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

SANDBOX = "--sandbox"
Looks: TypeAlias = Literal["doctor", "cache list", "blocks list"]
_NAMED = re.compile(
    rf"\bopsctl ((?:verify|resume|undo|runs show) [\w-]+|{'|'.join(get_args(Looks))})(?![\w-]| --)"
)
_PRESUMES = re.compile(
    r"-[dnqrv]*y[dnqrv]*|--(yes|confirm|accept|override|digest|trust-reads|skip-permission-check|max-changes"
    r"|profile|role-arn|endpoint-url)(=.*)?",
    re.DOTALL,
)
# Version 1 of the CLI sends what is for SQS to AWS, whatever the environment says (aws/aws-cli issue 8737).
_HERE = ' --endpoint-url "$AWS_ENDPOINT_URL"'
_OF_AWS_AS_WELL = ("--profile", "--region", "--endpoint-url")


@dataclass(frozen=True)
class Commands:
    """Makes commands that can be typed as they stand; `reached_by` are the switches that led to the account."""

    reached_by: tuple[str, ...] = ()

    def opsctl(self, *words: str) -> str:
        """Return a command of opsctl."""
        return command_line(self.reached_by, *words)

    def aws(self, *words: str) -> str:
        """Return a command of the aws CLI, which has no switch for a role: that one has to be in the profile."""
        pairs = [pair for pair in pairwise(self.reached_by) if pair[0] in _OF_AWS_AS_WELL]
        command = shlex.join(("aws", *words, *(word for pair in pairs for word in pair)))
        if SANDBOX not in self.reached_by:
            return command
        # The sandbox is reached by its environment alone, which is not to stay in the shell.
        environment = local_command("sandbox", "env")
        return f'(eval "$({environment})" && {command}{_HERE if words[0] == "sqs" else ""})'


def commands_there(reached_by: Sequence[str], region: str, endpoint: str) -> Commands:
    """Return what makes commands to just this region and endpoint, whatever another shell is set to."""
    switches = list(reached_by)
    if "--region" not in switches:
        switches += ["--region", region]
    if endpoint and SANDBOX not in switches and "--endpoint-url" not in switches:
        switches += ["--endpoint-url", endpoint]
    return Commands(reached_by=tuple(switches))


def command_line(reached_by: Sequence[str], *words: str) -> str:
    """Return an opsctl command, quoted for a shell, that reaches its account by the same switches.

    `reached_by` is what was typed to reach it: `--sandbox`, and switches with their values.
    """
    in_front = (SANDBOX,) if SANDBOX in reached_by else ()
    behind = tuple(word for word in reached_by if word != SANDBOX)
    return shlex.join(("opsctl", *in_front, *words, *behind))


def local_command(*words: str) -> str:
    """Return an opsctl command that needs no account: it reads the journal, a file, or what is installed."""
    return command_line((), *words)


def presumes(word: str) -> bool:
    """Tell whether a word of a command that somebody else suggests would consent, or lead to another account."""
    return _PRESUMES.fullmatch(word) is not None


def run_command(verb: str, run_id: str) -> str:
    """Return a command about a run (`runs show` too, whose next steps need the switches), for who does not know
    how its account is reached: see `completed`.
    """
    return command_line((), *verb.split(), run_id)


def look_command(words: Looks) -> str:
    """Return a command that looks at the account, for who does not know how it is reached: see `completed`."""
    return command_line((), *words.split())


def completed(text: str, reached_by: Sequence[str]) -> str:
    """Return a text with the switches in each `run_command` and `look_command`; whoever shows it knows them."""
    return _NAMED.sub(lambda found: command_line(reached_by, *found[1].split()), text)
