"""AWS Global Accelerator: reading standard accelerators and what they lead to; its API is in us-west-2 alone."""

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name

REGION = "us-west-2"


class Accelerator(Value):
    """An accelerator with the names and addresses that it answers to."""

    arn: str
    name: str
    names: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    enabled: bool = True
    ipv6: bool = False


class Endpoint(Value):
    """What an accelerator leads to: an ARN, or the id of an instance or Elastic IP; `preserved` as AWS says it."""

    id: str
    region: str
    preserved: bool


def list_accelerators() -> Read:
    """Read all standard accelerators of the account."""
    return Read(service="globalaccelerator", operation="ListAccelerators", region=REGION)


def list_listeners(accelerator: str) -> Read:
    """Read the listeners of an accelerator."""
    params: dict[str, Json] = {"AcceleratorArn": accelerator}
    return Read(service="globalaccelerator", operation="ListListeners", params=params, region=REGION)


def list_endpoint_groups(listener: str) -> Read:
    """Read the endpoint groups of a listener, with their endpoints."""
    params: dict[str, Json] = {"ListenerArn": listener}
    return Read(service="globalaccelerator", operation="ListEndpointGroups", params=params, region=REGION)


def parse_accelerators(answer: Json) -> tuple[Accelerator, ...]:
    """Parse ListAccelerators."""
    return tuple(_accelerator(one) for one in answer.get("Accelerators") or [])


def parse_listeners(answer: Json) -> tuple[str, ...]:
    """Parse ListListeners: their ARNs."""
    return tuple(one["ListenerArn"] for one in answer.get("Listeners") or [])


def parse_endpoint_groups(answer: Json) -> tuple[Endpoint, ...]:
    """Parse ListEndpointGroups: all endpoints."""
    return tuple(
        Endpoint(
            id=one["EndpointId"],
            region=group["EndpointGroupRegion"],
            preserved=bool(one.get("ClientIPPreservationEnabled", False)),
        )
        for group in answer.get("EndpointGroups") or []
        for one in group.get("EndpointDescriptions") or []
    )


def _accelerator(one: Json) -> Accelerator:
    names = (one.get("DnsName"), one.get("DualStackDnsName"))
    return Accelerator(
        arn=one["AcceleratorArn"],
        name=one.get("Name") or one["AcceleratorArn"].rpartition("/")[2],
        names=tuple(normal_name(name) for name in names if name),
        addresses=tuple(
            address for family in one.get("IpSets") or [] for address in family.get("IpAddresses") or []
        ),
        enabled=bool(one.get("Enabled", True)),
        ipv6=one.get("IpAddressType") == "DUAL_STACK",
    )
