"""What a check makes of the account: above all, when it must not be taken for held."""

import pytest

from opsctl.execution.asking import Asking, NotThere, holds
from opsctl.model.changes import Check, Proof, Query
from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.references import reference
from opsctl.model.value import Json
from tests.kit.box_plans import get_box
from tests.kit.ports import Box, refusal

BOX = {"b": {"Items": ["x"], "Lock": 1}, "none": {"Items": [], "Lock": 1}}
OUTPUTS = {
    "make.items": Query(read=get_box("b"), query="Items"),
    "make.gone": Query(read=get_box("c"), query="Items"),
}
NOWHERE = reference("other", "name")
GONE = reference("make", "gone")


def check(
    op: str, value: Json = None, *, box: object = "b", query: str = "Items", networks: bool = False
) -> Check:
    return Check.model_validate(
        {"read": get_box(box), "query": query, "op": op, "value": value, "networks": networks, "says": "it is so"}
    )


def held(one: Check, boxes: Json = None) -> bool:
    return Asking(Box(boxes or BOX), OUTPUTS).judge(one).held


def test_lacks_holds_as_soon_as_one_of_them_is_not_there() -> None:
    boxes = {"b": {"Items": ["198.51.100.7", "198.51.100.8/32"], "Lock": 1}}
    for wanted, lacking in (
        (["198.51.100.7/32"], False),
        (["198.51.100.7/32", "198.51.100.9"], True),
        ([], False),
    ):
        assert held(check("lacks", wanted, networks=True), boxes) == lacking


@pytest.mark.parametrize("nowhere", [NOWHERE, GONE])
@pytest.mark.parametrize("op", ["equals", "contains", "excludes", "within"])
def test_a_comparison_with_what_does_not_exist_never_holds(op: str, nowhere: Json) -> None:
    for value in (nowhere, [nowhere], {"a": nowhere}):
        for box in ("b", "none", "missing"):
            assert not held(check(op, value, box=box))


@pytest.mark.parametrize("box", [NOWHERE, GONE, "missing"])
def test_what_does_not_exist_has_nothing_in_it(box: Json) -> None:
    told = {
        op: held(check(op, value, box=box))
        for op, value in (("empty", None), ("excludes", ["x"]), ("present", None), ("contains", ["x"]))
    }
    assert told == {"empty": True, "excludes": True, "present": False, "contains": False}
    assert not held(check("equals", ["x"], box=box))


def test_a_reference_is_answered_by_its_read() -> None:
    asking = Asking(Box(BOX), OUTPUTS)
    assert asking.resolve({"a": [reference("make", "items")]}) == {"a": [["x"]]}
    for nowhere in (NOWHERE, GONE):
        with pytest.raises(NotThere):
            asking.resolve({"a": [nowhere]})


@pytest.mark.parametrize("op", ["contains", "excludes"])
def test_a_reference_to_an_empty_list_says_nothing_and_does_not_hold(op: str) -> None:
    outputs = {"make.items": Query(read=get_box("none"), query="Items")}
    assert not Asking(Box(BOX), outputs).judge(check(op, reference("make", "items"))).held


def test_a_read_that_is_refused_is_no_answer() -> None:
    class Denied(Box):
        def read(self, read: Read) -> Answer:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))

    for op in ("empty", "excludes", "equals"):
        with pytest.raises(AwsRefused):
            Asking(Denied(), {}).judge(check(op, ["x"]))


@pytest.mark.parametrize(
    ("op", "wanted", "found", "so"),
    [
        ("equals", {"a": ["1"]}, {"a": ["1"]}, True),
        ("equals", {"a": ["1"]}, {"a": ["2"]}, False),
        ("equals", {"a": "1"}, {"a": "1", "b": "2"}, False),
        ("equals", {"a": "1", "b": "2"}, {"a": "1"}, False),
        ("equals", ["1", "2"], ["1"], False),
        ("equals", ["1", "2"], ["1", "3"], False),
        ("equals", ["1", "2"], ["2", "1"], False),
        ("equals", ["1"], "1", False),
        ("equals", 1, "1", False),
        ("contains", ["1", "2"], ["2", "1", "3"], True),
        ("contains", ["1", "2"], ["1", "3"], False),
        ("contains", "1", ["1"], True),
        ("contains", ["1"], "1", False),
        ("contains", ["1"], None, False),
        ("excludes", ["1", "2"], ["3"], True),
        ("excludes", ["1", "2"], ["3", "2"], False),
        ("excludes", ["1"], None, True),
        ("meets", ["1", "2"], ["2", "3"], True),
        ("meets", ["1"], ["2"], False),
        ("meets", [], ["1"], False),
        ("within", ["1", "2"], ["1"], True),
        ("within", ["1"], ["1", "2"], False),
        ("within", [], ["1"], False),
        ("within", ["1"], [], True),
        ("empty", None, [], True),
        ("empty", None, {}, True),
        ("empty", None, "", True),
        ("empty", None, ["1"], False),
        ("empty", None, 0, False),
        ("empty", None, False, False),
        ("present", None, 0, True),
        ("present", None, [], False),
    ],
)
def test_a_comparison_says_what_it_says(op: str, wanted: Json, found: Json, so: bool) -> None:
    assert holds(check(op, wanted), wanted, found) is so


