"""A plan file is a stranger's: all of it is checked before any call, and what it says of risk is not believed."""

import copy
import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from opsctl.aws import clients
from opsctl.aws.service_models import InstalledModels
from opsctl.block import ip_set_calls
from opsctl.block.network_acl_calls import (
    choice_of_number,
    create_deny,
    delete_entry,
    deny_is_absent,
    deny_is_there,
)
from opsctl.block.waf_objects import IP_SET, WafKey
from opsctl.catalog import find_plugins
from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import FactCall, NextStep, Plan, PlanCheck, Section
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Context
from opsctl.model.settings import Keys, Settings, SettingsFile
from opsctl.model.value import Json
from opsctl.planning.least_risk import no_less_severe
from opsctl.playbook import plan_faults as plan_faults_module
from opsctl.playbook.plan_faults import plan_faults
from opsctl.wiring import load_checked_plan, load_checked_playbook, shipped_playbook
from opsctl.workflow.approval import Consent
from opsctl.workflow.plan_files import load_plan, save_plan
from opsctl.workflow.reassessing import reassessed
from tests.kit.box_plans import plan_of
from tests.kit.command import opsctl
from tests.kit.moto_account import server
from tests.kit.ports import IDENTITY
from tests.workflow.test_approval import NOBODY, approve

ACL = "acl-0123456789abcdef0"


def deny(network: str = "203.0.113.9/32", **more: Any) -> Change:
    return Change(
        **dict(create_deny(ACL, 90, network)),
        id="nacl",
        title=f"Deny {network}",
        why="it attacks",
        expect=(deny_is_absent(ACL, 90, network),),
        proof=deny_is_there(ACL, 90, network),
        undo=delete_entry(ACL, 90),
        choice=choice_of_number(ACL, (90, 91, 92)),
        **more,
    )


def honest() -> Plan:
    """A plan with a call, an edit that needs what it makes, a wait, a job, a check, a section, a next step."""
    key = WafKey.of_new(IP_SET, "opsctl-set", "REGIONAL", "us-east-1", "set")
    made = Change(
        **dict(ip_set_calls.create_ip_set(key, 4, "opsctl plan x", "x")),
        id="set",
        title="Create a set",
        why="there is none",
        expect=(key.is_absent(),),
        proof=Proof(configured=(key.is_ours("opsctl plan x"),)),
        undo=key.deletion(),
        outputs=key.outputs(),
    )
    filled = Change(
        **dict(ip_set_calls.edit_addresses(key, "add", ["203.0.113.9/32"])),
        id="fill",
        title="Fill it",
        why="it attacks",
        expect=(ip_set_calls.addresses_in(key, ["203.0.113.9/32"], present=False),),
        proof=Proof(configured=(ip_set_calls.addresses_in(key, ["203.0.113.9/32"], present=True),)),
        undo=ip_set_calls.edit_addresses(key, "remove", ["203.0.113.9/32"]),
        depends_on=("set",),
    )
    wait = Change(
        **dict(Instruction(kind="wait", service="wafv2", operation="GetIPSet")),
        id="wait",
        title="Wait",
        why="it takes time",
        expect=(),
        proof=filled.proof,
        undo=Irreversible(because="waiting changes nothing"),
    )
    job = Change(
        kind="job",
        service="opsctl",
        operation="dlq.move_task",
        params={
            "queue_name": "dlq",
            "queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/dlq",
            "queue_arn": "arn:aws:sqs:us-east-1:123456789012:dlq",
            "region": "us-east-1",
        },
        id="job",
        title="Move",
        why="they failed",
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because="they are gone"),
    )
    listing = FactCall(read=Read(service="ec2", operation="DescribeNetworkAcls"), query="NetworkAcls")
    hazards = FactCall(uses="block.hazards", arguments={"addresses": ["203.0.113.9"]})
    plan = plan_of(deny(), made, filled, wait, job, plan_id="20260101-000000-abcd")
    return plan.model_copy(
        update={
            "checks": (
                PlanCheck(
                    id="c",
                    none="facts.acls[?Nope]",
                    because="b",
                    within_s=60,
                    facts={"acls": listing, "hazards": hazards},
                ),
            ),
            "sections": (Section(title="s", columns=("a", "b"), rows=(("1", "2"),)),),
            "next": (NextStep(words=("runs", "list"), because="b"),),
            "reached_by": ("--region", "us-east-1"),
            "created": "2026-09-21T13:33:20Z",
            "expires": "2099-09-21T17:33:20Z",
        }
    ).sealed()


