"""A copied account answers as the one that was made by calls, and belongs to nobody else."""

import re

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit import seeded
from tests.kit.moto_account import client, fresh_world, state


def test_a_copy_answers_as_what_was_seeded_by_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeded, "_KEPT", {})
    with fresh_world(seed_network) as world:
        made = str(state()).replace(world.account, "ACCOUNT")
        reservations = str(client("ec2").describe_instances()["Reservations"]).replace(world.account, "ACCOUNT")
    with fresh_world(seed_network) as world:
        assert world.account in str(state()), "its ARNs are its own"
        assert str(state()).replace(world.account, "ACCOUNT") == made
        copied = str(client("ec2").describe_instances()["Reservations"])
        assert copied.replace(world.account, "ACCOUNT") == reservations
        assert set(re.findall(r"\b2\d{11}\b", copied)) <= {world.account}


def test_what_is_done_in_one_copy_is_not_done_in_the_next() -> None:
    with fresh_world(seed_network):
        start = state()
        (acl, *_) = client("ec2").describe_network_acls()["NetworkAcls"]
        client("ec2").create_network_acl_entry(
            NetworkAclId=acl["NetworkAclId"],
            RuleNumber=7,
            Protocol="-1",
            RuleAction="deny",
            Egress=False,
            CidrBlock="203.0.113.9/32",
        )
        assert state() != start
        with fresh_world(seed_network):
            assert "203.0.113.9" not in str(client("ec2").describe_network_acls())
