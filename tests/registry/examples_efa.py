"""Examples of what is done to interfaces of instances: EFA, ENA Express, and the weighting of the bandwidth."""

from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.groups import template
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage

_FLEET = (make_fleet,)
_EARLIER = "20260101-000000-earlier"


def _named(name: str) -> Any:
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return found["Reservations"][0]["Instances"][0]


def _group(_: Stage) -> dict[str, Json]:
    return {"vpc": _named("hpc-2")["VpcId"], "group": "opsctl-efa", "why": "EFAs need it"}


def _closed_group(_: Stage) -> dict[str, Json]:
    """A group that lets all in from itself, and out to all addresses, but not out to itself."""
    vpc = _named("hpc-2")["VpcId"]
    made = client("ec2").create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made}]}]
    client("ec2").authorize_security_group_ingress(GroupId=made, IpPermissions=itself)
    return {"vpc": vpc, "group": "nodes", "why": "EFAs need it"}


def _interface(_: Stage) -> dict[str, Json]:
    """One network card and two of them."""
    nodes = [_named(name)["InstanceId"] for name in ("hpc-2", "hpc-3")]
    return {"instances": nodes, "group": "hpc-nodes", "why": "MPI bypasses the operating system"}


def _attach(_: Stage) -> dict[str, Json]:
    """Interfaces that another plan made, for an instance that is stopped already."""
    ec2, node = client("ec2"), _named("hpc-3")
    for card in (0, 1):
        tags = {"opsctl:plan": _EARLIER, "opsctl:efa": f"{node['InstanceId']}/{card}"}
        kept = [{"Key": key, "Value": value} for key, value in tags.items()]
        specified = [{"ResourceType": "network-interface", "Tags": kept}]
        ec2.create_network_interface(
            SubnetId=node["SubnetId"], InterfaceType="efa-only", TagSpecifications=specified
        )
    ec2.stop_instances(InstanceIds=[node["InstanceId"]])
    return {"instances": [node["InstanceId"]], "made_by": _EARLIER, "why": "MPI bypasses the operating system"}


def _template(_: Stage) -> dict[str, Json]:
    """A template that names its security groups for the instance as a whole, and has user data."""
    node = _named("hpc-2")
    data = {
        "SecurityGroupIds": [node["NetworkInterfaces"][0]["Groups"][0]["GroupId"]],
        "UserData": "IyEvYmluL3NoCg==",
    }
    made = template("nodes", InstanceType="c6in.32xlarge", **data)
    return {
        "template": made,
        "efa": True,
        "vpc": node["VpcId"],
        "group": "hpc-nodes",
        "why": "MPI bypasses the operating system",
    }


def _express_template(_: Stage) -> dict[str, Json]:
    """A template that names its interface, which stays as it is otherwise."""
    node = _named("hpc-2")
    nics = [{"DeviceIndex": 0, "Groups": [node["NetworkInterfaces"][0]["Groups"][0]["GroupId"]]}]
    made = template("nodes", InstanceType="c8i.48xlarge", NetworkInterfaces=nics)
    shares: dict[str, Json] = {"queues": 64, "weighting": "vpc-1"}
    return {"template": made, "ena_express": True, **shares, "why": "more for a single flow"}


def _express(_: Stage) -> dict[str, Json]:
    return {"instances": [_named("hpc-3")["InstanceId"]], "udp": True, "why": "more for a single flow"}


def _weighting(_: Stage) -> dict[str, Json]:
    like = _named("hpc-2")
    launch = {"ImageId": like["ImageId"], "InstanceType": "c8a.12xlarge", "MinCount": 1, "MaxCount": 1}
    made = client("ec2").run_instances(**launch, SubnetId=like["SubnetId"])["Instances"][0]["InstanceId"]
    client("ec2").stop_instances(InstanceIds=[made])
    return {"instances": [made], "weighting": "vpc-1", "why": "EBS is idle"}


def _attachments() -> Json:
    found = client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    names = ("InstanceId", "NetworkCardIndex", "DeviceIndex", "DeleteOnTermination", "EnaSrdSpecification")
    told = [
        (one["NetworkInterfaceId"], one["Status"], [one.get("Attachment", {}).get(name) for name in names])
        for one in found
    ]
    return sorted(told, key=str)


_ANEW = "an attachment is made anew: it has another id and time"
EXAMPLES: dict[str, Example] = {
    "tune.bandwidth_weighting": Example(given=_weighting, seeds=_FLEET),
    "tune.efa_attach": Example(given=_attach, seeds=_FLEET, look=_attachments, kept=_ANEW),
    "tune.efa_group": Example(given=_group, seeds=_FLEET),
    "tune.efa_group, that is there": Example(given=_closed_group, seeds=_FLEET),
    "tune.efa_interface": Example(given=_interface, seeds=_FLEET),
    "tune.launch_template": Example(given=_template, seeds=_FLEET),
    "tune.launch_template, with ENA Express, queues and a weighting": Example(
        given=_express_template, seeds=_FLEET
    ),
    "tune.ena_express": Example(given=_express, seeds=_FLEET),
}
