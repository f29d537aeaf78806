"""What an address did: each source over canned answers, queries run by a stand-in for Logs Insights."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from opsctl.block.evidence.cloudtrail_events import CloudTrailEvents
from opsctl.block.evidence.cloudtrail_log_source import CloudTrailLog
from opsctl.block.evidence.flow_log_source import FlowLogs
from opsctl.block.evidence.log_search import InsightsSource, LogTarget, matches
from opsctl.block.evidence.source import AskedAbout
from opsctl.block.evidence.waf_log_source import WafLog
from opsctl.block.evidence.waf_samples_source import WafSamples
from opsctl.block.flow_records import DEFAULT_FORMAT, fields_of_format
from opsctl.model.dossier import Price, SourceReport
from opsctl.model.networks import normal, parse_network
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.insights import answer_query
from opsctl.sandbox.engine.insights_fields import fields_of
from tests.block.evidence.asked_sources import NOW, ask
from tests.kit.canned import ABOUT, Canned, CannedReader, denied, missing

ARN = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/1"
VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
RULE = {"Name": "scanners", "Priority": 1, "VisibilityConfig": VISIBLE | {"MetricName": "scanners"}}
WAF: dict[str, Canned] = {
    "wafv2.ListWebACLs REGIONAL": {"WebACLs": [{"ARN": ARN, "Name": "shop"}]},
    "wafv2.ListWebACLs CLOUDFRONT": {"WebACLs": []},
    "wafv2.GetWebACL": {"WebACL": {"Rules": [RULE], "VisibilityConfig": VISIBLE}},
    "wafv2.GetLoggingConfiguration": {
        "LoggingConfiguration": {
            "LogDestinationConfigs": ["arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-shop"]
        }
    },
}
SIZES: dict[str, Canned] = {
    "cloudwatch.GetMetricStatistics": {"Datapoints": []},
    "logs.DescribeLogGroups": {"logGroups": []},
}
ASKED = AskedAbout(address="203.0.113.9/32", since=NOW - 3600, until=NOW)
HERE = ABOUT.model_copy(update={"now": NOW})


class Searching(CannedReader):
    """A reader that runs queries over lines of a log; `status` is how each ends."""

    def __init__(self, answers: Mapping[str, Canned], lines: list[str], status: str = "Complete") -> None:
        super().__init__(answers)
        self.lines, self.status = lines, status
        self.queries: list[str] = []

    def _answer(self, read: Read) -> Answer:
        if read.api != "logs.StartQuery":
            return super()._answer(read)
        self.queries.append(read.params["queryString"])
        events = [fields_of(line, int(NOW - 60) * 1000, "s", "g", "p") for line in self.lines]
        found = answer_query(read.params["queryString"], events)
        rows = [{one["field"]: one["value"] for one in row} for row in found.shown()]
        told = {"status": self.status, "rows": rows, "scanned": 2_500_000, "matched": found.matched}
        return Answer(value=told)


def searched(
    source: InsightsSource, answers: Mapping[str, Canned], lines: list[str], status: str = "Complete"
) -> tuple[SourceReport, Searching]:
    reader = Searching(answers, lines, status)
    return run_fetching(source.look(ASKED, HERE), reader), reader


def waf_line(action: str, ip: str, uri: str = "/login") -> str:
    request = {"clientIp": ip, "httpMethod": "POST", "uri": uri}
    return json.dumps({"action": action, "terminatingRuleId": "scanners", "httpRequest": request})


def priced(answers: Mapping[str, Canned]) -> Price | SourceReport:
    return run_fetching(WafLog().price(ASKED, HERE), CannedReader(answers))


def test_samples_tell_what_was_refused_and_what_was_let_through() -> None:
    def sampled(read: Read) -> Json:
        action = "BLOCK" if read.params["RuleMetricName"] == "scanners" else "ALLOW"
        request = {"ClientIP": "203.0.113.9", "Method": "GET", "URI": "/\x1b[31m<b>", "Headers": []}
        sample = {"Request": request, "Action": action, "Timestamp": "2026-09-21T14:00:00Z"}
        return {"SampledRequests": [sample], "PopulationSize": 1}

    found, reader = ask(WafSamples(), "203.0.113.9", WAF | {"wafv2.GetSampledRequests": sampled})
    assert (found.looked, found.count) == ("yes", 2)
    assert sorted(one.telling for one in found.found) == [66, 72]
    windows = [one.params["TimeWindow"] for one in reader.made if one.operation == "GetSampledRequests"]
    assert windows == [{"StartTime": int(NOW) - 3600, "EndTime": int(NOW)}] * 2


def test_samples_are_of_three_hours_and_what_may_not_be_read_is_not_empty() -> None:
    asked = ASKED.__class__(address=ASKED.address, since=NOW - 86_400, until=NOW)
    none: Json = {"SampledRequests": [], "PopulationSize": 0}
    answers = WAF | {"wafv2.GetSampledRequests": none}
    found = run_fetching(WafSamples().look(asked, HERE), CannedReader(answers))
    assert (found.looked, "three hours" in found.why, found.found) == ("partly", True, ())
    found, _ = ask(WafSamples(), "203.0.113.9", WAF | {"wafv2.GetSampledRequests": denied("wafv2.x")})
    assert (found.looked, "access denied" in found.why) == ("partly", True)
    refused = {"wafv2.ListWebACLs": denied("wafv2.ListWebACLs")}
    assert ask(WafSamples(), "203.0.113.9", refused)[0].looked == "no"


def test_a_log_of_waf_tells_by_action_and_rule_what_an_address_asked_for() -> None:
    others = [waf_line("ALLOW", "203.0.113.9", "/"), waf_line("BLOCK", "1.1.1.1")]
    lines = [waf_line("BLOCK", "203.0.113.9")] * 3 + others
    found, reader = searched(WafLog(), WAF, lines)
    assert (found.looked, found.count, found.cost) == ("yes", 4, "2.5 MB scanned")
    assert [one.says.split(" at ")[0] for one in found.found] == [
        "3 requests refused (BLOCK)",
        "1 requests let through",
    ]
    assert '= "203.0.113.9"' in reader.queries[0]


def test_of_more_than_is_told_the_number_is_whole_and_the_rest_is_said_to_be_missing() -> None:
    lines = [waf_line("BLOCK", "203.0.113.9", f"/{n}") for n in range(70)]
    found, _ = searched(WafLog(), WAF, lines)
    assert (found.looked, found.count) == ("partly", 70)
    assert "50 most frequent" in found.why


@pytest.mark.parametrize("status", ["Running", "Cancelled", "Timeout", "Failed"])
def test_a_query_that_did_not_come_to_its_end_keeps_what_it_found_and_says_so(status: str) -> None:
    found, _ = searched(WafLog(), WAF, [waf_line("BLOCK", "203.0.113.9")], status)
    assert (found.looked, len(found.found)) == ("partly", 1)
    assert status.lower() in found.why


def test_a_search_has_a_price_before_it_is_made_by_what_came_in_or_the_share_of_what_is_stored() -> None:
    points = {"Datapoints": [{"Sum": 3e9}, {"Sum": 1e9}]}
    price = priced(WAF | SIZES | {"cloudwatch.GetMetricStatistics": points})
    assert isinstance(price, Price)
    assert (price.usd, price.says) == (0.04, "searching about 4.0 GB of aws-waf-logs-shop")
    group = {"logGroupName": "aws-waf-logs-shop", "creationTime": (NOW - 36_000) * 1000, "storedBytes": 10e9}
    price = priced(WAF | SIZES | {"logs.DescribeLogGroups": {"logGroups": [group]}})
    assert isinstance(price, Price)
    assert price.usd == pytest.approx(0.01)


def test_nothing_is_searched_for_nothing_so_that_somebody_has_to_agree() -> None:
    price = priced(WAF | SIZES)
    assert isinstance(price, Price)
    assert price.usd > 0


@pytest.mark.parametrize(
    ("logging", "why"),
    [
        (missing("wafv2.GetLoggingConfiguration", "WAFNonexistentItemException"), "it has none"),
        (
            {"LoggingConfiguration": {"LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-x"]}},
            "arn:aws:s3:::aws-waf",
        ),
        (denied("wafv2.GetLoggingConfiguration"), "access denied"),
    ],
)
def test_a_log_that_cannot_be_searched_is_not_looked_at(logging: Any, why: str) -> None:
    report = priced(WAF | {"wafv2.GetLoggingConfiguration": logging})
    assert isinstance(report, SourceReport)
    assert (report.looked, why in report.why) == ("no", True)


FLOW = {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "LogGroupName": "flows", "LogFormat": DEFAULT_FORMAT}


def test_flow_logs_of_the_default_format_and_of_others_tell_the_same() -> None:
    plain = "2 1 eni-1 203.0.113.9 10.0.0.5 40000 443 6 3 180 100 160 REJECT OK"
    own = "${interface-id} ${srcaddr} ${pkt-srcaddr} ${dstport} ${action}"
    for text, line in ((DEFAULT_FORMAT, plain), (own, "eni-1 10.0.0.1 203.0.113.9 443 REJECT")):
        answers: dict[str, Canned] = {"ec2.DescribeFlowLogs": {"FlowLogs": [FLOW | {"LogFormat": text}]}}
        found, _ = searched(FlowLogs(), answers, [line, line, line.replace("203.0.113.9", "203.0.113.90")])
        assert found.count == 2, text
        assert "2 records of packets rejected" in found.found[0].says
        assert "port 443" in found.found[0].says


def flow_log(group: str) -> Json:
    return FLOW | {"FlowLogId": f"fl-{group}", "LogGroupName": group}


@pytest.mark.parametrize(("groups", "rounds"), [((), 1), (("a",), 2), (("a", "b"), 2), (("a", "b", "c"), 1)])
def test_sizes_of_few_log_groups_are_read_before_the_ways_are_known(groups: tuple[str, ...], rounds: int) -> None:
    known: dict[str, Canned] = {"ec2.DescribeFlowLogs": {"FlowLogs": [flow_log(one) for one in groups]}}
    reader = CannedReader(known | SIZES)
    run_fetching(FlowLogs().ahead(ASKED, HERE), reader)
    assert reader.rounds == rounds
    ahead = {read.key for read in reader.made}
    run_fetching(FlowLogs().price(ASKED, HERE), reader)
    asked = {read.key for read in reader.made}
    assert (asked == ahead) is (len(groups) <= 2), "what is read ahead is what the price asks for"


def test_without_leave_to_read_flow_logs_nothing_more_is_read_ahead() -> None:
    reader = CannedReader({"ec2.DescribeFlowLogs": denied("ec2.DescribeFlowLogs")})
    run_fetching(FlowLogs().ahead(ASKED, HERE), reader)
    assert reader.rounds == 1


def test_what_nobody_pays_for_is_named_without_a_price_and_without_asking_for_sizes() -> None:
    known: dict[str, Canned] = {"ec2.DescribeFlowLogs": {"FlowLogs": [flow_log("a")]}}
    reader = CannedReader(known)
    asked = replace(ASKED, priced=False)
    run_fetching(FlowLogs().ahead(asked, HERE), reader)
    price = run_fetching(FlowLogs().price(asked, HERE), reader)
    assert isinstance(price, Price)
    assert (price.usd, price.says) == (math.inf, "searching a")
    assert reader.apis() == ["ec2.DescribeFlowLogs"]


def test_only_interfaces_by_aws_names_get_into_a_query() -> None:
    target = LogTarget(
        group="g", at="x", fields=fields_of_format(DEFAULT_FORMAT), interfaces=("eni-0a1", 'eni-1"] | limit 1 #')
    )
    query = FlowLogs().query(parse_network("203.0.113.9"), target)
    assert 'interfaceId in ["eni-0a1"]' in query
    assert "limit 1 #" not in query


@pytest.mark.parametrize(
    ("address", "condition"),
    [
        ("203.0.113.9", 'a = "203.0.113.9"'),
        ("203.0.113.0/24", 'isIpv4InSubnet(a, "203.0.113.0/24")'),
        ("2001:DB8::7", 'isIpv6InSubnet(a, "2001:db8::7/128")'),
        ("::ffff:203.0.113.9", 'a = "203.0.113.9"'),
    ],
)
def test_a_condition_is_made_of_a_parsed_network(address: str, condition: str) -> None:
    assert matches("a", parse_network(normal(address))) == condition


def event(ip: str, name: str = "ListUsers", error: str = "") -> Json:
    record = {"sourceIPAddress": ip, "eventSource": "iam.amazonaws.com", "eventName": name, "errorCode": error}
    return {"EventTime": "2026-09-21T14:00:00Z", "Username": "eve", "CloudTrailEvent": json.dumps(record)}


def test_events_are_looked_through_page_by_page_and_no_further_than_agreed() -> None:
    page = {
        "Events": [event("203.0.113.9"), event("iam.amazonaws.com"), event("203.0.113.90")],
        "NextToken": "more",
    }
    found, _ = ask(CloudTrailEvents(), "203.0.113.9", {"cloudtrail.LookupEvents": page})
    assert (found.looked, found.count) == ("partly", 4)
    assert "12 newest events" in found.why
    found, _ = ask(CloudTrailEvents(), "203.0.113.9", {"cloudtrail.LookupEvents": {"Events": [event("x"), {}]}})
    assert (found.looked, found.count, found.found) == ("yes", 0, ())
    found, _ = ask(
        CloudTrailEvents(), "203.0.113.9", {"cloudtrail.LookupEvents": denied("cloudtrail.LookupEvents")}
    )
    assert found.looked == "no"


def test_a_trail_in_cloudwatch_logs_is_searched_and_one_in_s3_or_elsewhere_is_named() -> None:
    trails = [
        {"Name": "main", "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:123456789012:log-group:trail:*"},
        {"Name": "other", "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:999999999999:log-group:trail:*"},
        {"Name": "s3"},
    ]
    record = {"sourceIPAddress": "203.0.113.9", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}
    answers: dict[str, Canned] = {"cloudtrail.DescribeTrails": {"trailList": trails}}
    found, _ = searched(CloudTrailLog(), answers, [json.dumps(record | {"errorCode": "UnauthorizedOperation"})])
    assert (found.looked, found.count) == ("partly", 1)
    assert "ec2.RunInstances UnauthorizedOperation (1)" in found.found[0].says
    assert "account 999999999999" in found.why
