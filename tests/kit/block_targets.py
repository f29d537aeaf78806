"""What can be blocked at in the network of the sandbox, as the actions of a block are told of it."""

from opsctl.model.value import Json
from tests.kit.moto_account import client


def acl_of(subnet: str) -> str:
    """The network ACL of the subnet of a Name tag."""
    subnets = client("ec2").describe_subnets(Filters=[{"Name": "tag:Name", "Values": [subnet]}])["Subnets"]
    filters = [{"Name": "association.subnet-id", "Values": [subnets[0]["SubnetId"]]}]
    found: str = client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"]
    return found


def balancer(name: str) -> str:
    """The ARN of a load balancer."""
    found: str = client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    return found


def distribution() -> str:
    """The id of the one distribution."""
    found: str = client("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"]
    return found


def waf_on(name: str) -> dict[str, Json]:
    """What `waf.block` is told of a load balancer."""
    arn = balancer(name)
    acl = client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL") or {}
    return {"web_acl": acl.get("ARN", ""), "resource": arn, "resource_kind": "alb", "name": name}


def waf_on_distribution() -> dict[str, Json]:
    """What `waf.block` is told of the distribution."""
    config = client("cloudfront").get_distribution_config(Id=distribution())["DistributionConfig"]
    return {
        "web_acl": config["WebACLId"],
        "scope": "CLOUDFRONT",
        "resource": distribution(),
        "resource_kind": "distribution",
        "name": "shop",
    }


def waf_on_tenant() -> dict[str, Json]:
    """What `waf.block` is told of the tenant that has disabled the web ACL of its distribution."""
    tenant = client("cloudfront").get_distribution_tenant(Identifier="charlie")["DistributionTenant"]["Id"]
    kind = {"resource_kind": "distribution_tenant", "scope": "CLOUDFRONT"}
    return {"web_acl": "", "resource": tenant, "name": "charlie", **kind}


BOTH = ["203.0.113.9", "2001:db8::/64"]
REGIONAL = {"scope": "REGIONAL", "region": "us-east-1", "addresses": BOTH, "why": "the ALB sees the client"}
