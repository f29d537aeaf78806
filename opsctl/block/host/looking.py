"""Looking at the firewalls of the instances on ways in: who can be sent a script, and what was read there of late.

A firewall can only be read by a command, which is sent to a machine, so nothing is read while a block is planned.
What the commands of earlier runs have read back stands in Systems Manager for 30 days, and counts for an hour: a
reboot takes the rules away, and EC2 does not tell of one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from opsctl.block.host.reading import is_cut, parse_reading
from opsctl.block.host.script import MARK
from opsctl.block.topology.gates import HostGate
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import Instance
from opsctl.resources.ssm_calls import CLOCK_SKEW_S, describe_agents, get_invocation, sent_since

COUNTS_FOR_S = 3600
_GROUP = "aws:autoscaling:groupName"


class _Agent(Value):
    online: bool
    linux: bool


class SentToHosts(Value):
    """A command of opsctl's own, and the instances that it went to."""

    command: str
    instances: tuple[str, ...]


def with_host_gates(web: Web, survey: Survey) -> Fetching[Web]:
    """Return the graph with what is known of the firewall of each instance in it, in three rounds at most."""
    nodes = {node.place.id: node for node in web.nodes if node.place.kind == "instance"}
    about = survey.about
    reads = describe_agents(sorted(nodes), about.region) if nodes else []
    sent = sent_since("AWS-RunShellScript", about.now - COUNTS_FOR_S, about.region)
    yield from survey.prefetch([*reads, sent] if nodes else [])
    agents: dict[str, _Agent] = {}
    refusal: Refusal | None = None
    for read in reads:
        answer = yield from survey.ask(read, _parse_agents)
        if isinstance(answer, Refusal):
            refusal = answer
        else:
            agents |= answer
    gates = {one: _gate(node, agents.get(one), refusal, survey) for one, node in nodes.items()}
    if nodes:
        gates = yield from _with_readings(gates, sent, survey)
    kept = [
        node.model_copy(update={"gates": (*node.gates, gates[node.place.id])}) if node.place.id in gates else node
        for node in web.nodes
    ]
    return web.model_copy(update={"nodes": tuple(kept)})


def _gate(node: Node, agent: _Agent | None, refusal: Refusal | None, survey: Survey) -> HostGate:
    known = survey.learnt(node.place.id, Instance)
    closed, unknown = "", tuple[str, ...]()
    if known is not None and known.state not in ("", "running"):
        closed = f"{node.title} is {known.state}: no script can be run in it"
    elif agent is None and refusal is not None:
        unknown = (cannot_tell(f"whether {node.title} has an SSM agent", refusal),)
    elif agent is None:
        closed = f"{node.title} has no SSM agent, no role for it, or no way to Systems Manager"
    elif not agent.linux:
        closed = f"{node.title} does not run Linux: opsctl knows nftables and iptables alone"
    elif not agent.online:
        closed = f"the SSM agent of {node.title} was online once, and does not answer"
    return HostGate(closed=closed, unknown=unknown, member_of=node.tags.get(_GROUP, ""))


def _with_readings(gates: Mapping[str, HostGate], sent: Read, survey: Survey) -> Fetching[dict[str, HostGate]]:
    """Put in what the last command of opsctl's own read in each instance; an older one says nothing any more."""
    commands = yield from survey.ask(sent, parse_sent)
    if isinstance(commands, Refusal):
        text = cannot_tell("what host firewalls drop already", commands)
        return {one: gate.model_copy(update={"unknown": (*gate.unknown, text)}) for one, gate in gates.items()}
    region = survey.about.region
    wanted = [
        (instance, get_invocation(command, instance, region))
        for instance in gates
        for command in [one.command for one in commands if instance in one.instances][:1]
    ]
    answers = yield from survey.ask_each([read for _, read in wanted], said_in)
    found = dict(gates)
    for (instance, _), said in zip(wanted, answers, strict=True):
        if not isinstance(said, Refusal):
            found[instance] = _read(found[instance], said, survey.learnt(instance, Instance), survey.about.now)
    return found


def _read(gate: HostGate, said: str, instance: Instance | None, now: float) -> HostGate:
    """Take in a reading, unless it is too old, or the instance was stopped or started since."""
    reading = parse_reading(said)
    if instance is not None and instance.state not in ("", "running"):
        return gate
    if reading is None and is_cut(said):
        of = instance.title if instance else "an instance"
        text = f"cannot tell what the firewall of {of} drops: it is too much for Systems Manager to tell"
        return gate.model_copy(update={"unknown": (*gate.unknown, text)})
    started = datetime.fromisoformat(instance.launched).timestamp() if instance and instance.launched else 0.0
    if reading is None or reading.at < max(started, now - COUNTS_FOR_S - CLOCK_SKEW_S):
        return gate
    moment = utc(datetime.fromtimestamp(int(reading.at), UTC))
    ends = reading.ends(now)
    return gate.model_copy(update={"networks": tuple(ends), "ends": ends, "read_at": moment})


def _parse_agents(answer: Json) -> dict[str, _Agent]:
    return {
        one["InstanceId"]: _Agent(
            online=one.get("PingStatus") == "Online", linux=one.get("PlatformType", "Linux") == "Linux"
        )
        for one in answer.get("InstanceInformationList", [])
    }


def parse_sent(answer: Json) -> Sequence[SentToHosts]:
    """Parse ListCommands: those that change or read a firewall, the newest first."""
    return [
        SentToHosts(command=one["CommandId"], instances=tuple(one.get("InstanceIds", [])))
        for one in sorted(answer.get("Commands", []), key=lambda one: str(one["RequestedDateTime"]), reverse=True)
        if one.get("Comment", "").startswith(f"opsctl {MARK} ")
    ]


def said_in(answer: Json) -> str:
    """Return what a script said, from GetCommandInvocation."""
    return str(answer.get("StandardOutputContent") or "")
