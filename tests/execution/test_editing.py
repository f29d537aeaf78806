"""Edits: only our elements change, in JSON, in lists inside of it, and in JSON that AWS carries as text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.execution.asking import NotThere
from opsctl.execution.editing import request_of, without_spared
from opsctl.model.changes import EditSpec, Element, JsonText
from opsctl.model.errors import OpsctlError
from opsctl.model.networks import normal
from opsctl.model.reads import Read
from opsctl.model.value import Json
from tests.kit.address_blocks import blocks_within

OURS = {"Sid": "Ours", "Effect": "Allow"}
THEIRS = {"Sid": "Theirs", "Effect": "Deny"}
POLICY = JsonText(at="Attributes.Policy", blank={"Version": "2012-10-17"}, void_without="Statement")
GET = Read(service="sqs", operation="GetQueueAttributes")
_BLOCKS = blocks_within("198.51.100.0", 29) | st.just("198.51.100.1")


def edited(policy: str | None, op: str) -> Json:
    element = Element.model_validate({"op": op, "at": "Attributes.Policy.Statement", "value": OURS, "key": "Sid"})
    edit = EditSpec(
        read=GET, carry={"Attributes": "{Policy: Attributes.Policy}"}, texts=(POLICY,), elements=(element,)
    )
    document = {"Attributes": {"QueueArn": "arn"} | ({} if policy is None else {"Policy": policy})}
    return request_of({"QueueUrl": "url"}, edit, document)["Attributes"]["Policy"]


def test_a_json_text_is_begun_where_there_is_none() -> None:
    assert json.loads(edited(None, "add")) == {"Version": "2012-10-17", "Statement": [OURS]}


def test_what_others_put_into_a_json_text_stays() -> None:
    before = {"Version": "2008-10-17", "Id": "old", "Statement": [THEIRS]}
    assert json.loads(edited(json.dumps(before), "add")) == before | {"Statement": [THEIRS, OURS]}
    both = before | {"Statement": [THEIRS, OURS]}
    assert json.loads(edited(json.dumps(both), "remove")) == before


def test_a_single_statement_without_its_list_is_not_taken_apart() -> None:
    """The policy grammar allows it, and AWS gives it back as it was put."""
    before = json.dumps({"Version": "2012-10-17", "Statement": THEIRS})
    assert json.loads(edited(before, "add"))["Statement"] == [THEIRS, OURS]


def test_a_json_text_in_which_nothing_is_left_is_written_as_none() -> None:
    assert edited(json.dumps({"Version": "2012-10-17", "Statement": [OURS]}), "remove") == ""


def test_a_json_text_is_written_without_blanks() -> None:
    """AWS bounds the length of a policy."""
    assert edited(None, "add") == json.dumps({"Version": "2012-10-17", "Statement": [OURS]}, separators=(",", ":"))


@pytest.mark.parametrize("text", ["not json", "[1]", '"text"'])
def test_what_is_no_json_object_is_never_written_over(text: str) -> None:
    with pytest.raises(OpsctlError, match=r"Attributes\.Policy is not the JSON"):
        edited(text, "add")


def target_edit(op: str, targets: list[Json]) -> Json:
    element = Element.model_validate({"op": op, "at": "Targets.0.DeadLetterConfig", "value": {"Arn": "dlq"}})
    edit = EditSpec(read=GET, carry={"Targets": "Targets[?Id=='a']"}, elements=(element,))
    return request_of({"Rule": "r"}, edit, {"Targets": targets})


def test_an_item_of_a_list_is_reached_by_its_number_and_the_document_stays_as_it_was() -> None:
    targets: list[Json] = [{"Id": "b"}, {"Id": "a", "Input": "{}", "DeadLetterConfig": {"Arn": "old"}}]
    wanted = {"Rule": "r", "Targets": [{"Id": "a", "Input": "{}", "DeadLetterConfig": {"Arn": "dlq"}}]}
    assert target_edit("set", targets) == wanted
    assert target_edit("unset", targets) == {"Rule": "r", "Targets": [{"Id": "a", "Input": "{}"}]}
    assert targets[1]["DeadLetterConfig"] == {"Arn": "old"}


def test_a_list_item_that_is_gone_is_not_made_up() -> None:
    with pytest.raises(NotThere):
        target_edit("set", [{"Id": "b"}])


def test_of_a_document_everything_is_carried_that_the_installed_model_takes() -> None:
    """A member that AWS added later (AnalyticsConfig) was lost, because a list of names was carried."""
    edit = EditSpec(read=GET, carry={"Lock": "Token", "Text": "Box.Text || `null`"}, document="Box")
    box = {"Text": "", "New": {"Mode": "ON"}, "Name": "theirs", "ARN": "read only"}
    request = request_of({"Name": "ours"}, edit, {"Box": box, "Token": "t"}, {"Name", "Text", "New", "Lock"})
    assert request == {"Name": "ours", "New": {"Mode": "ON"}, "Lock": "t"}, "a text that is empty is not sent"
    request["New"]["Mode"] = "OFF"
    assert box["New"] == {"Mode": "ON"}, "the document itself is not altered"


def test_a_document_may_be_the_whole_answer() -> None:
    edit = EditSpec(read=GET, carry={}, document="@")
    assert request_of({}, edit, {"State": "ON", "Arn": "read only"}, {"State"}) == {"State": "ON"}


def test_an_item_of_a_list_is_found_by_what_names_it() -> None:
    edit = EditSpec(
        read=GET,
        carry={"Rules": "Rules"},
        elements=(Element(op="set", at="Rules.[Name=b].Priority", value=7),),
    )
    rules = [{"Name": "a", "Priority": 1}, {"Name": "b", "Priority": 2}]
    assert request_of({}, edit, {"Rules": rules})["Rules"] == [rules[0], {"Name": "b", "Priority": 7}]
    with pytest.raises(NotThere, match=r"item \[Name=b\] of Rules\.\[Name=b\]\.Priority"):
        request_of({}, edit, {"Rules": rules[:1]})


def test_what_an_element_is_put_into_is_made_where_it_is_not_there_yet() -> None:
    made = counted_edit({"Other": 1}, Element(op="set", at="Config.New.Deep.Name", value="x"))
    assert made == {"Other": 1, "New": {"Deep": {"Name": "x"}}}
    made = counted_edit({"New": {"Kept": 1}}, Element(op="add", at="Config.New.Deep.Names", value="x"))
    assert made == {"New": {"Kept": 1, "Deep": {"Names": ["x"]}}}


@pytest.mark.parametrize(
    ("at", "missing"),
    [
        ("Config.Text.Name", "Config.Text.Name"),
        ("Config.Text.Deep.Name", "Deep of Config.Text.Deep.Name"),
        ("Config.Names.2.Name", "item 2 of Config.Names.2.Name"),
        ("Config.Names.-1.Name", "item -1 of Config.Names.-1.Name"),
        ("Config.Names.0.Name", "Config.Names.0.Name"),
    ],
)
def test_a_way_through_what_has_no_members_leads_nowhere(at: str, missing: str) -> None:
    before = {"Text": "x", "Names": ["a", "b"]}
    with pytest.raises(NotThere) as told:
        counted_edit(before, Element(op="set", at=at, value=1))
    assert str(told.value) == missing
    assert before == {"Text": "x", "Names": ["a", "b"]}


def test_what_names_an_item_may_have_the_sign_itself() -> None:
    edit = EditSpec(
        read=GET, carry={"Rules": "Rules"}, elements=(Element(op="set", at="Rules.[Name=a=b].Priority", value=7),)
    )
    rules = [{"Name": "a=b", "Priority": 2}]
    assert request_of({}, edit, {"Rules": rules})["Rules"] == [{"Name": "a=b", "Priority": 7}]


def counted_edit(before: Json, *elements: Element) -> Json:
    edit = EditSpec(read=GET, carry={"Config": "Config"}, elements=elements)
    return request_of({}, edit, {"Config": before})["Config"]


def listing(op: Any, value: str) -> Element:
    return Element(op=op, at="Config.Restriction", value=value, counted=True)


@pytest.mark.parametrize(
    ("op", "before", "after"),
    [
        ("add", None, {"Quantity": 1, "Items": ["DE"]}),
        ("add", {"Type": "deny", "Quantity": 0}, {"Type": "deny", "Quantity": 1, "Items": ["DE"]}),
        (
            "add",
            {"Type": "deny", "Quantity": 1, "Items": ["FR"]},
            {"Type": "deny", "Quantity": 2, "Items": ["FR", "DE"]},
        ),
        (
            "add",
            {"Type": "deny", "Quantity": 1, "Items": ["DE"]},
            {"Type": "deny", "Quantity": 1, "Items": ["DE"]},
        ),
        (
            "remove",
            {"Type": "deny", "Quantity": 2, "Items": ["FR", "DE"]},
            {"Type": "deny", "Quantity": 1, "Items": ["FR"]},
        ),
        ("remove", {"Type": "deny", "Quantity": 1, "Items": ["DE"]}, {"Type": "deny", "Quantity": 0}),
    ],
)
def test_a_counted_list_counts_its_items_and_keeps_what_stands_beside_them(
    op: str, before: Json, after: Json
) -> None:
    """CloudFront's lists: `Items` is left out where there are none."""
    config = {} if before is None else {"Restriction": before}
    assert counted_edit(config, listing(op, "DE")) == {"Restriction": after}


