"""EC2: creating and deleting one inbound deny of a network ACL, and telling whether it is there."""

from opsctl.model.changes import Check, Instruction, Proof
from opsctl.model.networks import Network, parse_network
from opsctl.model.reads import Read
from opsctl.model.value import Json


def describe_network_acl(network_acl: str) -> Read:
    """Read one network ACL with its entries and associations."""
    return Read(service="ec2", operation="DescribeNetworkAcls", params={"NetworkAclIds": [network_acl]})


def create_deny(network_acl: str, number: int, network: str) -> Instruction:
    """Create an inbound deny for all protocols; an occupied number fails, nothing is ever replaced."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="CreateNetworkAclEntry",
        params={
            "NetworkAclId": network_acl,
            "RuleNumber": number,
            "Protocol": "-1",
            "RuleAction": "deny",
            "Egress": False,
            _family(parse_network(network)): network,
        },
    )


def delete_entry(network_acl: str, number: int) -> Instruction:
    """Delete the inbound entry of a number."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="DeleteNetworkAclEntry",
        params={"NetworkAclId": network_acl, "RuleNumber": number, "Egress": False},
    )


def number_is_free(network_acl: str, number: int) -> Check:
    """Nothing stands at this inbound number."""
    return Check(
        read=describe_network_acl(network_acl),
        query=f"NetworkAcls[0].Entries[?RuleNumber==`{number}` && !Egress] | [0].RuleAction",
        op="empty",
        says=f"inbound rule {number} of {network_acl} is free",
    )


def allow_is_still_behind(network_acl: str, allow: int) -> Check:
    """The allow rule that the deny has to come before is still there."""
    return Check(
        read=describe_network_acl(network_acl),
        query=f"NetworkAcls[0].Entries[?RuleNumber==`{allow}` && !Egress] | [0].RuleAction",
        op="equals",
        value="allow",
        context=True,
        says=f"inbound rule {allow} of {network_acl} is still the allow to come before",
    )


def no_new_allow_before(network_acl: str, number: int, network: str) -> Check:
    """No allow rule of a lower number shares an address with the block."""
    member = _family(parse_network(network))
    return Check(
        read=describe_network_acl(network_acl),
        query=(
            f"overlap(NetworkAcls[0].Entries[?RuleNumber<`{number}` && !Egress && RuleAction=='allow' "
            f"&& {member}].{member}, ['{network}'])"
        ),
        op="empty",
        context=True,
        says=f"no allow rule before {number} in {network_acl} lets {network} in",
    )


def deny_is_there(network_acl: str, number: int, network: str) -> Proof:
    """The entry at this number is exactly our deny."""
    member = _family(parse_network(network))
    wanted: dict[str, Json] = {"Action": "deny", "Protocol": "-1", "Block": network}
    return Proof(
        configured=(
            Check(
                read=describe_network_acl(network_acl),
                query=(
                    f"NetworkAcls[0].Entries[?RuleNumber==`{number}` && !Egress] | [0]"
                    f".{{Action: RuleAction, Protocol: Protocol, Block: {member}}}"
                ),
                op="equals",
                value=wanted,
                networks=True,
                says=f"inbound rule {number} of {network_acl} denies {network}",
            ),
        ),
    )


def _family(network: Network) -> str:
    return "CidrBlock" if network.version == 4 else "Ipv6CidrBlock"
