"""What AWS keeps of requests: WAF's samples, metrics and log, VPC flow logs, and access logs of load balancers.

Sources: AWS WAF developer guide, "Log fields for web ACL traffic" and "AWS WAF metrics and dimensions" (once a
minute; Region is no dimension for CloudFront); GetSampledRequests in the service model; VPC user guide, "Flow log
records" (default format, other formats by their fields) and "Flow log limitations"; ALB user guide, "Access log
entries".
"""

import datetime
import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.traffic_network import Doorway
from opsctl.sandbox.engine.traffic_waf import DEFAULT, HttpRequest, WafVerdict

Clients = Callable[[str], Any]

_METRICS = {"BLOCK": "BlockedRequests", "ALLOW": "AllowedRequests"}
_OF_METRICS = {"CAPTCHA": "CaptchaRequests", "CHALLENGE": "ChallengeRequests"}
_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")
_RECORDS = 20
"""The requests of one moment come from so many ports at most, each a record of its own."""


@dataclass(frozen=True)
class Sample:
    """One request as WAF may show it later."""

    at: float
    acl: str
    request: HttpRequest
    judged: WafVerdict

    def shown(self) -> Json:
        """Return it as GetSampledRequests has it."""
        return {
            "Request": {
                "ClientIP": self.request.source,
                "Country": self.request.country,
                "URI": self.request.path.partition("?")[0],
                "Method": self.request.method,
                "HTTPVersion": "HTTP/1.1",
                "Headers": [{"Name": name, "Value": value} for name, value in self.request.headers],
            },
            "Weight": 1,
            "Timestamp": self.at,
            "Action": self.judged.action,
        }

    def metrics(self) -> set[str]:
        """The metric names under which it is found: of the rule that ended it, and of those that counted it."""
        return {self.judged.metric, "ALL", *(metric for _, metric in self.judged.counted)}


def waf_log_line(sample: Sample, source_name: str, source_id: str, number: int) -> str:
    """Return a request as WAF's log has it."""
    path, _, args = sample.request.path.partition("?")
    line = {
        "timestamp": int(sample.at * 1000),
        "formatVersion": 1,
        "webaclId": sample.acl,
        "terminatingRuleId": sample.judged.rule,
        "terminatingRuleType": sample.judged.kind,
        "action": sample.judged.action,
        "terminatingRuleMatchDetails": [],
        "httpSourceName": source_name,
        "httpSourceId": source_id,
        "ruleGroupList": [],
        "rateBasedRuleList": [],
        "nonTerminatingMatchingRules": [
            {"ruleId": rule, "action": "COUNT", "ruleMatchDetails": []} for rule, _ in sample.judged.counted
        ],
        "requestHeadersInserted": None,
        "responseCodeSent": None,
        "httpRequest": {
            "clientIp": sample.request.source,
            "country": sample.request.country,
            "headers": [{"name": name, "value": value} for name, value in sample.request.headers],
            "uri": path,
            "args": args,
            "httpVersion": "HTTP/1.1",
            "httpMethod": sample.request.method,
            "requestId": f"1-{int(sample.at):08x}-{number:024x}",
        },
    }
    return json.dumps(line)


def put_metrics(account: str, region: str, acl: dict[str, Any], samples: Sequence[Sample]) -> None:
    """Publish requests of one moment, for the rule that ended them and for ALL, where metrics are switched on."""
    from moto.cloudwatch.models import cloudwatch_backends

    named = acl["VisibilityConfig"]["MetricName"]
    shown = {rule["VisibilityConfig"]["MetricName"]: rule["VisibilityConfig"] for rule in acl.get("Rules", ())}
    place = [] if ":global/" in acl["ARN"] else [{"Name": "Region", "Value": region}]
    counts: dict[tuple[str, str], int] = {}
    for one in samples:
        names = _METRICS | _OF_METRICS
        keys = [(names[one.judged.action], rule) for rule in {one.judged.metric, "ALL"}]
        keys += [("CountedRequests", metric) for _, metric in one.judged.counted]
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
    moment = datetime.datetime.fromtimestamp(samples[-1].at, datetime.UTC).replace(tzinfo=None)
    data = [
        {
            "MetricName": metric,
            "Value": count,
            "Unit": "Count",
            "Timestamp": moment,
            "Dimensions": [{"Name": "WebACL", "Value": named}, {"Name": "Rule", "Value": rule}, *place],
        }
        for (metric, rule), count in counts.items()
        if shown.get(rule, acl["VisibilityConfig"])["CloudWatchMetricsEnabled"]
    ]
    if data:
        cloudwatch_backends[account][region].put_metric_data("AWS/WAFV2", data)


