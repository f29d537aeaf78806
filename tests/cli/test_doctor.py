"""`opsctl doctor`: every line whatever is bad, and whether each command may read what it reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import opsctl as package
from opsctl.catalog import find_plugins
from opsctl.planning.iam_actions import action_of
from opsctl.playbook.load import load_playbook
from opsctl.playbook.places import shipped_names
from opsctl.sandbox.worlds.seeding import seed_all
from opsctl.workflow.reads_needed import reads_of
from tests.kit.command import opsctl
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_all) as made:
        yield made


def lines(home: Path, *argv: str, **env: str) -> tuple[int, dict[str, Any]]:
    done = opsctl(home, "doctor", *argv, "-o", "json", **env)
    return done.returncode, {one["check"]: one for one in json.loads(done.stdout)["result"]}


def test_all_is_well_and_everything_is_named(tmp_path: Path, world: World) -> None:
    client("iam").create_account_alias(AccountAlias="our-shop")
    code, told = lines(tmp_path)
    assert (code, [one["check"] for one in told.values() if not one["ok"]]) == (0, [])
    assert told["opsctl"]["detail"].startswith(f"{package.__version__} (distribution {package.DISTRIBUTION})")
    assert told["boto3"]["detail"].startswith(boto3.__version__)
    assert told["account"]["detail"] == f"{world.account}, alias our-shop"
    assert told["journal"]["detail"] == f"0 runs in {tmp_path}/state"
    assert {f"reads of {name}" for name in shipped_names()} <= told.keys()
    assert {one["state"] for one in told["reads of block-ip"]["reads"]} == {"ok"}


def test_what_the_caller_may_not_read_is_named_by_command(tmp_path: Path, world: World) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    nothing = {"Effect": "Deny", "Action": ["wafv2:ListWebACLs", "wafv2:GetWebACL"], "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    client("iam").create_role(RoleName="half", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything, nothing]})
    client("iam").put_role_policy(RoleName="half", PolicyName="half", PolicyDocument=document)
    code, told = lines(tmp_path, "--role-arn", f"arn:aws:iam::{world.account}:role/half")
    assert code == 1
    line = told["reads of block-ip"]
    assert (line["state"], "not wafv2.GetWebACL, wafv2.ListWebACLs" in line["detail"]) == ("bad", True), line
    how = {one["api"]: one["detail"] for one in line["reads"]}
    assert how["wafv2.ListWebACLs"].startswith("access denied at wafv2.ListWebACLs (AccessDeniedException")
    assert "denied" in how["wafv2.GetWebACL"]
    assert told["reads of dlq-redrive"]["state"] == "ok"


def test_a_bad_line_ends_none_of_the_others(tmp_path: Path, world: World) -> None:
    (tmp_path / "opsctl.yaml").write_text("never_block: [nonsense]\n")
    (tmp_path / "file").touch()
    code, told = lines(tmp_path, "--profile", "nobody", OPSCTL_STATE_DIR=str(tmp_path / "file/state"))
    assert code == 1
    assert {check for check, one in told.items() if one["state"] == "bad"} == {
        "configuration",
        "journal",
        "credentials",
    }
    assert told["configuration"]["detail"].startswith("opsctl.yaml:1:15: ")
    assert {check for check, one in told.items() if one["state"] == "not tried"} == {
        "region",
        "account",
        "clock",
        "reads",
    }
    assert told["plug-ins"]["ok"]


def test_without_a_region_the_credentials_are_looked_at_all_the_same(tmp_path: Path, world: World) -> None:
    _, told = lines(tmp_path, AWS_REGION="")
    assert (told["region"]["state"], told["credentials"]["state"]) == ("bad", "ok")
    assert told["account"]["state"] == "not tried"


def test_no_secret_is_told_and_no_line_is_wider_than_the_terminal(tmp_path: Path, world: World) -> None:
    done = opsctl(tmp_path, "doctor", COLUMNS="80", AWS_SESSION_TOKEN="top-secret")
    assert "AWS_SECRET_ACCESS_KEY" in done.stdout
    assert "testing" not in done.stdout
    assert "top-secret" not in done.stdout
    words = str(tmp_path)
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and words not in line] == []


COMMANDS = {
    "block-ip": ("block-ip", "203.0.113.9", "--target", "shop.example.com"),
    "make-ha": ("make-ha", "legacy-web"),
    "dlq-redrive": ("dlq", "redrive", "resize-images-failures"),
    "dlq-attach": ("dlq", "attach", "function:resize-images"),
    "dlq-purge": ("dlq", "purge", "orders-dlq"),
}
PERMISSION_ONLY = {
    "elasticloadbalancing:DescribeWebACLAssociation",
    "elasticloadbalancing:GetLoadBalancerWebACL",
    "lambda:ListTags",
}
"""What AWS asks for beside the operation's own permission; no operation that anybody calls."""


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_really_reads_is_among_what_its_code_is_said_to_read(
    name: str, tmp_path: Path, world: World
) -> None:
    done = opsctl(tmp_path, *COMMANDS[name], "--dry-run", "-o", "json")
    statements = json.loads(done.stdout)["result"]["iam_policy"]["plan"]["Statement"]
    made = {action for statement in statements for action in statement["Action"]}
    assert len(made) > 2
    needed = {action_of(api) for api in reads_of(load_playbook(name).playbook, find_plugins())}
    assert made - needed - PERMISSION_ONLY == set()


def test_what_a_command_has_nothing_to_do_with_is_not_asked_of_it() -> None:
    registry = find_plugins()
    needed = {name: reads_of(load_playbook(name).playbook, registry) for name in shipped_names()}
    assert not [api for api in needed["dlq-redrive"] if api.startswith(("ec2.", "wafv2.", "cloudfront."))]
    assert not [api for api in needed["block-ip"] if api.startswith(("sqs.", "autoscaling."))]
    assert not [api for api in needed["make-ha"] if api.startswith(("wafv2.", "cloudfront."))]
