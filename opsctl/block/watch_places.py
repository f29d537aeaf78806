"""Where requests of an address can be seen: the web ACLs and the flow logs on the ways to a target."""

from collections.abc import Sequence

from opsctl.block.flow_records import DESCRIBE, FlowLog, parse_flow_logs
from opsctl.block.request_samples import SampledRule, sampled_rules
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.nacl import passing
from opsctl.block.topology.packet import TCP, Service
from opsctl.block.wafv2 import get_logging_configuration, get_web_acl, log_group_of
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json, Value
from opsctl.model.watch import Unwatched

_WEB = (Service(protocol=TCP, port=80), Service(protocol=TCP, port=443))


class WafPlace(Value):
    """A web ACL that sees requests; `at` says in front of what, `group` is the log group of its log, if any.

    `metric` is what its metrics are called by. `elsewhere` says where its log goes otherwise, `unread` what of it
    could not be read.
    """

    arn: str
    name: str
    at: str
    metric: str = ""
    rules: tuple[SampledRule, ...] = ()
    group: str = ""
    elsewhere: str = ""
    unread: tuple[str, ...] = ()


class FlowPlace(Value):
    """A flow log over the network interfaces of a place that the internet reaches.

    `denied` tells that its network ACLs drop whom one watches: what is accepted there passes still.
    """

    log: FlowLog
    at: str
    interfaces: tuple[str, ...] = ()
    denied: bool = False


class WatchPlaces(Value):
    """Everything that can be looked at, and what cannot."""

    wafs: tuple[WafPlace, ...] = ()
    flows: tuple[FlowPlace, ...] = ()
    unseen: tuple[Unwatched, ...] = ()


def places_of(web: Web, addresses: Sequence[str]) -> Fetching[WatchPlaces]:
    """Find what can be looked at on the ways in, for somebody who watches these addresses."""
    wafs, missing = yield from waf_places(web_acls_on(web))
    entrances = [node for node in web.nodes if node.nacl is not None and node.entrance]
    flows, dark = yield from flow_places(entrances, addresses)
    return WatchPlaces(wafs=wafs, flows=flows, unseen=(*missing, *dark))


def web_acls_on(web: Web) -> dict[str, str]:
    """Return the web ACLs on the ways by their ARNs, with what they stand in front of."""
    found: dict[str, list[str]] = {}
    for node in web.nodes:
        if node.waf is not None and node.waf.web_acl is not None:
            found.setdefault(node.waf.web_acl.arn, []).append(node.name)
    return {arn: ", ".join(names) for arn, names in found.items()}


def waf_places(web_acls: dict[str, str]) -> Fetching[tuple[tuple[WafPlace, ...], tuple[Unwatched, ...]]]:
    """Read web ACLs and where their logs go."""
    arns = list(web_acls)
    if not arns:
        return (), ()
    answers = yield [get_web_acl(arn) for arn in arns] + [get_logging_configuration(arn) for arn in arns]
    places, unseen = [], []
    for number, arn in enumerate(arns):
        name = arn.split("/")[2]
        answer, logging = answers[number], answers[len(arns) + number]
        if answer.refusal is not None:
            unseen.append(Unwatched(what=f"web ACL {name}", why=str(answer.refusal)))
            continue
        group, elsewhere, fault = _logging(logging)
        rules = sampled_rules(answer.value)
        metric = str(answer.value["WebACL"]["VisibilityConfig"]["MetricName"])
        at = web_acls[arn] or f"web ACL {name}"
        unread = (f"its logging configuration: {fault}",) if fault else ()
        places.append(
            WafPlace(
                arn=arn,
                name=name,
                at=at,
                metric=metric,
                rules=rules,
                group=group,
                elsewhere=elsewhere,
                unread=unread,
            )
        )
        unseen += _unsampled(name, rules)
    return tuple(places), tuple(unseen)


def _unsampled(name: str, rules: Sequence[SampledRule]) -> list[Unwatched]:
    silent = [one.name for one in rules if not one.sampled]
    if not silent:
        return []
    why = f"SampledRequestsEnabled is false for {', '.join(silent[:3])}{' and more' if len(silent) > 3 else ''}"
    return [
        Unwatched(what=f"samples of web ACL {name}", why=why, todo="switch sampling on in the rule's visibility")
    ]