def sampled(acl: dict[str, Any], metric: str) -> bool:
    """Tell whether a web ACL keeps samples of a rule."""
    for rule in acl.get("Rules", ()):
        if rule["VisibilityConfig"]["MetricName"] == metric:
            return bool(rule["VisibilityConfig"]["SampledRequestsEnabled"])
    return metric in (DEFAULT, "ALL") and bool(acl["VisibilityConfig"]["SampledRequestsEnabled"])


def put_lines(clients: Clients, group: str, stream: str, lines: Sequence[tuple[float, str]]) -> None:
    """Write lines to a stream of a log group, which a service makes where it is not there; a group it does not."""
    logs = clients("logs")
    known = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]
    if not any(one["logStreamName"] == stream for one in known):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events: list[dict[str, Json]] = [{"timestamp": int(at * 1000), "message": text} for at, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@dataclass(frozen=True)
class Connections:
    """Connections of one moment between a client and an interface; `reply` are the packets that go back."""

    at: float
    source: str
    door: Doorway
    count: int
    accepted: bool
    reply: bool = False
    way: str = ""


def flow_lines(log_format: str, account: str, region: str, flow: Connections) -> list[tuple[float, str]]:
    """Return the records of a flow in a format: one for each of the ports that it came from."""
    records = min(flow.count, _RECORDS)
    lines = []
    for number in range(records):
        connections = flow.count // records + (number < flow.count % records)
        packets = connections * (12 if flow.accepted else 3)
        values = _flow_values(flow, account, region, 40_000 + number, packets)
        lines.append((flow.at, _FIELD.sub(lambda found, told=values: told.get(found[1], "-"), log_format)))  # type: ignore[misc]
    return lines


def _flow_values(flow: Connections, account: str, region: str, port: int, packets: int) -> dict[str, str]:
    there, here = (flow.source, port), (flow.door.private, flow.door.port)
    (source, source_port), (target, target_port) = (here, there) if flow.reply else (there, here)
    start = int(flow.at) - 50
    return {
        "version": "2",
        "account-id": account,
        "interface-id": flow.door.interface,
        "srcaddr": source,
        "dstaddr": target,
        "srcport": str(source_port),
        "dstport": str(target_port),
        "protocol": "6",
        "packets": str(packets),
        "bytes": str(packets * (60 if not flow.accepted else 420)),
        "start": str(start),
        "end": str(int(flow.at)),
        "action": "ACCEPT" if flow.accepted else "REJECT",
        "log-status": "OK",
        "vpc-id": flow.door.vpc,
        "subnet-id": flow.door.subnet,
        "type": "IPv6" if ":" in flow.source else "IPv4",
        "pkt-srcaddr": source,
        "pkt-dstaddr": target,
        "region": region,
        "flow-direction": "egress" if flow.reply else "ingress",
        "tcp-flags": "2" if not flow.accepted else "3",
    }


def access_log(label: str, sample: Sample, status: int) -> str:
    """Return a request as the access log of an Application Load Balancer has it."""
    moment = datetime.datetime.fromtimestamp(sample.at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    agent = sample.request.header("User-Agent") or "-"
    blocked = status == 403
    host = sample.request.header("Host") or "-"
    asked = f"{sample.request.method} https://{host}:443{sample.request.path} HTTP/1.1"
    return (
        f"https {moment} {label} {sample.request.source}:40000 - -1 -1 -1 {status} - 34 366 "
        f'"{_escaped(asked)}" "{_escaped(agent)}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - "-" "{host}" "-" 0 '
        f'{moment} "{"waf" if blocked else "forward"}" "-" "-" "-" "-" "-" "-" TID_0'
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\x5C").replace('"', "\\x22").encode("unicode_escape").decode()


def put_access_log(clients: Clients, bucket: str, key: str, lines: Sequence[str]) -> None:
    """Write an access log file, compressed as the service does."""
    clients("s3").put_object(Bucket=bucket, Key=key, Body=gzip.compress("\n".join(lines).encode()))
