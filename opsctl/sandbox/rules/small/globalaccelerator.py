"""AWS Global Accelerator: standard accelerators, listeners and endpoint groups.

Source: Global Accelerator API reference and guide (about-endpoints, preserve-client-ip-address). Addresses
are preserved always for EC2 instances, by default for Application Load Balancers, on request for Network Load
Balancers, never for Elastic IPs, and by interfaces in the subnets. The API is in us-west-2 alone.
"""

import uuid
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.small_services import Fault, Operation, SmallCall

SERVICE = "globalaccelerator"
REGION = "us-west-2"


def create_accelerator(asked: SmallCall) -> Json:
    """Make one, with two addresses and a name."""
    _here(asked)
    number = len(_all(asked)) + 1
    identifier = str(uuid.uuid4())
    made = {
        "AcceleratorArn": f"arn:aws:globalaccelerator::{asked.account}:accelerator/{identifier}",
        "Name": asked.params["Name"],
        "IpAddressType": asked.params.get("IpAddressType", "IPV4"),
        "Enabled": asked.params.get("Enabled", True),
        "DnsName": f"a{identifier.replace('-', '')[:16]}.awsglobalaccelerator.com",
        "Status": "DEPLOYED",
        "IpSets": [{"IpFamily": "IPv4", "IpAddresses": [f"75.2.60.{number}", f"99.83.190.{number}"]}],
    }
    _all(asked)[made["AcceleratorArn"]] = {"about": made, "listeners": {}}
    return {"Accelerator": made}


def list_accelerators(asked: SmallCall) -> Json:
    """List them."""
    _here(asked)
    return {"Accelerators": [one["about"] for one in _all(asked).values()]}


def create_listener(asked: SmallCall) -> Json:
    """Make a listener of an accelerator."""
    accelerator = _accelerator(asked, asked.params["AcceleratorArn"])
    arn = f"{asked.params['AcceleratorArn']}/listener/{uuid.uuid4().hex[:8]}"
    made = {"ListenerArn": arn, "PortRanges": asked.params["PortRanges"], "Protocol": asked.params["Protocol"]}
    accelerator["listeners"][arn] = {"about": made, "groups": []}
    return {"Listener": made}


def list_listeners(asked: SmallCall) -> Json:
    """List those of an accelerator."""
    accelerator = _accelerator(asked, asked.params["AcceleratorArn"])
    return {"Listeners": [one["about"] for one in accelerator["listeners"].values()]}


def create_endpoint_group(asked: SmallCall) -> Json:
    """Make a listener's group of a Region, one a Region, and the interfaces that preserved addresses need."""
    listener = _listener(asked)
    region = asked.params["EndpointGroupRegion"]
    if any(one["EndpointGroupRegion"] == region for one in listener["groups"]):
        raise Fault("EndpointGroupAlreadyExistsException", f"There is an endpoint group for {region} already.")
    endpoints = [_endpoint(asked, region, one) for one in asked.params.get("EndpointConfigurations") or []]
    made = {
        "EndpointGroupArn": f"{asked.params['ListenerArn']}/endpoint-group/{uuid.uuid4().hex[:12]}",
        "EndpointGroupRegion": region,
        "EndpointDescriptions": endpoints,
    }
    listener["groups"].append(made)
    return {"EndpointGroup": made}


def list_endpoint_groups(asked: SmallCall) -> Json:
    """List those of a listener."""
    return {"EndpointGroups": _listener(asked)["groups"]}


def _all(asked: SmallCall) -> dict[str, Any]:
    found: dict[str, Any] = asked.kept.setdefault("accelerators", {})
    return found


def _here(asked: SmallCall) -> None:
    if asked.region != REGION:
        raise Fault("InvalidSignatureException", f"Credential should be scoped to a valid region: {REGION}.")


def _accelerator(asked: SmallCall, arn: str) -> dict[str, Any]:
    _here(asked)
    if arn not in _all(asked):
        raise Fault("AcceleratorNotFoundException", f"There is no accelerator {arn}.")
    found: dict[str, Any] = _all(asked)[arn]
    return found


def _listener(asked: SmallCall) -> dict[str, Any]:
    arn = asked.params["ListenerArn"]
    accelerator = _accelerator(asked, arn.partition("/listener/")[0])
    if arn not in accelerator["listeners"]:
        raise Fault("ListenerNotFoundException", f"There is no listener {arn}.")
    found: dict[str, Any] = accelerator["listeners"][arn]
    return found


def _endpoint(asked: SmallCall, region: str, one: dict[str, Json]) -> Json:
    identifier = one["EndpointId"]
    subnets, default = _where(asked.account, region, identifier)
    wanted = one.get("ClientIPPreservationEnabled")
    preserved = default if wanted is None or identifier.startswith(("i-", "eipalloc-")) else bool(wanted)
    if preserved:
        _make_interfaces(asked.account, region, subnets)
    return {
        "EndpointId": identifier,
        "Weight": one.get("Weight", 128),
        "HealthState": "HEALTHY",
        "ClientIPPreservationEnabled": preserved,
    }


def _where(account: str, region: str, identifier: str) -> tuple[list[str], bool]:
    """Return the subnets of an endpoint, and whether addresses are preserved when nothing is said.

    Raises:
        Fault: it is not there.
    """
    from moto.ec2.models import ec2_backends
    from moto.elbv2.models import elbv2_backends

    balancer = elbv2_backends[account][region].load_balancers.get(identifier)
    ec2 = ec2_backends[account][region]
    if balancer is not None:
        return [one.id for one in balancer.subnets], ":loadbalancer/app/" in identifier
    if identifier.startswith("i-") and any(one.id == identifier for one in ec2.all_instances()):
        return [ec2.get_instance(identifier).subnet_id], True
    if any(one.allocation_id == identifier for one in ec2.describe_addresses()):
        return [], False
    raise Fault("InvalidArgumentException", f"The endpoint {identifier} is not valid.")


def _make_interfaces(account: str, region: str, subnets: list[str]) -> None:
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[account][region]
    for subnet in subnets:
        made = ec2.create_network_interface(ec2.get_subnet(subnet), None, description="Global Accelerator managed")
        made.interface_type = "global_accelerator_managed"


OPERATIONS: dict[str, Operation] = {
    "CreateAccelerator": create_accelerator,
    "ListAccelerators": list_accelerators,
    "CreateListener": create_listener,
    "ListListeners": list_listeners,
    "CreateEndpointGroup": create_endpoint_group,
    "ListEndpointGroups": list_endpoint_groups,
}
