"""Service Quotas: how many of something AWS allows an account in a region."""

from opsctl.model.reads import Read
from opsctl.model.value import Json


def network_acl_rules(region: str) -> Read:
    """Read the quota L-2AEEBF1A, rules per network ACL: of inbound rules, and as many outbound."""
    return Read(
        service="service-quotas",
        operation="GetServiceQuota",
        params={"ServiceCode": "vpc", "QuotaCode": "L-2AEEBF1A"},
        region=region,
    )


def parse_quota(answer: Json) -> int:
    """Parse GetServiceQuota; 0 when it does not say."""
    return int((answer.get("Quota") or {}).get("Value") or 0)
