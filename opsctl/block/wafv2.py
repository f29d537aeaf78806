"""AWS WAF: reading web ACLs, IP sets, and what a web ACL protects."""

from typing import Literal

from opsctl.block.elbv2 import region_of_arn
from opsctl.model.reads import Read
from opsctl.model.value import Json

Scope = Literal["REGIONAL", "CLOUDFRONT"]

CLOUDFRONT_REGION = "us-east-1"
TAGS_A_PAGE = 100
REGIONAL_RESOURCES = (
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
    "AGENTCORE_GATEWAY",
)
"""What a web ACL of scope REGIONAL may protect, by ListResourcesForWebACL's names."""

GLOBAL_RESOURCES = ("AMPLIFY",)
"""What ListResourcesForWebACL knows of scope CLOUDFRONT; CloudFront lists its distributions and tenants itself."""


def scope_of(arn: str) -> Scope:
    """Tell the scope of a WAFv2 object from its ARN: `global/` stands for CloudFront."""
    return "CLOUDFRONT" if arn.split(":", 5)[-1].startswith("global/") else "REGIONAL"


def region_of(arn: str) -> str:
    """Tell the region in which to call; for scope CLOUDFRONT, which Amplify has too, it is always us-east-1."""
    return CLOUDFRONT_REGION if scope_of(arn) == "CLOUDFRONT" or ":amplify:" in arn else region_of_arn(arn)


def is_arn(web_acl: str) -> bool:
    """Tell a WAFv2 web ACL, which is an ARN, from a WAF Classic one, which is a bare id."""
    return web_acl.startswith("arn:") and ":wafv2:" in web_acl


def get_web_acl_for_resource(resource: str) -> Read:
    """Read the web ACL of a regional resource; none is an answer without `WebACL`, or a missing item."""
    return _of("GetWebACLForResource", resource, ResourceArn=resource)


def get_web_acl(arn: str) -> Read:
    """Read one web ACL by its ARN."""
    return _get("GetWebACL", arn)


def get_ip_set(arn: str) -> Read:
    """Read one IP set by its ARN."""
    return _get("GetIPSet", arn)


def list_resources(web_acl: str, kind: str) -> Read:
    """Read which resources of one type a web ACL protects, by its ARN."""
    return _of("ListResourcesForWebACL", web_acl, WebACLArn=web_acl, ResourceType=kind)


def list_tags(arn: str) -> Read:
    """Read the tags of a WAFv2 object: it may have 50, and a page has up to 100."""
    return _of("ListTagsForResource", arn, ResourceARN=arn, Limit=TAGS_A_PAGE)


def get_logging_configuration(arn: str) -> Read:
    """Read where a web ACL's log goes; a web ACL without one is a missing item."""
    return _of("GetLoggingConfiguration", arn, ResourceArn=arn)


def log_group_of(answer: Json) -> tuple[str, str]:
    """Parse GetLoggingConfiguration: the log group that the log goes to, or the ARN of where it goes instead."""
    destinations = (answer.get("LoggingConfiguration") or {}).get("LogDestinationConfigs") or [""]
    group = str(destinations[0]).partition(":log-group:")[2].removesuffix(":*")
    return (group, "") if group else ("", str(destinations[0]))


def parse_resources(answer: Json) -> tuple[str, ...]:
    """Parse ListResourcesForWebACL: ARNs."""
    return tuple(answer.get("ResourceArns", []))


def parse_tags(answer: Json) -> dict[str, str]:
    """Parse ListTagsForResource."""
    items = answer.get("TagInfoForResource", {}).get("TagList", [])
    return {tag["Key"]: str(tag.get("Value", "")) for tag in items}


def _get(operation: str, arn: str) -> Read:
    # arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID, or global/ for CloudFront.
    _, _, name, identifier = arn.split(":", 5)[-1].split("/")[:4]
    return _of(operation, arn, Name=name, Scope=scope_of(arn), Id=identifier)


def _of(operation: str, arn: str, **params: Json) -> Read:
    return Read(service="wafv2", operation=operation, params=params, region=region_of(arn))
