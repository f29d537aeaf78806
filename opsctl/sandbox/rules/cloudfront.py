"""CloudFront's own rules, where moto is laxer or silent. Source: CloudFront API reference, recorded answers."""

import re
from collections.abc import Callable
from typing import Any

_CLASSIC = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def install() -> None:
    """Put the rules around moto's CloudFront."""
    from moto.cloudfront import urls
    from moto.cloudfront.models import CloudFrontBackend
    from moto.cloudfront.responses import CloudFrontResponse

    CloudFrontBackend.update_distribution = _under_etag(CloudFrontBackend.update_distribution)
    CloudFrontBackend.create_distribution = _with_a_web_acl(CloudFrontBackend.create_distribution)
    CloudFrontBackend.update_distribution = _with_a_web_acl(CloudFrontBackend.update_distribution)
    CloudFrontResponse.associate_distribution_web_acl = _associate
    CloudFrontResponse.disassociate_distribution_web_acl = _disassociate
    base = "{0}/2020-05-31/distribution/(?P<distribution_id>[^/]+)"
    urls.url_paths[f"{base}/associate-web-acl$"] = CloudFrontResponse.dispatch
    urls.url_paths[f"{base}/disassociate-web-acl$"] = CloudFrontResponse.dispatch


def fault(code: str, message: str) -> Exception:
    """Return a refusal of CloudFront."""
    from moto.cloudfront.exceptions import CloudFrontException

    refusal: Exception = CloudFrontException(code, message)
    return refusal


def _check_etag(distribution: Any, if_match: str | None) -> None:
    if not if_match:
        raise fault("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if if_match != distribution.etag:
        raise fault("PreconditionFailed", "The precondition in one or more of the request fields is false.")


def _changed(distribution: Any) -> None:
    """A change gives a new ETag and takes a while to reach the edges."""
    from moto.cloudfront.models import random_id

    distribution.etag = random_id()
    distribution._status = "InProgress"
    distribution._tick = 0


def _under_etag(method: Callable[..., Any]) -> Callable[..., Any]:
    def updated(self: Any, dist_config: dict[str, Any], _id: str, if_match: str) -> Any:
        distribution, _ = self.get_distribution(_id)
        _check_etag(distribution, if_match)
        method(self, dist_config, _id, if_match)
        _changed(distribution)
        return distribution, distribution.location, distribution.etag

    return updated


def _with_a_web_acl(method: Callable[..., Any]) -> Callable[..., Any]:
    """A distribution's web ACL is none, one of WAF Classic by its bare id, or a global one that is there.

    Source: API reference, InvalidWebACLId of CreateDistribution and UpdateDistribution.
    """

    def made(self: Any, **sent: Any) -> Any:
        config = sent["distribution_config"] if "distribution_config" in sent else sent["dist_config"]
        web_acl = config.get("WebACLId") or ""
        if web_acl and not _CLASSIC.match(web_acl) and not is_there(self.account_id, web_acl):
            raise fault("InvalidWebACLId", f"The web ACL ID {web_acl} is not valid.")
        return method(self, **sent)

    return made


def is_there(account: str, web_acl: str) -> bool:
    """Tell whether this is a web ACL of scope CLOUDFRONT that exists."""
    from moto.wafv2.models import GLOBAL_REGION, wafv2_backends

    return web_acl in wafv2_backends[account][GLOBAL_REGION].wacls


def _associate(self: Any) -> Any:
    from moto.core.responses import ActionResult

    identifier, arn = self._get_param("Id"), self._get_param("WebACLArn")
    distribution, _ = self.backend.get_distribution(identifier)
    _check_etag(distribution, self._get_param("IfMatch"))
    if not arn.startswith("arn:") or not is_there(self.backend.account_id, arn):
        raise fault(
            "EntityNotFound" if ":global/webacl/" in arn else "InvalidArgument", f"no global web ACL {arn}"
        )
    _set_web_acl(distribution, arn)
    return ActionResult({"Id": identifier, "WebACLArn": arn, "ETag": distribution.etag})


def _disassociate(self: Any) -> Any:
    from moto.core.responses import ActionResult

    identifier = self._get_param("Id")
    distribution, _ = self.backend.get_distribution(identifier)
    _check_etag(distribution, self._get_param("IfMatch"))
    _set_web_acl(distribution, "")
    return ActionResult({"Id": identifier, "ETag": distribution.etag})


def _set_web_acl(distribution: Any, arn: str) -> None:
    distribution.distribution_config.WebACLId = arn
    _changed(distribution)
