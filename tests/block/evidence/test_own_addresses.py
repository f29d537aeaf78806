"""What of the account has an address: by filters, in IPv4 and IPv6, whatever could not be read."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsctl.block.evidence.accelerators import Accelerators
from opsctl.block.evidence.own_addresses import OwnAddresses
from opsctl.block.evidence.prefix_lists import PrefixLists
from opsctl.block.evidence.special_addresses import SpecialAddresses
from opsctl.model.reads import Read
from opsctl.model.settings import Settings
from tests.block.evidence.asked_sources import ask, said
from tests.kit.canned import ABOUT, Canned, denied

VPC = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "Name", "Value": "shop"}]}
PEERING = {
    "VpcPeeringConnectionId": "pcx-1",
    "Status": {"Code": "active"},
    "AccepterVpcInfo": {"VpcId": "vpc-2", "CidrBlockSet": [{"CidrBlock": "10.9.0.0/16"}]},
    "RequesterVpcInfo": {"VpcId": "vpc-1"},
}


def eni(public: str = "", ipv6: str = "", **more: Any) -> dict[str, Any]:
    private = {"PrivateIpAddress": "10.0.0.5"}
    if public:
        private["Association"] = {"PublicIp": public}  # type: ignore[assignment]
    found = {"NetworkInterfaceId": "eni-1", "PrivateIpAddresses": [private], "Description": ""}
    return {**found, "Ipv6Addresses": [{"Ipv6Address": ipv6}] if ipv6 else [], **more}


def world(*interfaces: dict[str, Any], elastic: tuple[dict[str, Any], ...] = ()) -> Mapping[str, Canned]:
    """Answers filters as EC2 does: what has one of the values."""

    def listed(read: Read) -> Any:
        values = [value for one in read.params.get("Filters", []) for value in one["Values"]]
        every = [one for one in interfaces if not values or any(value in str(one) for value in values)]
        return {"NetworkInterfaces": every}

    return {
        "ec2.DescribeNetworkInterfaces": listed,
        "ec2.DescribeAddresses": {"Addresses": list(elastic)},
        "ec2.DescribeVpcs": {"Vpcs": [VPC]},
        "ec2.DescribeVpcPeeringConnections": {"VpcPeeringConnections": [PEERING]},
        "ec2.DescribeInstances": {
            "Reservations": [{"Instances": [{"InstanceId": "i-1", "Tags": [{"Key": "Name", "Value": "web-1"}]}]}]
        },
    }


@pytest.mark.parametrize(
    ("more", "whose"),
    [
        ({"Attachment": {"InstanceId": "i-1", "DeviceIndex": 0}}, "a public address of instance web-1 (i-1)"),
        ({"Description": "ELB app/shop/50dc6c495c0c9188"}, "a public address of load balancer shop (eni-1)"),
        ({"Description": "ELB net/tcp/50dc6c495c0c9188"}, "a public address of load balancer tcp (eni-1)"),
        ({"Description": "ELB classic-1"}, "a public address of load balancer classic-1 (eni-1)"),
        (
            {"InterfaceType": "nat_gateway", "Description": "Interface for NAT Gateway nat-0a1b2c3d4e5f"},
            "a public address of NAT gateway nat-0a1b2c3d4e5f (eni-1)",
        ),
        (
            {"InterfaceType": "vpc_endpoint", "Description": "VPC Endpoint Interface vpce-1"},
            "a public address of vpc endpoint eni-1 (VPC Endpoint Interface vpce-1)",
        ),
        ({}, "a public address of network interface eni-1"),
    ],
)
def test_an_interface_says_what_it_belongs_to(more: dict[str, Any], whose: str) -> None:
    assert said(OwnAddresses(), "203.0.113.9", world(eni("203.0.113.9", **more))) == [f"ours: {whose}"]


def test_private_and_ipv6_addresses_are_found_and_the_vpc_named() -> None:
    told = said(OwnAddresses(), "10.0.0.5", world(eni("203.0.113.9")))
    assert told == ["ours: a private address of network interface eni-1", "in 10.0.0.0/16 of VPC shop (vpc-1)"]
    assert said(OwnAddresses(), "2001:db8::7", world(eni(ipv6="2001:db8::7"))) == [
        "ours: an IPv6 address of network interface eni-1"
    ]
    assert said(OwnAddresses(), "10.9.1.1", world()) == ["in 10.9.0.0/16 of VPC vpc-2 of peering pcx-1"]


def test_an_elastic_ip_is_named_once_also_where_it_hangs_in_the_air() -> None:
    lone = {"PublicIp": "203.0.113.9", "AllocationId": "eipalloc-1", "Tags": [{"Key": "Name", "Value": "spare"}]}
    told = said(OwnAddresses(), "203.0.113.9", world(elastic=(lone,)))
    assert told == ["ours: Elastic IP 203.0.113.9 spare, associated with nothing"]
    used = {"PublicIp": "203.0.113.9", "NetworkInterfaceId": "eni-1"}
    assert len(said(OwnAddresses(), "203.0.113.9", world(eni("203.0.113.9"), elastic=(used,)))) == 1


def test_an_address_is_asked_about_by_filter_and_not_by_reading_a_thousand_interfaces() -> None:
    for address, filters in {"203.0.113.9": 2, "2001:db8::7": 1, "203.0.113.0/28": 2}.items():
        report, reader = ask(OwnAddresses(), address, world())
        reads = [one for one in reader.made if one.operation == "DescribeNetworkInterfaces"]
        assert len(reads) == filters
        assert all(one.params["Filters"] for one in reads)
        assert reader.rounds <= 2
        assert report.found == ()


def test_a_wide_block_reads_all_by_pages_and_names_the_first_few() -> None:
    many = [eni(f"203.0.113.{number}", NetworkInterfaceId=f"eni-{number}") for number in range(1, 200)]
    report, reader = ask(OwnAddresses(), "203.0.113.0/24", world(*many))
    assert reader.apis().count("ec2.DescribeNetworkInterfaces") == 1
    told = [one.says for one in report.found]
    assert told[0] == "ours: a public address 203.0.113.1 of network interface eni-1"
    assert told[3] == "ours: addresses of 196 more interfaces"


def test_what_may_not_be_read_is_not_nothing() -> None:
    refused = {name: denied(name) for name in world()}
    report, _ = ask(OwnAddresses(), "203.0.113.9", refused)
    assert report.looked == "no"
    assert "cannot tell what has the address: access denied reading EC2" in report.why
    some = {**world(eni("203.0.113.9")), "ec2.DescribeVpcs": denied("ec2.DescribeVpcs")}
    report, _ = ask(OwnAddresses(), "203.0.113.9", some)
    assert (report.looked, len(report.found)) == ("partly", 1)
    assert report.todo


LISTS = {
    "ec2.DescribeManagedPrefixLists": {
        "PrefixLists": [
            {"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing"},
            {"PrefixListId": "pl-2", "PrefixListName": "office"},
        ]
    },
    "ec2.GetManagedPrefixListEntries pl-1": {"Entries": [{"Cidr": "203.0.113.0/24"}]},
}


def test_the_lists_of_awss_edge_are_read_live() -> None:
    (says,) = said(PrefixLists(), "203.0.113.9", LISTS)
    assert says.startswith("in 203.0.113.0/24 of AWS's prefix list com.amazonaws.global.cloudfront.origin-facing")
    report, _ = ask(PrefixLists(), "203.0.113.9", {"ec2.DescribeManagedPrefixLists": denied("ec2.D")})
    assert (report.looked, report.found) == ("no", ())
    entries = "ec2.GetManagedPrefixListEntries"
    report, _ = ask(PrefixLists(), "203.0.113.9", {**LISTS, f"{entries} pl-1": denied(entries)})
    assert report.looked == "no"


def test_special_addresses_and_the_never_block_list_are_named_without_a_call() -> None:
    assert said(SpecialAddresses(), "169.254.169.254") == [
        "overlaps 169.254.169.254/32 (the instance metadata service), which no client on the internet has"
    ]
    assert said(SpecialAddresses(), "fe80::1")[0].startswith("overlaps fe80::/10 (link-local)")
    about = ABOUT.model_copy(update={"settings": Settings(never_block=("203.0.113.0/28",))})
    report, reader = ask(SpecialAddresses(), "203.0.113.9", about=about)
    assert report.found[0].telling == 95
    assert reader.made == []


def test_accelerators_are_listed_only_where_aws_publishes_the_address_as_one() -> None:
    mine = {"Name": "shop", "AcceleratorArn": "arn", "IpSets": [{"IpAddresses": ["15.197.1.1", "15.197.1.2"]}]}
    listing = {"globalaccelerator.ListAccelerators": {"Accelerators": [mine]}}
    report, reader = ask(Accelerators(), "15.197.1.1", listing)
    assert [one.says for one in report.found] == ["ours: accelerator shop"]
    assert [one.region for one in reader.made] == ["us-west-2"]
    assert said(Accelerators(), "15.197.1.9", listing) == []
    report, reader = ask(Accelerators(), "203.0.113.9")
    assert (report.looked, report.found, reader.made) == ("yes", (), [])
    api = "globalaccelerator.ListAccelerators"
    report, _ = ask(Accelerators(), "15.197.1.1", {api: denied(api)})
    assert (report.looked, report.todo) == ("no", "let the caller call globalaccelerator:ListAccelerators")


def test_managed_interfaces_are_asked_for_too() -> None:
    _, reader = ask(OwnAddresses(), "203.0.113.9", world())
    reads = [one for one in reader.made if one.operation == "DescribeNetworkInterfaces"]
    assert all(one.params["IncludeManagedResources"] is True for one in reads)
