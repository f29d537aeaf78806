"""Rules of API Gateway, tenants, accelerators and of what AWS WAF protects, where moto has none or is laxer."""

from collections.abc import Iterator

import pytest

from opsctl.model.errors import AwsRefused
from opsctl.model.reads import Read
from opsctl.sandbox.worlds.seeding import seed_apis, seed_network
from tests.kit.block_targets import balancer
from tests.kit.limited_account import account_as
from tests.kit.moto_account import World, client, fresh_world
from tests.sandbox.rules.test_rules import refused
from tests.sandbox.rules.test_waf import created


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network, seed_apis) as made:
        yield made


def test_a_tenant_is_changed_under_its_etag_only(world: World) -> None:
    cloudfront = client("cloudfront")
    acl = created("own", scope="CLOUDFRONT")["ARN"]
    tenant = cloudfront.get_distribution_tenant(Identifier="alfa")
    key = {"Id": tenant["DistributionTenant"]["Id"], "WebACLArn": acl}
    refused("InvalidIfMatchVersion", cloudfront.associate_distribution_tenant_web_acl, **key)
    refused("PreconditionFailed", cloudfront.associate_distribution_tenant_web_acl, **key, IfMatch="old")
    answer = cloudfront.associate_distribution_tenant_web_acl(**key, IfMatch=tenant["ETag"])
    after = cloudfront.get_distribution_tenant(Identifier="alfa")
    assert answer["ETag"] == after["ETag"] != tenant["ETag"]
    assert after["DistributionTenant"]["Customizations"] == {"WebAcl": {"Action": "override", "Arn": acl}}


def test_a_web_acl_of_a_tenant_has_to_be_there_and_cannot_be_deleted_while_it_is(world: World) -> None:
    cloudfront, wafv2 = client("cloudfront"), client("wafv2")
    tenant = cloudfront.get_distribution_tenant(Identifier="alfa")
    gone = f"arn:aws:wafv2:us-east-1:{world.account}:global/webacl/gone/0"
    key = {"Id": tenant["DistributionTenant"]["Id"], "IfMatch": tenant["ETag"]}
    refused("EntityNotFound", cloudfront.associate_distribution_tenant_web_acl, **key, WebACLArn=gone)
    (own,) = [one for one in wafv2.list_web_acls(Scope="CLOUDFRONT")["WebACLs"] if one["Name"] == "bravo-acl"]
    name = {"Name": own["Name"], "Scope": "CLOUDFRONT", "Id": own["Id"], "LockToken": own["LockToken"]}
    refused("WAFAssociatedItemException", wafv2.delete_web_acl, **name)
    (listed,) = cloudfront.list_distribution_tenants_by_customization(WebACLArn=own["ARN"])[
        "DistributionTenantList"
    ]
    assert listed["Name"] == "bravo"


def test_a_domain_belongs_to_one_tenant_and_a_tenant_to_a_multi_tenant_distribution(world: World) -> None:
    cloudfront = client("cloudfront")
    by = {one["Comment"]: one["Id"] for one in cloudfront.list_distributions()["DistributionList"]["Items"]}
    named = {"Name": "delta", "Domains": [{"Domain": "alfa.example.com"}]}
    make = cloudfront.create_distribution_tenant
    refused("CNAMEAlreadyExists", make, DistributionId=by["sites of customers"], **named)
    refused("InvalidAssociation", make, DistributionId=by["web shop"], **named)
    found = cloudfront.get_distribution_tenant_by_domain(Domain="bravo.example.com")["DistributionTenant"]
    assert (found["Name"], found["Customizations"]["WebAcl"]["Action"]) == ("bravo", "override")
    refused("EntityNotFound", cloudfront.get_distribution_tenant_by_domain, Domain="nobody.example.com")


def test_a_web_acl_is_attached_to_a_stage_that_is_there_and_to_nothing_of_another_kind(world: World) -> None:
    wafv2, acl = client("wafv2"), created("apis")["ARN"]
    (api,) = client("apigateway").get_rest_apis()["items"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}/stages"
    refused("WAFNonexistentItemException", wafv2.associate_web_acl, WebACLArn=acl, ResourceArn=f"{arn}/old")
    refused("WAFInvalidParameterException", wafv2.associate_web_acl, WebACLArn=acl, ResourceArn=arn)
    wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=f"{arn}/prod")
    wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=balancer("shop-alb"))
    listed = {
        kind: wafv2.list_resources_for_web_acl(WebACLArn=acl, ResourceType=kind)["ResourceArns"]
        for kind in ("API_GATEWAY", "APPLICATION_LOAD_BALANCER")
    }
    assert listed == {"API_GATEWAY": [f"{arn}/prod"], "APPLICATION_LOAD_BALANCER": [balancer("shop-alb")]}


