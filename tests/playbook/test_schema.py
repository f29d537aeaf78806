"""The schema that editors use: what it says of a playbook is what the loader says, by a validator of others."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from opsctl.aws.service_models import InstalledModels
from opsctl.catalog import find_plugins
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from opsctl.playbook.load import parse_playbook
from opsctl.playbook.places import shipped_names
from opsctl.playbook.schema import plugin_schema
from opsctl.playbook.starter import write_starter
from opsctl.playbook.validate import validate_playbook
from opsctl.playbook.yaml_tree import read_tree

SCHEMA = json.loads(Path("playbooks/playbook.schema.json").read_text(encoding="utf-8"))
HEAD = 'schema: opsctl.playbook/v1\nname: test\nversion: "1"\nsummary: A test.\n'
READ = "{read: sqs.ListQueues, query: QueueUrls, empty: true}"
CALL = "{id: a, call: sqs.PurgeQueue, params: {QueueUrl: u}, why: w, "
NO_UNDO = "undo: none, because: b"
PROOF = f"proof: [{READ}]"


def faults_by_schema(text: str) -> list[str]:
    document: Json = read_tree(text.encode(), "test.yaml").value
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def faults_by_loader(text: str) -> list[str]:
    try:
        loaded = parse_playbook(text.encode(), "test.yaml")
    except InvalidInput as invalid:
        return [fault.summary for fault in invalid.diagnostics]
    return [fault.summary for fault in validate_playbook(loaded, find_plugins(), InstalledModels())]


def test_it_is_a_schema_and_every_reference_in_it_leads_somewhere() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    references = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert references
    assert references <= SCHEMA["$defs"].keys()
    assert json.dumps(SCHEMA).count('"$defs":') == 1


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_playbook_is_right(name: str) -> None:
    assert faults_by_schema(Path(f"playbooks/{name}.yaml").read_text(encoding="utf-8")) == []


def test_the_starter_is_right(tmp_path: Path) -> None:
    path = tmp_path / "my-own.yaml"
    write_starter("my-own", path)
    assert faults_by_schema(path.read_text(encoding="utf-8")) == []


RIGHT = {
    "an expression for a whole field": "steps: [{id: a, uses: nacl.deny, with: {network_acl: '=inputs.x', "
    "addresses: '=inputs.y', why: w}}]",
    "an expression inside a list": "steps: [{id: a, uses: nacl.deny, with: {network_acl: acl-1, "
    "addresses: ['=inputs.y'], why: w}}]",
    "a call that cannot be undone": f"steps: [{CALL}{PROOF}, {NO_UNDO}}}]",
    "a call with its undo": f"steps: [{CALL}{PROOF}, expect: [{READ}], "
    "undo: {call: sqs.PurgeQueue, params: {QueueUrl: u}}}]",
    "a comparison beside one that is not meant": "steps: [" + CALL + "proof: [{read: sqs.ListQueues, query: "
    f"QueueUrls, equals: [], empty: false}}], {NO_UNDO}}}]",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_the_language_allows_is_right(text: str) -> None:
    assert faults_by_schema(HEAD + text) == []


WRONG = {
    "no name": "",
    "another version of the language": HEAD.replace("/v1", "/v9"),
    "an unknown key": HEAD + "stepz: []",
    "a name with capitals": HEAD.replace("name: test", "name: Test"),
    "an input of no type": HEAD + "inputs: {a: {help: h}}",
    "an input of an unknown type": HEAD + "inputs: {a: {type: text}}",
    "a list of too few": HEAD + "inputs: {a: {type: list, max_items: 0}}",
    "a fact that uses and reads": HEAD + "facts: {a: {uses: sqs.queue, read: sqs.ListQueues}}",
    "a fact of nothing": HEAD + "facts: {a: {query: x}}",
    "a fact that there is not": HEAD + "facts: {a: {uses: sqs.queues}}",
    "a fact with a field too many": HEAD + "facts: {a: {uses: sqs.queue, with: {queue: q, color: red}}}",
    "a read that names no operation": HEAD + "facts: {a: {read: list-queues}}",
    "a guard that refuses and warns": HEAD + "guards: [{id: a, refuse: inputs, warn: inputs, because: b}]",
    "a guard without a reason": HEAD + "guards: [{id: a, refuse: inputs}]",
    "a step that uses and calls": HEAD + f"steps: [{CALL}uses: nacl.deny, {PROOF}, {NO_UNDO}}}]",
    "a step that does nothing": HEAD + "steps: [{id: a}]",
    "an action that lacks what it needs": HEAD + "steps: [{id: a, uses: nacl.deny, with: {addresses: []}}]",
    "a call without proof": HEAD + f"steps: [{CALL}{NO_UNDO}}}]",
    "a call with an empty proof": HEAD + f"steps: [{CALL}proof: [], {NO_UNDO}}}]",
    "a call without undo": HEAD + f"steps: [{CALL}{PROOF}}}]",
    "a call that says nothing of why": HEAD + f"steps: [{CALL.replace('why: w, ', '')}{PROOF}, {NO_UNDO}}}]",
    "no undo and no reason": HEAD + f"steps: [{CALL}{PROOF}, undo: none}}]",
    "an undo of nothing that was seen": HEAD + f"steps: [{CALL}{PROOF}, undo: {{call: sqs.PurgeQueue, "
    "params: {QueueUrl: u}}}]",
    "an undo without a call": HEAD + f"steps: [{CALL}{PROOF}, expect: [{READ}], undo: {{params: {{}}}}}}]",
    "a proof of two comparisons": HEAD + f"steps: [{CALL}proof: [{READ.replace('}', ', present: true}')}], "
    f"{NO_UNDO}}}]",
    "a proof that holds in any case": HEAD + "steps: [" + CALL + "proof: [{read: sqs.ListQueues, query: "
    f"QueueUrls, contains: []}}], {NO_UNDO}}}]",
    "a severity that there is not": HEAD + f"steps: [{CALL}{PROOF}, {NO_UNDO}, risk: {{severity: huge}}}}]",
    "a severity beside an action": HEAD + "steps: [{id: a, uses: nacl.deny, with: {network_acl: acl-1, "
    "addresses: ['=inputs.y'], why: w}, risk: {severity: severe}}]",
    "parameters beside an action": HEAD + "steps: [{id: a, uses: nacl.deny, with: {network_acl: acl-1, "
    "addresses: ['=inputs.y'], why: w}, params: {A: b}}]",
    "arguments beside a call": HEAD + f"steps: [{CALL}{PROOF}, {NO_UNDO}, with: {{a: b}}}}]",
    "a reason beside an undo": HEAD + f"steps: [{CALL}{PROOF}, expect: [{READ}], because: b, "
    "undo: {call: sqs.PurgeQueue, params: {QueueUrl: u}}}]",
    "a query beside a fact": HEAD + "facts: {a: {uses: sqs.queue, with: {queue: q}, query: x}}",
    "arguments beside a read": HEAD + "facts: {a: {read: sqs.ListQueues, query: QueueUrls, with: {a: b}}}",
    "an override of a warning": HEAD + "guards: [{id: a, warn: inputs, because: b, override: false}]",
    "a check that stays and is not to be accepted": HEAD + "checks: [{id: a, none: inputs, because: b, "
    "stays: inputs}]",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_the_language_forbids_is_wrong_for_the_editor_as_for_the_loader(text: str) -> None:
    assert faults_by_loader(text) != []
    assert faults_by_schema(text) != []


def test_a_key_without_effect_is_one_fault_at_its_place() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_playbook(WRONG["a severity beside an action"].encode(), "test.yaml")
    (fault,) = refused.value.diagnostics
    assert (fault.code, fault.where.line) == ("says-nothing", HEAD.count("\n") + 1)
    assert fault.summary == "'risk' says nothing beside 'uses': it belongs to a call; an action brings its own"


def test_the_vocabulary_of_a_plugin_has_what_it_refers_to() -> None:
    for plugins in (find_plugins().facts, find_plugins().actions):
        for name in plugins:
            found = plugin_schema(name, find_plugins())
            for one in found if isinstance(found, list) else [found]:
                text = json.dumps({"with": one["with"], "$defs": one.get("$defs", {})})
                references = set(re.findall(r'"#/\$defs/([^"]+)"', text))
                assert references <= one.get("$defs", {}).keys(), name
