"""block-ip as a user runs it: commands against a strict account, stdout and stderr apart, real kills."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import HANGS_S, environment, opsctl, opsctl_process, reviewed
from tests.kit.moto_account import WatchedServer, client, fresh_world, is_mutation_free, server, state
from tests.kit.samples import part_of

TARGET = "direct.example.com"


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


@pytest.fixture(autouse=True)
def no_hooks() -> Iterator[None]:
    yield
    server().before = server().after = None


def block(home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return opsctl(home, "block-ip", "203.0.113.9", "--target", TARGET, *argv, **env)


def test_a_dry_run_makes_no_mutating_call_whatever_and_tells_changes_by_its_exit_code(
    account: WatchedServer, tmp_path: Path
) -> None:
    """Peers accepted the flag and changed things all the same."""
    start, before = state(), len(account.mutations())
    for argv in (("--dry-run",), ("-n", "--yes"), ("-n", "-o", "markdown"), ("-n", "-o", "html")):
        assert block(tmp_path, *argv).returncode == 0
    assert block(tmp_path, "-n", "--detailed-exitcode").returncode == 5
    assert len(account.mutations()) == before
    assert state() == start


def test_the_commands_named_next_work_as_they_are_typed(account: WatchedServer, tmp_path: Path) -> None:
    """Another emulator on this machine is not our sandbox, and the region need not be everyone's own."""
    start = state()
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-3"}
    typed = ("--endpoint-url", account.endpoint, "--region", "us-east-1")
    done = block(tmp_path, "--yes", "-o", "json", *typed, **nowhere)
    assert done.returncode == 0, done.stderr
    verify, undo = json.loads(done.stdout)["result"]["next"]
    for command in (verify, f"{undo} --yes"):
        again = opsctl(tmp_path, *shlex.split(command)[1:], **nowhere)
        assert again.returncode == 0, again.stderr
        assert "--sandbox" not in again.stdout
    assert state() == start
    saved = block(tmp_path, "--out", "p.json", *typed, **nowhere)
    following = " ".join(saved.stdout.split("next: ")[1].split())
    assert opsctl(tmp_path, *shlex.split(following)[1:], "--dry-run", **nowhere).returncode == 0


