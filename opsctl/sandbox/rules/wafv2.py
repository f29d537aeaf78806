"""AWS WAF's own rules, where moto is laxer. Source: WAFV2 API reference and recorded answers."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from opsctl.sandbox.rules.cloudfront_tenants import tenants_with

_NAME = re.compile(r"^[\w\-]{1,128}$", re.ASCII)
_DESCRIPTION = re.compile(r"^[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]$", re.ASCII)
_TAG = re.compile(r"^[\w\s.:/=+\-@]*$")
_HEADER = re.compile(r"^[a-zA-Z0-9-]{1,255}$")
_SCOPED = (
    "create_web_acl",
    "delete_web_acl",
    "get_web_acl",
    "list_web_ac_ls",
    "update_web_acl",
    "create_ip_set",
    "delete_ip_set",
    "get_ip_set",
    "list_ip_sets",
    "update_ip_set",
)
_REST = (
    "AnalyticsConfig",
    "ApplicationConfig",
    "DataProtectionConfig",
    "MonetizationConfig",
    "OnSourceDDoSProtectionConfig",
)
_REPLACED = {
    "AssociationConfig": "association_config",
    "CaptchaConfig": "captcha_config",
    "ChallengeConfig": "challenge_config",
    "CustomResponseBodies": "custom_response_bodies",
    "TokenDomains": "token_domains",
}
_END = "end-of-the-last-full-page"


def install() -> None:
    """Put the rules around moto's WAFv2."""
    from moto.wafv2.models import FakeWebACL, WAFV2Backend
    from moto.wafv2.responses import WAFV2Response

    for name in _SCOPED:
        setattr(WAFV2Response, name, _only_in_us_east_1(getattr(WAFV2Response, name)))
    for name, items in (("list_web_ac_ls", "WebACLs"), ("list_ip_sets", "IPSets")):
        setattr(WAFV2Response, name, _marker_with_last_page(getattr(WAFV2Response, name), items))
    WAFV2Response.get_web_acl = _by_arn(WAFV2Response.get_web_acl)
    for name in ("create_web_acl", "update_web_acl"):
        setattr(WAFV2Response, name, _whole(getattr(WAFV2Response, name)))
    FakeWebACL.to_dict = _with_the_rest(FakeWebACL.to_dict)
    WAFV2Backend.create_ip_set = _checked_creation(WAFV2Backend.create_ip_set)
    WAFV2Backend.update_ip_set = _checked_update(WAFV2Backend.update_ip_set)
    WAFV2Backend.delete_ip_set = _not_while_referenced(WAFV2Backend.delete_ip_set)
    WAFV2Backend.create_web_acl = _checked_web_acl(WAFV2Backend.create_web_acl)
    WAFV2Backend.update_web_acl = _whole_update(WAFV2Backend.update_web_acl)
    WAFV2Backend.delete_web_acl = _not_while_associated(WAFV2Backend.delete_web_acl)
    WAFV2Backend.associate_web_acl = _one_web_acl_each(WAFV2Backend.associate_web_acl)


def fault(code: str, message: str) -> Exception:
    """Return a refusal of AWS WAF."""
    from moto.wafv2.exceptions import WAFv2ClientError

    fault: Exception = WAFv2ClientError(code, message)
    return fault


def _invalid(field: str, parameter: str) -> Exception:
    return fault(
        "WAFInvalidParameterException",
        "Error reason: The parameter contains formatting that is not valid., "
        f"field: {field}, parameter: {parameter}",
    )


def _only_in_us_east_1(method: Callable[..., Any]) -> Callable[..., Any]:
    """Scope CLOUDFRONT answers in us-east-1 only (API reference, every Scope)."""

    def checked(self: Any) -> Any:
        if self._get_param("Scope") == "CLOUDFRONT" and self.region not in ("us-east-1", "aws"):
            raise _invalid("SCOPE_VALUE", "CLOUDFRONT")
        return method(self)

    return checked


