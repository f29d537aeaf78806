"""make-ha as a person types it: what is refused and how, what a dry run shows, and there and back again."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl, opsctl_process
from tests.kit.ha_account import ha_state
from tests.kit.moto_account import WatchedServer, client, fresh_world, server


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


def make_ha(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return opsctl(home, "make-ha", *argv)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("no-such-thing",), 2, "there is no instance 'no-such-thing'"),
        (("i-0123456789abcdef0",), 2, "or another --region"),
        (("legacy-web", "--mode", "best"), 2, "'best' is not one of auto, recover, standby, asg"),
        (("legacy-web", "--group", "a b"), 2, "--group"),
        (("legacy-web", "--rpo", "soon"), 2, "write 30s, 5m, 2h or 1d"),
        (("legacy-web", "--rpo", "1m"), 3, "under five minutes"),
        (("legacy-web", "--snapshots", "backup"), 2, "'backup' is not one of handler, dlm"),
        (("legacy-web", "--snapshots", "dlm", "--rpo", "5h"), 2, "takes snapshots every 1h, 2h, 3h, 4h, 6h, 8h"),
        (("legacy-web", "--snapshots", "dlm"), 2, "--rpo: none is given"),
        (("legacy-web", "--snapshots", "dlm", "--rpo", "1h", "--keep-snapshots", "0"), 2, "--keep-snapshots: 0"),
        (("legacy-web", "--snapshots", "dlm", "--rpo", "1h", "--mode", "recover"), 3, "dlm-recover"),
        (("legacy-web", "--topic", "ops"), 2, "'ops' is not the ARN of a topic"),
        (("legacy-web", "--record", "db.internal"), 2, "is not ZONE_ID/NAME"),
        (("legacy-web", "--mode", "standby", "--fresh", "--accept", "root-disk"), 3, "standby-fresh"),
        (("legacy-web", "--subnet", "subnet-nope"), 3, "subnet-nope is not in"),
        (("legacy-web", "--yes"), 3, "--accept root-disk"),
        (("legacy-web", "--accept", "nothing", "--yes"), 2, "no guard is called 'nothing'"),
    ],
)
def test_bad_input_gets_one_clear_line_and_changes_nothing(
    account: WatchedServer, tmp_path: Path, argv: tuple[str, ...], code: int, words: str
) -> None:
    before = len(account.mutations())
    done = make_ha(tmp_path, *argv)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(account.mutations()) == before


def test_a_dry_run_shows_verdicts_outlook_costs_and_plan_in_every_form(
    account: WatchedServer, tmp_path: Path
) -> None:
    before = len(account.mutations())
    for form in ("text", "markdown", "html", "json"):
        done = make_ha(tmp_path, "legacy-web", "--dry-run", "--details", "-o", form)
        assert done.returncode == 0, done.stderr
        for words in ("root-disk", "Preflight checks", "Estimated RTO and RPO", "43,800 short runs"):
            assert words in done.stdout.replace("\\", "")
    assert len(account.mutations()) == before
    plan = json.loads(done.stdout)["result"]
    assert plan["outputs"] == {
        "group": "ha-legacy-web",
        "mode": "asg",
        "topic": f"arn:aws:sns:us-east-1:{plan['account']}:opsctl-ha-legacy-web",
    }
    policy = json.dumps(plan["iam_policy"]["apply"])
    for action in ("iam:PassRole", "iam:CreateServiceLinkedRole", "ec2:RunInstances", "lambda:CreateFunction"):
        assert action in policy


def test_there_and_back_again(account: WatchedServer, tmp_path: Path) -> None:
    start = ha_state()
    done = make_ha(tmp_path, "legacy-web", "--accept", "root-disk", "--rpo", "1h", "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["LifecycleState"] for one in group["Instances"]] == ["InService"]
    assert opsctl_process(tmp_path, "verify", "last").returncode == 0
    healthy = make_ha(tmp_path, "status", "ha-legacy-web", "-o", "json")
    assert (healthy.returncode, json.loads(healthy.stdout)["result"]["works"]) == (6, False)
    assert json.loads(healthy.stdout)["exit_code"] == 6
    wrong = [one["check"] for one in json.loads(healthy.stdout)["result"]["findings"] if one["state"] != "ok"]
    assert wrong == ["snapshots"], "the handler has not run yet, so there is no snapshot"
    again = make_ha(tmp_path, "legacy-web", "--dry-run")
    assert again.returncode == 3
    assert "it is in Auto Scaling group ha-legacy-web" in again.stderr
    undone = opsctl(tmp_path, "undo", "last", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "the image stays" in " ".join(undone.stdout.split())
    assert ha_state() == start
    assert opsctl(tmp_path, "verify", "last").returncode == 0, "the undo run proves itself as well"


def test_a_reboot_for_the_image_needs_the_instances_name_typed(account: WatchedServer, tmp_path: Path) -> None:
    before = len(account.mutations())
    done = make_ha(tmp_path, "legacy-web", "--accept", "root-disk", "--reboot", "--yes")
    assert done.returncode == 3
    assert "--confirm legacy-web" in done.stderr
    assert len(account.mutations()) == before


def test_the_first_word_is_an_instance_or_a_subcommand(account: WatchedServer, tmp_path: Path) -> None:
    for argv, words in (
        (("--help",), "status"),
        (("legacy-web", "--help"), "--allow-data-loss"),
        (("instance", "--help"), "--allow-data-loss"),
        (("--dry-run", "legacy-web"), "RTO"),
    ):
        done = make_ha(tmp_path, *argv)
        assert (done.returncode, words in done.stdout) == (0, True), (argv, done.stderr)
    gone = make_ha(tmp_path, "status", "no-such-group")
    assert (gone.returncode, "there is no Auto Scaling group 'no-such-group'" in gone.stderr) == (2, True)
