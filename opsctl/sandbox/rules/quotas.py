"""Service Quotas: how many rules network ACLs and security groups may have, as set for an account and region.

Source: Amazon VPC quotas (L-2AEEBF1A: 20 by default, up to 40 on request, for inbound and outbound rules each;
L-0EA8095F: 60 a security group, times the groups of an interface, 5, at most 1,000) and the API model of Service
Quotas.
"""

import json
from typing import Any

NETWORK_ACL_RULES = "L-2AEEBF1A"
GROUP_RULES = "L-0EA8095F"
_DEFAULT = {NETWORK_ACL_RULES: 20, GROUP_RULES: 60}
_MOST = {NETWORK_ACL_RULES: 40, GROUP_RULES: 200}


def install() -> None:
    """Let a quota be raised, and answer with the value that applies."""
    from moto.servicequotas.models import ServiceQuotasBackend
    from moto.servicequotas.responses import ServiceQuotasResponse

    ServiceQuotasBackend.get_service_quota = _applied(ServiceQuotasBackend.get_service_quota)
    ServiceQuotasResponse.request_service_quota_increase = _request_increase


def network_acl_rules(account: str, region: str) -> int:
    """Return how many rules a direction a network ACL may have."""
    return _in_force(NETWORK_ACL_RULES, account, region)


def group_rules(account: str, region: str) -> int:
    """Return how many rules a direction a security group may have for each IP version."""
    return _in_force(GROUP_RULES, account, region)


def _in_force(code: str, account: str, region: str) -> int:
    from moto.servicequotas.models import servicequotas_backends

    return int(_raised(servicequotas_backends[account][region]).get(code, _DEFAULT[code]))


def _raised(backend: Any) -> dict[str, float]:
    found: dict[str, float] = backend.__dict__.setdefault("opsctl_raised", {})
    return found


def _applied(method: Any) -> Any:
    def answered(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        quota: dict[str, Any] = method(self, service_code, quota_code)
        return quota | {"Value": _raised(self).get(quota_code, quota["Value"])}

    return answered


def _request_increase(self: Any) -> str:
    """What AWS would grant is granted at once; what is above that goes to support and stays as it is."""
    params = json.loads(self.body)
    code, wanted = params["QuotaCode"], float(params["DesiredValue"])
    quota = self.backend.get_service_quota(params["ServiceCode"], code)
    if wanted <= quota["Value"]:
        from moto.core.exceptions import JsonRESTError

        raise JsonRESTError(
            "IllegalArgumentException", f"The desired value must be greater than the current {quota['Value']}."
        )
    granted = wanted <= _MOST.get(code, 0)
    if granted:
        _raised(self.backend)[code] = wanted
    status = "APPROVED" if granted else "CASE_OPENED"
    return json.dumps(
        {
            "RequestedQuota": {
                "Id": f"{code}-{wanted:.0f}",
                "ServiceCode": params["ServiceCode"],
                "QuotaCode": code,
                "DesiredValue": wanted,
                "Status": status,
            }
        }
    )
