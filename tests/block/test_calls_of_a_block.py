"""How many calls a block takes at one place, as decision 16 says it and no other."""

import re
from pathlib import Path

import pytest

from opsctl.block.actions.nacl_deny import NaclDeny
from opsctl.block.actions.waf_block import WafBlock
from opsctl.block.terms import Term
from opsctl.model.changes import Change
from opsctl.model.value import Json
from tests.block.facts.asking import served
from tests.kit.canned import ABOUT, drive
from tests.kit.picture import Picture

TERM = Term(until="2026-12-02T08:00:00Z", since="2026-12-01T08:00:00Z", by="responder", reason="scan")
DECISION = Path(__file__).parents[2] / "docs/decisions/0016-what-a-block-calls.md"
MANY = [f"45.{number // 250}.{number % 250}.7" for number in range(5_000)]
MANY_6 = [f"2001:db8:{number:x}::7" for number in range(5_000)]


def planned(picture: Picture, balancer: str, addresses: list[str]) -> list[Change]:
    given = {
        "resource": balancer,
        "resource_kind": "alb",
        "scope": "REGIONAL",
        "region": ABOUT.region,
        "why": "it sees it",
    }
    action = WafBlock.model_validate(
        given | {"web_acl": picture.attached.get(balancer, ""), "addresses": addresses, "term": TERM}
    )
    found: list[Change] = drive(action.plan(ABOUT), picture.answers())[0]
    return found


def at(place: str) -> tuple[Picture, str]:
    """A load balancer: without a web ACL, with one of others, or with our rules and sets in it."""
    picture = Picture()
    balancer = served(picture)
    if place == "a web ACL of yours":
        picture.attached[balancer] = picture.web_acl("edge")
    if place == "one that has opsctl's rule":
        sets = {version: picture.ip_set(f"opsctl-block-ipv{version}-edge", "192.0.2.1/32") for version in (4, 6)}
        for version, arn in sets.items():
            picture.ip_sets[arn]["IPAddressVersion"] = f"IPV{version}"
            picture.ip_sets[arn]["Addresses"] = []
        picture.attached[balancer] = picture.web_acl("opsctl-edge", *(_rule(v, arn) for v, arn in sets.items()))
    return picture, balancer


def _rule(version: int, arn: str) -> Json:
    name = f"opsctl-block-ipv{version}"
    statement = {"IPSetReferenceStatement": {"ARN": arn}}
    return {"Name": name, "Priority": version, "Statement": statement, "Action": {"Block": {}}}


def promised() -> dict[tuple[str, str], int]:
    """The table of the decision: calls by place and families."""
    rows = re.findall(r"^\| ([^|]+) \| (\d) \| (\d) \|$", DECISION.read_text(), re.MULTILINE)
    return {(place, family): int(n) for place, one, two in rows for family, n in (("one", one), ("both", two))}


@pytest.mark.parametrize("many", [False, True], ids=["few", "thousands"])
@pytest.mark.parametrize(("place", "families"), sorted(promised()))
def test_a_block_takes_the_calls_that_the_decision_says(place: str, families: str, many: bool) -> None:
    fours, sixes = (MANY, MANY_6) if many else (["203.0.113.9"], ["2001:db8::9"])
    changes = planned(*at(place), fours + (sixes if families == "both" else []))
    assert len(changes) == promised()[place, families], [one.operation for one in changes]


def test_the_table_has_every_place_and_none_with_one_family_takes_more_than_five() -> None:
    places = {place for place, _ in promised()}
    assert places == {"no web ACL", "a web ACL of yours", "one that has opsctl's rule"}
    assert max(calls for (_, families), calls in promised().items() if families == "one") == 5


def test_a_network_acl_takes_one_call_an_address_and_one_for_the_record() -> None:
    picture = Picture()
    served(picture)
    acl = picture.acls[0]["NetworkAclId"]
    action = NaclDeny(network_acl=acl, addresses=("203.0.113.9", "192.0.2.1"), why="it sees it", term=TERM)
    operations = [one.operation for one in drive(action.plan(ABOUT), picture.answers())[0]]
    assert sorted(operations) == ["CreateNetworkAclEntry", "CreateNetworkAclEntry", "CreateTags"]
