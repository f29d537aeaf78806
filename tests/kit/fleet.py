"""The instances of the hpc world, and what is inside them."""

from typing import Any

from opsctl.sandbox.engine.guest import Guest, guest_of
from tests.kit.moto_account import client


def described(name: str) -> Any:
    """An instance by its name, as EC2 describes it."""
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return found["Reservations"][0]["Instances"][0]


def ids_of(*names: str) -> list[str]:
    """The ids of instances by their names."""
    return [described(name)["InstanceId"] for name in names]


def guest_named(name: str) -> Guest:
    """The guest of an instance."""
    from moto.ec2.models import ec2_backends

    one = described(name)
    account, region = one["NetworkInterfaces"][0]["OwnerId"], one["Placement"]["AvailabilityZone"][:-1]
    ec2 = ec2_backends[account][region]
    return guest_of(ec2, ec2.get_instance(one["InstanceId"]))


def firewall_of(name: str) -> dict[str, list[str]]:
    """What the firewall of an instance drops, by set or chain; nothing where no script has put anything there."""
    memory: dict[Any, Any] = guest_named(name).memory
    found = {
        of: sorted(one.elements) for table in memory.get("nft", {}).values() for of, one in table.sets.items()
    }
    chains = {of: rules for version in (4, 6) for of, rules in memory.get(("raw", version), {}).items()}
    return {of: list(what) for of, what in (found | chains).items() if what}


def mtu_of(name: str) -> str:
    """The MTU of the first device of an instance."""
    guest = guest_named(name)
    return (guest.read(f"/sys/class/net/{guest.links[0].name}/mtu") or "").strip()