def test_applied_verified_and_undone_with_results_on_stdout_alone(account: WatchedServer, tmp_path: Path) -> None:
    start = state()
    argv = ("block-ip", "203.0.113.9", "--target", TARGET, "--yes", "-o", "json")
    done = opsctl_process(tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    assert (envelope["schema"], envelope["exit_code"], envelope["outcome"]) == ("opsctl.result/v1", 0, "done")
    run_id = envelope["result"]["run_id"]
    assert envelope["result"]["checks"][0]["held"]
    assert "dropped by network ACL" in envelope["result"]["checks"][0]["shown"][0]
    assert any(f"opsctl/0.1.0 run/{run_id}" in agent for agent in account.agents), "CloudTrail tells the story too"
    assert opsctl_process(tmp_path, "verify", run_id).returncode == 0
    again = block(tmp_path, "--yes", "-o", "json")
    assert json.loads(again.stdout)["result"]["changes"] == [], "a second block finds everything in place"
    undone = opsctl_process(tmp_path, "undo", run_id, "--yes")
    assert undone.returncode == 0, undone.stderr
    assert state() == start
    assert opsctl(tmp_path, "verify", run_id).returncode == 3
    assert opsctl(tmp_path, "resume", run_id).returncode == 3


def test_with_nobody_to_ask_it_refuses_and_changes_nothing(account: WatchedServer, tmp_path: Path) -> None:
    before = len(account.mutations())
    done = block(tmp_path)
    assert done.returncode == 3
    assert "add --yes" in done.stderr
    assert len(account.mutations()) == before


def test_a_saved_plan_is_applied_once_and_only_as_it_was_reviewed(account: WatchedServer, tmp_path: Path) -> None:
    saved = block(tmp_path, "--out", "plan.json")
    assert saved.returncode == 0, saved.stderr
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["schema"] == "opsctl.plan/v1"
    assert plan.keys() >= CONTRACT
    assert all(change.keys() >= CHANGE for change in plan["changes"])
    (tmp_path / "altered.json").write_text(json.dumps(plan | {"region": "eu-west-1"}))
    switches = reviewed(tmp_path / "plan.json")
    assert opsctl(tmp_path, "apply", "altered.json", *switches).returncode == 2
    assert opsctl(tmp_path, "apply", "plan.json", *switches, "--region", "eu-west-1").returncode == 3
    assert opsctl(tmp_path, "apply", "plan.json", "--dry-run").returncode == 0
    assert opsctl(tmp_path, "apply", "plan.json").returncode == 3
    assert opsctl(tmp_path, "apply", "plan.json", "--yes").returncode == 2
    assert opsctl(tmp_path, "apply", "plan.json", *switches).returncode == 0
    assert opsctl(tmp_path, "apply", "plan.json", *switches).returncode == 3
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0


CONTRACT = {
    *("id", "digest", "created", "expires", "opsctl_version", "playbook", "account", "region", "caller"),
    *("inputs", "facts", "paths", "warnings", "changes", "iam_policy"),
}
CHANGE = {
    *("id", "title", "why", "kind", "service", "operation", "region", "params", "expect", "proof", "undo"),
    *("risk", "depends_on"),
}


def test_drift_since_the_plan_is_exit_4_and_nothing_is_changed(account: WatchedServer, tmp_path: Path) -> None:
    block(tmp_path, "--out", "plan.json", "--layer", "nacl")
    params = json.loads((tmp_path / "plan.json").read_text())["changes"][1]["params"]
    key = {"NetworkAclId": params["NetworkAclId"], "RuleNumber": params["RuleNumber"], "Egress": False}
    client("ec2").create_network_acl_entry(**key, Protocol="-1", RuleAction="allow", CidrBlock="198.51.100.0/24")
    start = state()
    for argv in (("--dry-run",), reviewed(tmp_path / "plan.json")):
        done = opsctl(tmp_path, "apply", "plan.json", *argv)
        assert done.returncode == 4, done.stderr
        assert "found allow" in done.stderr
    assert state() == start
    client("ec2").delete_network_acl_entry(**key)


def test_of_a_plan_that_another_run_made_so_only_its_record_is_left_and_no_empty_run_is_begun(
    account: WatchedServer, tmp_path: Path
) -> None:
    block(tmp_path, "--out", "plan.json")
    compared = opsctl(tmp_path, "apply", "plan.json", "--dry-run", "--detailed-exitcode")
    assert (compared.returncode, "still matches" in compared.stdout) == (5, True)
    assert block(tmp_path, "--yes").returncode == 0
    run = json.loads(opsctl(tmp_path, "runs", "list", "-o", "json").stdout)["result"][0]["id"]
    compared = opsctl(tmp_path, "apply", "plan.json", "--dry-run", "--detailed-exitcode", "-o", "json")
    envelope = json.loads(compared.stdout)
    plan = json.loads((tmp_path / "plan.json").read_text())
    # Its own end may be another: the record is what is left of it.
    records = [one["id"] for one in plan["changes"] if one["operation"] in ("CreateTags", "TagResource")]
    assert (envelope["exit_code"], envelope["outcome"]) == (5, "matches")
    assert envelope["result"]["already"] == [one["id"] for one in plan["changes"] if one["id"] not in records]

    block(tmp_path, "--out", "none.json")
    done = opsctl(tmp_path, "apply", "none.json", *reviewed(tmp_path / "none.json"))
    assert (done.returncode, "No changes" in done.stdout) == (0, True)
    undone = opsctl(tmp_path, "undo", "last", "--yes", "-o", "json")
    assert json.loads(undone.stdout)["result"]["plan"]["undo_of"] == run, (
        "the last run is the one that did something"
    )


def test_a_plan_of_one_address_fits_a_pull_request(account: WatchedServer, tmp_path: Path) -> None:
    shop = ("block-ip", "203.0.113.9", "--target", "shop.example.com")
    lines = opsctl(tmp_path, *shop, "-n", "-o", "markdown").stdout.splitlines()
    assert len(lines) < 80
    assert sum(line.startswith("<details>") for line in lines) == lines.count("</details>") == 3
    (apply,) = [line for line in lines if line.startswith("opsctl apply ")]
    assert " --digest " in apply
    assert lines.index(apply) < next(at for at, line in enumerate(lines) if line.startswith("<details>"))


def test_of_a_plan_that_another_run_made_so_nothing_is_left(account: WatchedServer, tmp_path: Path) -> None:
    """Nothing in it records whose plan it is."""
    acls = client("ec2").describe_network_acls(Filters=[{"Name": "default", "Values": ["false"]}])["NetworkAcls"]
    opsctl(tmp_path, "playbook", "new", "incident", "--out", "incident.yaml")
    inputs = ("--set", "incident=INC-42", "--set", f"network_acl={acls[0]['NetworkAclId']}")
    argv = ("run", "incident.yaml", "--trust-reads", "incident.yaml", *inputs)
    assert opsctl(tmp_path, *argv, "--out", "plan.json").returncode == 0
    assert opsctl(tmp_path, *argv, "--yes").returncode == 0
    compared = opsctl(tmp_path, "apply", "plan.json", "--dry-run", "--detailed-exitcode", "-o", "json")
    envelope = json.loads(compared.stdout)
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert (envelope["exit_code"], envelope["outcome"]) == (0, "done")
    assert envelope["result"]["already"] == [change["id"] for change in plan["changes"]]
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0


def test_a_state_directory_that_cannot_be_used_is_told_before_anything_is_read(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    nowhere = {"OPSCTL_STATE_DIR": str(tmp_path / "a-file")}
    before = len(account.calls)
    done = block(tmp_path, "--yes", **nowhere)
    assert (done.returncode, len(account.calls)) == (2, before)
    assert "OPSCTL_STATE_DIR" in done.stderr
    shown = block(tmp_path, "--dry-run", **nowhere)
    assert shown.returncode == 0, "looking needs no directory"
    assert "next:" not in shown.stdout
    assert "note: the plan was not kept in" in shown.stderr
    assert "--out FILE" in shown.stderr


def test_a_country_needs_the_targets_name_and_yes_is_not_enough(account: WatchedServer, tmp_path: Path) -> None:
    argv = ("block-ip", "--country", "KP", "--target", "shop.example.com", "--layer", "geo")
    start = state()
    assert opsctl(tmp_path, *argv, "--yes").returncode == 3
    assert opsctl(tmp_path, *argv, "--confirm", "shop").returncode == 3
    assert state() == start
    meant = ("--accept", "stays-open")  # the load balancer's own name knows no countries
    done = opsctl(tmp_path, *argv, *meant, "--confirm", "shop.example.com")
    assert done.returncode == 0, done.stderr
    assert opsctl(tmp_path, "undo", "last", "--confirm", "shop.example.com").returncode == 0
    assert state() == start


def test_a_guard_refuses_with_its_name_and_evidence_and_is_set_aside_by_that_name(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "opsctl.yaml").write_text("never_block: [203.0.113.0/28]\n")
    done = block(tmp_path, "--yes", "-o", "json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["command"], told["outcome"]) == ("block-ip", "refused")
    (error,) = told["errors"]
    assert (error["guard"], error["hint"]) == ("never-block", "--override never-block")
    assert "203.0.113.0/28" in error["evidence"][0]
    done = block(tmp_path, "--dry-run", "--override", "never-block")
    assert (done.returncode, "overridden never-block" in done.stdout) == (0, True)


def test_the_file_of_a_directory_takes_nothing_from_the_users_never_block_list(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.yaml").write_text("never_block: [203.0.113.0/28]\n")
    (tmp_path / "opsctl.yaml").write_text("never_block: [198.51.100.1]\nmax_changes: 100000\n")
    mine = {"OPSCTL_CONFIG": str(tmp_path / "own/mine.yaml")}
    done = opsctl(tmp_path, "block-ip", "203.0.113.9", "--target", "shop.example.com", "--yes", **mine)
    assert (done.returncode, "never-block" in done.stderr) == (3, True)
    done = opsctl(tmp_path, "doctor", **mine, COLUMNS="300")
    assert "mine.yaml: never_block" in done.stdout
    assert "opsctl.yaml (of this directory): max_changes, never_block" in done.stdout
    assert "in force: never_block 2, protected_accounts 0, max_changes 50" in done.stdout


def test_a_copy_of_the_shipped_playbook_with_a_changed_step_runs(account: WatchedServer, tmp_path: Path) -> None:
    """If a shipped subcommand can do something that a user's file cannot, the design has failed."""
    text = Path("playbooks/block-ip.yaml").read_text(encoding="utf-8")
    changed = text.replace("name: block-ip", "name: count-only").replace(
        "mode: =inputs.mode\n      reason", "mode: count\n      reason"
    )
    changed = changed.replace("points[?layer=='nacl']", "points[?layer=='no-nacl']")
    (tmp_path / "mine.yaml").write_text(changed)
    argv = ("run", "mine.yaml", "--set", "addresses=203.0.113.9", "--set", f"target={TARGET}")
    done = opsctl(tmp_path, *argv, "-n", "-o", "json")
    assert done.returncode == 0, done.stderr
    changes = json.loads(done.stdout)["result"]["changes"]
    operations = [change["operation"] for change in changes]
    assert operations == ["CreateIPSet", "TagResource", "UpdateIPSet", "UpdateWebACL"]
    assert "Count" in json.dumps(changes[3])


def kill_at(account: WatchedServer, home: Path, number: int, *, after: bool) -> None:
    """Run block-ip and kill -9 it around its n-th mutating call."""
    process = subprocess.Popen(
        [sys.executable, "-m", "opsctl", "block-ip", "203.0.113.9", "--target", TARGET, "--yes", "-q"],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen = 0

    def count(api: str) -> None:
        nonlocal seen
        seen += not is_mutation_free(api)
        if not is_mutation_free(api) and seen == number:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=HANGS_S)

    account.before, account.after = (None, count) if after else (count, None)
    process.wait(timeout=HANGS_S)
    account.before = account.after = None
    assert process.returncode == -signal.SIGKILL, "the run was killed and did not end"


@pytest.mark.parametrize("number", part_of(2, "killed", [1, 2, 4]))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_killed_run_is_finished_by_resume_or_taken_back_by_undo(
    account: WatchedServer, tmp_path: Path, number: int, after: bool
) -> None:
    start = state()
    kill_at(account, tmp_path, number, after=after)
    listed = json.loads(opsctl(tmp_path, "runs", "list", "-o", "json").stdout)["result"]
    assert [run["status"] for run in listed] == ["interrupted"]
    if number != 2:
        resumed = opsctl(tmp_path, "resume", "last")
        assert resumed.returncode == 0, resumed.stderr
        assert opsctl(tmp_path, "verify", "last").returncode == 0
    run_id = listed[0]["id"]
    undone = opsctl(tmp_path, "undo", run_id, "--yes")
    assert undone.returncode == 0, undone.stderr
    assert state() == start


def test_ctrl_c_finishes_the_call_in_flight_and_says_how_to_go_on(account: WatchedServer, tmp_path: Path) -> None:
    start = state()
    process = subprocess.Popen(
        [sys.executable, "-m", "opsctl", "block-ip", "203.0.113.9", "--target", TARGET, "--yes"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def interrupt(api: str) -> None:
        if not is_mutation_free(api):
            account.after = None
            process.send_signal(signal.SIGINT)

    account.after = interrupt
    _, told = process.communicate(timeout=HANGS_S)
    assert process.returncode == 130, told
    assert "finishing the call in flight" in told
    done = opsctl(tmp_path, "resume", "last")
    assert done.returncode == 0, done.stderr
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0
    assert state() == start


def test_a_list_is_read_from_a_file_and_its_faults_are_told_by_line(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "drop.txt").write_text("; DROP\n203.0.113.0/25 ; SBL1\n198.51.100.128/26 ; SBL2\r\n; EOF\n")
    argv = ("block-ip", "--target", TARGET, "--dry-run", "-o", "json")
    taken = opsctl(tmp_path, *argv, "--from", "drop.txt")
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["result"]["inputs"]["addresses"] == ["203.0.113.0/25", "198.51.100.128/26"]
    (tmp_path / "top.csv").write_text("n,client\n9,203.0.113.9:443\n8,nobody\n")
    refused = opsctl(tmp_path, *argv, "--from", "top.csv", "--column", "client")
    assert refused.returncode == 2
    (fault,) = json.loads(refused.stdout)["errors"]
    assert (fault["where"]["source"], fault["where"]["line"]) == ("top.csv", 3)
    assert opsctl(tmp_path, *argv, "203.0.113.9", "--column", "client").returncode == 2
