"""Runs a script on instances through Systems Manager and reads what each of them answered."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.sentences import first_few
from opsctl.model.spans import span
from opsctl.model.value import Json
from opsctl.resources.ssm_calls import INSTANCES_A_COMMAND, CommandAnswer, Document
from opsctl.resources.ssm_sending import NO_AGENT, CommandSending, RemoteScript, answers_of, batches_in

POLL_S, POLL_AT_MOST_S, POLL_GROWTH = 2.0, 15.0, 1.5
_TOLD = 160
_AGENT_SAYS = "failed to run commands: exit status"
"""What an agent adds to the errors of a script that failed; the exit code says as much."""


class SsmCommand(Job):
    """Send a script to instances, fifty a command, wait until each has ended, then run the script that proves it.

    Run again, it goes on waiting, and sends again only where the script did not succeed. With `must_succeed` the
    next fifty get it when the first have succeeded; without it all get it at once.
    """

    name: ClassVar[str] = "ssm.command"

    instances: tuple[str, ...]
    region: str
    document: Document = "AWS-RunShellScript"
    commands: tuple[str, ...]
    proof: tuple[str, ...] = ()
    expected: tuple[int, ...] = (0,)
    must_succeed: bool = True
    timeout_s: int
    deliver_within_s: int
    at_once: int
    mark: str = Field(description="What the comment of every command has, so that it is known again.")
    takes_back: bool = Field(False, description="Run where the script of the run that is undone was sent.")

    def run(self, tools: Tools) -> JobResult:
        """Run the script everywhere, then the proof."""
        part, instances = "run", self.instances
        if self.takes_back:
            sent = batches_in(tools.checkpoint.part(part))
            part, instances = "undo", tuple(dict.fromkeys(one for batch in sent for one in batch.instances))
        result = self._run(tools, part, instances, self.commands, self.expected)
        if not self.proof or not result.complete:
            return result
        proved = self._run(tools, f"{part}-proof", instances, self.proof, (0,))
        says = f"{result.says}; its proof {proved.says}"
        return proved.model_copy(update={"says": says, "details": {**result.details, "proof": proved.details}})

    def _run(
        self,
        tools: Tools,
        part: str,
        instances: Sequence[str],
        commands: tuple[str, ...],
        expected: Sequence[int],
    ) -> JobResult:
        """Run one script on every instance on which that was not settled yet."""
        script = RemoteScript(commands=commands, stops=self.must_succeed, **self._how())
        sending = CommandSending(tools, tools.checkpoint.part(part), script)
        ran = answers_of(sending.batches)
        begun = {one for batch in sending.batches if batch.ran is None for one in batch.instances}
        settled = {one for one, answer in ran.items() if not self._matters(answer) or good(answer, expected)}
        left = [one for one in instances if one not in begun | settled]
        for start in range(0, len(left), INSTANCES_A_COMMAND):
            sending.add(left[start : start + INSTANCES_A_COMMAND])
        numbers = [number for number, batch in enumerate(sending.batches) if batch.ran is None]
        # Where one failure ends it all, those that have not begun by then are better left alone.
        for wave in [[one] for one in numbers] if self.must_succeed else [numbers]:
            if tools.stopping() or not self._wave(tools, sending, script, wave, expected):
                break
        return self._result(instances, answers_of(sending.batches), expected)

    def _matters(self, ran: CommandAnswer) -> bool:
        """Tell whether it is a failure of all that a script did not succeed there.

        What is taken back is taken back everywhere, save where the machine is gone and what was done with it.
        """
        return self.must_succeed or (self.takes_back and ran.status != NO_AGENT)

    def _how(self) -> dict[str, Json]:
        given = ("document", "region", "mark", "timeout_s", "deliver_within_s", "at_once")
        return {name: getattr(self, name) for name in given}

    def _wave(
        self,
        tools: Tools,
        sending: CommandSending,
        script: RemoteScript,
        wave: Sequence[int],
        expected: Sequence[int],
    ) -> bool:
        """Send some commands and wait for them; tells whether there is a reason to go on."""
        for number in wave:
            sending.send(number)
        deadline = tools.clock.now() + script.within_s(INSTANCES_A_COMMAND)
        every_s = POLL_S
        while True:
            for number in wave:
                sending.look(number)
            waiting = [sending.batches[number] for number in wave if sending.batches[number].ran is None]
            left_s = deadline - tools.clock.now()
            if not waiting or left_s <= 0 or tools.stopping():
                break
            tools.progress(f"{self._waits_for(waiting)} (at most {span(left_s)})")
            tools.clock.sleep(min(every_s, left_s))
            every_s = min(every_s * POLL_GROWTH, POLL_AT_MOST_S)
        ended = [one for number in wave for one in sending.batches[number].ran or ()]
        return not waiting and all(not self.must_succeed or good(one, expected) for one in ended)

    def _waits_for(self, waiting: Sequence[object]) -> str:
        of = len(self.instances)
        commands = f"{len(waiting)} command{'s' if len(waiting) != 1 else ''}"
        return f"running on {of} instance{'s' if of != 1 else ''}: {commands} not ended yet"

    def _result(
        self, instances: Sequence[str], ran: Mapping[str, CommandAnswer], expected: Sequence[int]
    ) -> JobResult:
        bad = [ran[one] for one in instances if one in ran and not good(ran[one], expected)]
        silent = [one for one in instances if one not in ran]
        done = len(instances) - len(bad) - len(silent)
        parts = [f"ran on {done} of {len(instances)} instance{'s' if len(instances) != 1 else ''}"]
        if bad:
            parts.append(f"not on {first_few(map(told, bad), 3, '; ')}")
        if silent:
            parts.append(f"no answer from {first_few(silent, 3)}")
        whole = not silent and not any(map(self._matters, bad))
        hint = "" if whole else "mend what each of them says; resume runs it again where it did not succeed"
        details: dict[str, Json] = {
            "expected": list(expected),
            "ran": [ran[one].model_dump(mode="json") for one in instances if one in ran],
        }
        return JobResult(says="; ".join(parts), complete=whole, hint=hint, details=details)


def good(ran: CommandAnswer, expected: Sequence[int]) -> bool:
    """Tell whether a script ran to its end with an exit code that was expected."""
    return ran.exit is not None and ran.exit in expected


def told(one: CommandAnswer) -> str:
    """Say how a script ended on an instance where it did not succeed, with the last line of what it said."""
    said = f"{one.output}\n{one.errors}".splitlines()
    lines = [line.strip() for line in said if line.strip() and not line.startswith(_AGENT_SAYS)]
    state = one.status if one.exit is None else f"exit code {one.exit}"
    return f"{one.instance} ({state}{f': {lines[-1][:_TOLD]}' if lines else ''})"
