"""Drops what comes from addresses in the firewalls of instances, by their SSM agents."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.host.script import MARK, HostBlock, block_script, proof_script, undo_script
from opsctl.block.recording import ending
from opsctl.block.terms import NEVER, Term
from opsctl.model.changes import Change, Instruction, Proof, Risk, Severity
from opsctl.model.errors import FactUnknown, RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few, sentence
from opsctl.resources.jobs.ssm_command import SsmCommand
from opsctl.resources.ssm_calls import describe_agents, grants_for, parse_agents

NETWORKS_AT_MOST = 150
"""Systems Manager keeps 24,000 characters of what a script says, and every network is shown in it."""
_TIMEOUT_S, _DELIVER_S = 120, 60


class HostDeny(Action):
    """Drop packets from addresses in the firewalls of instances, each with its end; undo takes that away again.

    They go into a table of opsctl's own, before all other chains and before connections are tracked, so open
    connections are cut too. An instance where the script does not succeed is named, and the others go on.
    """

    name: ClassVar[str] = "host.deny"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    why: str = Field(description="Why in the instances and nowhere in front of them.")
    owner: str = Field("", description="The stack or module that replaces the instances.")
    term: Term | None = Field(None, description="Until when and why, as block.term says it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job for all instances.

        Raises:
            RefusedByGuard: there are too many addresses, or the agent of an instance is not online.
        """
        instances = tuple(sorted(set(self.instances)))
        if not instances or not self.addresses:
            yield from ()
            return []
        block = HostBlock.of(about.plan_id, self.addresses, self.term)
        _require_few(block)
        yield from _require_online(instances, about.region)
        job = SsmCommand(
            instances=instances,
            region=about.region,
            commands=block_script(block),
            proof=proof_script(block),
            must_succeed=False,
            timeout_s=_TIMEOUT_S,
            deliver_within_s=_DELIVER_S,
            at_once=50,
            mark=f"{MARK} {about.plan_id}",
        )
        back = {"commands": undo_script(block), "proof": (), "takes_back": True}
        return [
            Change(
                **dict(_instruction(job)),
                id="run",
                title=self._title(instances, block),
                why=sentence(self.why),
                expect=(),
                proof=Proof(configured=()),
                undo=_instruction(job.model_copy(update=back)),
                risk=self._risk(instances, block),
            )
        ]

    def _title(self, instances: tuple[str, ...], block: HostBlock) -> str:
        until = ending(self.term.until if self.term else NEVER)
        where = instances[0] if len(instances) == 1 else f"{len(instances)} instances"
        return f"Drop {first_few(block.networks, 3)} in the firewall of {where} {until}"

    def _risk(self, instances: tuple[str, ...], block: HostBlock) -> Risk:
        ends = "nftables ends it by itself; iptables ends it by its date. " if block.ends else ""
        return Risk(
            severity=Severity.HIGH,
            affects=tuple(f"everything else that instance {one} serves" for one in instances),
            owner=self.owner or None,
            note=(
                f"A script runs as root. Open connections are cut as well. {ends}A reboot, and an instance that "
                "takes the place of another, come without the rule; a container with a network interface of its "
                "own is not behind it."
            ),
        )


def _instruction(job: SsmCommand) -> Instruction:
    return Instruction(
        kind="job",
        service="opsctl",
        operation=job.name,
        params=job.model_dump(mode="json"),
        grants=grants_for(job.instances, job.document),
    )


def _require_few(block: HostBlock) -> None:
    if len(block.networks) > NETWORKS_AT_MOST:
        raise RefusedByGuard(
            f"{len(block.networks)} networks are too many for the firewall of an instance: {NETWORKS_AT_MOST} at "
            "most; nothing was changed",
            "block wider networks, or use --layer waf",
        )


def _require_online(instances: tuple[str, ...], region: str) -> Fetching[None]:
    answers = yield describe_agents(instances, region)
    online: set[str] = set()
    for answer in answers:
        if answer.refusal is not None:
            raise FactUnknown(answer.refusal)
        online |= {one for one, ping in parse_agents(answer.value).items() if ping == "Online"}
    away = [one for one in instances if one not in online]
    if away:
        raise RefusedByGuard(
            f"no SSM agent is online on {first_few(away, 5)}; nothing was changed",
            "start its agent, or give its role AmazonSSMManagedInstanceCore",
        )