def _marker_with_last_page(method: Callable[..., Any], items: str) -> Callable[..., Any]:
    """`NextMarker` comes with the last full page too; only the page after it is empty (recorded answers)."""

    def listed(self: Any) -> Any:
        if self._get_param("NextMarker") == _END:
            return 200, {"Content-Type": "application/json"}, json.dumps({items: []})
        answered = method(self)
        answer = json.loads(answered if isinstance(answered, str) else answered[2])
        if answer[items] and not answer.get("NextMarker"):
            answer["NextMarker"] = _END
        return 200, {"Content-Type": "application/json"}, json.dumps(answer)

    return listed


def _by_arn(method: Callable[..., Any]) -> Callable[..., Any]:
    """A global web ACL is found by its ARN alone too; the lock token stands beside the web ACL, not in it."""

    def found(self: Any) -> Any:
        if ":global/" in (self._get_param("ARN") or ""):
            self.region = "aws"
        _, headers, body = method(self)
        answer = json.loads(body)
        answer["WebACL"].pop("LockToken", None)
        return 200, headers, json.dumps(answer)

    return found


def _check_addresses(addresses: Sequence[str], version: str) -> None:
    """CIDR notation always, no host bits, no /0, the set's own family, at most 10,000."""
    if len(addresses) > 10_000:
        raise fault("WAFLimitsExceededException", "AWS WAF couldn't perform the operation: limit exceeded")
    for text in addresses:
        try:
            network = ipaddress.ip_network(text, strict=True)
        except ValueError:
            raise _invalid("IP_ADDRESS", text) from None
        if "/" not in text or network.prefixlen == 0 or f"IPV{network.version}" != version:
            raise _invalid("IP_ADDRESS", text)


def _check_texts(name: str, description: str | None, tags: Sequence[dict[str, str]]) -> None:
    if not _NAME.match(name):
        raise _invalid("NAME", name)
    if description is not None and not (_DESCRIPTION.match(description) and len(description) <= 256):
        raise _invalid("ENTITY_DESCRIPTION", description)
    for tag in tags:
        if not _TAG.match(tag["Key"]) or not _TAG.match(tag["Value"]) or len(tag["Value"]) > 256:
            raise _invalid("TAGS", str(tag))


