"""Runs a script on instances through Systems Manager. Source: Systems Manager API reference, SendCommand."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require_all
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few
from opsctl.resources.jobs.ssm_command import SsmCommand
from opsctl.resources.ssm_calls import Document, describe_agents, grants_for, parse_agents

_AS_ROOT = {
    "AWS-RunShellScript": "The script runs as root; Systems Manager keeps what it says for 30 days.",
    "AWS-RunPowerShellScript": "The script runs as SYSTEM; Systems Manager keeps what it says for 30 days.",
}
_ONLY_READS = "The script only reads."
_NOT_SUCCESS = "what a script did cannot be taken back by itself"
_HINT = "start the instance and its SSM agent, give its role AmazonSSMManagedInstanceCore, or leave it out"


class SsmCommandAction(Action):
    """Run a script on instances by their SSM agents, read what each answered, and then run the proof on each.

    It is sent only to instances whose agents are online. A script that exits with another code than `expected` has
    failed there. Undo runs `undo_commands`, and on those instances only to which the script was sent.
    """

    name: ClassVar[str] = "ssm.command"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    commands: tuple[str, ...] = Field(min_length=1, description="The lines of the script.")
    title: str = Field(description="What it does, in a few words; the number of instances is added.")
    why: str = Field(description="Why.")
    document: Document = Field("AWS-RunShellScript", description="AWS's document: for Linux, or for Windows.")
    proof: tuple[str, ...] = Field(
        (), description="Lines of a script that exits with 0 where all is as it should."
    )
    undo_commands: tuple[str, ...] = Field(
        (), description="Lines of the script that takes it back; empty: nothing does."
    )
    only_reads: bool = Field(False, description="Whether the script changes nothing; its risk is low then.")
    must_succeed: bool = Field(True, description="Whether the run stops at an instance where it does not succeed.")
    expected: tuple[int, ...] = Field(
        (0,),
        description="Exit codes that are a success. (194 has the agent restart the machine and run it again.)",
    )
    timeout_s: int = Field(3600, ge=5, le=172_800, description="For how long it may run on an instance.")
    deliver_within_s: int = Field(120, ge=30, le=2_592_000, description="How long an agent has to take it up.")
    at_once: int = Field(50, ge=1, le=50, description="On how many instances it runs at the same time.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job for all instances.

        Raises:
            RefusedByGuard: the agent of one of them is not online.
        """
        instances = tuple(sorted(set(self.instances)))
        if not instances:
            yield []
            return []
        yield from _all_online(instances, about.region)
        job = SsmCommand(
            instances=instances,
            region=about.region,
            document=self.document,
            commands=self.commands,
            proof=self.proof,
            expected=self.expected,
            must_succeed=self.must_succeed,
            timeout_s=self.timeout_s,
            deliver_within_s=self.deliver_within_s,
            at_once=self.at_once,
            mark=about.plan_id,
        )
        many = f"{len(instances)} instances" if len(instances) > 1 else instances[0]
        change = Change(
            **dict(self._instruction(job)),
            id="run",
            title=f"{self.title} on {many}",
            why=self.why,
            expect=(),
            proof=Proof(configured=()),
            undo=self._undo(job),
            risk=self._risk(instances),
        )
        return [change]

    def _instruction(self, job: SsmCommand) -> Instruction:
        return Instruction(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=grants_for(job.instances, job.document),
        )

    def _undo(self, job: SsmCommand) -> Instruction | Irreversible:
        if self.undo_commands:
            back = {"commands": self.undo_commands, "proof": (), "expected": (0,), "takes_back": True}
            return self._instruction(job.model_copy(update=back))
        because = "the script changes nothing" if self.only_reads else _NOT_SUCCESS
        return Irreversible(because=because, only_reads=self.only_reads)

    def _risk(self, instances: tuple[str, ...]) -> Risk:
        if self.only_reads:
            return Risk(severity=Severity.LOW, note=f"{_ONLY_READS} {_AS_ROOT[self.document]}")
        return Risk(severity=Severity.HIGH, affects=instances, note=_AS_ROOT[self.document])


def _all_online(instances: tuple[str, ...], region: str) -> Fetching[None]:
    """Refuse where an agent is not online: a script that some of them never get is worse than none."""
    answers = yield from require_all(describe_agents(instances, region))
    online = {one for answer in answers for one, ping in parse_agents(answer).items() if ping == "Online"}
    away = [one for one in instances if one not in online]
    if away:
        raise RefusedByGuard(f"no SSM agent is online on {first_few(away, 5)}", _HINT)
