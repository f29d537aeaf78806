"""Requests from an address through the sandbox: judged where they arrive, and kept as AWS keeps them.

The way is what the account says of itself, the judgement the sandbox's own: opsctl's topology and walk have no
part in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.attack import Attack, Attacked
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.traffic_network import Doorway, judge
from opsctl.sandbox.engine.traffic_path import Balancer, FrontDoor, Host, arrives_at, balancer
from opsctl.sandbox.engine.traffic_records import (
    Connections,
    Sample,
    access_log,
    flow_lines,
    put_access_log,
    put_lines,
    put_metrics,
    waf_log_line,
)
from opsctl.sandbox.engine.traffic_waf import Evaluator, HttpRequest, WafVerdict

Clients = Callable[[str], Any]

ORIGIN_FACING = "130.176.88.17"
"""An address of CloudFront's origin-facing range: what an origin sees."""
_KEPT = 20_000
"""So many requests are remembered for samples and rates."""


@dataclass
class _Tally:
    passed: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def refuse(self, why: str, count: int) -> None:
        self.refused[why] = self.refused.get(why, 0) + count


def attack(account: str, region: str, clients: Clients, about: Conditions, asked: Attack) -> Attacked:
    """Send the requests, and return what became of them."""
    there = arrives_at(clients, asked.target)
    if there is None:
        return Attacked(arrived=False)
    sending = _Sending(account, region, clients, about, asked)
    headers = [("Host", asked.target), ("User-Agent", asked.agent)]
    headers += [("X-Forwarded-For", asked.forwarded)] if asked.forwarded else []
    request = HttpRequest(asked.address, asked.method, asked.path, tuple(headers), asked.country)
    sending.arrive(there, request, asked.requests)
    del about.requests[:-_KEPT]
    told = sending.tally
    return Attacked(arrived=True, passed=told.passed, refused=sum(told.refused.values()), by=told.refused)


