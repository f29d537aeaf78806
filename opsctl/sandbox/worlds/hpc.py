"""The hpc world: six instances for numerical work, each with something of its network below its best."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.worlds.agents import make_agent_profile
from opsctl.sandbox.worlds.network import IMAGE

Clients = Callable[[str], Any]

GROUP = "hpc"
WINDOWS_IMAGE = "ami-1812c061"
AL2023 = "al2023-ami-2023.9.20251110.1-kernel-6.1-x86_64"
_PROFILE = "hpc-node"
_LOAD_S = 24 * 3600


def make_fleet(clients: Clients) -> None:
    """Make a VPC of its own, a cluster placement group, and the instances.

    hpc-1 has an EFA, hpc-2 beside it has none, hpc-3 uses one of its two network cards, hpc-4 has ENA switched
    off, hpc-5 is of a type with the 82599 VF and has no agent, hpc-6 is a Windows machine. hpc-2 and hpc-3 have
    Amazon Linux 2023, the others an older system; for a day hpc-2 sends more than its type allows.
    """
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "hpc"}])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.0.0/24", AvailabilityZone="us-east-1a")
    subnet_id = subnet["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="hpc-nodes", Description="nodes among themselves", VpcId=vpc)
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group["GroupId"]}]}]
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=itself)
    ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=itself)
    ec2.create_placement_group(GroupName=GROUP, Strategy="cluster")
    make_agent_profile(clients("iam"), _PROFILE)

    def launch(name: str, kind: str, *efa: dict[str, Any], **more: Any) -> str:
        plain = {"DeviceIndex": 0, "SubnetId": subnet_id, "Groups": [group["GroupId"]]}
        launched = ec2.run_instances(
            **{"ImageId": IMAGE} | more,
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[plain, *({**one, "SubnetId": subnet_id, "Groups": plain["Groups"]} for one in efa)],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )
        id_: str = launched["Instances"][0]["InstanceId"]
        return id_

    agent = {"IamInstanceProfile": {"Name": _PROFILE}}
    system = {"Architecture": "x86_64", "VirtualizationType": "hvm", "EnaSupport": True}
    current = {"ImageId": ec2.register_image(Name=AL2023, RootDeviceName="/dev/xvda", **system)["ImageId"]}
    inside = {"Placement": {"GroupName": GROUP}}
    adapter = {"DeviceIndex": 1, "NetworkCardIndex": 0, "InterfaceType": "efa-only"}
    first = launch("hpc-1", "c5n.18xlarge", adapter, **agent, **inside)
    busy = launch("hpc-2", "c5n.18xlarge", **agent, **inside, **current)
    launch("hpc-3", "c6in.32xlarge", **agent, **current)
    old = launch("hpc-4", "m4.16xlarge", **agent)
    launch("hpc-5", "c4.8xlarge")
    launch("hpc-6", "c5n.9xlarge", **agent, ImageId=WINDOWS_IMAGE)
    ec2.stop_instances(InstanceIds=[old])
    ec2.modify_instance_attribute(InstanceId=old, EnaSupport={"Value": False})
    ec2.start_instances(InstanceIds=[old])
    address = ec2.describe_instances(InstanceIds=[first])["Reservations"][0]["Instances"][0]["PrivateIpAddress"]
    load = f"iperf3 -c {address} -P 64 -t {_LOAD_S} >/dev/null 2>&1 &"
    clients("ssm").send_command(
        InstanceIds=[busy], DocumentName="AWS-RunShellScript", Parameters={"commands": [load]}
    )