@pytest.mark.parametrize(
    ("items", "kind"), [([], "none"), (["DE"], "none"), (["FR"], "deny"), (["FR", "DE"], "deny")]
)
@pytest.mark.parametrize("counted", [True, False])
def test_a_value_may_be_set_only_where_a_list_is_left_empty(items: list[str], kind: str, counted: bool) -> None:
    """The last country that is taken out takes the whole restriction away."""
    countries: Json = {"Quantity": len(items), "Items": items} if counted else items
    at, before = "Config.Countries", {"Countries": countries, "Type": "deny"}
    remove = Element(op="remove", at=at, value="DE", counted=counted)
    after = counted_edit(before, remove, Element(op="set", at="Config.Type", value="none", if_empty=at))
    assert after["Type"] == kind


@pytest.mark.parametrize(
    ("op", "networks", "before", "after"),
    [
        ("add", True, ["203.0.113.9"], ["203.0.113.9"]),
        ("add", False, ["203.0.113.9"], ["203.0.113.9", "203.0.113.9/32"]),
        ("add", True, ["203.0.113.8"], ["203.0.113.8", "203.0.113.9/32"]),
        ("remove", True, ["203.0.113.8", "203.0.113.9"], ["203.0.113.8"]),
        ("remove", False, ["203.0.113.8", "203.0.113.9"], ["203.0.113.8", "203.0.113.9"]),
        ("add", True, [{"Cidr": "x"}], [{"Cidr": "x"}, "203.0.113.9/32"]),
    ],
)
def test_addresses_are_recognised_as_networks_where_they_are_some(
    op: Any, networks: bool, before: list[Json], after: list[Json]
) -> None:
    element = Element(op=op, at="Config.Addresses", value="203.0.113.9/32", networks=networks)
    assert counted_edit({"Addresses": before}, element) == {"Addresses": after}


