"""EC2: creating and deleting one inbound deny of a network ACL, and telling whether it is there."""

from opsctl.model.changes import Check, Choice, Instruction, Proof, Query
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


def choice_of_number(network_acl: str, numbers: tuple[int, ...]) -> Choice:
    """Use the first of some numbers that nobody has taken; `deny_is_absent` comes first among the expectations."""
    return Choice(
        what="inbound rule number",
        at=(
            "params.RuleNumber",
            "undo.params.RuleNumber",
            "expect.0.value.0.Number",
            "proof.configured.0.value.0.Number",
        ),
        values=numbers,
        taken=Query(read=describe_network_acl(network_acl), query="NetworkAcls[0].Entries[?!Egress].RuleNumber"),
        conflicts=("NetworkAclEntryAlreadyExists",),
    )


def deny_is_absent(network_acl: str, number: int, network: str) -> Check:
    """Our deny does not stand at this number yet."""
    return _our_deny(network_acl, number, network).model_copy(
        update={"op": "excludes", "says": f"{network_acl} has no deny of {network} from this plan"}
    )


def deny_is_there(network_acl: str, number: int, network: str) -> Proof:
    """The entry at this number is exactly our deny."""
    return Proof(configured=(_our_deny(network_acl, number, network),))


def is_no_allow(network_acl: str, number: int) -> Check:
    """Nobody has put an allow rule at this inbound number since: whoever did changes who gets in here."""
    return Check(
        read=describe_network_acl(network_acl),
        query=(
            f"NetworkAcls[0].Entries[?RuleNumber==`{number}` && !Egress && RuleAction=='allow'] | [0].RuleAction"
        ),
        op="empty",
        context=True,
        says=f"inbound rule {number} of {network_acl} is not an allow rule",
    )


def allow_is_still_behind(network_acl: str, allow: int) -> Check:
    """The allow rule that the deny has to come before is still there."""
    return Check(
        read=describe_network_acl(network_acl),
        query=f"NetworkAcls[0].Entries[?RuleNumber==`{allow}` && !Egress] | [0].RuleAction",
        op="equals",
        value="allow",
        context=True,
        says=f"inbound rule {allow} of {network_acl} is still the allow rule to precede",
    )


def no_new_allow_before(network_acl: str, allow: int, network: str) -> Check:
    """No allow rule of a lower number than the one to come before shares an address with the block."""
    member = _family(parse_network(network))
    return Check(
        read=describe_network_acl(network_acl),
        query=(
            f"overlap(NetworkAcls[0].Entries[?RuleNumber<`{allow}` && !Egress && RuleAction=='allow' "
            f"&& {member}].{member}, ['{network}'])"
        ),
        op="empty",
        context=True,
        says=f"no allow rule before {allow} in {network_acl} lets {network} in",
    )


def _our_deny(network_acl: str, number: int, network: str) -> Check:
    member = _family(parse_network(network))
    wanted: dict[str, Json] = {"Number": number, "Action": "deny", "Protocol": "-1", "Block": network}
    return Check(
        read=describe_network_acl(network_acl),
        query=(
            "NetworkAcls[0].Entries[?!Egress]"
            f".{{Number: RuleNumber, Action: RuleAction, Protocol: Protocol, Block: {member}}}"
        ),
        op="contains",
        value=[wanted],
        networks=True,
        says=f"an inbound rule of {network_acl} that this plan made denies {network}",
    )


def _family(network: Network) -> str:
    return "CidrBlock" if network.version == 4 else "Ipv6CidrBlock"