def forge(path: Path, alter: Callable[[Json], object]) -> Path:
    """Write the honest plan altered, under the digest that fits, as whoever forges one would."""
    data = copy.deepcopy(honest().to_json())
    alter(data)
    with suppress(ValueError):
        data["digest"] = Plan.model_validate(data).computed_digest()
    path.write_text(json.dumps(data), encoding="utf-8")
    path.chmod(0o600)
    return path


def put(where: str, value: Json) -> Callable[[Json], None]:
    """Set the member at a dotted path."""

    def alter(data: Json) -> None:
        *way, last = where.split("/")
        node = data
        for part in way:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[int(last) if isinstance(node, list) else last] = value

    return alter


READ: Json = {"service": "ec2", "operation": "DescribeNetworkAcls", "params": {}, "region": None, "whole": False}
SECRET: Json = {**READ, "service": "secretsmanager", "operation": "GetSecretValue", "params": {"SecretId": "s"}}
FAILOVER = {**READ, "service": "elasticache", "operation": "TestFailover", "params": {}}
DECRYPTING = {**READ, "service": "ssm", "operation": "GetParameter"}
DECRYPTING["params"] = {"Name": "n", "WithDecryption": True}
CHOICE: Json = choice_of_number(ACL, (90, 91, 92)).model_dump(mode="json")
NOWHERE: Json = {"$ref": "nobody.id"}

