"""Playbooks from disk: every fault at once, each with its place and a hint; never a traceback."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.aws.service_models import InstalledModels
from opsctl.catalog import find_plugins
from opsctl.model.diagnostics import Diagnostic
from opsctl.model.errors import InvalidInput
from opsctl.playbook.load import load_playbook, parse_playbook
from opsctl.playbook.places import shipped_names
from opsctl.playbook.starter import write_starter
from opsctl.playbook.validate import validate_playbook
from opsctl.playbook.yaml_tree import Tree, read_tree
from opsctl.wiring import load_checked_playbook

HEAD = "schema: opsctl.playbook/v1\nname: test\nversion: '1'\nsummary: A test.\n"


def faults_in(text: str) -> list[Diagnostic]:
    try:
        loaded = parse_playbook((HEAD + text).encode(), "test.yaml")
    except InvalidInput as invalid:
        return list(invalid.diagnostics)
    return validate_playbook(loaded, find_plugins(), InstalledModels())


def only_fault(text: str) -> Diagnostic:
    (fault,) = faults_in(text)
    return fault


def read_slowly(data: bytes) -> Tree:
    """As on a machine without libyaml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("yaml.CSafeLoader")
        return read_tree(data, "test.yaml")


@pytest.mark.parametrize("name", shipped_names())
def test_a_playbook_reads_the_same_with_and_without_libyaml(name: str) -> None:
    data = Path(f"playbooks/{name}.yaml").read_bytes()
    assert read_tree(data, "test.yaml") == read_slowly(data)


@pytest.mark.parametrize(
    "text",
    [
        "a\tb",
        "a: b\ufeff",
        "{a? b: c}",
        "a: 1\n---\nb: 2",
        "a: *b",
        "a: [1, 2",
        "- a\n b",
        "!!str 1",
        "[" * 5000,
        "{a: " * 60,
        "a: 'b\n\nc'\nd: |\n  e\n\nf: \"g\\n\"",
        "\x00",
    ],
)
def test_faults_are_told_the_same_with_and_without_libyaml(text: str) -> None:
    assert read_tree(text.encode(), "test.yaml") == read_slowly(text.encode())


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_playbook_is_valid_and_carries_the_modeline(name: str) -> None:
    loaded = load_checked_playbook(name)
    assert loaded.playbook.name == name
    assert not loaded.former, "it is planned as it stands"
    first = Path(f"playbooks/{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./playbook.schema.json"


def test_the_starter_validates_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "my-own.yaml"
    write_starter("my-own", path)
    load_checked_playbook(str(path))
    with pytest.raises(InvalidInput, match="exists already"):
        write_starter("my-own", path)


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    faults = faults_in("inputs:\n  a: {type: strin}\n  b: {typ: string}\nsteps:\n  - {id: Upper, uses: x}\n")
    assert [fault.where.line for fault in faults] == sorted(fault.where.line for fault in faults)
    assert len(faults) >= 3


def test_an_unknown_key_has_its_place_and_a_hint() -> None:
    faults = faults_in("inputs:\n  a: {type: string, requird: true}\n")
    (fault,) = faults
    assert str(fault.where) == "test.yaml:6:21"
    assert fault.offending == "requird"
    assert fault.hint == "did you mean required?"


@pytest.mark.parametrize("within", ["8d", "9999999h", "soon"])
def test_nothing_is_waited_for_as_long_as_it_likes(within: str) -> None:
    (fault,) = [
        one
        for one in faults_in(f"checks:\n  - {{id: a, none: '`[]`', because: b, within: {within}}}\n")
        if one.code == "duration"
    ]
    assert fault.offending == within


def test_a_key_written_twice_is_an_error() -> None:
    assert only_fault("notes: a\nnotes: b\n").summary == "duplicate key"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("notes: &a text\n", "anchor"),
        ("notes: !x text\n", "tag"),
        ("notes: !!python/object:os.system text\n", "tag"),
        ("inputs:\n  a: {type: int, default: 0123}\n", "octal"),
        ("inputs:\n  a: {type: bool, default: yes}\n", "surprise"),
        ("notes: a\n---\nnotes: b\n", "documents"),
        ("notes:\n\t- a\n", "yaml"),
        ("notes: [a\n", "yaml"),
    ],
)
def test_what_yaml_readers_disagree_on_or_code_hides_in_is_refused(text: str, code: str) -> None:
    assert code in [fault.code for fault in faults_in(text)]


