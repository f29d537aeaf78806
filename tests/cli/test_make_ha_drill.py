"""make-ha drill as a person types it: what is refused and how, a whole drill, and going on with one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.engine.conditions import Durations
from opsctl.sandbox.engine.lambda_jobs import run_due
from tests.kit.command import HANGS_S, environment, opsctl
from tests.kit.drills import protected
from tests.kit.ha_world import GROUP, HaWorld, ha_world
from tests.kit.moto_account import client, server

SURE = ("--accept", "alarms", "--accept", "snapshot", "--confirm", GROUP, "--yes")


@pytest.fixture(scope="module")
def web() -> Iterator[HaWorld]:
    with ha_world(durations=Durations()) as made:
        yield protected(made)


@pytest.fixture(autouse=True)
def no_hooks() -> Iterator[None]:
    yield
    server().before = server().after = None


def drill(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return opsctl(home, "make-ha", "drill", *argv)


def recover_at_once(web: HaWorld) -> None:
    """Let the group have recovered before the next call after the termination is answered."""

    def after(api: str) -> None:
        if api == "query.TerminateInstanceInAutoScalingGroup":
            server().after = None
            web.until(lambda: web.serving() not in (None, web.instance), 900)

    server().after = after


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("no-such-group",), 2, "there is no Auto Scaling group 'no-such-group'"),
        ((GROUP, "--by", "magic"), 2, "'magic' is not one of auto, replace, unhealthy, stop"),
        ((GROUP, "--within", "soon"), 2, "write 30s, 5m, 2h or 1d"),
        ((GROUP, "--probe", "ftp://example.com/"), 2, "--probe"),
        ((GROUP, "--probe", "http://user:secret@example.com/"), 2, "--probe"),
        ((GROUP, "--report", "/no/such/place/r.md"), 2, "is no directory"),
        ((GROUP, "--accept", "broken"), 2, "cannot be overridden"),
        ((GROUP,), 3, "snapshot"),
        ((GROUP, "--accept", "alarms", "--accept", "snapshot", "--yes"), 3, f"--confirm {GROUP}"),
    ],
)
def test_bad_input_gets_one_clear_line_and_changes_nothing(
    web: HaWorld, tmp_path: Path, argv: tuple[str, ...], code: int, words: str
) -> None:
    before = len(server().mutations())
    extra = ("--snapshot-within", "0s") if argv == (GROUP,) else ()
    done = drill(tmp_path, *argv, *extra)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(server().mutations()) == before


def test_a_group_that_make_ha_did_not_build_is_refused_with_what_to_do(web: HaWorld, tmp_path: Path) -> None:
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="theirs",
        MinSize=0,
        MaxSize=0,
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "1"},
        VPCZoneIdentifier=",".join(web.subnets.values()),
    )
    before = len(server().mutations())
    done = drill(tmp_path, "theirs", "--confirm", "theirs", "--yes", "-o", "json")
    assert done.returncode == 2
    assert "make-ha did not build group 'theirs'" in done.stderr
    assert "create one with opsctl make-ha INSTANCE" in done.stderr
    assert json.loads(done.stdout)["exit_code"] == 2
    assert len(server().mutations()) == before


def test_a_dry_run_shows_the_plan_in_every_form_and_calls_nothing(web: HaWorld, tmp_path: Path) -> None:
    before = len(server().mutations())
    for form in ("text", "json"):
        done = drill(tmp_path, GROUP, "--other-zone", "--dry-run", *SURE, "-o", form)
        assert done.returncode == 0, done.stderr
        for words in ("What will fail", "opsctl:ha-drill", "Watch ha-legacy-web recover"):
            assert words in done.stdout.replace("\\", "")
    assert len(server().mutations()) == before
    plan = json.loads(done.stdout)["result"]
    assert [one["operation"] for one in plan["changes"]] == [
        "CreateTags",
        "UpdateAutoScalingGroup",
        "TerminateInstanceInAutoScalingGroup",
        "DescribeAutoScalingGroups",
        "ha.drill",
    ]
    assert plan["changes"][2]["risk"]["severity"] == "severe"


def test_killed_and_resumed_it_reports_the_drill_it_began(web: HaWorld, tmp_path: Path) -> None:
    """After kill -9 the same run says how long the group took, not how long nobody looked."""

    def die(api: str) -> None:
        if (
            api == "query.DescribeScalingActivities"
            and "query.TerminateInstanceInAutoScalingGroup" in server().calls
        ):
            server().before = None
            os.kill(process.pid, signal.SIGKILL)

    server().calls.clear()
    argv = ("make-ha", "drill", GROUP, *SURE, "--report", "drill.md")
    command = [sys.executable, "-m", "opsctl", *argv]
    server().before = die
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.communicate(timeout=HANGS_S)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "drill.md").exists()
    (run,) = json.loads(opsctl(tmp_path, "runs", "list", "-o", "json").stdout)["result"]
    assert run["status"] == "interrupted"
    web.until(lambda: web.serving() not in (None, web.instance), 900)
    web.move(3600)
    done = opsctl(tmp_path, "resume", run["id"], "-o", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["result"]["changes"][-1]["result"]
    assert found["recovered"]
    assert found["recovery_s"] < 120
    assert server().calls.count("query.TerminateInstanceInAutoScalingGroup") == 1
    report = (tmp_path / "drill.md").read_text()
    assert report.startswith("# Drill of ha-legacy-web\n\n**Recovered after ")
    assert f"Run {run['id']}" in report
    assert "What is in the files it does not prove" in report
    for form in ("markdown", "html"):
        shown = opsctl(tmp_path, "show", run["id"], "-o", form)
        assert "address moved" in shown.stdout, form
    web.instance = web.serving() or ""


def test_a_drill_from_one_end_to_the_other(web: HaWorld, tmp_path: Path) -> None:
    web.move(4000)
    run_due(web.world.account)
    recover_at_once(web)
    done = drill(tmp_path, GROUP, *SURE)
    assert done.returncode == 0, done.stderr
    assert "AWS     began: Terminating EC2 instance" in done.stderr
    assert "is InService in us-east-1" in done.stderr
    for words in ("done: recovered after", "T0, the call", "none lost", "holds: would-recover-again"):
        assert words in done.stdout
