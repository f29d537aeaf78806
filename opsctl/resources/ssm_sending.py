"""Sends one script to fifty instances a command, never twice, and looks how far each command is."""

import secrets
from collections.abc import Sequence
from math import ceil

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Checkpoint, Tools
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.ssm_calls import (
    CommandAnswer,
    Document,
    command_with,
    describe_agents,
    get_invocation,
    list_invocations,
    parse_agents,
    parse_invocations,
    send_command,
    sent_since,
    with_whole_output,
)

SETTLE_S = 30
"""For how long a command that may have been sent is looked for before it counts as not sent."""
SLACK_S = 60
"""What the service takes besides delivery and execution."""
NO_AGENT, NOT_SENT = "NoAgent", "NotSent"
"""The states of instances to which nothing was sent: it is not listed, or another of its command is not."""
_POLL_S = 2.0
_NOT_MANAGED = "InvalidInstanceId"


class RemoteScript(Value):
    """What is run, how, and for how long it may take; `stops` ends it all at the first instance that fails."""

    document: Document
    commands: tuple[str, ...]
    region: str
    mark: str
    timeout_s: int
    deliver_within_s: int
    at_once: int
    stops: bool

    def within_s(self, instances: int) -> float:
        """How long a command for so many instances may take before nobody waits for it any more."""
        return self.begun_within_s(instances) + self.timeout_s + SLACK_S

    def begun_within_s(self, instances: int) -> int:
        """Until when the last of so many instances has to begin: those beyond `at_once` wait for others to end."""
        return self.deliver_within_s + (ceil(instances / self.at_once) - 1) * self.timeout_s


class CommandBatch(Value):
    """One command: without an id it may or may not have been sent, with `ran` it has ended on every instance."""

    comment: str
    at: float
    instances: tuple[str, ...]
    command: str = ""
    lost: tuple[CommandAnswer, ...] = ()
    ran: tuple[CommandAnswer, ...] | None = None


class CommandSending:
    """The commands of one script, as far as a checkpoint knows them.

    Each has a comment of its own, which is on disk before it is sent: one whose answer was lost is found by it.
    """

    def __init__(self, tools: Tools, kept: Checkpoint, script: RemoteScript) -> None:
        """Take up what an earlier process left."""
        self._tools, self._kept, self._script = tools, kept, script
        self.batches = batches_in(kept)

    def add(self, instances: Sequence[str]) -> None:
        """Plan one more command; nothing is sent."""
        comment = f"opsctl {self._script.mark} {secrets.token_hex(4)}"
        self.batches.append(CommandBatch(comment=comment, at=self._tools.clock.now(), instances=tuple(instances)))

    def send(self, number: int) -> None:
        """Send a command, unless that was done; what may have been sent is looked for first.

        Raises:
            AwsRefused: AWS takes no such command.
            OutcomeUnknown: the answer was lost, and the command is not listed.
        """
        batch = self.batches[number]
        if batch.command or batch.ran is not None:
            return
        begun = self._kept.recall(str(number)) is not None
        if begun and (self._find(number) or self._tools.stopping()):
            return  # whoever stops before it is known to be lost leaves it to the next process
        self._write(number)

    def look(self, number: int) -> None:
        """Read how far a command is, and keep what it came to once it has ended on every instance."""
        batch = self.batches[number]
        if batch.ran is None and batch.command:
            answers = parse_invocations(self._read(list_invocations(batch.command, self._script.region)))
            ended = [answers[one] for one in batch.instances if one in answers and answers[one].ended]
            if len(ended) == len(batch.instances):
                whole = (self._whole(batch, one) for one in ended)
                self._keep(number, batch.model_copy(update={"ran": (*batch.lost, *whole)}))

    def _whole(self, batch: CommandBatch, one: CommandAnswer) -> CommandAnswer:
        """Read what a list cuts off, where it did."""
        if not one.truncated:
            return one
        read = get_invocation(batch.command, one.instance, self._script.region)
        return with_whole_output(one, self._read(read))

    def _write(self, number: int) -> None:
        batch = self.batches[number].model_copy(update={"at": self._tools.clock.now()})
        self._keep(number, batch)
        try:
            answer = self._tools.aws.write("ssm", "SendCommand", self._request(batch), self._script.region)
        except OutcomeUnknown:
            if not self._find(number):
                raise
        except AwsRefused as refused:
            if refused.refusal.code != _NOT_MANAGED or not self._lose(number):
                raise
        else:
            self._keep(number, batch.model_copy(update={"command": answer["Command"]["CommandId"]}))

    def _request(self, batch: CommandBatch) -> dict[str, Json]:
        script = self._script
        return send_command(
            batch.instances,
            script.document,
            script.commands,
            comment=batch.comment,
            timeout_s=script.timeout_s,
            deliver_within_s=script.begun_within_s(len(batch.instances)),
            at_once=script.at_once,
            max_errors="0" if script.stops else "100%",
        )

    def _find(self, number: int) -> bool:
        """Look for a command by its comment, for as long as AWS may not list it yet."""
        batch, tools = self.batches[number], self._tools
        while True:
            listed = self._read(sent_since(self._script.document, batch.at, self._script.region))
            found = command_with(listed, batch.comment)
            if found:
                self._keep(number, batch.model_copy(update={"command": found}))
            left_s = batch.at + SETTLE_S - tools.clock.now()
            if found or left_s <= 0 or tools.stopping():
                return bool(found)
            tools.progress("no response from Systems Manager, checking whether the command was sent")
            tools.clock.sleep(min(_POLL_S, left_s))

    def _lose(self, number: int) -> bool:
        """Go on without the instances whose agents are gone; for one of them AWS refuses a command whole.

        Where all have to succeed, or none is left, nothing is sent. Tells whether that was the reason.
        """
        batch = self.batches[number]
        listed = {
            one
            for read in describe_agents(batch.instances, self._script.region)
            for one in parse_agents(self._read(read))
        }
        there = tuple(one for one in batch.instances if one in listed)
        gone = tuple(_ended(one, NO_AGENT) for one in batch.instances if one not in listed)
        if not gone:
            return False
        if self._script.stops or not there:
            unsent = tuple(_ended(one, NOT_SENT) for one in there)
            self._keep(number, batch.model_copy(update={"ran": (*gone, *unsent)}))
        else:
            lost = (*batch.lost, *gone)
            self._keep(number, batch.model_copy(update={"instances": there, "lost": lost}))
            self._write(number)
        return True

    def _keep(self, number: int, batch: CommandBatch) -> None:
        self.batches[number] = batch
        self._kept.remember(str(number), batch.model_dump(mode="json"))

    def _read(self, read: Read) -> Json:
        answer = self._tools.aws.read(read)
        if answer.refusal is not None:
            raise AwsRefused(answer.refusal)
        return answer.value


def batches_in(kept: Checkpoint) -> list[CommandBatch]:
    """Return the commands that a checkpoint knows, in their order."""
    batches: list[CommandBatch] = []
    while (told := kept.recall(str(len(batches)))) is not None:
        batches.append(CommandBatch.model_validate(told))
    return batches


def answers_of(batches: Sequence[CommandBatch]) -> dict[str, CommandAnswer]:
    """Return what each instance answered last."""
    return {one.instance: one for batch in batches for one in batch.ran or ()}


def _ended(instance: str, status: str) -> CommandAnswer:
    return CommandAnswer(instance=instance, status=status, ended=True)
