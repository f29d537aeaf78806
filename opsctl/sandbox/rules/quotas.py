"""Service Quotas: how many rules a network ACL may have, as it is set for an account and region.

Source: Amazon VPC quotas (L-2AEEBF1A: 20 by default, up to 40 on request, for inbound and outbound rules each) and
the API model of Service Quotas.
"""

import json
from typing import Any

NETWORK_ACL_RULES = "L-2AEEBF1A"
_DEFAULT, _MOST = 20, 40


def install() -> None:
    """Let a quota be raised, and answer with the value that applies."""
    from moto.servicequotas.models import ServiceQuotasBackend
    from moto.servicequotas.responses import ServiceQuotasResponse

    ServiceQuotasBackend.get_service_quota = _applied(ServiceQuotasBackend.get_service_quota)
    ServiceQuotasResponse.request_service_quota_increase = _request_increase


def network_acl_rules(account: str, region: str) -> int:
    """Return how many rules a direction a network ACL may have."""
    from moto.servicequotas.models import servicequotas_backends

    return int(_raised(servicequotas_backends[account][region]).get(NETWORK_ACL_RULES, _DEFAULT))


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
    granted = code == NETWORK_ACL_RULES and wanted <= _MOST
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
