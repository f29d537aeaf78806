"""Commands of Systems Manager on their way: delivered to agents, run in guests, one state after the other.

Sources: Systems Manager user guide, "Understanding command statuses" and "Using concurrency controls"; what an
agent makes of a script's output is its `TruncateOutput` (aws/amazon-ssm-agent).
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.guest import guest_of
from opsctl.sandbox.engine.guest_shell import Done, Shell
from opsctl.sandbox.engine.guest_windows import run_powershell

LISTED_OUTPUT, WHOLE_OUTPUT, WHOLE_ERRORS = 2500, 24_000, 8000
SHELL, POWERSHELL = "AWS-RunShellScript", "AWS-RunPowerShellScript"
PLUGINS = {SHELL: "aws:runShellScript", POWERSHELL: "aws:runPowerShellScript"}
PLATFORMS = {SHELL: "Linux", POWERSHELL: "Windows"}
_FAILURES = ("Failed", "ExecutionTimedOut")
_CUT, _CUT_ERRORS, _ERRORS = "\n---Output truncated---", "\n---Error truncated----", "\n----------ERROR-------\n"


@dataclass
class CommandRun:
    """A command on one instance."""

    instance: str
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    out: str = ""
    err: str = ""
    began: float | None = None
    ended: float | None = None


@dataclass
class SentCommand:
    """A command, with what became of it on each instance."""

    document: str
    commands: list[str]
    comment: str
    instances: list[str]
    at: float
    deliver_within_s: float
    timeout_s: float
    at_once: int
    errors: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    runs: dict[str, CommandRun] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether it has ended everywhere."""
        return all(one.ended is not None for one in self.runs.values())

    @property
    def status(self) -> str:
        """Its own state."""
        states = [one.status for one in self.runs.values()]
        if not self.over:
            return "Pending" if set(states) == {"Pending"} else "InProgress"
        failed = sum(one.details in _FAILURES for one in self.runs.values())
        if failed > self.errors:
            return "Failed"
        return "Success" if set(states) == {"Success"} else "Incomplete"


def begin(ec2: Any, command: SentCommand) -> None:
    """Let a command go its way; instances beyond its concurrency wait for others to end."""
    command.runs = {one: CommandRun(one) for one in command.instances}
    about = conditions(ec2.account_id)
    for one in command.instances[: command.at_once]:
        _deliver(about, ec2, command, one)
    about.later(command.deliver_within_s, lambda: _undelivered(about, command))


def online(about: Conditions, instance: Any) -> bool:
    """Whether the agent of an instance answers."""
    return instance.state == "running" and instance.id not in about.faults.lost_agents


def _deliver(about: Conditions, ec2: Any, command: SentCommand, id_: str) -> None:
    def taken_up() -> None:
        run, instance = command.runs[id_], ec2.get_instance_by_id(id_)
        if run.ended is not None:
            return
        if instance is None or not online(about, instance):
            run.status, run.details = "Delayed", "Delayed"
            about.later(max(about.durations.agent_poll, 1), lambda: _deliver(about, ec2, command, id_))
            return
        run.status = run.details = "InProgress"
        run.began = about.now()
        done = _run(ec2, instance, command)
        takes = about.faults.slow_scripts.get(id_, about.durations.script + done.slept)
        late = takes > command.timeout_s
        about.later(min(takes, command.timeout_s), lambda: _end(about, ec2, command, run, done, late=late))

    about.later(about.durations.agent_poll, taken_up)


def _run(ec2: Any, instance: Any, command: SentCommand) -> Done:
    script = "\n".join(command.commands)
    guest = guest_of(ec2, instance)
    return run_powershell(guest, script) if command.document == POWERSHELL else Shell(guest).run(script)


def _end(about: Conditions, ec2: Any, command: SentCommand, run: CommandRun, done: Done, *, late: bool) -> None:
    instance = ec2.get_instance_by_id(run.instance)
    if run.ended is not None:
        return
    run.ended = about.now()
    if instance is None or instance.state != "running":
        # What a stopped machine was doing, nobody ever hears of.
        run.status, run.details = "TimedOut", "ExecutionTimedOut"
    elif late:
        run.status, run.details = "TimedOut", "ExecutionTimedOut"
    else:
        run.status = run.details = "Failed" if done.code else "Success"
        run.code, run.out = done.code, done.out
        run.err = done.err + (f"failed to run commands: exit status {done.code}" if done.code else "")
    _go_on(about, ec2, command)


def _go_on(about: Conditions, ec2: Any, command: SentCommand) -> None:
    """Begin with the next instance, or with none where too many have failed."""
    waiting = [one for one in command.runs.values() if one.status == "Pending" and one.began is None]
    begun = command.instances[: command.at_once]
    waiting = [one for one in waiting if one.instance not in begun]
    if sum(one.details in _FAILURES for one in command.runs.values()) > command.errors:
        for one in waiting:
            one.status, one.details, one.ended = "Cancelled", "Terminated", about.now()
    elif waiting:
        waiting[0].status = "InProgress"
        _deliver(about, ec2, command, waiting[0].instance)


def _undelivered(about: Conditions, command: SentCommand) -> None:
    for run in command.runs.values():
        if run.began is None and run.ended is None:
            run.status, run.details, run.ended = "TimedOut", "DeliveryTimedOut", about.now()


def listed_output(run: CommandRun) -> str:
    """What ListCommandInvocations shows: as much as an agent sends of both streams together."""
    room = LISTED_OUTPUT
    if not run.err:
        return run.out if len(run.out) <= room else run.out[: room - len(_CUT)] + _CUT
    half = (room - len(_ERRORS)) // 2
    out = run.out if len(run.out) <= half else run.out[: half - len(_CUT)] + _CUT
    err = run.err if len(run.err) <= half else run.err[: half - len(_CUT_ERRORS)] + _CUT_ERRORS
    return out + _ERRORS + err