def _checked_creation(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(
        self: Any,
        name: str,
        scope: str,
        description: str,
        ip_address_version: str,
        addresses: list[str],
        tags: list[dict[str, str]],
    ) -> Any:
        _check_addresses(addresses, ip_address_version)
        _check_texts(name, description, tags or [])
        if any(one.name == name and one.scope == scope for one in self.ip_sets.values()):
            raise fault("WAFDuplicateItemException", f"there is an IP set {name} already")
        return method(self, name, scope, description, ip_address_version, addresses, tags or [])

    return created


def _checked_update(method: Callable[..., Any]) -> Callable[..., Any]:
    def updated(
        self: Any, name: str, scope: str, _id: str, description: str, addresses: list[str], lock_token: str
    ) -> Any:
        known = self.get_ip_set(name, scope, _id)
        _check_addresses(addresses, known.ip_address_version)
        _check_texts(name, description, [])
        return method(self, name, scope, _id, description, addresses, lock_token)

    return updated


def _not_while_referenced(method: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(self: Any, name: str, scope: str, _id: str, lock_token: str) -> Any:
        arn = self.get_ip_set(name, scope, _id).arn
        if any(
            arn in json.dumps(rule.to_dict(), default=str) for acl in self.wacls.values() for rule in acl.rules
        ):
            raise fault("WAFAssociatedItemException", "AWS WAF couldn't delete the item: a rule refers to it")
        return method(self, name, scope, _id, lock_token)

    return deleted


def _check_rules(backend: Any, rules: Sequence[dict[str, Any]]) -> None:
    priorities = [rule["Priority"] for rule in rules]
    if len(set(priorities)) != len(priorities):
        raise _invalid("PRIORITY", str(priorities))
    for reference in _references(list(rules)):
        if reference["ARN"] not in backend.ip_sets:
            raise fault("WAFInvalidParameterException", "A reference in your rule statement is not valid.")
        _check_forwarded(reference.get("IPSetForwardedIPConfig"))


def _references(node: Any) -> Iterator[dict[str, Any]]:
    """Every reference to an IP set, however deep it is nested."""
    if isinstance(node, dict):
        if "IPSetReferenceStatement" in node:
            yield node["IPSetReferenceStatement"]
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        yield from _references(item)


def _check_forwarded(config: dict[str, str] | None) -> None:
    """A header's name and AWS's own words for the rest (API reference, IPSetForwardedIPConfig: all required)."""
    if config is None:
        return
    if not _HEADER.match(config["HeaderName"]):
        raise _invalid("HEADER_NAME", config["HeaderName"])
    if config["FallbackBehavior"] not in ("MATCH", "NO_MATCH"):
        raise _invalid("FALLBACK_BEHAVIOR", config["FallbackBehavior"])
    if config["Position"] not in ("FIRST", "LAST", "ANY"):
        raise _invalid("POSITION", config["Position"])


def _checked_web_acl(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, name: str, visibility: Any, action: Any, scope: str, *rest: Any) -> Any:
        description, tags, rules, *configs = rest
        _check_texts(name, description, tags or [])
        _check_rules(self, rules or [])
        if any(acl.name == name for acl in self.wacls.values()):
            raise fault("WAFDuplicateItemException", f"there is a web ACL {name} already")
        return method(self, name, visibility, action, scope, description, tags or [], rules or [], *configs)

    return created


def _whole_update(method: Callable[..., Any]) -> Callable[..., Any]:
    """UpdateWebACL replaces everything: an empty list of rules leaves none."""

    def updated(self: Any, name: str, _id: str, action: Any, rules: Any, *rest: Any) -> Any:
        _check_rules(self, rules or [])
        token = method(self, name, _id, action, rules, *rest)
        if not rules:
            self.get_web_acl(None, name, _id).rules = []
        return token

    return updated


def _whole(method: Callable[..., Any]) -> Callable[..., Any]:
    """A web ACL keeps what moto does not know, and UpdateWebACL replaces all of it but ApplicationConfig.

    Security analytics of a global web ACL is on unless the request says otherwise (API reference,
    UpdateWebACL, AnalyticsConfig and ApplicationConfig).
    """

    def written(self: Any) -> Any:
        sent = json.loads(self.body)
        answer = method(self)
        acl = next(one for one in self.wafv2_backend.wacls.values() if one.name == sent["Name"])
        kept = getattr(acl, "opsctl_rest", {})
        rest = {name: sent[name] for name in _REST if name in sent}
        if "ApplicationConfig" in kept:
            rest.setdefault("ApplicationConfig", kept["ApplicationConfig"])
        if sent["Scope"] == "CLOUDFRONT":
            rest.setdefault("AnalyticsConfig", {"Mode": "CROSS_REGION"})
        acl.opsctl_rest = rest
        for name, attribute in _REPLACED.items():
            setattr(acl, attribute, sent.get(name))
        return answer

    return written


def _with_the_rest(method: Callable[..., Any]) -> Callable[..., Any]:
    def told(self: Any) -> dict[str, Any]:
        members = method(self) | getattr(self, "opsctl_rest", {})
        return {name: value for name, value in members.items() if value is not None}

    return told


def _not_while_associated(method: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(self: Any, name: str, scope: str, _id: str, lock_token: str) -> Any:
        acl = self.get_web_acl(None, name, _id)
        if acl.associated_resources or _distributions_with(self.account_id, acl.arn):
            raise fault("WAFAssociatedItemException", "AWS WAF couldn't delete the item: it is still associated")
        return method(self, name, scope, _id, lock_token)

    return deleted


def _distributions_with(account: str, arn: str) -> list[str]:
    from moto.cloudfront.models import cloudfront_backends

    distributions = cloudfront_backends[account]["aws"].distributions
    own = [name for name, one in distributions.items() if one.distribution_config.WebACLId == arn]
    return [*own, *tenants_with(account, arn)]


def _one_web_acl_each(method: Callable[..., Any]) -> Callable[..., Any]:
    """A resource has one web ACL; associating another takes its place."""

    def associated(self: Any, web_acl_arn: str, resource_arn: str) -> None:
        self.get_web_acl(web_acl_arn, None, None)
        for acl in self.wacls.values():
            if resource_arn in acl.associated_resources:
                acl.associated_resources.remove(resource_arn)
        method(self, web_acl_arn, resource_arn)

    return associated
