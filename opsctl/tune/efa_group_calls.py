"""EC2: the security group of Elastic Fabric Adapters, which lets everything in and out among its own members.

Source: EC2 user guide, EFA (an EFA-enabled security group); EC2 API reference, CreateSecurityGroup (a name is used
once a VPC), AuthorizeSecurityGroupIngress and -Egress.
"""

from typing import Literal, TypeAlias

from opsctl.model.changes import Check, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_specifications

Direction: TypeAlias = Literal["Ingress", "Egress"]
DIRECTIONS: tuple[Direction, ...] = ("Ingress", "Egress")
_RULES = {"Ingress": "IpPermissions", "Egress": "IpPermissionsEgress"}
_WORDS = {"Ingress": "in from", "Egress": "out to"}


def groups_named(name: str, vpc: str) -> Read:
    """Read the security group of a name in a VPC; none is an empty list."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]
    return Read(service="ec2", operation="DescribeSecurityGroups", params={"Filters": filters})


def group_id(name: str, vpc: str) -> Query:
    """The id of the security group of a name in a VPC."""
    return Query(read=groups_named(name, vpc), query="SecurityGroups[0].GroupId")


def open_directions(group: Json) -> tuple[Direction, ...]:
    """Return the directions in which a group of DescribeSecurityGroups lets everything of itself pass."""
    return tuple(
        one
        for one in DIRECTIONS
        if any(
            rule.get("IpProtocol") == "-1"
            and any(pair.get("GroupId") == group["GroupId"] for pair in rule.get("UserIdGroupPairs", []))
            for rule in group.get(_RULES[one], [])
        )
    )


def create_group(name: str, vpc: str, description: str, tags: dict[str, str]) -> Instruction:
    """Create a security group."""
    params: dict[str, Json] = {
        "GroupName": name,
        "Description": description,
        "VpcId": vpc,
        "TagSpecifications": tag_specifications(tags, "security-group"),
    }
    return Instruction(kind="call", service="ec2", operation="CreateSecurityGroup", params=params)


def delete_group(group: Json) -> Instruction:
    """Delete a security group; an interface that was deleted a moment ago may still seem to use it."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="DeleteSecurityGroup",
        params={"GroupId": group},
        retry=Retry(codes=("DependencyViolation",), within_s=120),
    )


def group_is_absent(name: str, vpc: str) -> Check:
    """No security group of the VPC has that name."""
    return Check(
        read=groups_named(name, vpc),
        query="SecurityGroups[].GroupId",
        op="empty",
        says=f"there is no security group {name} in {vpc}",
    )


def group_is_ours(name: str, vpc: str, plan_id: str) -> Check:
    """The security group of that name was made by this plan."""
    return Check(
        read=groups_named(name, vpc),
        query=f"SecurityGroups[0].Tags[?Key=='{PLAN_TAG}'].Value | [0]",
        op="equals",
        value=plan_id,
        says=f"security group {name} is this plan's",
    )


def open_to_itself(direction: Direction, group: Json) -> Instruction:
    """Let everything in from, or out to, the members of the group itself."""
    return _rule(f"AuthorizeSecurityGroup{direction}", group)


def close_to_itself(direction: Direction, group: Json) -> Instruction:
    """Take that rule away."""
    return _rule(f"RevokeSecurityGroup{direction}", group)


def _rule(operation: str, group: Json) -> Instruction:
    rules = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    params: dict[str, Json] = {"GroupId": group, "IpPermissions": rules}
    return Instruction(kind="call", service="ec2", operation=operation, params=params)


def lets_itself_pass(direction: Direction, name: str, vpc: str, group: Json, *, there: bool) -> Check:
    """The group has that rule, or has not."""
    no = "" if there else "no "
    return Check(
        read=groups_named(name, vpc),
        query=f"SecurityGroups[0].{_RULES[direction]}[?IpProtocol=='-1'].UserIdGroupPairs[].GroupId",
        op="contains" if there else "excludes",
        value=[group],
        says=f"security group {name} has {no}rule that lets everything {_WORDS[direction]} itself",
    )


def nothing_uses(group: Json, name: str) -> Check:
    """No network interface is in the group."""
    filters = [{"Name": "group-id", "Values": [group]}]
    return Check(
        read=Read(service="ec2", operation="DescribeNetworkInterfaces", params={"Filters": filters}),
        query="NetworkInterfaces[].NetworkInterfaceId",
        op="empty",
        says=f"no network interface is in security group {name}",
    )