def _logging(answer: Answer) -> tuple[str, str, str]:
    """The log group of a web ACL's log, or where it goes else, or why nobody knows."""
    refusal = answer.refusal
    if refusal is not None:
        return "", "", "" if refusal.kind is RefusalKind.MISSING else str(refusal)
    return (*log_group_of(answer.value), "")


def flow_places(
    nodes: Sequence[Node], addresses: Sequence[str]
) -> Fetching[tuple[tuple[FlowPlace, ...], tuple[Unwatched, ...]]]:
    """Read which flow logs watch the network interfaces of some places."""
    if not nodes:
        return (), ()
    answers = yield [DESCRIBE, *(interfaces_of(node.resource) for node in nodes)]
    if answers[0].refusal is not None:
        return (), (Unwatched(what="VPC flow logs", why=str(answers[0].refusal)),)
    logs = parse_flow_logs(answers[0].value)
    found: list[FlowPlace] = []
    unwatched: list[Unwatched] = []
    for node, answer in zip(nodes, answers[1:], strict=True):
        if answer.refusal is not None:
            unwatched.append(Unwatched(what=f"network interfaces of {node.name}", why=str(answer.refusal)))
            continue
        here, dark = _over(node, parse_interfaces(answer.value), logs, denied=_denies(node, addresses))
        found += here
        unwatched += dark
    return tuple(found), tuple(dict.fromkeys(unwatched))


def interfaces_of(resource: str) -> Read:
    """Read the network interfaces of a load balancer, an instance or an interface, by its ARN or id.

    A load balancer's are described as `ELB app/NAME/ID` (fact page of blocks, section 6).
    """
    if ":loadbalancer/" in resource:
        name, value = "description", f"ELB {resource.partition(':loadbalancer/')[2]}"
    elif resource.startswith("i-"):
        name, value = "attachment.instance-id", resource
    else:
        name, value = "network-interface-id", resource
    filters: list[Json] = [{"Name": name, "Values": [value]}]
    return Read(service="ec2", operation="DescribeNetworkInterfaces", params={"Filters": filters})


def parse_interfaces(answer: Json) -> tuple[str, ...]:
    """Parse DescribeNetworkInterfaces: ids."""
    return tuple(str(one["NetworkInterfaceId"]) for one in answer.get("NetworkInterfaces") or ())


def _over(
    node: Node, interfaces: tuple[str, ...], logs: Sequence[FlowLog], *, denied: bool
) -> tuple[list[FlowPlace], list[Unwatched]]:
    """Tell the logs over the interfaces of one place that can be searched, and those that cannot."""
    watched = {node.vpc, *(node.nacl.subnets if node.nacl else ()), *interfaces}
    found: list[FlowPlace] = []
    unwatched: list[Unwatched] = []
    for log in [one for one in logs if one.resource in watched]:
        fault, todo = unsearchable(log)
        if fault:
            unwatched.append(Unwatched(what=f"flow log {log.id}", why=fault, todo=todo))
        else:
            found.append(FlowPlace(log=log, at=node.name, interfaces=interfaces, denied=denied))
    if not found and not unwatched:
        todo = "without one nobody sees what a network ACL drops"
        unwatched.append(Unwatched(what="VPC flow logs", why=f"none watches {node.name}", todo=todo))
    return found, unwatched


def unsearchable(log: FlowLog) -> tuple[str, str]:
    """Return why a flow log cannot be searched and what to do about it; nothing where it can."""
    if log.fault:
        return f"AWS does not deliver it: {log.fault}", ""
    if log.elsewhere:
        return f"it goes to {log.elsewhere}", "send it to CloudWatch Logs, or look there with Athena"
    if not log.tells_sources:
        return "its format has no source address, no interface or no action", ""
    return "", ""


def _denies(node: Node, addresses: Sequence[str]) -> bool:
    gate = node.nacl
    if gate is None or gate.unknown or not gate.acls:
        return False
    return all(passing(acl, one, node.services or _WEB) is None for acl in gate.acls for one in addresses)
