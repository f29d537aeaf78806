"""A caller that may not do everything: refused before the first change, by name, and let do what he may."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.sandbox.client import SandboxEndpoint
from opsctl.sandbox.roles import assume, role_arn
from opsctl.sandbox.worlds.roles import ROLES, make_roles
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import KEY, World, client, fresh_world, server, state


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network, make_roles) as made:
        yield made


def block(home: Path, world: World, role: str, *more: str) -> tuple[int, str, str]:
    arn = f"arn:aws:iam::{world.account}:role/{role}"
    argv = ("block-ip", "203.0.113.9", "--target", "direct.example.com", "--role-arn", arn, *more)
    done = opsctl(home, *argv)
    return done.returncode, done.stdout, done.stderr


def test_who_may_only_look_may_plan(tmp_path: Path, world: World) -> None:
    code, out, err = block(tmp_path, world, "responder-read-only", "--dry-run")
    assert (code, "direct-acl" in out) == (0, True), err


def test_who_may_only_look_is_refused_before_the_first_change(tmp_path: Path, world: World) -> None:
    before = state()
    code, _, err = block(tmp_path, world, "responder-read-only", "--layer", "nacl", "--yes")
    assert code == 3
    assert "role/responder-read-only may not do what the plan needs; nothing was changed" in err
    assert "denied: ec2:CreateNetworkAclEntry" in err
    assert state() == before


def test_who_goes_on_without_the_check_is_refused_by_the_service(tmp_path: Path, world: World) -> None:
    before = state()
    more = ("--layer", "nacl", "--yes", "--skip-permission-check")
    code, out, err = block(tmp_path, world, "responder-read-only", *more)
    assert (code, "UnauthorizedOperation" in out + err) == (1, True)
    assert state() == before


def test_an_undo_needs_no_permission_to_make_anew_what_it_takes_away(tmp_path: Path, world: World) -> None:
    target = ("block-ip", "203.0.113.10", "--target", "direct.example.com", "--layer", "nacl", "--yes")
    assert opsctl(tmp_path, *target).returncode == 0
    arn = f"arn:aws:iam::{world.account}:role/responder-read-only"
    refused = opsctl(tmp_path, "undo", "last", "-y", "--role-arn", arn)
    assert (refused.returncode, "denied: ec2:DeleteNetworkAclEntry" in refused.stderr) == (3, True)
    assert "CreateNetworkAclEntry" not in refused.stderr
    assert opsctl(tmp_path, "undo", "last", "-y").returncode == 0


def test_who_may_change_web_acls_changes_them(tmp_path: Path, world: World) -> None:
    code, out, err = block(tmp_path, world, "responder-web-acls", "--layer", "waf", "--yes")
    assert (code, "done and proved" in out) == (0, True), err


def test_a_roles_environment_is_the_sandboxs_with_its_own_credentials(world: World) -> None:
    endpoint = SandboxEndpoint(endpoint_url=server().endpoint, pid=1, key=KEY)
    env = assume(endpoint, f"arn:aws:iam::{world.account}:role/{ROLES[0].name}")
    assert {name for name in env if env[name] != endpoint.env[name]} == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }


@pytest.mark.parametrize("role", ["nobody", "arn:aws:iam::1:role/elsewhere", "", "no name", "arn:"])
def test_a_role_that_cannot_be_assumed_is_told(world: World, role: str) -> None:
    endpoint = SandboxEndpoint(endpoint_url=server().endpoint, pid=1, key=KEY)
    with pytest.raises(InvalidInput, match="cannot be assumed"):
        assume(endpoint, role_arn(role))


def test_the_roles_are_made_for_everybody_of_the_account(world: World) -> None:
    made = {one["RoleName"]: one["Description"] for one in client("iam").list_roles()["Roles"]}
    assert made == {role.name: role.what for role in ROLES}


def _who_may_not(action: str) -> str:
    """Make a role that may do everything but one action; returns its ARN."""
    name = action.replace(":", "-not-")
    every = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    trust = every | {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    del trust["Resource"]
    made = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_policy(trust)))
    policy = _policy(every, every | {"Effect": "Deny", "Action": action})
    client("iam").put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def _policy(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_what_cannot_be_read_of_blocks_is_never_taken_for_fine(tmp_path: Path, world: World) -> None:
    target = ("--target", "direct.example.com")
    assert opsctl(tmp_path, "block-ip", "203.0.113.9", *target, "--ttl", "2h", "--yes").returncode == 0
    arn = ("--role-arn", _who_may_not("ec2:DescribeNetworkAcls"))
    nothing = ("unblock-ip", "198.51.100.77", "--yes")
    commands = {
        ("blocks", "list"): 6,
        ("blocks", "expire", "--yes", "--accept", "unreadable"): 0,
        ("blocks", "extend", "203.0.113.9", "--ttl", "3d", "--yes"): 6,
        nothing: 6,
        ("unblock-ip", "203.0.113.9", "--yes"): 6,
    }
    told = {argv: opsctl(tmp_path, *argv, *arn) for argv in commands}
    assert {argv: one.returncode for argv, one in told.items()} == commands
    assert "cannot tell what network ACLs block" in told["blocks", "list"].stdout
    assert "--accept unreadable" in told[nothing].stdout