def test_a_custom_domain_has_one_endpoint_and_one_list_of_mappings(world: World) -> None:
    domains = {one["domainName"]: one for one in client("apigateway").get_domain_names()["items"]}
    orders = domains["orders.example.com"]
    assert ("regionalDomainName" in orders, "distributionDomainName" in orders) == (True, False)
    mappings = {
        name: [one["Stage"] for one in client("apigatewayv2").get_api_mappings(DomainName=name)["Items"]]
        for name in domains
    }
    assert mappings == {"orders.example.com": ["prod"], "hooks.example.com": ["live"]}


def test_global_accelerator_answers_in_one_region_alone(world: World) -> None:
    read = Read(service="globalaccelerator", operation="ListAccelerators", region="us-east-1")
    refusal = world.aws.read(read).refusal
    assert refusal is not None
    assert refusal.code == "InvalidSignatureException"


def test_an_endpoint_has_to_be_there_and_preserves_addresses_as_its_kind_does(world: World) -> None:
    api = client("globalaccelerator")
    by = {one["Name"]: one["AcceleratorArn"] for one in api.list_accelerators()["Accelerators"]}
    described = {}
    for name, arn in by.items():
        (listener,) = api.list_listeners(AcceleratorArn=arn)["Listeners"]
        (group,) = api.list_endpoint_groups(ListenerArn=listener["ListenerArn"])["EndpointGroups"]
        described[name] = group["EndpointDescriptions"][0]["ClientIPPreservationEnabled"]
    assert described == {"play": True, "voice": False}
    kinds = [one["InterfaceType"] for one in client("ec2").describe_network_interfaces()["NetworkInterfaces"]]
    assert kinds.count("global_accelerator_managed") == 2
    gone = {"EndpointId": "i-0123456789abcdef0"}
    group = {"EndpointGroupRegion": "eu-west-1", "EndpointConfigurations": [gone], "IdempotencyToken": "t"}
    refused("InvalidArgumentException", api.create_endpoint_group, ListenerArn=listener["ListenerArn"], **group)
    refused("AcceleratorNotFoundException", api.list_listeners, AcceleratorArn="arn:aws:globalaccelerator::1:x")


def test_a_web_acl_of_amplify_is_a_global_one_and_of_app_runner_a_regional_one(world: World) -> None:
    wafv2 = client("wafv2")
    regional, globally = created("regional")["ARN"], created("global", scope="CLOUDFRONT")["ARN"]
    app = client("amplify").create_app(name="other")["app"]["appArn"]
    (runner,) = client("apprunner").list_services()["ServiceSummaryList"]
    wrong = "WAFInvalidParameterException"
    refused(wrong, wafv2.associate_web_acl, WebACLArn=regional, ResourceArn=app)
    refused(wrong, wafv2.associate_web_acl, WebACLArn=globally, ResourceArn=runner["ServiceArn"])
    wafv2.associate_web_acl(WebACLArn=globally, ResourceArn=app)
    assert wafv2.get_web_acl_for_resource(ResourceArn=app)["WebACL"]["Name"] == "global"
    listed = wafv2.list_resources_for_web_acl(WebACLArn=globally, ResourceType="AMPLIFY")["ResourceArns"]
    assert listed == [app]
    refused(
        "ResourceNotFoundException", client("apprunner").describe_service, ServiceArn=f"{runner['ServiceArn']}x"
    )
    refused("NotFoundException", client("amplify").list_domain_associations, appId="d0")


def test_an_instance_of_verified_access_has_to_be_there(world: World) -> None:
    arn = f"arn:aws:ec2:us-east-1:{world.account}:verified-access-instance/vai-0"
    asked = {"WebACLArn": created("a")["ARN"], "ResourceArn": arn}
    refused("WAFNonexistentItemException", client("wafv2").associate_web_acl, **asked)


def test_a_caller_needs_the_services_own_permission_to_attach_a_web_acl(world: World) -> None:
    (api,) = client("apigateway").get_rest_apis()["items"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}/stages/prod"
    allowed = {"Effect": "Allow", "Action": "wafv2:*", "Resource": "*"}
    caller = account_as(world, "waf-only", {"Version": "2012-10-17", "Statement": [allowed]})
    asked = {"WebACLArn": created("a")["ARN"], "ResourceArn": arn}
    with pytest.raises(AwsRefused, match="apigateway:SetWebACL"):
        caller.write("wafv2", "AssociateWebACL", asked, "us-east-1")
