"""What VPC flow logs in CloudWatch Logs have of an address: packets to network interfaces, and their fate.

A REJECT is a security group, a network ACL or a late packet, and the record does not say which (fact page of
blocks, section 8). Fields by themselves are known of the default format alone; other formats are parsed by their
fields.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from opsctl.block.evidence.log_search import (
    ROWS,
    InsightsSource,
    LogFindings,
    LogTarget,
    matches,
    moment,
    number_of,
    size_reads,
)
from opsctl.block.evidence.source import AskedAbout
from opsctl.block.flow_records import DEFAULT_FORMAT, DESCRIBE, FlowLog, fields_of_format, parse_flow_logs
from opsctl.block.topology.graph import Node
from opsctl.block.watch_places import flow_places, interfaces_of, unsearchable
from opsctl.model.dossier import Sighting
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.watch import Unwatched

FEW_GROUPS = 2
"""Of so many log groups the size is read before it is known whether the target is in any of them."""
_INTERFACE = re.compile(r"eni-[0-9a-f]{1,32}")
_OWN = {"srcaddr": "srcAddr", "interface-id": "interfaceId", "dstport": "dstPort", "action": "action"}


class FlowLogs(InsightsSource):
    """Searches the flow logs over the entrances of the target, or all of the region."""

    name: ClassVar[str] = "flow-logs"
    title: ClassVar[str] = "VPC flow logs"
    reads_ahead: ClassVar[bool] = True

    def targets(
        self, asked: AskedAbout, about: Context
    ) -> Fetching[tuple[tuple[LogTarget, ...], tuple[Unwatched, ...]]]:
        """Return the log groups that flow logs write to."""
        if asked.ways is not None:
            nodes = [one for one in asked.ways.web.nodes if _is_watched(one)]
            places, dark = yield from flow_places(nodes, (asked.address,))
            found = [_target(one.log, one.at, one.interfaces) for one in places]
            return tuple(dict.fromkeys(found)), dark
        everywhere = yield from _everywhere()
        return everywhere

    def ahead(self, asked: AskedAbout, about: Context) -> Fetching[None]:
        """Read which flow logs there are, and how much their groups have where there are few."""
        groups, _ = yield from _everywhere()
        if asked.priced and 0 < len(groups) <= FEW_GROUPS:
            yield size_reads(groups, asked)

    def reads_about(self, node: Node) -> Sequence[Read]:
        """The network interfaces of an entrance."""
        return [interfaces_of(node.resource)] if _is_watched(node) else []

    def query(self, network: Network, target: LogTarget) -> str:
        """Count records by what became of the packets, where and at which port."""
        default = target.fields == fields_of_format(DEFAULT_FORMAT)
        names = _OWN if default else {name: f"f_{name.replace('-', '_')}" for name in target.fields}
        source = names.get("pkt-srcaddr") or names["srcaddr"]
        stars = " ".join("*" for _ in target.fields)
        fields = ", ".join(names[name] for name in target.fields) if not default else ""
        parse = "" if default else f'parse @message "{stars}" as {fields} | '
        only = [one for one in target.interfaces if _INTERFACE.fullmatch(one)]
        listed = ", ".join(f'"{one}"' for one in only)
        here = f" and {names['interface-id']} in [{listed}]" if only else ""
        by = ", ".join(names[name] for name in ("action", "interface-id", "dstport") if name in names)
        return (
            f"{parse}filter {matches(source, network)}{here}"
            f" | stats count(*) as n, min(@timestamp) as first, max(@timestamp) as last by {by}"
            f" | sort n desc | limit {ROWS}"
        )

    def findings(self, target: LogTarget, rows: Sequence[Mapping[str, str]]) -> LogFindings:
        """Say how many were let in and how many were not."""
        groups: dict[str, list[Mapping[str, str]]] = {}
        for row in rows:
            groups.setdefault(_of(row, "action"), []).append(row)
        return LogFindings(
            found=tuple(_sighting(target, action, members) for action, members in groups.items()),
            count=int(sum(number_of(row, "n") for row in rows)),
            first=min((number_of(row, "first") / 1000 for row in rows), default=0.0),
            last=max((number_of(row, "last") / 1000 for row in rows), default=0.0),
        )


def _is_watched(node: Node) -> bool:
    return node.nacl is not None and bool(node.entrance)


def _everywhere() -> Fetching[tuple[tuple[LogTarget, ...], tuple[Unwatched, ...]]]:
    """Return the log groups of all flow logs of the region, each once."""
    (answer,) = yield [DESCRIBE]
    if answer.refusal is not None:
        return (), (Unwatched(what="VPC flow logs", why=str(answer.refusal)),)
    logs = parse_flow_logs(answer.value)
    bad = [(one, *unsearchable(one)) for one in logs]
    dark = tuple(Unwatched(what=f"flow log {one.id}", why=why, todo=todo) for one, why, todo in bad if why)
    found = [_target(one, one.resource, ()) for one, why, _ in bad if not why]
    by_group = {one.group: one for one in reversed(found)}
    return tuple(reversed(by_group.values())), dark


def _target(log: FlowLog, at: str, interfaces: tuple[str, ...]) -> LogTarget:
    return LogTarget(group=log.group, at=at, fields=log.fields, interfaces=interfaces)


def _of(row: Mapping[str, str], name: str) -> str:
    return row.get(_OWN.get(name, name)) or row.get(f"f_{name.replace('-', '_')}") or ""


def _sighting(target: LogTarget, action: str, rows: Sequence[Mapping[str, str]]) -> Sighting:
    count = int(sum(number_of(row, "n") for row in rows))
    accepted = action == "ACCEPT"
    ports = dict.fromkeys(_of(row, "dstport") for row in rows if _of(row, "dstport"))
    last = moment(max(number_of(row, "last") for row in rows) / 1000)
    what = (
        "let in"
        if accepted
        else "rejected by a network ACL, a security group or as late (the record does not say)"
    )
    port = f", port {first_few(ports, 3)}" if ports else ""
    says = f"{count:,} records of packets {what} at {target.at}{port}, the last at {last}"
    return Sighting(says=says, telling=64 if accepted else 62)
