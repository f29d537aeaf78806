"""One look at a block at work, over answers in AWS's shapes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.block.flow_records import DEFAULT_FORMAT, FlowLog, fields_of_format
from opsctl.block.request_samples import SampledRule, sampled_rules
from opsctl.block.watch_places import FlowPlace, WafPlace, WatchPlaces, waf_places
from opsctl.block.watching import Look, look, metric_of
from opsctl.model.networks import parse_network
from opsctl.model.reads import Read
from opsctl.model.value import Json
from tests.kit.canned import Canned, denied, drive, missing

T0 = 1_790_000_000.0
ARN = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/1"
OURS = SampledRule(name="opsctl-block-ipv4", metric="ours", sampled=True, counted=True)
DEFAULT = SampledRule(name="Default_Action", metric="Default_Action", sampled=True, counted=True)
WAF = WafPlace(arn=ARN, name="shop", at="shop-alb", metric="shop", rules=(OURS, DEFAULT))
LOG = FlowLog(id="fl-1", resource="vpc-1", traffic="ALL", group="flows", fields=fields_of_format(DEFAULT_FORMAT))
FLOWS = FlowPlace(log=LOG, at="shop-alb", interfaces=("eni-1",), denied=True)
NONE = {"SampledRequests": [], "PopulationSize": 0}


def moment(at: float) -> str:
    return datetime.fromtimestamp(T0 + at, UTC).isoformat()


def sample(at: float, action: str = "BLOCK", ip: str = "203.0.113.9", uri: str = "/login", **headers: str) -> Json:
    told = [{"Name": name.replace("_", "-"), "Value": value} for name, value in headers.items()]
    request = {"ClientIP": ip, "Method": "GET", "URI": uri, "Headers": told}
    return {"Timestamp": moment(at), "Action": action, "Request": request, "Weight": 1}


def samples(*found: Json, population: int = 0) -> Json:
    return {"SampledRequests": list(found), "PopulationSize": population or len(found)}


def looked(places: WatchPlaces, answers: dict[str, Canned], *addresses: str, seconds: float = 90) -> Look:
    base: dict[str, Canned] = {
        "wafv2.GetSampledRequests": NONE,
        "cloudwatch.GetMetricStatistics": {"Datapoints": []},
        "logs.FilterLogEvents": {"events": []},
    }
    networks = [parse_network(one) for one in addresses or ("203.0.113.9",)]
    return drive(look(places, networks, T0, T0 + seconds), base | answers)[0]


def flow(end: float, action: str, source: str = "203.0.113.9", eni: str = "eni-1", start: float = 0) -> Json:
    span = f"{int(T0 + (start or end - 50))} {int(T0 + end)}"
    return {"message": f"2 123456789012 {eni} {source} 10.0.0.5 40000 443 6 3 180 {span} {action} OK"}


def test_refused_requests_are_counted_with_their_times_and_what_they_asked_for() -> None:
    told = samples(sample(5), sample(9), sample(7, ip="198.51.100.1"))
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests ours": told}).seen
    assert (seen.refused, seen.passed, seen.estimated, seen.examples) == (2, 0, False, ("GET /login",))
    assert (seen.first, seen.last) == ("2026-09-21T14:13:25Z", "2026-09-21T14:13:29Z")


def test_of_more_than_can_be_sampled_the_number_is_worked_out_and_said_to_be() -> None:
    told = samples(
        *[sample(n) for n in range(30)], *[sample(n, ip="198.51.100.1") for n in range(20)], population=500
    )
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests ours": told}).seen
    assert (seen.refused, seen.estimated) == (300, True)


def test_a_sample_without_the_address_is_not_nothing_where_it_is_not_all() -> None:
    told = samples(sample(1, ip="198.51.100.1"), population=5000)
    found = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests ours": told})
    assert found.seen == ()
    assert "sample of 1 of 5,000" in found.unwatched[0].why


@pytest.mark.parametrize(
    ("refused", "passed", "late"),
    [([20, 30], [1, 2], 0), ([20], [61, 62], 2), ([], [3], 1), ([10], [12, 13], 2), ([70], [65], 1)],
)
def test_what_passes_after_the_block_had_time_to_spread_passes_still(
    refused: list[float], passed: list[float], late: int
) -> None:
    told = samples(*map(sample, refused), *(sample(at, "ALLOW") for at in passed))
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests Default_Action": told}).seen
    assert (seen.passed, seen.passed_late) == (len(passed), late)


def test_a_challenge_refuses_and_a_count_does_not() -> None:
    told = samples(sample(1, "CAPTCHA"), sample(2, "CHALLENGE"), sample(3, "COUNT"))
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests ours": told}).seen
    assert (seen.refused, seen.counted, seen.passed) == (2, 1, 0)


def test_ipv6_blocks_are_found_by_their_network_and_families_never_mix() -> None:
    told = samples(sample(1, ip="2001:db8::1:7"), sample(2, ip="2001:db9::7"), sample(3, ip="not an address"))
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), {"wafv2.GetSampledRequests ours": told}, "2001:db8::/64").seen
    assert seen.refused == 1


def test_behind_a_proxy_a_request_is_whose_address_stands_where_our_rule_looks() -> None:
    rule = OURS.model_copy(update={"headers": ("cf-connecting-ip",)})
    place = WAF.model_copy(update={"rules": (rule, DEFAULT)})
    by_header = sample(1, ip="172.64.0.1", CF_Connecting_IP="203.0.113.9")
    forged = sample(2, ip="172.64.0.1", X_Forwarded_For="203.0.113.9")
    told: dict[str, Canned] = {"wafv2.GetSampledRequests ours": samples(by_header, forged)}
    (seen,) = looked(WatchPlaces(wafs=(place,)), told).seen
    assert seen.refused == 1
    assert looked(WatchPlaces(wafs=(WAF,)), told).seen == ()


def test_a_rule_is_known_by_the_headers_it_looks_addresses_up_in_however_deep() -> None:
    config = {"HeaderName": "X-Forwarded-For", "Position": "ANY", "FallbackBehavior": "NO_MATCH"}
    reference = {"IPSetReferenceStatement": {"ARN": "a", "IPSetForwardedIPConfig": config}}
    visibility = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    inner = {
        "AndStatement": {"Statements": [{"NotStatement": {"Statement": reference}}, {"GeoMatchStatement": {}}]}
    }
    rule = {"Name": "r", "Statement": {"OrStatement": {"Statements": [inner]}}, "VisibilityConfig": visibility}
    found = sampled_rules({"WebACL": {"Rules": [rule], "VisibilityConfig": visibility}})
    assert [one.headers for one in found] == [("x-forwarded-for",), ()]


def test_of_many_rules_ours_and_the_default_are_asked_first_and_the_others_named() -> None:
    others = tuple(SampledRule(name=f"r{n}", metric=f"r{n}", sampled=True, counted=False) for n in range(40))
    place = WAF.model_copy(update={"rules": (*others, OURS, DEFAULT)})
    told: dict[str, Canned] = {"wafv2.GetSampledRequests ours": samples(sample(1))}
    found = looked(WatchPlaces(wafs=(place,)), told)
    assert [one.refused for one in found.seen] == [1]
    assert found.unwatched[0].what == "samples of 17 more rules of web ACL shop"


@pytest.mark.parametrize("known", ["shop", "ALL"])
def test_what_no_rule_ended_is_asked_for_by_other_names_where_waf_has_not_that_one(known: str) -> None:
    unknown = missing("wafv2.GetSampledRequests", "WAFNonexistentItemException")
    told: dict[str, Canned] = {f"wafv2.GetSampledRequests {name}": unknown for name in ("Default_Action", "shop")}
    told[f"wafv2.GetSampledRequests {known}"] = samples(sample(70, "ALLOW"), sample(71, "ALLOW"))
    found = looked(WatchPlaces(wafs=(WAF,)), told)
    assert ([one.passed_late for one in found.seen], found.unwatched) == ([2], ())


def test_among_all_only_what_was_let_through_is_taken() -> None:
    unknown = missing("wafv2.GetSampledRequests", "WAFNonexistentItemException")
    told: dict[str, Canned] = {f"wafv2.GetSampledRequests {name}": unknown for name in ("Default_Action", "shop")}
    told["wafv2.GetSampledRequests ALL"] = samples(sample(1), sample(2, "ALLOW"), sample(3))
    (seen,) = looked(WatchPlaces(wafs=(WAF,)), told).seen
    assert (seen.refused, seen.passed) == (0, 1)
    nobody: dict[str, Canned] = {"wafv2.GetSampledRequests": unknown, "wafv2.GetSampledRequests ours": samples()}
    (dark,) = looked(WatchPlaces(wafs=(WAF,)), nobody).unwatched
    assert dark.what == "samples of the default action of web ACL shop"


def test_our_rules_are_counted_by_cloudwatch_with_aws_dimensions() -> None:
    asked: list[Read] = []

    def points(read: Read) -> Json:
        asked.append(read)
        return {"Datapoints": [{"Sum": 200.0}, {"Sum": 12.0}]}

    found = looked(WatchPlaces(wafs=(WAF,)), {"cloudwatch.GetMetricStatistics": points})
    assert [(one.rule, one.metric, one.value) for one in found.counted] == [
        ("opsctl-block-ipv4", "BlockedRequests", 212)
    ]
    pairs = {(one["Name"], one["Value"]) for one in asked[0].params["Dimensions"]}
    assert pairs == {("WebACL", "shop"), ("Rule", "ours"), ("Region", "eu-west-1")}
    assert [metric_of(f"opsctl-{mode}-ipv6") for mode in ("captcha", "count", "block")] == [
        "CaptchaRequests",
        "CountedRequests",
        "BlockedRequests",
    ]


def test_for_cloudfront_it_is_asked_in_its_region_and_the_region_is_no_dimension() -> None:
    asked: list[Read] = []
    arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"

    def points(read: Read) -> Json:
        asked.append(read)
        return {"Datapoints": []}

    looked(WatchPlaces(wafs=(WAF.model_copy(update={"arn": arn}),)), {"cloudwatch.GetMetricStatistics": points})
    assert asked[0].region == "us-east-1"
    assert {one["Name"] for one in asked[0].params["Dimensions"]} == {"WebACL", "Rule"}


def test_rejects_are_counted_at_the_interfaces_of_the_place_alone() -> None:
    told = {"events": [flow(30, "REJECT"), flow(40, "REJECT", eni="eni-2"), flow(50, "REJECT", "203.0.113.90")]}
    (seen,) = looked(WatchPlaces(flows=(FLOWS,)), {"logs.FilterLogEvents": told}).seen
    assert (seen.refused, seen.unit, seen.at) == (1, "connections", "shop-alb")
    assert "does not say which" in seen.note


def test_an_accept_passes_still_only_where_a_network_acl_denies_and_packets_began_after_that() -> None:
    early, late = flow(70, "ACCEPT", start=20), flow(90, "ACCEPT", start=65)
    told: dict[str, Canned] = {"logs.FilterLogEvents": {"events": [early, late]}}
    (seen,) = looked(WatchPlaces(flows=(FLOWS,)), told).seen
    assert (seen.passed, seen.passed_late) == (2, 1)
    open_place = FLOWS.model_copy(update={"denied": False})
    assert looked(WatchPlaces(flows=(open_place,)), told).seen == ()


def test_what_is_refused_or_too_much_is_told_and_the_rest_is_kept() -> None:
    place = WAF.model_copy(update={"group": "aws-waf-logs-shop"})
    answers: dict[str, Canned] = {
        "wafv2.GetSampledRequests ours": samples(sample(1)),
        "wafv2.GetSampledRequests Default_Action": denied("wafv2.GetSampledRequests"),
        "cloudwatch.GetMetricStatistics": denied("cloudwatch.GetMetricStatistics"),
        "logs.FilterLogEvents": {"events": [], "nextToken": "on and on"},
    }
    found = looked(WatchPlaces(wafs=(place,)), answers)
    assert [one.refused for one in found.seen] == [1]
    told = {one.what: one.why for one in found.unwatched}
    assert len(told) == 3
    assert "more than 0 lines" in told["log aws-waf-logs-shop of web ACL shop"]


def test_lines_of_the_log_that_are_no_requests_are_left_out() -> None:
    place = WAF.model_copy(update={"group": "aws-waf-logs-shop"})
    good: dict[str, Any] = {"action": "BLOCK", "httpRequest": {"clientIp": "203.0.113.9", "uri": "/x" * 900}}
    lines = [
        json.dumps(good),
        "203.0.113.9",
        "[]",
        json.dumps({"httpRequest": "203.0.113.9"}),
        '{"a": 203.0.113.9',
    ]
    events = [{"timestamp": int(T0 * 1000) + n, "message": text} for n, text in enumerate(lines)]
    (seen,) = looked(WatchPlaces(wafs=(place,)), {"logs.FilterLogEvents": {"events": events}}).seen
    assert (seen.source, seen.refused) == ("log", 1)
    assert len(seen.examples[0]) < 130


def test_a_web_acl_that_keeps_no_samples_or_logs_elsewhere_says_so() -> None:
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": "shop"}
    acl = {"WebACL": {"Rules": [], "VisibilityConfig": visibility}}
    bucket = "arn:aws:s3:::aws-waf-logs-shop"
    logging = {"LoggingConfiguration": {"LogDestinationConfigs": [bucket]}}
    answers: dict[str, Canned] = {"wafv2.GetWebACL": acl, "wafv2.GetLoggingConfiguration": logging}
    (places, unwatched), _ = drive(waf_places({ARN: "shop-alb"}), answers)
    assert (places[0].group, places[0].elsewhere) == ("", bucket)
    assert "SampledRequestsEnabled is false for Default_Action" in unwatched[0].why
    answers["wafv2.GetLoggingConfiguration"] = missing(
        "wafv2.GetLoggingConfiguration", "WAFNonexistentItemException"
    )
    (places, _), _ = drive(waf_places({ARN: "shop-alb"}), answers)
    assert (places[0].elsewhere, places[0].unread) == ("", ())
