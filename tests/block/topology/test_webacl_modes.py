"""Whether requests certainly meet a rule that counts or challenges before they are let in."""

import pytest

from opsctl.block.topology.webacl import WebAcl, acted_on, parse_ip_set, parse_web_acl
from tests.kit.picture import Picture

ATTACKER = "198.51.100.0/30"


def acl(*rules: tuple[str, str, str], allow: bool = True) -> WebAcl:
    """A web ACL of rules given as name, action and the block that each looks at; no block is no set."""
    picture = Picture()
    raw = []
    for number, (name, action, block) in enumerate(rules):
        statement = (
            {"IPSetReferenceStatement": {"ARN": picture.ip_set(name, block)}}
            if block
            else {"GeoMatchStatement": {"CountryCodes": ["XX"]}}
        )
        raw.append({"Name": name, "Priority": number, "Statement": statement, "Action": {action: {}}})
    made = picture.web_acls[picture.web_acl("edge", *raw, allow=allow)]
    return parse_web_acl({"WebACL": made}, {arn: parse_ip_set(one) for arn, one in picture.ip_sets.items()})


@pytest.mark.parametrize("action", ["Count", "Challenge", "Captcha"])
def test_a_rule_of_the_mode_is_met_when_it_holds_the_whole_block(action: str) -> None:
    assert acted_on(acl(("ours", action, "198.51.100.0/24")), ATTACKER, action.lower())
    assert not acted_on(acl(("ours", action, "198.51.100.0/31")), ATTACKER, action.lower())


def test_a_rule_of_another_mode_is_not_the_one() -> None:
    assert not acted_on(acl(("ours", "Count", "198.51.100.0/24")), ATTACKER, "captcha")


def test_whoever_is_let_in_before_never_meets_it() -> None:
    ours = ("ours", "Count", "198.51.100.0/24")
    assert not acted_on(acl(("partners", "Allow", "198.51.100.0/31"), ours), ATTACKER, "count")
    assert not acted_on(acl(("maybe", "Allow", ""), ours), ATTACKER, "count"), "nobody can tell who that lets in"
    assert acted_on(acl(("others", "Allow", "192.0.2.0/24"), ours), ATTACKER, "count")


def test_whoever_is_blocked_before_does_not_get_in_either() -> None:
    assert acted_on(acl(("scanners", "Block", "198.51.100.0/24")), ATTACKER, "count")
    assert not acted_on(acl(("maybe", "Block", "")), ATTACKER, "count")
