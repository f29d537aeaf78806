"""An edit changes the lines that are meant and not a character of the others."""

import difflib
import json

import pytest
import yaml

from opsctl.tune.pcluster.checked import check_cluster
from opsctl.tune.pcluster.yaml_edits import Edit, NotEditable, changed, edited
from tests.tune.pcluster.files import ANCHORS, BLOCK, FLOW, HEAD, QUEUES, read

EFA = {"Enabled": True}


def differing(old: str, new: str) -> list[str]:
    """The lines that were taken out and put in, with their line ends."""
    found = difflib.ndiff(old.splitlines(keepends=True), new.splitlines(keepends=True))
    return [line for line in found if line[0] in "+-"]


def mended(text: str) -> str:
    _, new = check_cluster(text, "cluster.yaml", read, [], None)
    return new


def test_a_key_comes_behind_its_neighbour_with_the_comments_where_they_were() -> None:
    assert differing(BLOCK, mended(BLOCK)) == ["+         PlacementGroup:\n", "+           Enabled: true\n"]
    assert "- subnet-1   # private\n        PlacementGroup:" in mended(BLOCK)


def test_windows_line_ends_stay_and_new_lines_have_them() -> None:
    text = BLOCK.replace("\n", "\r\n")
    assert differing(text, mended(text)) == ["+         PlacementGroup:\r\n", "+           Enabled: true\r\n"]


def test_in_flow_style_the_key_stands_in_the_braces() -> None:
    new = mended(FLOW)
    assert "{SubnetIds: [subnet-1], PlacementGroup: {Enabled: true},}}]   # all of it\n" in new
    assert len(differing(FLOW, new)) == 2


def test_a_file_in_json_stays_json() -> None:
    text = json.dumps(yaml.safe_load(BLOCK), indent=2)
    queue = json.loads(mended(text))["Scheduling"]["SlurmQueues"][0]
    assert queue["Networking"] == {"SubnetIds": ["subnet-1"], "PlacementGroup": EFA}
    assert len(differing(text, mended(text))) <= 3


def test_what_an_anchor_shares_is_edited_once_for_all() -> None:
    new = mended(ANCHORS)
    assert differing(ANCHORS, new) == ["+         PlacementGroup:\n", "+           Enabled: true\n"]
    queues = yaml.safe_load(new)["Scheduling"]["SlurmQueues"]
    assert [queue["Networking"]["PlacementGroup"] for queue in queues] == [EFA, EFA]


def test_what_an_anchor_shares_with_others_is_set_beside_it() -> None:
    text = ANCHORS.replace("- <<: *big\n          Name: same", "- Name: same\n          InstanceType: t3.micro")
    queues = yaml.safe_load(mended(text))["Scheduling"]["SlurmQueues"]
    assert queues[0]["ComputeResources"][0]["Networking"] == {"PlacementGroup": EFA}
    assert queues[1] == yaml.safe_load(text)["Scheduling"]["SlurmQueues"][1]


def test_a_misplaced_efa_is_moved_and_gpudirect_alone_is_taken_out() -> None:
    new = mended(QUEUES)
    one, two = yaml.safe_load(new)["Scheduling"]["SlurmQueues"]
    assert "Efa" not in one
    assert [resource["Efa"] for resource in one["ComputeResources"]] == [{"Enabled": True, "GdrSupport": True}] * 2
    assert one["Networking"]["PlacementGroup"] == EFA
    assert two["ComputeResources"][0]["Efa"] == {"Enabled": False}
    assert two["Networking"]["PlacementGroup"] == {"Enabled": False}
    assert not new.endswith("\n")


@pytest.mark.parametrize("text", [BLOCK, FLOW, ANCHORS, QUEUES], ids=["block", "flow", "anchors", "queues"])
def test_a_mended_file_is_not_mended_again(text: str) -> None:
    assert mended(mended(text)) == mended(text)


@pytest.mark.parametrize(
    ("text", "path", "new"),
    [
        ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "b"), "a:\n  - c: 2\n"),
        ("a:\n  b: 1   # gone too\n\n  # stays\n  c: 2\n", ("a", "b"), "a:\n\n  # stays\n  c: 2\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
        ("a: {b: 1, c: 2,}\n", ("a", "c"), "a: {b: 1,}\n"),
        ("a:\n  b: |\n    text\n    more\n  c: 2\n", ("a", "b"), "a:\n  c: 2\n"),
        ("a:\n  c: 2\n  b:\n    - 1\n    - 2", ("a", "b"), "a:\n  c: 2\n"),
    ],
    ids=["behind a dash", "with its comment", "first of a flow", "last of a flow", "text", "at the end"],
)
def test_a_key_is_removed_with_its_lines_alone(text: str, path: tuple[str | int, ...], new: str) -> None:
    found, _ = edited(text, read(text), [Edit(do="remove", path=path)])
    assert found == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("a:\n  b: |\n    text\n\nz: 1\n", "a:\n  b: |\n    text\n\n  k: true\nz: 1\n"),
        ("a:\n  b:   # nothing\nz: 1\n", "a:\n  b:   # nothing\n  k: true\nz: 1\n"),
        ("a: {}\n", "a: {k: true}\n"),
        ("a: {\n  b: 1 # one\n}\n", "a: {\n  b: 1, k: true # one\n}\n"),
        ("x: &x {y: 1}\na:\n    b: *x # there\n", "x: &x {y: 1}\na:\n    b: *x # there\n    k: true\n"),
    ],
    ids=["behind text", "behind nothing", "into nothing", "into lines", "behind an alias"],
)
def test_a_key_is_added_behind_the_last(text: str, new: str) -> None:
    edit = Edit(do="set", path=("a", "k"), value=True)
    found, _ = edited(text, read(text), [edit])
    assert found == new
    assert read(found).value == changed(read(text).value, [edit])


def test_keys_and_values_of_every_kind_are_compared() -> None:
    odd = "Tags: {2: one, yes: {a: .nan, b: 2026-12-01}, ~: !!binary aGk=}\n"
    assert differing(BLOCK + odd, mended(BLOCK + odd)) == differing(BLOCK, mended(BLOCK))


def test_what_is_merged_or_shared_is_not_edited_behind_the_back_of_the_others() -> None:
    text = "x: &x {Enabled: false}\na: {<<: *x}\nb: *x\nc: {d: &e no}\nf: *e\n"
    for path in (("a", "Enabled"), ("b", "Enabled"), ("x", "Enabled"), ("c", "d")):
        edit = Edit(do="remove" if path[0] == "a" else "set", path=path, value=True)
        with pytest.raises(NotEditable):
            edited(text, read(text), [edit])


def test_an_edit_that_cannot_be_made_is_left_and_said() -> None:
    text = HEAD + (
        "  SlurmQueues:\n"
        "    - Name: q\n"
        "      Networking: {SubnetIds: [subnet-1]}\n"
        "      ComputeResources:\n"
        "        - {Name: a, InstanceType: t3.micro, Efa: &e {GdrSupport: true, Enabled: false}}\n"
        "    - Name: r\n"
        "      Networking: {SubnetIds: [subnet-1]}\n"
        "      ComputeResources: [{Name: b, InstanceType: t3.micro, Efa: {<<: *e}}]\n"
    )
    found, new = check_cluster(text, "cluster.yaml", read, [], None)
    assert new == text
    assert [bool(repair.left) for repair in found.repairs] == [True, True]
    assert not any(one.mended for one in found.findings)
