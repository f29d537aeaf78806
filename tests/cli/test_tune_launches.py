"""`opsctl tune group`, `refresh` and `batch` as they are typed, on groups and environments of an account."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, World, client, fresh_world, server
from tests.kit.worker_groups import ENVIRONMENT, WORKERS, make_environment, make_workers


def make_all(clients: Callable[[str], Any]) -> None:
    """Workers, a group that EKS keeps, and an environment of Batch."""
    make_workers(clients)
    kept = [{"Key": "eks:nodegroup-name", "Value": "nodes"}, {"Key": "eks:cluster-name", "Value": "k8s"}]
    group = clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    clients("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="nodes",
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=group["VPCZoneIdentifier"],
        LaunchTemplate={"LaunchTemplateId": group["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        Tags=[{**tag, "PropagateAtLaunch": True} for tag in kept],
    )
    make_environment(clients)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_all) as made:
        yield made


@pytest.fixture
def watched(world: World) -> WatchedServer:
    server().calls.clear()
    return server()


def changing(watched: WatchedServer) -> list[str]:
    """The calls that may have changed something; Batch is asked by POST as well."""
    return [api for api in watched.mutations() if "/describe" not in api and "/list" not in api]


def tune(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return opsctl(home, "tune", *argv, "--region", "us-east-1")


def test_a_dry_run_changes_nothing_and_leads_on_by_the_same_switches(
    watched: WatchedServer, tmp_path: Path
) -> None:
    done = tune(tmp_path, "group", WORKERS, "--efa", "--placement-group", "near", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert changing(watched) == []
    assert "~ Have workers launch into placement group near" in done.stdout
    (following,) = [line for line in done.stdout.splitlines() if line.startswith("next: ")]
    assert following.startswith("next: opsctl apply ")
    assert following.endswith(" --region us-east-1")


def test_a_group_that_eks_keeps_is_refused_with_the_command_that_changes_it(
    watched: WatchedServer, tmp_path: Path
) -> None:
    done = tune(tmp_path, "group", "nodes", "--efa", "--yes")
    assert done.returncode == 3
    assert changing(watched) == []
    assert "aws eks update-nodegroup-version --cluster-name k8s --nodegroup-name nodes" in done.stderr
    assert tune(tmp_path, "group", "nodes", "--efa", "--yes", "--override", "kept").returncode in (2, 3)


def test_a_refresh_is_not_started_by_a_yes_alone(watched: WatchedServer, tmp_path: Path) -> None:
    ready = tune(tmp_path, "group", WORKERS, "--placement-group", "near", "--yes")
    assert ready.returncode == 0, ready.stderr
    watched.calls.clear()
    done = tune(tmp_path, "refresh", WORKERS, "--yes")
    assert (done.returncode, changing(watched)) == (3, [])
    assert f"--confirm {WORKERS}" in done.stderr
    assert (
        client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=WORKERS)["InstanceRefreshes"] == []
    )


def test_an_environment_is_looked_at_in_every_form_and_changed_only_where_that_is_wished(
    watched: WatchedServer, tmp_path: Path
) -> None:
    text = tune(tmp_path, "batch", ENVIRONMENT)
    told = tune(tmp_path, "batch", ENVIRONMENT, "-o", "json", "--detailed-exitcode", "--dry-run")
    page = tune(tmp_path, "batch", ENVIRONMENT, "-o", "markdown")
    assert (text.returncode, told.returncode, page.returncode) == (0, 5, 0), text.stderr
    assert "lacks   no-interfaces" in text.stdout
    assert json.loads(told.stdout)["result"]["findings"][0]["id"] == "no-placement-group"
    assert "| lacks | no-interfaces |" in page.stdout
    assert changing(watched) == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("batch", ENVIRONMENT, "-o", "html"), "text, json or markdown, where nothing is to be changed"),
        (("batch", "nothing"), "ENVIRONMENT: there is no compute environment 'nothing' here"),
        (("group", "nobody", "--efa"), "GROUP: there is no Auto Scaling group 'nobody' here"),
        (("group", WORKERS), "--efa: nothing to change is named"),
        (("refresh", "nobody"), "GROUP: there is no Auto Scaling group 'nobody' here"),
        (("refresh", WORKERS, "--min-healthy", "101"), "--min-healthy"),
    ],
    ids=["form", "environment", "group", "nothing", "refresh", "percentage"],
)
def test_bad_input_is_one_clear_line_and_2(
    watched: WatchedServer, argv: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = tune(tmp_path, *argv)
    assert (done.returncode, changing(watched)) == (2, []), done.stderr
    assert said in done.stderr