@pytest.mark.parametrize("op", ["equals", "contains", "within"])
def test_networks_are_compared_as_networks_at_any_depth(op: str) -> None:
    wanted, found = ["2001:DB8::/32", "203.0.113.9/32"], ["2001:db8::/32", "203.0.113.9"]
    assert holds(check(op, wanted, networks=True), wanted, found)
    assert not holds(check(op, wanted), wanted, found)
    deep = check("equals", {"Block": wanted}, networks=True)
    assert holds(deep, {"Block": wanted}, {"Block": found})
    assert not holds(deep, {"Block": wanted}, {"Block": ["2001:db8::/32", "203.0.113.8"]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", ["1"]),
        ("203.0.113.9", ["203.0.113.9"]),
        ("1", {"1": 1}),
        (["1"], {"1": "1"}),
        (["1"], {"0": "1"}),
        ([], {}),
        ("", None),
        (1, "1"),
    ],
)
@pytest.mark.parametrize("networks", [True, False])
def test_values_of_different_kinds_are_never_equal(one: Json, other: Json, networks: bool) -> None:
    for wanted, found in ((one, other), (other, one), ([one], [other]), ({"a": one}, {"a": other})):
        assert not holds(check("equals", wanted, networks=networks), wanted, found)


def test_a_check_tells_what_was_wanted_and_what_was_found() -> None:
    asking = Asking(Box(BOX), OUTPUTS)
    wanted = {"empty": "nothing", "present": "something", "equals": ["y"], "contains": ["y"]}
    for op, told in wanted.items():
        result = asking.judge(check(op, ["y"]))
        assert (result.expected, result.found, result.says) == (told, ["x"], "it is so")
    assert asking.judge(check("equals", reference("make", "items"))).expected == ["x"]
    nowhere = asking.judge(check("equals", NOWHERE, box=NOWHERE))
    assert (nowhere.expected, nowhere.found) == (NOWHERE, None)
    assert asking.judge(check("equals", ["x"], box="missing")).found is None


def test_a_query_that_the_answer_cannot_be_put_to_is_told_and_not_taken_for_nothing_found() -> None:
    for op in ("empty", "excludes"):
        with pytest.raises(OpsctlError, match=r"answer of box\.GetBox cannot be evaluated"):
            held(check(op, ["x"], query="length(Lock)"))


def test_one_pass_asks_each_thing_once_and_the_next_asks_again() -> None:
    box = Box(BOX)
    for passes in (1, 2):
        asking = Asking(box, OUTPUTS)
        asking.judge_all([check("present"), check("equals", reference("make", "items"))])
        asking.resolve([reference("make", "items"), reference("make", "items")])
        assert box.reads == ["box.GetBox"] * passes


@pytest.mark.parametrize(
    "proof",
    [
        Proof(configured=()),
        Proof(configured=(check("contains", []),)),
        Proof(configured=(check("excludes", []), check("contains", []))),
    ],
)
def test_a_proof_that_cannot_fail_never_holds(proof: Proof) -> None:
    assert [result.held for result in Asking(Box(BOX), {}).prove(proof)][-1] is False
    assert not proof.can_fail


def test_what_is_to_be_gone_is_gone_once_any_of_it_is() -> None:
    there, changed = check("contains", ["x"]), check("equals", ["y"])
    for gone, so in (((there,), False), ((changed,), True), ((there, changed), True), ((there, there), False)):
        (result,) = Asking(Box(BOX), {}).prove(Proof(configured=(), gone=gone))
        assert result.held is so
    assert result.says == "it no longer holds that it is so; it is so"


def test_a_secret_is_judged_as_it_is_and_told_masked() -> None:
    asking = Asking(Box({"b": {"DbPassword": "hunter2", "Items": [{"Key": "token", "Value": "t0k"}]}}), {})
    one = asking.judge(check("equals", "hunter2", query="DbPassword"))
    assert (one.held, one.found) == (True, "(masked)")
    other = asking.judge(check("equals", "hunter3", query="DbPassword"))
    assert (other.held, other.found) == (False, "(masked)")
    assert asking.judge(check("present", query="Items")).found == [{"Key": "token", "Value": "(masked)"}]