class _Sending:
    """One lot of requests on its way."""

    def __init__(self, account: str, region: str, clients: Clients, about: Conditions, asked: Attack) -> None:
        self.account, self.region, self.clients, self.about, self.asked = account, region, clients, about, asked
        self.at = about.now()
        self.tally = _Tally()

    def arrive(self, there: FrontDoor | Balancer | Host, request: HttpRequest, count: int) -> None:
        """Go on with what arrives at a place."""
        if isinstance(there, FrontDoor):
            self._through_cloudfront(there, request, count)
        elif isinstance(there, Balancer):
            self._through_balancer(there, request, count)
        elif self._through_door(there.door, request.source, count):
            self.tally.passed += count

    def _through_cloudfront(self, there: FrontDoor, request: HttpRequest, count: int) -> None:
        passed = self._through_acl(there.acl, request, count, "CF", there.id) if there.acl else count
        if not passed:
            return
        origin = balancer(self.clients, there.origins[0].lower()) if there.origins else None
        if origin is None:
            self.tally.passed += passed
            return
        known = request.header("X-Forwarded-For")
        chain = f"{known}, {request.source}" if known else request.source
        others = tuple(one for one in request.headers if one[0] != "X-Forwarded-For")
        seen = HttpRequest(
            ORIGIN_FACING, request.method, request.path, (*others, ("X-Forwarded-For", chain)), "US"
        )
        self._through_balancer(origin, seen, passed)

    def _through_balancer(self, there: Balancer, request: HttpRequest, count: int) -> None:
        """Requests are spread over the interfaces as over the addresses that its name has."""
        passed = sum(
            share for door, share in _shares(there.doors, count) if self._through_door(door, request.source, share)
        )
        for door, share in _shares(there.targets, passed):
            if not self._through_door(door, request.source, share):
                passed -= share
        if not passed:
            return
        arn = self._acl_of(there) if there.kind == "application" else ""
        if arn:
            source = f"{self.account}-{there.label}"
            passed = self._through_acl(arn, request, passed, "ALB", source, there)
        elif there.kind == "application":
            plain = Sample(self.at, "", request, WafVerdict("ALLOW", "", ""))
            self._access_log(there, [plain] * passed)
        self.tally.passed += passed

    def _through_door(self, door: Doorway, source: str, count: int) -> bool:
        """Tell whether packets pass an interface, and write its flow logs."""
        if not count:
            return False
        verdict = judge(self.clients, source, door)
        if not verdict.passes:
            self.tally.refuse(verdict.why, count)
        # A reply that is stopped on its way out was let in: ACCEPT in, REJECT out (flow log examples).
        flows = [Connections(self.at, source, door, count, verdict.passes or verdict.outbound)]
        flows += (
            [Connections(self.at, source, door, count, accepted=False, reply=True)] if verdict.outbound else []
        )
        self.about.later(self.about.durations.flow_log, lambda: self._write_flows(door, flows))
        return verdict.passes

    def _write_flows(self, door: Doorway, flows: Sequence[Connections]) -> None:
        for log in self.clients("ec2").describe_flow_logs()["FlowLogs"]:
            if log["ResourceId"] not in (door.interface, door.subnet, door.vpc) or not log.get("LogGroupName"):
                continue
            wanted = [
                one for one in flows if log["TrafficType"] in ("ALL", "ACCEPT" if one.accepted else "REJECT")
            ]
            lines = [
                line for one in wanted for line in flow_lines(log["LogFormat"], self.account, self.region, one)
            ]
            if lines and log.get("DeliverLogsStatus") != "FAILED":
                put_lines(
                    self.clients, log["LogGroupName"], f"{door.interface}-{log['TrafficType'].lower()}", lines
                )

    def _acl_of(self, there: Balancer) -> str:
        found = self.clients("wafv2").get_web_acl_for_resource(ResourceArn=there.arn)
        return str((found.get("WebACL") or {}).get("ARN", ""))

    def _through_acl(
        self, arn: str, request: HttpRequest, count: int, name: str, source: str, there: Balancer | None = None
    ) -> int:
        """Judge each request; returns how many pass."""
        acl = self.clients("wafv2").get_web_acl(ARN=arn)["WebACL"]
        evaluator = Evaluator(acl, lru_cache(self._addresses), self._recent)
        samples = []
        for _ in range(count):
            judged = evaluator.judge(request)
            samples.append(Sample(self.at, arn, request, judged))
            self.about.requests.append(samples[-1])
            if not judged.passes:
                self.tally.refuse(f"web ACL {acl['Name']} rule {judged.rule}", 1)
        self.about.later(
            self.about.durations.waf_metric, lambda: put_metrics(self.account, self.region, acl, samples)
        )
        self._waf_log(arn, samples, name, source)
        if there is not None:
            self._access_log(there, samples)
        return sum(one.judged.passes for one in samples)

    def _addresses(self, arn: str) -> tuple[str, ...]:
        _, _, place = arn.partition(":wafv2:")
        scope, _, name, known = place.split(":")[2].split("/")
        found = self.clients("wafv2").get_ip_set(
            Name=name, Id=known, Scope="CLOUDFRONT" if scope == "global" else "REGIONAL"
        )
        return tuple(found["IPSet"]["Addresses"])

    def _recent(self, source: str, within_s: int) -> int:
        since = self.at - within_s
        return sum(one.request.source == source and one.at >= since for one in self.about.requests)

    def _waf_log(self, arn: str, samples: Sequence[Sample], name: str, source: str) -> None:
        wafv2 = self.clients("wafv2")
        try:
            found = wafv2.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
        except wafv2.exceptions.WAFNonexistentItemException:
            return
        group = found["LogDestinationConfigs"][0].partition(":log-group:")[2].removesuffix(":*")
        if not group:
            return
        place = "cloudfront" if ":global/" in arn else self.region
        stream = f"{place}_{arn.split('/')[2]}_0"
        lines = [(one.at, waf_log_line(one, name, source, number)) for number, one in enumerate(samples)]
        self.about.later(self.about.durations.waf_log, lambda: put_lines(self.clients, group, stream, lines))

    def _access_log(self, there: Balancer, samples: Sequence[Sample]) -> None:
        told = self.clients("elbv2").describe_load_balancer_attributes(LoadBalancerArn=there.arn)["Attributes"]
        attributes: dict[str, Json] = {one["Key"]: one["Value"] for one in told}
        if attributes.get("access_logs.s3.enabled") != "true":
            return
        prefix = f"{attributes['access_logs.s3.prefix']}/" if attributes.get("access_logs.s3.prefix") else ""
        day = self.about.moment().strftime("%Y/%m/%d")
        place = f"{prefix}AWSLogs/{self.account}/elasticloadbalancing/{self.region}/{day}"
        lines = [access_log(there.label, one, 200 if one.judged.passes else 403) for one in samples]
        bucket = attributes["access_logs.s3.bucket"]
        put_access_log(self.clients, bucket, f"{place}/{there.name}_{int(self.at)}.log.gz", lines)


def _shares(doors: Sequence[Doorway], count: int) -> list[tuple[Doorway, int]]:
    return [(door, count // len(doors) + (n < count % len(doors))) for n, door in enumerate(doors)]
