"""Queries of Logs Insights over events, by the language's guide."""

import json

import pytest

from opsctl.sandbox.engine.insights import answer_query
from opsctl.sandbox.engine.insights_conditions import Malformed
from opsctl.sandbox.engine.insights_fields import Fields, fields_of

WAF = [
    ("BLOCK", "203.0.113.9", "/login"),
    ("ALLOW", "203.0.113.9", "/"),
    ("BLOCK", "203.0.113.200", "/login"),
    ("BLOCK", "2001:db8::7", "/login"),
    ("ALLOW", "198.51.100.7", "/"),
]


def events() -> list[Fields]:
    lines = [
        json.dumps({"action": action, "httpRequest": {"clientIp": ip, "uri": uri, "headers": [{"name": "Host"}]}})
        for action, ip, uri in WAF
    ]
    return [fields_of(line, 1_000_000 + n * 60_000, "s", "1:g", f"p{n}") for n, line in enumerate(lines)]


def rows(query: str) -> list[dict[str, str]]:
    return [{one["field"]: one["value"] for one in row} for row in answer_query(query, events()).shown()]


def test_members_of_json_are_fields_with_dots_and_each_row_has_its_pointer() -> None:
    found = rows(
        'fields @timestamp, httpRequest.clientIp, nothing | filter action = "ALLOW" | sort @timestamp asc'
    )
    assert found == [
        {"@timestamp": "1970-01-01 00:17:40.000", "httpRequest.clientIp": "203.0.113.9", "@ptr": "p1"},
        {"@timestamp": "1970-01-01 00:20:40.000", "httpRequest.clientIp": "198.51.100.7", "@ptr": "p4"},
    ]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('isIpv4InSubnet(httpRequest.clientIp, "203.0.113.0/24")', 3),
        ('isIpv4InSubnet(httpRequest.clientIp, "203.0.113.9/32") and action = "BLOCK"', 1),
        ('isIpv6InSubnet(httpRequest.clientIp, "2001:db8::/64")', 1),
        ('isIpInSubnet(httpRequest.clientIp, "2001:db8::/64")', 1),
        ('isIpv4InSubnet(httpRequest.clientIp, "2001:db8::/64")', 0),
        ('action in ["BLOCK", "COUNT"] and not (httpRequest.uri = "/")', 3),
        ("httpRequest.uri like /log/ or httpRequest.uri = '/'", 5),
        ("ispresent(nothing)", 0),
    ],
)
def test_conditions_hold_for_what_they_say(condition: str, count: int) -> None:
    assert len(rows(f"fields action | filter {condition}")) == count


def test_statistics_are_by_group_and_have_no_pointer() -> None:
    found = rows(
        "stats count(*) as n, min(@timestamp) as first by action, httpRequest.uri | sort n desc | limit 1"
    )
    assert found == [{"action": "BLOCK", "httpRequest.uri": "/login", "n": "3", "first": "1000000"}]


def test_flow_logs_of_the_default_format_have_names_of_their_own_and_others_are_parsed() -> None:
    line = "2 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 443 6 3 180 100 160 REJECT OK"
    event = fields_of(line, 5, "eni-1-all", "1:g", "p")
    assert (event["srcAddr"], event["action"]) == ("203.0.113.9", "REJECT")
    custom = fields_of("203.0.113.9 REJECT 3", 5, "s", "1:g", "p")
    assert "srcAddr" not in custom
    query = 'parse @message "* * *" as src, act, packets | filter act = "REJECT" | stats sum(packets) as n by src'
    assert answer_query(query, [custom, event]).shown()[-1:] == [
        [{"field": "src", "value": "203.0.113.9"}, {"field": "n", "value": "3"}]
    ]


@pytest.mark.parametrize(
    "query",
    ["", "fields", "filter action == 'x'", "filter (a = 1", "stats total(*)", "unnest a", "limit x", "sort a up",
     'filter isIpv4InSubnet(a, "203.0.113.9/99")', 'parse @message "* *" as one'],
)  # fmt: skip
def test_what_is_not_understood_is_malformed(query: str) -> None:
    with pytest.raises(Malformed):
        answer_query(query, events())
