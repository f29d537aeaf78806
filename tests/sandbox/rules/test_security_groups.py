"""EC2's way of counting the rules of a security group, where moto counts prefix lists as nothing."""

from collections.abc import Iterator

import pytest

from opsctl.resources.group_rules import EDGE, EDGE_IPV6
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import client, fresh_world
from tests.sandbox.rules.test_rules import refused


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    with fresh_world(seed_network):
        yield


def group(name: str) -> str:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made: str = client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    return made


def listed(name: str) -> dict[str, object]:
    lists = client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    found: dict[str, object] = next(one for one in lists if one["PrefixListName"] == name)
    return found


def rule(group: str, port: int, name: str) -> dict[str, object]:
    source = [{"PrefixListId": listed(name)["PrefixListId"], "Description": "the edge"}]
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "PrefixListIds": source}
    return {"GroupId": group, "IpPermissions": [permission]}


def test_a_list_of_cloudfront_counts_as_its_weight_and_ip_versions_are_counted_apart() -> None:
    ec2, made = client("ec2"), group("one")
    assert "MaxEntries" not in listed(EDGE), "a list of AWS says no size"
    added = ec2.authorize_security_group_ingress(**rule(made, 443, EDGE))["SecurityGroupRules"]
    assert [one["Description"] for one in added] == ["the edge"]
    ec2.authorize_security_group_ingress(**rule(made, 443, EDGE_IPV6))
    refused("RulesPerSecurityGroupLimitExceeded", ec2.authorize_security_group_ingress, **rule(made, 80, EDGE))
    filters = [{"Name": "group-id", "Values": [made]}]
    there = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    assert len([one for one in there if not one["IsEgress"]]) == 2, "what was refused is not there"
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, **rule(made, 443, EDGE))
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_ingress, **rule(made, 80, EDGE))


def test_a_list_of_a_customer_counts_as_its_largest_size_and_the_quota_can_be_raised() -> None:
    ec2, quotas, made = client("ec2"), client("service-quotas"), group("two")
    ec2.create_managed_prefix_list(PrefixListName="office", MaxEntries=40, AddressFamily="IPv4")
    ec2.authorize_security_group_ingress(**rule(made, 443, "office"))
    refused("RulesPerSecurityGroupLimitExceeded", ec2.authorize_security_group_ingress, **rule(made, 80, "office"))
    key = {"ServiceCode": "vpc", "QuotaCode": "L-0EA8095F"}
    assert quotas.get_service_quota(**key)["Quota"]["Value"] == 60
    quotas.request_service_quota_increase(**key, DesiredValue=80)
    ec2.authorize_security_group_ingress(**rule(made, 80, "office"))
