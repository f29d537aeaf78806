"""VPC flow logs: which there are, what their records say, and how they are searched for an address.

Sources: VPC user guide, "Flow log records" (fields, default format; `pkt-srcaddr` is the original source), "Flow
log limitations": REJECT is a security group, a network ACL or a late packet, and a record does not say which; of a
reply that an outbound rule stops, the request is ACCEPT and the reply REJECT.
Patterns: CloudWatch Logs guide, "Filter pattern syntax": a term between quotes has to be in the line.
"""

import re
from collections.abc import Iterable, Mapping

from opsctl.block.request_samples import is_from
from opsctl.model.networks import Network
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value

DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
DESCRIBE = Read(service="ec2", operation="DescribeFlowLogs")
LATE_S = 300
"""After the aggregation interval a record is on its way for about so long (VPC user guide, "Flow log basics")."""
_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")


class FlowLog(Value):
    """A flow log: what it watches, where it writes to, and in which format.

    `group` is the log group it writes to, empty where it writes elsewhere: then `elsewhere` says where.
    """

    id: str
    resource: str
    traffic: str
    group: str = ""
    elsewhere: str = ""
    fields: tuple[str, ...] = ()
    interval_s: int = 600
    fault: str = ""

    @property
    def is_default(self) -> bool:
        """Whether its records have the default format, whose fields Logs Insights knows by itself."""
        return self.fields == fields_of_format(DEFAULT_FORMAT)

    @property
    def tells_sources(self) -> bool:
        """Whether its records say where packets came from, where to, and what became of them."""
        needed = {"action", "interface-id"} <= set(self.fields)
        return needed and bool({"srcaddr", "pkt-srcaddr"} & set(self.fields))

    @property
    def late_s(self) -> int:
        """How long after a packet its record may come."""
        return self.interval_s + LATE_S


class FlowRecord(Value):
    """One record of packets from an address, or to one where `reply`; `packets` is how many."""

    interface: str
    address: str
    accepted: bool
    reply: bool
    packets: int
    port: str
    start: float
    end: float


def parse_flow_logs(answer: Json) -> tuple[FlowLog, ...]:
    """Parse DescribeFlowLogs: those that are active."""
    found = [one for one in answer.get("FlowLogs") or () if one.get("FlowLogStatus", "ACTIVE") == "ACTIVE"]
    return tuple(_flow_log(one) for one in found)


def _flow_log(told: Mapping[str, Json]) -> FlowLog:
    group = str(told.get("LogGroupName") or "")
    kind = str(told.get("LogDestinationType") or "cloud-watch-logs")
    destination = str(told.get("LogDestination") or "")
    if not group and kind == "cloud-watch-logs":
        group = destination.partition(":log-group:")[2].removesuffix(":*")
    failed = told.get("DeliverLogsStatus") == "FAILED"
    return FlowLog(
        id=str(told["FlowLogId"]),
        resource=str(told.get("ResourceId", "")),
        traffic=str(told.get("TrafficType", "ALL")),
        group=group if kind == "cloud-watch-logs" else "",
        elsewhere="" if kind == "cloud-watch-logs" else f"{kind} {destination}",
        fields=fields_of_format(str(told.get("LogFormat") or DEFAULT_FORMAT)),
        interval_s=int(told.get("MaxAggregationInterval") or 600),
        fault=str(told.get("DeliverLogsErrorMessage") or "delivery failed") if failed else "",
    )


def fields_of_format(text: str) -> tuple[str, ...]:
    """Return the fields of a format, in their order."""
    return tuple(_FIELD.findall(text))


def search_flows(group: str, network: Network, since: float, until: float) -> Read:
    """Read the lines of a log group that have the address in them; whoever parses them looks closer."""
    return Read(
        service="logs",
        operation="FilterLogEvents",
        params={
            "logGroupName": group,
            "startTime": int(since * 1000),
            "endTime": int(until * 1000),
            "filterPattern": f'"{text_within(network)}"',
            "limit": 1000,
        },
    )


def text_within(network: Network) -> str:
    """Return a text that stands in every line with an address of a network: all of it, or how each begins.

    Made of a parsed network alone, so that nothing anybody typed gets into a pattern.
    """
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    if network.version == 4:
        whole = network.prefixlen // 8
        return "." if not whole else ".".join(str(network.network_address).split(".")[:whole]) + "."
    groups = network.network_address.exploded.split(":")[: network.prefixlen // 16]
    begin: list[str] = []
    for group in groups:
        if group == "0000":  # from here on the written form may leave zeros out
            break
        begin.append(group.lstrip("0"))
    return ":".join(begin) + ":" if begin else ":"


def parse_flows(answer: Json, fields: tuple[str, ...], network: Network) -> tuple[FlowRecord, ...]:
    """Parse the lines found: those of packets from a network, and replies to it that were stopped."""
    found = (record_of(str(one.get("message", "")), fields, network) for one in answer.get("events") or ())
    return tuple(one for one in found if one is not None)


def record_of(line: str, fields: tuple[str, ...], network: Network) -> FlowRecord | None:
    """Parse one record; None for one that is about somebody else, or that is none."""
    words = line.split()
    if len(words) != len(fields):
        return None
    told = dict(zip(fields, words, strict=True))
    source = _first(told, ("pkt-srcaddr", "srcaddr"))
    target = _first(told, ("pkt-dstaddr", "dstaddr"))
    reply = not is_from(source, network)
    accepted = told.get("action") == "ACCEPT"
    if reply and (accepted or not is_from(target, network)):
        return None
    return FlowRecord(
        interface=told.get("interface-id", ""),
        address=target if reply else source,
        accepted=accepted,
        reply=reply,
        packets=_number(told.get("packets", "")),
        port=told.get("srcport" if reply else "dstport", ""),
        start=_number(told.get("start", "")),
        end=_number(told.get("end", "")),
    )


def _first(told: Mapping[str, str], names: Iterable[str]) -> str:
    return next((told[name] for name in names if told.get(name, "-") != "-"), "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