CALL = """
steps:
  - id: tag
    call: ec2.CreateTags
    params: {Resources: [acl-1], Tags: [{Key: a, Value: b}]}
    why: because
    expect: [{read: ec2.DescribeTags, query: "Tags[].Key", excludes: [a]}]
    proof: [{read: ec2.DescribeTags, query: Tags, present: true}]
    undo: {call: ec2.DeleteTags, params: {Resources: [acl-1]}}
"""


UNSEEN_UNDO = (
    "an undo needs an 'expect' without context",
    "the opposite of the proof, on the same read, such as empty: true",
)


def test_a_whole_call_step_is_valid() -> None:
    assert faults_in(CALL) == []


@pytest.mark.parametrize(
    ("old", "new", "summary", "hint"),
    [
        ("ec2.CreateTags", "ec2.CreatTags", "ec2 has no operation 'CreatTags'", "did you mean CreateTags?"),
        ("ec2.CreateTags", "ecc2.CreateTags", "there is no AWS client 'ecc2'", "did you mean ec2?"),
        ("Resources: [acl-1], Tags", "Resource: [acl-1], Tags", "there is no parameter 'Resource'", ""),
        ("Resources: [acl-1], Tags", "Tags", "the parameter Resources is required", ""),
        ("Resources: [acl-1], Tags", "Resources: acl-1, Tags", "array is needed, not str", ""),
        ("    why: because\n", "", "a call needs 'why'", ""),
        ("    undo: {call: ec2.DeleteTags, params: {Resources: [acl-1]}}\n", "", "a call needs 'undo'", ""),
        ("{call: ec2.DeleteTags, params: {Resources: [acl-1]}}", "none", "undo: none needs 'because'", ""),
        (", present: true", "", "exactly one of equals, contains, excludes, empty, present is needed", ""),
        ("read: ec2.DescribeTags", "read: ec2.DeleteTags", "ec2.DeleteTags is not on the list of operations", ""),
        ("query: Tags,", "query: Tgs,", "there is no 'Tgs' here", ""),
        ('    expect: [{read: ec2.DescribeTags, query: "Tags[].Key", excludes: [a]}]\n', "", *UNSEEN_UNDO),
        ("excludes: [a]", "excludes: [a], context: true", *UNSEEN_UNDO),
        ("excludes: [a]", "excludes: []", "excludes: [] holds whatever is found", ""),
        ("query: Tags,", 'query: "`[1]`",', "the query does not look at the answer", ""),
        ("query: Tags,", 'query: "@[0] || `1`",', "[...] is used on a object", ""),
    ],
)
def test_a_call_is_checked_against_the_installed_service_model(
    old: str, new: str, summary: str, hint: str
) -> None:
    faults = faults_in(CALL.replace(old, new))
    assert any(fault.summary.startswith(summary) for fault in faults), faults
    assert not hint or hint in [fault.hint for fault in faults]


EXPRESSION = """
inputs:
  scope: {{type: string, default: x}}
  boxes: {{type: list}}
facts:
  acls: {{read: ec2.DescribeNetworkAcls, query: NetworkAcls}}
guards:
  - id: g
    warn: "{}"
    because: test
"""


