"""The guards of block-ip, on an account with networks and addresses of its own."""

from collections.abc import Iterator

import pytest

from opsctl.model.errors import RefusedByGuard
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import World, client, fresh_world

TARGET = "direct.example.com"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def refusal(world: World, address: str) -> RefusedByGuard:
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("block-ip", {"addresses": [address], "target": TARGET})
    return caught.value


@pytest.mark.parametrize(
    ("address", "guard"),
    [
        ("0.0.0.0/0", "everything"),
        ("::/0", "everything"),
        ("203.0.0.0/8", "broad"),
        ("2a00::/20", "broad"),
        ("10.9.9.9", "private"),
        ("100.64.0.1", "private"),
        ("169.254.169.254", "private"),
        ("fd00:ec2::254", "private"),
        ("fe80::1", "private"),
        ("127.0.0.1", "private"),
        ("224.0.0.1", "private"),
        ("10.20.1.7", "vpc"),
        ("130.176.0.9", "edge"),
        ("15.177.0.1", "edge"),
    ],
)
def test_an_address_that_must_not_be_blocked_is_refused_by_name(world: World, address: str, guard: str) -> None:
    refused = refusal(world, address)
    assert any(line.startswith(f"{guard}: ") for line in refused.evidence)
    if guard == "everything":
        assert "cannot be overridden" in refused.hint
    else:
        assert f"--override {guard}" in refused.hint


def test_every_kind_of_own_address_is_refused(world: World) -> None:
    ec2 = client("ec2")
    own = [one["PublicIp"] for one in ec2.describe_addresses()["Addresses"]]
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    own += [
        one["Association"]["PublicIp"]
        for one in interfaces
        if one["Description"].startswith("ELB ") and one.get("Association")
    ]
    assert len(own) >= 4
    for address in own:
        assert any(line.startswith("own-address: ") for line in refusal(world, address).evidence)


@pytest.mark.parametrize("address", ["192.0.2.9", "198.51.100.0/25", "203.0.113.9", "2001:db8::/64"])
def test_documentation_ranges_are_allowed_for_rehearsals(world: World, address: str) -> None:
    plan = world.plan("block-ip", {"addresses": [address], "target": TARGET})
    # This ALB has no IPv6 address, so there is nothing to do against an IPv6 client.
    assert bool(plan.changes) == (":" not in address)