FORGED: dict[str, Callable[[Json], object]] = {
    "an id that is a path": put("id", "../../../tmp/x"),
    "an absolute id": put("id", "/etc/cron.d/x"),
    "no id": put("id", ""),
    "an id with a line break": put("id", "20260101-000000-abcd\n"),
    "no account number": put("account", "12345"),
    "an account in other digits": put("account", "١٢٣٤٥٦٧٨٩٠١٢"),
    "no region": put("region", "nowhere"),
    "a region that is a host": put("region", "us-east-1.evil.example#"),
    "a partition that is none": put("partition", "evil"),
    "a caller that is no ARN": put("caller", "root"),
    "an endpoint that is no URL": put("endpoint", "file:///etc/passwd"),
    "a date without a zone": put("expires", "2099-01-01T00:00:00"),
    "a date that is none": put("expires", "never"),
    "a creation that is no date": put("created", ""),
    "expired before it was made": put("expires", "2020-01-01T00:00:00Z"),
    "a playbook that is a path": put("playbook/name", "../x"),
    "a playbook's hash that is none": put("playbook/sha256", "abc"),
    "evidence that gives consent": put(
        "evidence", {"addresses": ["203.0.113.9/32"], "again": ["who", "203.0.113.9", "--yes"]}
    ),
    "evidence that leads elsewhere": put("evidence", {"addresses": ["203.0.113.9/32"], "again": ["-c", "evil"]}),
    "an undo of somebody's run": put("undo_of", "20260101-000000-zzzz"),
    "references to other plans": put("references", {"a.b": {"read": READ, "query": "x"}}),
    "switches that lead to another endpoint": put("reached_by", ["--endpoint-url", "http://evil.example"]),
    "switches that lead to another region": put("reached_by", ["--region", "eu-west-1"]),
    "switches of another kind": put("reached_by", ["--yes", "--confirm"]),
    "a next step that is a switch": put("next/0/words", ["--yes"]),
    "a next step that consents": put("next/0/words", ["undo", "last", "-qy"]),
    "a next step to another endpoint": put("next/0/words", ["runs", "list", "--endpoint-url=http://x"]),
    "a next step without a word": put("next/0/words", []),
    "two changes of one id": put("changes/1/id", "nacl"),
    "an id of a change with a line break": put("changes/0/id", "nacl\nrm"),
    "a service that AWS does not have": put("changes/0/service", "evil"),
    "an operation that AWS does not have": put("changes/0/operation", "DropEverything"),
    "a parameter that the call does not take": put("changes/0/params/Evil", 1),
    "a parameter of another type": put("changes/0/params/RuleNumber", "ninety"),
    "a parameter that is missing": lambda data: data["changes"][0]["params"].pop("NetworkAclId"),
    "a region of a change that is a host": put("changes/0/region", "x/../y"),
    "an undo that AWS does not have": put("changes/0/undo/operation", "Evil"),
    "an undo with wrong parameters": put("changes/0/undo/params/Egress", "yes"),
    "a dependency on nothing": put("changes/0/depends_on", ["later"]),
    "a dependency on a later change": put("changes/0/depends_on", ["set"]),
    "a proof that reads a secret": put("changes/0/proof/configured/0/read", SECRET),
    "a proof that acts": put("changes/0/proof/configured/0/read", FAILOVER),
    "a proof that decrypts": put("changes/0/proof/configured/0/read", DECRYPTING),
    "a proof by a call that changes": put("changes/0/proof/configured/0/read/operation", "DeleteNetworkAcl"),
    "no proof": put("changes/0/proof/configured", []),
    "a proof that cannot fail": lambda data: data["changes"][0]["proof"]["configured"][0].update(
        {"op": "contains", "value": []}
    ),
    "a proof that is no expression": put("changes/0/proof/configured/0/query", "]["),
    "a proof of unknown comparison": put("changes/0/proof/configured/0/op", "maybe"),
    "a proof that waits for ever": put("changes/0/proof/within_s", 10**9),
    "a proof that waits backwards": put("changes/0/proof/within_s", -1),
    "an expectation that acts": put("changes/0/expect/0/read", FAILOVER),
    "an expectation with wrong parameters": put("changes/0/expect/0/read/params", {"Evil": 1}),
    "an expectation somewhere that is no region": put("changes/0/expect/0/read/region", "evil"),
    "what is gone read by a call that changes": put(
        "changes/0/proof/gone",
        [{"read": FAILOVER, "query": "x", "op": "empty", "says": "s"}],
    ),
    "an effect read by a call that changes": put(
        "changes/0/proof/effective",
        [{"read": FAILOVER, "query": "x", "op": "empty", "says": "s"}],
    ),
    "a condition read by a call that changes": put(
        "changes/0/only_if",
        [{"read": FAILOVER, "query": "x", "op": "empty", "says": "s"}],
    ),
    "a condition of the undo that reads a secret": put(
        "changes/0/undo_only_if",
        [{"read": SECRET, "query": "x", "op": "empty", "says": "s"}],
    ),
    "an output read by a call that changes": put("changes/1/outputs/id/read", FAILOVER),
    "an output that is no expression": put("changes/1/outputs/id/query", "a..b"),
    "an output that needs itself": put("changes/1/outputs/id/read/params", {"Scope": {"$ref": "set.id"}}),
    "an output that needs what is no text": put("changes/1/outputs/id/read/params", {"Scope": {"$ref": {"a": 1}}}),
    "a choice of the operation": put("changes/0/choice/at", ["operation"]),
    "a choice of the service, by way of the undo": put("changes/0/choice/at", ["undo.service"]),
    "a choice of what is read": put("changes/0/choice/at", ["expect.0.read.operation"]),
    "a choice at a place that there is not": put("changes/0/choice/at", ["params.Evil"]),
    "a choice among nothing": put("changes/0/choice/values", []),
    "a choice among too much": put("changes/0/choice/values", list(range(90, 5000))),
    "a choice that is not shown": put("changes/0/choice/values", [89, 90]),
    "a choice of another network": put(
        "changes/0/choice", {**CHOICE, "at": ["params.CidrBlock"], "values": ["203.0.113.9/32", "0.0.0.0/0"]}
    ),
    "a choice by a call that changes": put("changes/0/choice/taken/read", FAILOVER),
    "a choice by no expression": put("changes/0/choice/taken/query", "]["),
    "a reference to nothing": put("changes/0/params/NetworkAclId", NOWHERE),
    "a reference that is no text": put("changes/0/params/NetworkAclId", {"$ref": ["a"]}),
    "a reference to nothing in a read": put("changes/0/expect/0/read/params", {"NetworkAclIds": [NOWHERE]}),
    "a reference to nothing in a value": put("changes/0/expect/0/value", NOWHERE),
    "bytes that are none": put("changes/0/params/NetworkAclId", {"$base64": "?"}),
    "an edit without what it edits": put("changes/2/edit", None),
    "a call that edits": lambda data: data["changes"][0].update({"edit": data["changes"][2]["edit"]}),
    "an edit that reads a secret": put("changes/2/edit/read", SECRET),
    "an edit that carries no expression": put("changes/2/edit/carry/Addresses", "]["),
    "an edit of a member that the call does not take": put("changes/2/edit/elements/0/at", "Evil"),
    "an edit at no path": put("changes/2/edit/elements/0/at", "..x"),
    "an edit at half a name": put("changes/2/edit/elements/0/at", "Addresses.[Name=x"),
    "a retry for ever": put("changes/2/retry/within_s", 10**9),
    "a wait for what AWS does not have": put("changes/3/operation", "Evil"),
    "a job that there is not": put("changes/4/operation", "evil.job"),
    "a job of AWS": put("changes/4/service", "ec2"),
    "a job's parameters that it does not take": put("changes/4/params/evil", 1),
    "a job that may do what AWS does not have": put(
        "changes/4/grants", [{"service": "evil", "operation": "X", "params": {}}]
    ),
    "something before the undo that acts": lambda data: data["changes"][0].update(
        {"undo_first": [data["changes"][1] | {"id": "first", "operation": "Evil"}]}
    ),
    "a check that is no expression": put("checks/0/none", "]["),
    "a check that shows no expression": put("checks/0/shows", "]["),
    "a check that waits for ever": put("checks/0/within_s", 10**9),
    "a check by a fact that there is not": put("checks/0/facts/hazards/uses", "evil.fact"),
    "a check by a fact's wrong arguments": put("checks/0/facts/hazards/arguments", {"evil": 1}),
    "a check that reads a secret": put("checks/0/facts/acls/read", SECRET),
    "a check without a read": put("checks/0/facts/acls/read", None),
    "a check with a read and a fact": put("checks/0/facts/acls/uses", "block.hazards"),
    "a check's query that is no expression": put("checks/0/facts/acls/query", "]["),
    "a row with another number of cells": put("sections/0/rows", [["1"]]),
    "a policy without statements": put("iam_policy/apply", {}),
    "a policy whose actions are none": put("iam_policy/apply", {"Statement": [{"Action": 1, "Resource": ["*"]}]}),
    "a member that plans do not have": put("evil", 1),
    "another schema": put("schema", "opsctl.plan/v9"),
    "a severity that there is not": put("changes/0/risk/severity", "none"),
    "a kind that there is not": put("changes/0/kind", "shell"),
    "inputs that are no object": put("inputs", []),
}
RAW: dict[str, Callable[[bytes], bytes]] = {
    "a key twice": lambda text: text.replace(b'"account":', b'"account": "000000000000", "account":', 1),
    "a number that is none": lambda text: text.replace(b'"inputs": {}', b'"inputs": {"a": NaN}', 1),
    "a number that is too large": lambda text: text.replace(b'"inputs": {}', b'"inputs": {"a": 1e999}', 1),
    "a number of 5,000 digits": lambda text: text.replace(
        b'"inputs": {}', b'"inputs": {"a": ' + b"9" * 5000 + b"}"
    ),
    "half a character": lambda text: text.replace(b'"inputs": {}', b'"inputs": {"a": "\\ud800"}', 1),
    "depth": lambda text: text.replace(b'"inputs": {}', b'"inputs": {"a": ' + b"[" * 300 + b"]" * 300 + b"}", 1),
    "great depth": lambda text: text.replace(b'"inputs": {}', b'"inputs": {"a": ' + b"[" * 100_000, 1),
    "nothing": lambda _text: b"",
    "a cut": lambda text: text[: len(text) // 2],
    "zeros": lambda text: text + b"\0" * 10,
}


@pytest.fixture
def no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks for a client fails the test."""

    def called(*_: object, **__: object) -> None:
        raise AssertionError("a call was about to be made")

    monkeypatch.setattr(clients.Clients, "get", called)


@pytest.mark.parametrize("at", ["Addresses.0.Name", "Addresses.[Name=other-rule].Priority"])
def test_an_edit_may_step_into_lists_by_number_and_by_name(tmp_path: Path, at: str) -> None:
    path = forge(tmp_path / "plan.json", put("changes/2/edit/elements/0/at", at))
    edit = load_checked_plan(path).changes[2].edit
    assert edit is not None
    assert edit.elements[0].at == at


def test_the_honest_plan_is_taken(tmp_path: Path) -> None:
    assert load_checked_plan(forge(tmp_path / "plan.json", lambda _data: None), private=True) == honest()
    assert len(FORGED) + len(RAW) >= 40


MODELS, PLUGINS = InstalledModels(), find_plugins()


@pytest.mark.parametrize("shape", FORGED)
def test_a_forged_plan_is_invalid_under_its_own_digest(tmp_path: Path, shape: str) -> None:
    path = forge(tmp_path / "plan.json", FORGED[shape])
    with pytest.raises(InvalidInput, match="not a plan file"):
        raise InvalidInput(plan_faults(load_plan(path, private=True), str(path), PLUGINS, MODELS))


def test_more_changes_than_anybody_reviews_are_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_faults_module, "MOST_CHANGES", len(honest().changes))
    assert plan_faults(honest(), "plan.json", PLUGINS, MODELS) == []
    monkeypatch.setattr(plan_faults_module, "MOST_CHANGES", len(honest().changes) - 1)
    (fault,) = plan_faults(honest(), "plan.json", PLUGINS, MODELS)
    assert fault.summary == "not a plan file: changes: at most 4 are read"


@pytest.mark.parametrize("shape", RAW)
def test_json_that_readers_disagree_on_is_no_plan(tmp_path: Path, shape: str) -> None:
    path = forge(tmp_path / "plan.json", lambda _data: None)
    path.write_bytes(RAW[shape](path.read_bytes()))
    with pytest.raises(InvalidInput, match="not a plan file"):
        load_checked_plan(path)


@pytest.mark.usefixtures("no_call")
@pytest.mark.parametrize("shape", ["an id that is a path", "a proof that acts", "a check that reads a secret"])
def test_a_forged_plan_ends_with_2_and_without_a_call_whatever_is_done_with_it(tmp_path: Path, shape: str) -> None:
    path = str(forge(tmp_path / "plan.json", FORGED[shape]))
    before = len(server().calls)
    digest = json.loads(Path(path).read_text(encoding="utf-8"))["digest"][7:19]
    for command in (
        ["apply", path],
        ["apply", path, "--dry-run"],
        ["apply", path, "--yes", "--digest", digest],
        ["show", path],
    ):
        ended = opsctl(tmp_path, *command)
        assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
        assert "not a plan file" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert len(server().calls) == before
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and one.name != "plan.json"]


@pytest.mark.usefixtures("no_call")
def test_consent_in_advance_names_the_plan_that_was_reviewed(tmp_path: Path) -> None:
    path = forge(tmp_path / "plan.json", lambda _data: None)
    digest = honest().short_digest
    shown = opsctl(tmp_path, "show", str(path))
    assert f"digest {digest}" in shown.stdout
    assert f"--digest {digest}" in shown.stdout
    for switches in (["--yes"], ["--confirm", "x"], ["--yes", "--confirm", "x"]):
        ended = opsctl(tmp_path, "apply", str(path), *switches)
        assert ended.returncode == 2
        assert "--digest" in ended.stderr
    for wrong in ("", "abc", digest[:11], "z" * 12, "sha256:"):
        assert opsctl(tmp_path, "apply", str(path), "--yes", "--digest", wrong).returncode == 2
    ended = opsctl(tmp_path, "apply", str(path), "--yes", "--digest", "0" * 12)
    assert (ended.returncode, "not 000000000000" in ended.stderr) == (3, True)


@pytest.mark.usefixtures("no_call")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o722])
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = forge(tmp_path / "plan.json", lambda _data: None)
    path.chmod(mode)
    ended = opsctl(tmp_path, "apply", str(path), "--yes", "--digest", honest().short_digest)
    assert (ended.returncode, "is writable by others" in ended.stderr) == (3, True)
    assert opsctl(tmp_path, "show", str(path)).returncode == 0


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = forge(tmp_path / "plan.json", lambda _data: None)
    theirs = os.stat_result([stat.S_IFREG | 0o600, 1, 1, 1, os.geteuid() + 1, 0, 10, 0, 0, 0])
    monkeypatch.setattr(os, "fstat", lambda _file: theirs)
    with pytest.raises(RefusedByGuard, match="belongs to another user"):
        load_plan(path, private=True)


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(InvalidInput, match=r"regular file|cannot be read"):
            load_plan(path)


def about(*never: str) -> Context:
    keys = Keys(never_block=never)
    files = (SettingsFile(path="config.yaml", own=True, keys=keys),) if never else ()
    settings = Settings(**keys.model_dump(), files=files)
    return Context(identity=IDENTITY, settings=settings, plan_id="x")


def taken(plan: Plan, *never: str, accepted: tuple[str, ...] = ()) -> Plan:
    return reassessed(plan, about(*never), shipped=None, accepted=accepted)


@pytest.mark.parametrize("never", ["203.0.113.0/24", "203.0.113.9", "::ffff:203.0.113.9/128"])
def test_what_is_never_to_be_blocked_is_looked_up_again(never: str) -> None:
    for plan in (plan_of(deny()), plan_of(honest().changes[2])):
        with pytest.raises(RefusedByGuard, match="never-block list") as refused:
            taken(plan, never)
        assert refused.value.hint == "if you are sure: --accept never-block"
        assert taken(plan, never, accepted=("never-block",)).changes == plan.changes
        assert taken(plan, "198.51.100.0/24").changes == plan.changes
    with pytest.raises(InvalidInput, match="asks for no 'stays-open'"):
        taken(plan_of(deny()), accepted=("stays-open",))


def test_what_lets_somebody_in_or_takes_an_address_out_is_no_block() -> None:
    allow = deny().model_copy(update={"params": deny().params | {"RuleAction": "allow"}})
    taken_out = honest().changes[2]
    assert isinstance(taken_out.undo, Instruction)
    emptied = taken_out.model_copy(update=dict(taken_out.undo))
    again = taken(plan_of(allow, emptied), "203.0.113.0/24").changes
    assert again[1] == emptied
    assert again[0].risk.severity is Severity.HIGH, "it lets somebody in"


def stop(instance: Json) -> Change:
    stopping = Instruction(
        kind="call", service="ec2", operation="StopInstances", params={"InstanceIds": [instance]}
    )
    return deny().model_copy(update=dict(stopping) | {"risk": Risk(severity=Severity.LOW)})


RESTRICTIONS = "DistributionConfig.Restrictions"
NO_COUNTRY: Json = {"GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 0}}


def geo(op: str, at: str = f"{RESTRICTIONS}.GeoRestriction", value: Json = None) -> Change:
    edit = honest().changes[2].edit
    assert edit is not None
    element = edit.elements[0].model_copy(update={"at": at, "op": op, "value": value})
    update = {"elements": (element,)}
    doing = {"service": "cloudfront", "operation": "UpdateDistribution", "edit": edit.model_copy(update=update)}
    return honest().changes[2].model_copy(update=doing)


def distribution(configuration: Json, operation: str = "UpdateDistribution") -> Change:
    """A distribution that is written as a whole by a plain call."""
    params = {"Id": "E1", "IfMatch": "x", "DistributionConfig": configuration}
    writing = Instruction(kind="call", service="cloudfront", operation=operation, params=params)
    return deny().model_copy(update=dict(writing))


SEVERE = {
    "a wide network": deny("203.0.112.0/20"),
    "everything": deny("0.0.0.0/0"),
    "a wide network, version 6": deny("2001:db8::/32"),
    "a wide set": honest()
    .changes[1]
    .model_copy(update={"params": honest().changes[1].params | {"Addresses": ["203.0.112.0/20"]}}),
    "a stop": stop("i-1"),
    "a stop of what is said to be made here": stop(reference("make/launch", "id")),
    "a geo block": geo("add"),
    "a geo block by an allowlist": geo("remove"),
    "a geo block that a call states": distribution({"Restrictions": NO_COUNTRY}),
    "a geo block as a part": geo("set", RESTRICTIONS, NO_COUNTRY),
    "a part that is not known yet": geo("set", RESTRICTIONS, reference("make/it", "config")),
    "a geo block within the whole": geo("set", "DistributionConfig", {"Restrictions": NO_COUNTRY}),
    "a whole that is not known yet": geo("set", "DistributionConfig", reference("make/it", "config")),
    "a call with what is not known yet": distribution(reference("make/it", "config")),
}


@pytest.mark.parametrize("case", SEVERE)
def test_severe_risk_is_found_again_and_asks_for_a_name_that_the_file_does_not_choose(case: str) -> None:
    plan = plan_of(SEVERE[case]).model_copy(update={"confirm": "harmless"})
    assert not plan.severe
    again = taken(plan)
    assert again.severe
    assert again.confirm == ""
    for consent in (Consent(yes=True), Consent(confirm="harmless")):
        with pytest.raises(RefusedByGuard):
            approve(again, consent, NOBODY, Settings())
    approve(again, Consent(confirm=plan.account), NOBODY, Settings())


@pytest.mark.parametrize(
    "change",
    [
        deny("203.0.113.0/24"),
        deny("2001:db8::/48"),
        distribution({"Comment": "x"}),
        distribution({"Restrictions": NO_COUNTRY}, "CreateDistribution"),
        geo("set", "DistributionConfig.WebACLId", "x"),
        geo("set", "DistributionConfig.WebACLId", "x").model_copy(update={"title": "Lift no Restriction"}),
    ],
)
def test_ordinary_risk_stays_ordinary(change: Change) -> None:
    assert taken(plan_of(change)).changes == (change,)


def test_a_raw_call_that_decides_who_may_do_what_is_of_high_risk_whatever_the_file_says() -> None:
    trust = Instruction(kind="call", service="iam", operation="UpdateAssumeRolePolicy", params={})
    calls = deny().model_copy(update=dict(trust)), deny().model_copy(update={"undo": trust})
    for change in calls:
        assert taken(plan_of(change)).changes[0].risk.severity is Severity.HIGH


@pytest.mark.parametrize("severity", Severity)
def test_no_change_counts_for_less_than_it_was_said_to(severity: Severity) -> None:
    said = deny(risk=Risk(severity=severity))
    assert no_less_severe(said).risk.severity is severity
    assert taken(plan_of(said)).changes[0].risk.severity is severity


def test_a_severity_that_was_raised_says_why_for_the_call_and_for_its_undo_behind_what_was_noted() -> None:
    user: Json = {"kind": "call", "service": "iam", "params": {"UserName": "x"}}
    add, drop = (Instruction.model_validate(user | {"operation": name}) for name in ("CreateUser", "DeleteUser"))
    for change, named in (
        (deny().model_copy(update=dict(add)), "iam.CreateUser"),
        (deny().model_copy(update={"undo": drop}), "iam.DeleteUser"),
        (deny().model_copy(update=dict(add) | {"undo": drop}), "iam.CreateUser"),
    ):
        why = f"{named} decides who may do what, or which code runs: at least high, whatever the playbook says"
        for note, told in (("", why), ("it is tested", f"it is tested; {why}")):
            (again,) = taken(plan_of(change.model_copy(update={"risk": Risk(note=note)}))).changes
            assert again.risk == Risk(severity=Severity.HIGH, note=told)


def test_whoever_reviews_a_plan_file_sees_the_severities_that_apply_will_see(tmp_path: Path) -> None:
    def add_user(data: Json) -> None:
        proof = {"read": {"service": "iam", "operation": "ListUsers", "params": {}}, "query": "Users[0]"}
        data["changes"].append(
            data["changes"][0]
            | {"id": "x", "service": "iam", "operation": "CreateUser", "params": {"UserName": "x"}}
            | {"undo": {"because": "x"}, "choice": None, "outputs": {}, "expect": [], "depends_on": []}
            | {"proof": {"configured": [proof | {"op": "present", "says": "there"}]}}
            | {"risk": {"severity": "low"}}
        )

    path = forge(tmp_path / "plan.json", add_user)
    shown = opsctl(tmp_path, "show", str(path), "-o", "json")
    assert shown.returncode == 0, shown.stderr
    result = json.loads(shown.stdout)["result"]
    assert result["changes"][-1]["risk"]["severity"] == "high"
    assert result["digest"] == json.loads(path.read_text(encoding="utf-8"))["digest"]
    plan = load_checked_plan(path)
    shipped = load_checked_playbook("block-ip").playbook
    again = reassessed(plan, about(), shipped=shipped, accepted=())
    assert [one.risk.severity for one in again.changes] == [one["risk"]["severity"] for one in result["changes"]]


def test_what_an_action_makes_may_be_stopped_without_a_name_when_it_is_planned_here() -> None:
    assert no_less_severe(stop(reference("make/launch", "id"))).risk.severity is Severity.LOW
    assert no_less_severe(stop(reference("make", "id"))).risk.severity is Severity.SEVERE
    assert no_less_severe(stop("i-1")).risk.severity is Severity.SEVERE
    release = Instruction(
        kind="call",
        service="ec2",
        operation="ReleaseAddress",
        params={"AllocationId": reference("make/eip", "id")},
    )
    releasing = deny().model_copy(update=dict(release) | {"risk": Risk(severity=Severity.LOW)})
    assert no_less_severe(releasing).risk.severity is Severity.LOW
    assert taken(plan_of(releasing)).changes[0].risk.severity is Severity.SEVERE


def test_the_name_to_confirm_is_the_one_that_the_shipped_playbook_finds() -> None:
    from opsctl.playbook.load import load_playbook

    loaded = load_playbook("block-ip")
    shipped = shipped_playbook("block-ip", loaded.sha256)
    assert shipped == loaded.playbook
    assert shipped_playbook("block-ip", "0" * 64) is None
    assert shipped_playbook("../block-ip", loaded.sha256) is None
    plan = honest().model_copy(update={"confirm": "harmless", "inputs": {"target": "shop.example.com"}})
    assert reassessed(plan, about(), shipped=shipped, accepted=()).confirm == "shop.example.com"
    for inputs in ({}, {"target": ["x"]}, {"target": None}):
        odd = plan.model_copy(update={"inputs": inputs})
        assert reassessed(odd, about(), shipped=shipped, accepted=()).confirm == ""
    by_fact = loaded.playbook.model_copy(update={"confirm": "=facts.name"})
    named = plan.model_copy(update={"facts": {"name": "web"}})
    assert reassessed(named, about(), shipped=by_fact, accepted=()).confirm == "web"
    faulty = loaded.playbook.model_copy(update={"confirm": "=lower(inputs.target, 'x')"})
    assert reassessed(plan, about(), shipped=faulty, accepted=()).confirm == ""


def test_the_permissions_asked_for_are_those_of_the_changes() -> None:
    policy = taken(honest()).iam_policy.apply
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {"ec2:CreateNetworkAclEntry", "wafv2:UpdateIPSet"} <= actions


def test_a_plan_saved_by_opsctl_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        save_plan(honest(), tmp_path / "plan.json")
    finally:
        os.umask(before)
    assert load_checked_plan(tmp_path / "plan.json", private=True) == honest()