@pytest.mark.parametrize(
    ("expression", "summary"),
    [
        ("facts.acls[?Kind=='x']", "there is no 'Kind' here"),
        ("facts.acls.Entries", "'Entries' is used on a list: write [] or [0] before it"),
        ("facts.acls[?VpcId==inputs.scope]", "'inputs' cannot be seen inside [?...]"),
        ("facts.acl[]", "there is no 'acl' here; did you mean acls?"),
        ("inputs.boxs", "there is no 'boxs' here; did you mean boxes?"),
        ("lenght(inputs.boxes)", "there is no function 'lenght'; did you mean length?"),
        ("length(inputs.boxes, `1`)", "length() takes 1 arguments, not 2"),
        ("!facts.acls", "! binds tighter than ."),
        ("!(facts.acls)", ""),
        ("facts.acls[?IsDefault].Entries[].CidrBlock", ""),
        ("facts.acls[", "not a JMESPath expression"),
    ],
)
def test_a_typo_in_an_expression_is_found_and_does_not_silently_find_nothing(
    expression: str, summary: str
) -> None:
    faults = faults_in(EXPRESSION.format(expression))
    if not summary:
        assert faults == []
    else:
        assert any(summary in fault.summary for fault in faults), faults


@pytest.mark.parametrize(
    ("steps", "summary"),
    [
        ("  - {id: a, uses: nacl.deni, with: {}}", "there is no action 'nacl.deni'"),
        ("  - {id: a, uses: nacl.deny, with: {network_acl: x, addresses: [], wy: z}}", "has no field 'wy'"),
        ("  - {id: a, uses: nacl.deny, with: {network_acl: x}}", "steps.0.with.addresses: the key"),
        ("  - {id: a}", "exactly one of uses, call is needed"),
        ("  - {id: a, uses: nacl.deny, after: [b], with: {}}", "no such step"),
        ("  - {id: a, uses: nacl.deny, with: {why: =steps.b.arn}}", "no earlier step is called 'b'"),
        ("  - {id: a, uses: nacl.deny, when: steps.b.arn, with: {}}", "when is decided when planning"),
    ],
)
def test_a_steps_action_fields_order_and_references_are_checked(steps: str, summary: str) -> None:
    faults = faults_in(f"steps:\n{steps}\n")
    assert any(summary in fault.summary for fault in faults), faults


NEXT = "inputs: {queue: {type: string}}\nnext: [{because: b, opsctl: [dlq, WORD], when: WHEN}]\n"


@pytest.mark.parametrize(
    ("word", "when", "code"),
    [
        ("=inputs.queu", "inputs.queue", "expression"),
        ("=inputs.queue", "inputs.queu", "expression"),
        ("=inputs.", "inputs.queue", "expression"),
        ("=steps.make.name", "inputs.queue", "apply-time"),
        *((word, "inputs.queue", "next") for word in ("--yes", "-y", "-qy", "--confirm=x", "--endpoint-url")),
    ],
)
def test_a_command_to_type_next_is_checked_like_everything_else(word: str, when: str, code: str) -> None:
    assert faults_in(NEXT.replace("WORD", "=inputs.queue").replace("WHEN", "inputs.queue")) == []
    assert only_fault(NEXT.replace("WORD", word).replace("WHEN", when)).code == code


def test_a_name_that_is_nothing_suggests_the_closest_playbook() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_playbook("blok-ip")
    assert caught.value.hint == "did you mean block-ip?"


@pytest.mark.parametrize("text", ["~", "null", "7", "[]", "just words"])
def test_a_file_that_is_no_mapping_says_so(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_playbook(text.encode(), "x.yaml")
    assert caught.value.summary == "the file: a mapping is needed"


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_a_playbook_or_diagnostics(data: bytes) -> None:
    try:
        parse_playbook(data, "any.yaml")
    except InvalidInput as invalid:
        assert all(fault.where.source == "any.yaml" for fault in invalid.diagnostics)  # noqa: PT017


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda c: st.lists(c, max_size=3)
    )
)
def test_any_value_in_any_part_is_valid_or_diagnosed(value: object) -> None:
    import json

    for part in ("inputs", "facts", "guards", "steps", "checks", "outputs", "notes", "title"):
        faults_in(f"{part}: {json.dumps(value)}\n")