def test_an_item_is_recognised_by_the_member_that_names_it_also_where_only_the_name_is_given() -> None:
    rules = [{"Name": "a", "Priority": 1}, {"Name": "b", "Priority": 2}, "odd"]
    for value in ({"Name": "a", "Priority": 9}, "a"):
        element = Element(op="remove", at="Config.Rules", value=value, key="Name")
        assert counted_edit({"Rules": rules}, element) == {"Rules": rules[1:]}


def test_what_is_not_there_is_neither_carried_over_nor_taken_away() -> None:
    edit = EditSpec(
        read=GET,
        carry={"Config": "Config", "Nothing": "Nope"},
        elements=(Element(op="unset", at="Config.Gone"),),
    )
    assert request_of({}, edit, {"Config": {"a": 1}}) == {"Config": {"a": 1}}


_ADDRESSES = st.sampled_from(
    ["198.51.100.7", "198.51.100.7/32", "198.51.100.0/24", "2001:DB8::1", "2001:db8::1/128"]
)


@given(st.lists(_ADDRESSES), st.lists(st.tuples(st.sampled_from(["add", "remove"]), _ADDRESSES)), st.booleans())
def test_elements_that_are_applied_together_come_to_what_one_after_the_other_does(
    there: list[str], wanted: list[tuple[str, str]], networks: bool
) -> None:
    elements = [
        Element.model_validate({"op": op, "at": "Addresses", "value": value, "networks": networks})
        for op, value in wanted
    ]
    found: dict[str, Json] = {"Addresses": there}
    for element in elements:
        found = request_of({}, _addresses(element), found)
    assert request_of({}, _addresses(*elements), {"Addresses": there})["Addresses"] == found["Addresses"]


def _addresses(*elements: Element) -> EditSpec:
    return EditSpec(read=GET, carry={"Addresses": "Addresses"}, elements=elements)


@given(st.lists(_BLOCKS, min_size=1, max_size=6), st.lists(_BLOCKS, max_size=6))
def test_what_is_spared_of_many_items_stays(many: list[str], spared: list[str]) -> None:
    element = Element(op="remove", at="Addresses", value=many, networks=True, each=True)
    edit = without_spared(EditSpec(read=GET, carry={"Addresses": "@"}, elements=(element,)), spared)
    left = request_of({}, edit, many)["Addresses"]
    assert {normal(one) for one in left} == {normal(one) for one in many if normal(one) in map(normal, spared)}
