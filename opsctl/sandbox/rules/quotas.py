"""Service Quotas: how much of some things an account may have in a region, as set there.

Source: Amazon VPC quotas (L-2AEEBF1A: 20 by default, up to 40 on request, for inbound and outbound rules each;
L-0EA8095F: 60 a security group, times the groups of an interface, 5, at most 1,000), AWS WAF quotas (100 IP sets
and 100 web ACLs for each account and region, more on request; Service Quotas names them by scope) and the API
model of Service Quotas.
"""

import json
from typing import Any

NETWORK_ACL_RULES = "L-2AEEBF1A"
GROUP_RULES = "L-0EA8095F"
WAF_CODES = {
    ("WebACL", "REGIONAL"): "L-2EC3DE7B",
    ("IPSet", "REGIONAL"): "L-D6DA96AE",
    ("WebACL", "CLOUDFRONT"): "opsctl-web-acls-of-cloudfront",
    ("IPSet", "CLOUDFRONT"): "opsctl-ip-sets-of-cloudfront",
}
"""Of AWS WAF by kind and scope. No source was found for the codes of CloudFront's: these are stand-ins."""

_DEFAULT = {NETWORK_ACL_RULES: 20, GROUP_RULES: 60, **dict.fromkeys(WAF_CODES.values(), 100)}
_MOST = {NETWORK_ACL_RULES: 40, GROUP_RULES: 200, **dict.fromkeys(WAF_CODES.values(), 500)}
_NAMES = {"WebACL": "web ACLs", "IPSet": "IP sets", "REGIONAL": "regional", "CLOUDFRONT": "CloudFront"}


def install() -> None:
    """Let a quota be raised, and answer with the value that applies."""
    from moto.servicequotas.models import ServiceQuotasBackend
    from moto.servicequotas.responses import ServiceQuotasResponse

    ServiceQuotasBackend.get_service_quota = _applied(_with_waf(ServiceQuotasBackend.get_service_quota))
    ServiceQuotasResponse.list_service_quotas = _list_service_quotas
    ServiceQuotasResponse.request_service_quota_increase = _request_increase


def network_acl_rules(account: str, region: str) -> int:
    """Return how many rules a direction a network ACL may have."""
    return _in_force(NETWORK_ACL_RULES, account, region)


def group_rules(account: str, region: str) -> int:
    """Return how many rules a direction a security group may have for each IP version."""
    return _in_force(GROUP_RULES, account, region)


def waf_objects(kind: str, scope: str, account: str, region: str) -> int:
    """Return how many web ACLs (`WebACL`) or IP sets (`IPSet`) of a scope there may be in a region."""
    return _in_force(WAF_CODES[kind, scope], account, region)


def _in_force(code: str, account: str, region: str) -> int:
    from moto.servicequotas.models import servicequotas_backends

    return int(_raised(servicequotas_backends[account][region]).get(code, _DEFAULT[code]))


def _raised(backend: Any) -> dict[str, float]:
    found: dict[str, float] = backend.__dict__.setdefault("opsctl_raised", {})
    return found


def _of_waf() -> list[dict[str, Any]]:
    return [
        {
            "ServiceCode": "wafv2",
            "QuotaCode": code,
            "QuotaName": f"Maximum {_NAMES[kind]} per account in WAF for {_NAMES[scope]}",
            "Value": _DEFAULT[code],
            "Adjustable": True,
        }
        for (kind, scope), code in WAF_CODES.items()
    ]


def _with_waf(method: Any) -> Any:
    """moto has the quotas of VPCs alone."""

    def answered(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        ours = {one["QuotaCode"]: one for one in _of_waf()} if service_code == "wafv2" else {}
        found: dict[str, Any] = ours.get(quota_code) or method(self, service_code, quota_code)
        return found

    return answered


def _list_service_quotas(self: Any) -> str:
    """List the values that apply (Service Quotas API, ListServiceQuotas)."""
    code = json.loads(self.body)["ServiceCode"]
    listed = _of_waf() if code == "wafv2" else self.backend.list_aws_default_service_quotas(code)
    return json.dumps(
        {"Quotas": [one | {"Value": _raised(self.backend).get(one["QuotaCode"], one["Value"])} for one in listed]}
    )


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
