"""The lists that people have at hand, taken as they are or refused by line."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.planning.address_text import MOST_FAULTS, addresses_in, bare

BOTH = ("203.0.113.0/25", "198.51.100.7/32")


def faults(text: str, column: str = "") -> list[tuple[int, str]]:
    """Line and summary of every fault."""
    with pytest.raises(InvalidInput) as caught:
        addresses_in(text, "list", column)
    return [(one.where.line, one.summary) for one in caught.value.diagnostics]


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.0/25\n198.51.100.7\n",
        "\ufeff203.0.113.0/25\r\n198.51.100.7".removeprefix("\ufeff"),
        "; Spamhaus DROP List (c)\n203.0.113.0/25 ; SBL000001\n198.51.100.7/32 ; SBL000002\r\n; EOF\n",
        "# mine\n203.0.113.0/25 # office, old\n\n198.51.100.7#new\n203.0.113.0/25\n",
        "203.0.113.0/25,\n198.51.100.7,\n",
        "client,requests\n203.0.113.0/25,120\n198.51.100.7,90\n",
        "203.0.113.0/25\t120\n198.51.100.7\t90\n",
        '"203.0.113.0/25","one, two"\n"198.51.100.7","three"\n',
        "203.0.113.0/25\n198.51.100.7:41234\n",
        '["203.0.113.0/25", "198.51.100.7"]',
        '[\n  "203.0.113.0/25",\n  "198.51.100.7"\n]\n',
        '{"cidr":"203.0.113.0/25","sblid":"SBL1"}\n{"cidr":"198.51.100.7/32"}\n{"type":"metadata","records":2}\n',
        '[{"ip_prefix": "203.0.113.0/25", "region": "GLOBAL"}, {"ip_prefix": "198.51.100.7/32"}]',
    ],
    ids=[
        *("plain", "carriage-returns", "drop", "comments", "trailing-commas", "csv", "tabs", "quoted", "ports"),
        *("json", "json-lines-of-one-list", "spamhaus-lines", "aws-prefixes-alone"),
    ],
)
def test_a_list_is_taken_as_it_is(text: str) -> None:
    assert addresses_in(text, "list") == BOTH


def test_aws_ip_ranges_have_both_families() -> None:
    document = {
        "syncToken": "1",
        "prefixes": [{"ip_prefix": "203.0.113.0/25", "region": "eu-west-1", "service": "EC2"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/48", "region": "eu-west-1", "service": "EC2"}],
    }
    assert addresses_in(json.dumps(document), "list") == ("203.0.113.0/25", "2001:db8::/48")


def test_cloudflares_answer_has_both_families() -> None:
    document = {
        "result": {"ipv4_cidrs": ["203.0.113.0/25"], "ipv6_cidrs": ["2001:db8::/48"], "etag": "x"},
        "success": True,
        "errors": [],
    }
    assert addresses_in(json.dumps(document), "list") == ("203.0.113.0/25", "2001:db8::/48")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("when,Client IP,n\n1,203.0.113.0/25,2\n2,198.51.100.7:443,3\n", "client ip"),
        ("when,client,n\n1,203.0.113.0/25,2\n2,198.51.100.7,3\n", "2"),
        ("1,203.0.113.0/25,2\n2,198.51.100.7,3\n", "2"),
        ("when;client\n1;203.0.113.0/25\n2;198.51.100.7\n", "client"),
        ("src\tdst\n203.0.113.0/25\t10.0.0.1\n198.51.100.7\t10.0.0.1\n", "src"),
        ('{"client": "203.0.113.0/25", "n": 1}\n{"client": "198.51.100.7", "n": 2}\n', "client"),
        ('[{"client": "203.0.113.0/25"}, {"client": "198.51.100.7"}]', "client"),
    ],
)
def test_a_column_says_where_the_address_is(text: str, column: str) -> None:
    assert addresses_in(text, "list", column) == BOTH


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("203.0.113.9:41234", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.9:99999", "203.0.113.9:99999"),
        ('"203.0.113.9"', "203.0.113.9"),
    ],
)
def test_a_port_is_not_part_of_an_address(word: str, address: str) -> None:
    assert bare(word) == address


def test_every_fault_is_told_with_its_line() -> None:
    text = "203.0.113.9\nnonsense\n\n203.0.113.1-203.0.113.9\n010.1.2.3\n"
    assert [line for line, _ in faults(text)] == [2, 4, 5]
    assert "'nonsense' is not an IP address" in faults(text)[0][1]


@pytest.mark.parametrize(
    ("text", "column", "line", "words"),
    [
        ("203.0.113.9,10.0.0.1,3\n", "", 1, "2 addresses on a line"),
        ("203.0.113.9 198.51.100.7\n", "", 1, "is not an IP address"),
        ("a,b\n1,2\n", "c", 1, "there is no column 'c'"),
        ("a,b\n203.0.113.9,2\n3\n", "b", 2, "'2' is not an IP address"),
        ("ip,n\n203.0.113.9,2\n,3\n", "ip", 3, "the line has no column ip"),
        ('{"what": 1}', "", 0, "no addresses in a known place"),
        ('["203.0.113.9", 7]', "", 0, "item 2 of the JSON list has no address"),
        ('{"cidr":"203.0.113.9"}\n{"cidr":\n', "", 2, "not a JSON object"),
        ('[\n "203.0.113.9",\n oops\n]', "", 3, "not JSON: Expecting value"),
        ("# nothing\n", "", 0, "it contains no address"),
        ("[]", "", 0, "it contains no address"),
        ("x" * 200_000 + ",1", "", 1, "is not an IP address"),
        ("[" * 100_000, "", 0, "nested too deeply"),
    ],
)
def test_what_is_no_list_of_addresses_is_refused_where_it_is_not(
    text: str, column: str, line: int, words: str
) -> None:
    assert any(one == line and words in said for one, said in faults(text, column)), faults(text, column)


def test_a_file_of_nothing_but_faults_is_given_up_early() -> None:
    assert len(faults("nonsense\n" * (MOST_FAULTS * 3))) == MOST_FAULTS


@given(st.text(max_size=200), st.sampled_from(["", "1", "3", "ip", "\u00b2"]))
def test_any_text_is_addresses_or_faults_and_never_a_crash(text: str, column: str) -> None:
    found: tuple[str, ...] = ()
    with suppress(InvalidInput):
        found = addresses_in(text, "list", column)
    assert all(normal(one) == one for one in found)
