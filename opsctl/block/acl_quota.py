"""How many inbound rules a network ACL may have in this account."""

from collections.abc import Iterable

from opsctl.block.topology.nacl import QUOTA, NetworkAcl
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value


class AclQuota(Value):
    """The quota, and why it may be higher than this when it could not be read."""

    rules: int = QUOTA
    doubt: str = ""


def quota_of_all(acls: Iterable[NetworkAcl], more: int, region: str) -> Fetching[AclQuota]:
    """Return the quota that counts for some more rules in any of these network ACLs."""
    fullest = max(acls, key=lambda acl: len(acl.inbound()), default=None)
    if fullest is None:
        return AclQuota()
    found = yield from quota_for(fullest, more, region)
    return found


def quota_for(acl: NetworkAcl, more: int, region: str) -> Fetching[AclQuota]:
    """Return the quota that counts for some more rules.

    Every account has 20; it is read only where those do not suffice, for up to 40 are given on request (Amazon
    VPC quotas, L-2AEEBF1A). Where it cannot be read, 20 is assumed.
    """
    if len(acl.inbound()) + more <= QUOTA:
        return AclQuota()
    (answer,) = yield [network_acl_rules(region)]
    if answer.refusal is not None:
        return AclQuota(doubt=f" (the quota could not be read, so {QUOTA} is assumed: {answer.refusal.code})")
    return AclQuota(rules=parse_quota(answer.value) or QUOTA)


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
