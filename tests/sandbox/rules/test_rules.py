"""AWS's rules around moto: each where moto alone is laxer, each from a fact about AWS."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import KEY, client, fresh_world, over_http, server


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    with fresh_world(seed_network):
        yield


def refused(code: str, call: Any, **params: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"] == code


def new_acl() -> str:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made: str = client("ec2").create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    return made


def entry(acl: str, number: int, **more: Any) -> dict[str, Any]:
    base = {"NetworkAclId": acl, "RuleNumber": number, "Protocol": "-1", "RuleAction": "deny", "Egress": False}
    return base | ({"CidrBlock": "203.0.113.9/32"} if "Ipv6CidrBlock" not in more else {}) | more


def test_a_network_acl_takes_twenty_entries_a_direction() -> None:
    acl = new_acl()
    for number in range(1, 21):
        client("ec2").create_network_acl_entry(**entry(acl, number))
    refused("NetworkAclEntryLimitExceeded", client("ec2").create_network_acl_entry, **entry(acl, 21))
    client("ec2").create_network_acl_entry(**entry(acl, 21, Egress=True))


def test_the_quota_of_network_acl_entries_is_as_set_and_never_above_forty() -> None:
    quotas, key = client("service-quotas"), {"ServiceCode": "vpc", "QuotaCode": "L-2AEEBF1A"}
    assert quotas.get_service_quota(**key)["Quota"]["Value"] == 20
    asked = quotas.request_service_quota_increase(**key, DesiredValue=50)["RequestedQuota"]
    assert asked["Status"] == "CASE_OPENED"
    quotas.request_service_quota_increase(**key, DesiredValue=22)
    assert quotas.get_service_quota(**key)["Quota"]["Value"] == 22
    refused("IllegalArgumentException", quotas.request_service_quota_increase, **key, DesiredValue=22)
    acl = new_acl()
    for number in range(1, 23):
        client("ec2").create_network_acl_entry(**entry(acl, number))
    refused("NetworkAclEntryLimitExceeded", client("ec2").create_network_acl_entry, **entry(acl, 23))


def test_a_network_acl_ends_with_rules_that_cannot_be_counted_one_for_each_family() -> None:
    found = client("ec2").describe_network_acls(NetworkAclIds=[new_acl()])["NetworkAcls"][0]["Entries"]
    last = {(one["RuleNumber"], one.get("CidrBlock") or one["Ipv6CidrBlock"], one["RuleAction"]) for one in found}
    assert (32767, "0.0.0.0/0", "deny") in last
    assert {number for number, _, _ in last} <= {32767, 32768}


def test_the_default_network_acl_of_a_vpc_with_ipv6_lets_both_families_in() -> None:
    vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    (acl,) = client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"]
    inbound = sorted((one["RuleNumber"], one["RuleAction"]) for one in acl["Entries"] if not one["Egress"])
    assert inbound == [(100, "allow"), (101, "allow"), (32767, "deny"), (32768, "deny")]


def test_an_occupied_number_fails_and_is_never_replaced() -> None:
    acl = new_acl()
    client("ec2").create_network_acl_entry(**entry(acl, 5))
    refused("NetworkAclEntryAlreadyExists", client("ec2").create_network_acl_entry, **entry(acl, 5))


def test_deleting_a_number_that_is_not_there_says_so() -> None:
    key = {"NetworkAclId": new_acl(), "RuleNumber": 7, "Egress": False}
    refused("InvalidNetworkAclEntry.NotFound", client("ec2").delete_network_acl_entry, **key)


def test_host_bits_are_cleared_and_protocols_are_numbers() -> None:
    acl = new_acl()
    client("ec2").create_network_acl_entry(**entry(acl, 1, CidrBlock="198.51.100.7/24", Protocol="tcp"))
    found = client("ec2").describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    (ours,) = [one for one in found if one["RuleNumber"] == 1]
    assert (ours["CidrBlock"], ours["Protocol"]) == ("198.51.100.0/24", "6")


def test_a_family_goes_into_its_own_member() -> None:
    refused(
        "InvalidParameterValue",
        client("ec2").create_network_acl_entry,
        **entry(new_acl(), 1, CidrBlock="2001:db8::/64"),
    )


def ip_set(name: str, *addresses: str, scope: str = "REGIONAL") -> dict[str, Any]:
    return {"Name": name, "Scope": scope, "IPAddressVersion": "IPV4", "Addresses": list(addresses)}


@pytest.mark.parametrize("address", ["198.51.100.7/24", "0.0.0.0/0", "2001:db8::/64", "203.0.113.9"])
def test_an_ip_set_takes_canonical_blocks_of_its_family_alone(address: str) -> None:
    refused("WAFInvalidParameterException", client("wafv2").create_ip_set, **ip_set("x", address))


def test_a_name_is_taken_once() -> None:
    client("wafv2").create_ip_set(**ip_set("once"))
    refused("WAFDuplicateItemException", client("wafv2").create_ip_set, **ip_set("once"))


def test_a_description_with_quotes_is_refused() -> None:
    params = ip_set("described") | {"Description": 'the "attacker"'}
    refused("WAFInvalidParameterException", client("wafv2").create_ip_set, **params)


def test_scope_cloudfront_answers_in_us_east_1_only() -> None:
    import boto3

    elsewhere = boto3.client(
        "wafv2",
        region_name="eu-west-1",
        endpoint_url=server().endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key="x",
    )
    refused("WAFInvalidParameterException", elsewhere.list_ip_sets, Scope="CLOUDFRONT")
    assert client("wafv2").list_ip_sets(Scope="CLOUDFRONT")["IPSets"] == []


def test_a_stale_lock_token_is_refused_and_a_referenced_set_is_kept() -> None:
    listed = {one["Name"]: one for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"]}
    known = listed["known-scanners"]
    key = {"Name": known["Name"], "Scope": "REGIONAL", "Id": known["Id"]}
    refused("WAFOptimisticLockException", client("wafv2").update_ip_set, **key, Addresses=[], LockToken="0" * 36)
    token = client("wafv2").get_ip_set(**key)["LockToken"]
    refused("WAFAssociatedItemException", client("wafv2").delete_ip_set, **key, LockToken=token)


def test_an_attached_web_acl_is_kept_and_asking_for_one_on_an_nlb_is_invalid() -> None:
    known = client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"][0]
    key = {"Name": known["Name"], "Scope": "REGIONAL", "Id": known["Id"]}
    token = client("wafv2").get_web_acl(**key)["LockToken"]
    refused("WAFAssociatedItemException", client("wafv2").delete_web_acl, **key, LockToken=token)
    nlb = client("elbv2").describe_load_balancers(Names=["api-nlb"])["LoadBalancers"][0]
    assert "/net/" in nlb["LoadBalancerArn"]
    refused(
        "WAFInvalidParameterException",
        client("wafv2").get_web_acl_for_resource,
        ResourceArn=nlb["LoadBalancerArn"],
    )


def test_the_last_full_page_carries_a_marker_and_the_page_after_it_is_empty() -> None:
    page = client("wafv2").list_web_acls(Scope="REGIONAL")
    assert page["WebACLs"]
    assert client("wafv2").list_web_acls(Scope="REGIONAL", NextMarker=page["NextMarker"])["WebACLs"] == []


def test_a_distribution_is_changed_under_its_etag_alone() -> None:
    cloudfront = client("cloudfront")
    name = cloudfront.list_distributions()["DistributionList"]["Items"][0]["Id"]
    before = cloudfront.get_distribution_config(Id=name)
    params = {"Id": name, "DistributionConfig": before["DistributionConfig"]}
    refused("PreconditionFailed", cloudfront.update_distribution, **params, IfMatch="stale")
    cloudfront.update_distribution(**params, IfMatch=before["ETag"])
    assert cloudfront.get_distribution_config(Id=name)["ETag"] != before["ETag"]
    refused("PreconditionFailed", cloudfront.disassociate_distribution_web_acl, Id=name, IfMatch=before["ETag"])


def test_load_balancers_own_network_interfaces() -> None:
    found = client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    owned = {one["Description"].split("/")[0] for one in found if one["RequesterId"] == "amazon-elb"}
    assert owned == {"ELB app", "ELB net"}


def test_preservation_of_the_clients_address_is_told_from_the_start() -> None:
    group = client("elbv2").describe_target_groups(Names=["api-tcp"])["TargetGroups"][0]["TargetGroupArn"]
    listed = client("elbv2").describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": "preserve_client_ip.enabled", "Value": "true"} in listed


def test_a_client_of_the_sandbox_ignores_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://ec2.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "https://sts.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    made = over_http("sts")
    assert made.meta.endpoint_url == server().endpoint
    assert made.get_caller_identity()["Account"]


def test_no_distribution_tenant_overrides_a_web_acl() -> None:
    arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"
    answer = client("cloudfront").list_distribution_tenants_by_customization(WebACLArn=arn)
    assert answer["DistributionTenantList"] == []
