"""SSM agents for instances of the network worlds, so that scripts can be sent to them."""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]

_PROFILE = "web-node"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
_AGENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
            "Resource": "*",
        },
    ],
}
"""What of AmazonSSMManagedInstanceCore an agent needs to register and to be sent commands."""


def give_agents(clients: Clients, *names: str) -> None:
    """Give instances, by their Name tags, a role with which their agents register."""
    make_agent_profile(clients("iam"), _PROFILE)
    ec2 = clients("ec2")
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": list(names)}])["Reservations"]
    for one in (instance for each in found for instance in each["Instances"]):
        ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": _PROFILE}, InstanceId=one["InstanceId"])


def make_agent_profile(iam: Any, name: str) -> None:
    """Make an instance profile, and a role of that name, with which agents register."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="agent", PolicyDocument=json.dumps(_AGENT))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
