"""`route53.record`: what it points where, what it never takes over, and how it is undone."""

import pytest

from opsctl.model.changes import Change, Instruction
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json
from opsctl.resources.actions.route53_record import Route53Record
from tests.kit.canned import ABOUT, Canned, drive

ASKED = {"zone": "Z1", "record": "DB.corp.internal", "vpc": "vpc-1", "address": "10.0.0.7", "why": "clients"}
ZONE = {"HostedZone": {"Name": "corp.internal.", "Config": {"PrivateZone": True}}, "VPCs": [{"VPCId": "vpc-1"}]}
NAME = "db.corp.internal."


def a_record(*addresses: str, **more: Json) -> Json:
    return {
        "Name": NAME,
        "Type": "A",
        "TTL": 300,
        "ResourceRecords": [{"Value": one} for one in addresses],
        **more,
    }


def planned(*records: Json, zone: Canned = ZONE, **other: str) -> list[Change]:
    answers = {"route53.GetHostedZone": zone, "route53.ListResourceRecordSets": {"ResourceRecordSets": [*records]}}
    return drive(Route53Record(**{**ASKED, **other}).plan(ABOUT), answers)[0]


def changed(instruction: object) -> tuple[str, Json]:
    assert isinstance(instruction, Instruction)
    (one,) = instruction.params["ChangeBatch"]["Changes"]
    return one["Action"], one["ResourceRecordSet"]


@pytest.mark.parametrize(
    "next_one", [[], [{"Name": NAME, "Type": "AAAA"}], [{"Name": "e.corp.internal.", "Type": "A"}]]
)
def test_a_name_without_an_address_gets_one_and_undo_deletes_it(next_one: list[Json]) -> None:
    (change,) = planned(*next_one)
    wanted = a_record("10.0.0.7") | {"TTL": 30}
    assert changed(change) == ("UPSERT", wanted)
    assert changed(change.undo) == ("DELETE", wanted)


def test_a_name_with_another_address_gets_its_old_one_back_unless_somebody_moved_it() -> None:
    (change,) = planned(a_record("10.0.0.1"))
    assert changed(change)[0] == "UPSERT"
    assert changed(change.undo) == ("UPSERT", a_record("10.0.0.1"))
    assert [check.value for check in change.undo_only_if] == [["10.0.0.7"]]
    assert [check.value for check in change.expect] == [["10.0.0.1"]]
    assert "10.0.0.1 now" in change.risk.note


def test_a_name_that_has_the_address_gives_no_change() -> None:
    assert planned(a_record("10.0.0.7")) == []


@pytest.mark.parametrize(
    "taken",
    [
        {"Name": NAME, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "other."}]},
        {"Name": NAME, "Type": "A", "AliasTarget": {"DNSName": "alb."}},
        a_record("10.0.0.1", SetIdentifier="blue", Weight=1),
        a_record("10.0.0.1", "10.0.0.2"),
    ],
)
def test_a_name_that_means_more_than_one_address_is_never_taken_over(taken: Json) -> None:
    with pytest.raises(RefusedByGuard, match=NAME):
        planned(taken)


@pytest.mark.parametrize(
    ("zone", "record", "says"),
    [
        (ZONE | {"HostedZone": {"Name": "corp.internal.", "Config": {}}}, NAME, "is public"),
        (ZONE | {"VPCs": [{"VPCId": "vpc-2"}]}, NAME, "is not associated with vpc-1"),
        (ZONE, "db.corp.example", "is not in hosted zone Z1"),
        (ZONE, "dbcorp.internal", "is not in hosted zone Z1"),
        (
            Refusal(kind=RefusalKind.MISSING, code="NoSuchHostedZone", message="", api="route53.GetHostedZone"),
            NAME,
            "there is no hosted zone Z1",
        ),
    ],
)
def test_a_zone_that_cannot_answer_for_the_name_is_one_clear_line(zone: Canned, record: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        planned(zone=zone, record=record)
