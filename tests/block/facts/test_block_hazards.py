"""Addresses that must not be blocked, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.decision import Hazards
from opsctl.block.facts.block_hazards import BlockHazards
from opsctl.model.errors import InvalidInput
from opsctl.model.run import Context
from opsctl.model.settings import Settings
from tests.kit.canned import ABOUT, Canned, about, denied, drive
from tests.kit.picture import EDGE_LIST, EDGE_NAME, interface

CHECKS = "com.amazonaws.eu-west-1.route53-healthchecks"
ACCOUNT: dict[str, Canned] = {
    "ec2.DescribeVpcs": {
        "Vpcs": [
            {
                "VpcId": "vpc-1",
                "CidrBlock": "203.0.113.0/25",
                "CidrBlockAssociationSet": [
                    {"CidrBlock": "203.0.113.0/25", "CidrBlockState": {"State": "associated"}},
                    {"CidrBlock": "198.51.100.0/26", "CidrBlockState": {"State": "disassociated"}},
                ],
                "Ipv6CidrBlockAssociationSet": [
                    {"Ipv6CidrBlock": "2600:1f18::/56", "Ipv6CidrBlockState": {"State": "associated"}}
                ],
                "Tags": [{"Key": "Name", "Value": "prod"}],
            }
        ]
    },
    "ec2.DescribeVpcPeeringConnections": {
        "VpcPeeringConnections": [
            {
                "VpcPeeringConnectionId": "pcx-1",
                "Status": {"Code": "active"},
                "AccepterVpcInfo": {"VpcId": "vpc-2", "CidrBlockSet": [{"CidrBlock": "192.0.2.0/28"}]},
                "RequesterVpcInfo": {"VpcId": "vpc-1"},
            },
            {
                "VpcPeeringConnectionId": "pcx-2",
                "Status": {"Code": "deleted"},
                "AccepterVpcInfo": {"VpcId": "vpc-3", "CidrBlockSet": [{"CidrBlock": "192.0.2.64/28"}]},
            },
        ]
    },
    "ec2.DescribeAddresses": {"Addresses": [{"PublicIp": "52.1.1.1", "InstanceId": "i-1"}]},
    "ec2.DescribeNatGateways": {
        "NatGateways": [
            {"NatGatewayId": "nat-1", "State": "available", "NatGatewayAddresses": [{"PublicIp": "52.1.1.2"}]},
            {"NatGatewayId": "nat-2", "State": "deleted", "NatGatewayAddresses": [{"PublicIp": "52.1.1.9"}]},
        ]
    },
    "ec2.DescribeNetworkInterfaces": {
        "NetworkInterfaces": [
            interface("eni-1", "subnet-1", [], public="52.1.1.3", description="ELB app/shop/50dc6c495c0c9188")
        ]
    },
    "ec2.DescribeManagedPrefixLists": {
        "PrefixLists": [
            {"PrefixListId": EDGE_LIST, "PrefixListName": EDGE_NAME},
            {"PrefixListId": "pl-1", "PrefixListName": CHECKS},
            {"PrefixListId": "pl-2", "PrefixListName": "com.amazonaws.eu-west-1.s3"},
        ]
    },
    f"ec2.GetManagedPrefixListEntries {EDGE_LIST}": {"Entries": [{"Cidr": "130.176.0.0/18"}]},
    "ec2.GetManagedPrefixListEntries pl-1": {"Entries": [{"Cidr": "15.177.0.0/18"}]},
    "elbv2.DescribeLoadBalancers": {
        "LoadBalancers": [
            {
                "LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/api/1",
                "LoadBalancerName": "api",
                "Type": "network",
                "AvailabilityZones": [
                    {"SubnetId": "subnet-1", "LoadBalancerAddresses": [{"IpAddress": "52.1.1.4"}]}
                ],
            }
        ]
    },
}


def hazards(*addresses: str, context: Context = ABOUT, answers: dict[str, Canned] | None = None) -> Hazards:
    """Look the hazards up."""
    found, _ = drive(BlockHazards(addresses=addresses).read(context), answers or ACCOUNT)
    assert isinstance(found, Hazards)
    return found


@pytest.mark.parametrize(
    ("address", "kind", "evidence"),
    [
        ("0.0.0.0/0", "everything", "0.0.0.0/0 is every IPv4 address"),
        ("::/0", "everything", "::/0 is every IPv6 address"),
        ("45.0.0.0/15", "broad", "45.0.0.0/15 has 131,072 addresses; wider than /16 is refused"),
        ("2a00::/31", "broad", "2a00::/31 has 2^97 addresses; wider than /32 is refused"),
        ("10.1.2.3", "private", "10.0.0.0/8 (private)"),
        ("172.31.255.255", "private", "172.16.0.0/12 (private)"),
        ("100.64.0.1", "private", "carrier-grade NAT"),
        ("127.0.0.1", "private", "loopback"),
        ("169.254.169.254", "private", "the instance metadata service"),
        ("169.254.1.1", "private", "link-local"),
        ("224.0.0.251", "private", "multicast"),
        ("255.255.255.255", "private", "reserved"),
        ("0.0.0.1", "private", "this network"),
        ("::1", "private", "loopback"),
        ("::", "private", "unspecified"),
        ("fe80::1", "private", "link-local"),
        ("fd12::1", "private", "unique local"),
        ("ff02::1", "private", "multicast"),
        ("64:ff9b::a01:203", "private", "NAT64"),
        ("::ffff:10.0.0.1", "private", "10.0.0.0/8 (private)"),
        ("203.0.113.7", "vpc", "203.0.113.7/32 is in 203.0.113.0/25, VPC prod (vpc-1)"),
        ("2600:1f18::99", "vpc", "2600:1f18::/56, VPC prod (vpc-1)"),
        ("192.0.2.1", "vpc", "VPC vpc-2 of peering pcx-1"),
        ("52.1.1.1", "own-address", "52.1.1.1/32 is an Elastic IP of this account (i-1)"),
        ("52.1.1.2", "own-address", "NAT gateway nat-1"),
        ("52.1.1.3", "own-address", "ELB app/shop/50dc6c495c0c9188 (eni-1)"),
        ("52.1.1.0/24", "own-address", "52.1.1.0/24 holds 52.1.1.4/32, load balancer api"),
        ("130.176.1.1", "edge", f"AWS's prefix list {EDGE_NAME}"),
        ("15.177.0.0/17", "edge", f"15.177.0.0/17 holds 15.177.0.0/18, AWS's prefix list {CHECKS}"),
    ],
)
def test_an_address_that_must_not_be_blocked_is_found_with_evidence(
    address: str, kind: str, evidence: str
) -> None:
    found = hazards(address).found
    assert [one for one in found if one.kind == kind and evidence in one.evidence]
    assert {one.address for one in found} == {address}


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.99",
        "192.0.2.70",
        "198.51.100.7",
        "203.0.113.200",
        "2001:db8::7",
        "8.8.8.8",
        "52.1.1.9",
        "45.0.0.0/16",
    ],
)
def test_clients_and_documentation_ranges_may_be_blocked(address: str) -> None:
    assert hazards(address).found == ()


def test_the_configured_never_block_list_is_honoured() -> None:
    (found,) = hazards("198.51.100.0/24", context=about(never_block=("198.51.100.7",))).found
    assert (found.kind, found.address) == ("never-block", "198.51.100.0/24")
    assert "198.51.100.7/32, which is on the never-block list of your configuration" in found.evidence


def test_a_proxy_of_the_configuration_is_not_for_blocking() -> None:
    context = ABOUT.model_copy(update={"settings": Settings(proxy_ranges=("198.51.100.0/24", "2001:db8::/32"))})
    for address in ("198.51.100.7", "2001:db8::/64"):
        (found,) = hazards(address, context=context).found
        assert (found.kind, found.address) == ("proxy", address)
        assert "which is a proxy by proxy_ranges of your configuration" in found.evidence
    assert hazards("8.8.8.8", context=context).found == ()


@pytest.mark.parametrize(
    ("api", "named"),
    [
        ("ec2.DescribeVpcs", "the VPCs' address blocks"),
        ("ec2.DescribeAddresses", "the account's Elastic IPs"),
        ("ec2.DescribeNatGateways", "the NAT gateways' addresses"),
        ("ec2.DescribeNetworkInterfaces", "the account's public addresses"),
        ("elbv2.DescribeLoadBalancers", "the load balancers' addresses"),
        ("ec2.DescribeManagedPrefixLists", "the ranges of CloudFront and health checks"),
    ],
)
def test_what_may_not_be_read_is_unknown_by_name(api: str, named: str) -> None:
    (unknown,) = hazards("198.51.100.7", answers=ACCOUNT | {api: denied(api)}).unknown
    assert unknown.startswith(f"cannot tell {named}: access denied reading")


def test_an_edge_list_that_may_not_be_read_is_unknown_by_name() -> None:
    api = "ec2.GetManagedPrefixListEntries"
    found = hazards("130.176.1.1", answers=ACCOUNT | {f"{api} {EDGE_LIST}": denied(api)})
    assert found.found == ()
    assert EDGE_NAME in found.unknown[0]


def test_without_addresses_nothing_is_read() -> None:
    assert hazards(answers={"none": None}) == Hazards(found=())


def test_what_is_no_address_is_invalid_input() -> None:
    with pytest.raises(InvalidInput):
        hazards("198.51.100.7/255.255.255.0")


@given(
    st.ip_addresses(v=4).filter(
        lambda one: not one.is_global and not str(one).startswith(("192.0.2.", "198.51.100.", "203.0.113."))
    )
)
def test_every_address_that_python_calls_not_global_is_refused(address: object) -> None:
    assert "private" in {one.kind for one in hazards(str(address)).found}
