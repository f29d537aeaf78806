"""A caller that may not do everything: refused before the first change, by name, and let do what he may."""

from collections.abc import Iterator
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
