"""The blocks in host firewalls of a region, as the last command of opsctl's own read them back in each instance.

Nothing is sent: Systems Manager keeps what a command said for 30 days. A machine that was stopped or started since
has no rules any more; a reboot is no start, and nobody but the machine knows of one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from opsctl.block.block_rows import BlockRow
from opsctl.block.host.looking import SentToHosts, parse_sent, said_in
from opsctl.block.host.reading import HostReading, HostRule, parse_reading
from opsctl.block.terms import NEVER
from opsctl.block.topology.survey import cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.spans import utc
from opsctl.resources import ec2
from opsctl.resources.ec2 import Instance
from opsctl.resources.ssm_calls import get_invocation, sent_since

KEPT_S = 30 * 86_400
_WORDS = {"until": "until", "since": "since", "by": "by", "for": "incident"}


def read_host_rows(about: Context) -> Fetching[tuple[list[BlockRow], tuple[str, ...]]]:
    """Read the blocks in host firewalls, in three rounds; what could not be read comes back by name."""
    (sent,) = yield [sent_since("AWS-RunShellScript", about.now - KEPT_S, about.region)]
    if sent.refusal is not None:
        return [], (cannot_tell("what host firewalls drop", sent.refusal),)
    last = _last_of(parse_sent(sent.value))
    described = ec2.describe_batches("DescribeInstances", about.region, "instance-id", list(last))
    answers = (yield described) if described else []
    unknown = [cannot_tell("which instances there are", one.refusal) for one in answers if one.refusal is not None]
    there = {
        one.id: one for answer in answers if answer.refusal is None for one in ec2.parse_instances(answer.value)
    }
    running = [(id_, command) for id_, command in last.items() if id_ in there and there[id_].state == "running"]
    reads: list[Read] = [get_invocation(command, id_, about.region) for id_, command in running]
    told = (yield reads) if reads else []
    rows: list[BlockRow] = []
    for (id_, _), answer in zip(running, told, strict=True):
        if answer.refusal is not None:
            unknown.append(cannot_tell(f"what the firewall of {there[id_].title} drops", answer.refusal))
            continue
        reading = parse_reading(said_in(answer.value))
        if reading is None:
            unknown.append(
                f"cannot tell what the firewall of {there[id_].title} drops: its last command read nothing"
            )
        elif reading.at >= _started(there[id_]):
            rows += _rows(there[id_], reading, about)
    return rows, tuple(dict.fromkeys(unknown))


def _last_of(sent: Sequence[SentToHosts]) -> dict[str, str]:
    """Return the newest command to each instance; they come with the newest first."""
    last: dict[str, str] = {}
    for one in sent:
        for id_ in one.instances:
            last.setdefault(id_, one.command)
    return last


def _started(instance: Instance) -> float:
    return datetime.fromisoformat(instance.launched).timestamp() if instance.launched else 0.0


def _rows(instance: Instance, reading: HostReading, about: Context) -> Iterator[BlockRow]:
    moment = utc(datetime.fromtimestamp(int(reading.at), UTC))
    seen: set[tuple[str, str]] = set()
    for rule in reading.rules:
        told = _told(rule)
        if rule.until <= about.now or (rule.network, told["run"]) in seen:
            continue
        seen.add((rule.network, told["run"]))
        yield BlockRow(
            address=rule.network,
            kind="opsctl",
            layer="host",
            resource=instance.name or instance.id,
            resource_id=instance.id,
            region=about.region,
            what=f"its firewall ({reading.program}), ends by itself, by run {told['run']}, read at {moment}",
            closes="the instance alone",
            read_at=moment,
            **told,
        )


def _told(rule: HostRule) -> Mapping[str, str]:
    run, *words = rule.note.split() or [""]
    named = dict(word.split("=", 1) for word in words if "=" in word)
    told = {_WORDS[name]: value for name, value in named.items() if name in _WORDS}
    return {"until": NEVER, **told, "run": run}
