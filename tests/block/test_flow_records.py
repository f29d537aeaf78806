"""VPC flow logs: which are searched for what, and what their records tell."""

import pytest

from opsctl.block.flow_records import (
    DEFAULT_FORMAT,
    fields_of_format,
    parse_flow_logs,
    record_of,
    search_flows,
    text_within,
)
from opsctl.model.networks import parse_network

FIELDS = fields_of_format(DEFAULT_FORMAT)
BAD = parse_network("203.0.113.9")


def line(source: str = "203.0.113.9", target: str = "10.0.0.5", action: str = "REJECT") -> str:
    return f"2 123456789012 eni-1 {source} {target} 40000 443 6 3 180 100 160 {action} OK"


def test_a_record_of_the_default_format_tells_who_was_refused_where_and_when() -> None:
    found = record_of(line(), FIELDS, BAD)
    assert found is not None
    told = (found.interface, found.address, found.accepted, found.reply, found.packets, found.end)
    assert told == ("eni-1", "203.0.113.9", False, False, 3, 160)


def test_a_reply_that_is_stopped_is_a_refusal_and_one_that_goes_out_says_nothing() -> None:
    back = record_of(line("10.0.0.5", "203.0.113.9"), FIELDS, BAD)
    assert back is not None
    assert (back.reply, back.accepted, back.address) == (True, False, "203.0.113.9")
    assert record_of(line("10.0.0.5", "203.0.113.9", "ACCEPT"), FIELDS, BAD) is None


@pytest.mark.parametrize(
    "text",
    ["", "2 - eni-1 - - - - - - - 1 2 - NODATA", line("203.0.113.90"), "x " * 14, line(target="203.0.113.99")],
)
def test_what_is_about_others_or_no_record_is_left_out(text: str) -> None:
    assert record_of(text, FIELDS, parse_network("203.0.113.77")) is None


def test_in_a_format_of_ones_own_the_original_source_comes_first() -> None:
    fields = fields_of_format("${interface-id} ${srcaddr} ${pkt-srcaddr} ${dstaddr} ${action}")
    found = record_of("eni-9 10.0.0.1 203.0.113.9 10.0.0.2 ACCEPT", fields, BAD)
    assert found is not None
    assert (found.address, found.accepted, found.packets) == ("203.0.113.9", True, 0)


@pytest.mark.parametrize(
    ("network", "text"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.0/24", "203.0.113."),
        ("203.0.112.0/20", "203.0."),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8::/64", "2001:db8:"),
        ("2001:db8:0:1::/64", "2001:db8:"),
        ("2001:db8:a:b::/64", "2001:db8:a:b:"),
    ],
)
def test_a_log_is_searched_for_what_every_address_of_a_network_begins_with(network: str, text: str) -> None:
    assert text_within(parse_network(network)) == text
    assert search_flows("g", parse_network(network), 1, 2).params["filterPattern"] == f'"{text}"'


def test_flow_logs_that_go_elsewhere_fail_or_say_too_little_are_told_apart() -> None:
    told = [
        {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "LogGroupName": "g", "LogFormat": DEFAULT_FORMAT},
        {"FlowLogId": "fl-2", "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::b"},
        {"FlowLogId": "fl-3", "LogGroupName": "g", "DeliverLogsStatus": "FAILED", "DeliverLogsErrorMessage": "no"},
        {"FlowLogId": "fl-4", "LogGroupName": "g", "LogFormat": "${srcaddr} ${bytes}"},
        {"FlowLogId": "fl-5", "LogDestinationType": "cloud-watch-logs",
         "LogDestination": "arn:aws:logs:eu-west-1:1:log-group:flows:*", "MaxAggregationInterval": 60},
        {"FlowLogId": "fl-6", "FlowLogStatus": "DELETED"},
    ]  # fmt: skip
    one, s3, failed, bare, by_arn = parse_flow_logs({"FlowLogs": told})
    assert (one.group, one.is_default, one.tells_sources, one.late_s) == ("g", True, True, 900)
    assert (s3.group, s3.elsewhere) == ("", "s3 arn:aws:s3:::b")
    assert (failed.fault, bare.tells_sources, by_arn.group, by_arn.late_s) == ("no", False, "flows", 360)
