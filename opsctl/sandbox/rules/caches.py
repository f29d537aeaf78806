"""Caches of the sandbox: invalidations as CloudFront keeps them, and a call that moto lacks.

Sources: CreateInvalidation (a CallerReference asked for again is the same invalidation, with other paths it is
refused; states InProgress and Completed); CloudFront guide, "Invalidating files" (3,000 paths, 15 wildcards in
progress, a path begins with a slash, a wildcard stands at its end); FlushStageCache (202, for a stage with a cache
cluster).
"""

from collections.abc import Callable, Sequence
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.rules.cloudfront import fault

WILDCARDS_AT_ONCE, PATHS_AT_ONCE = 15, 3000
INVALIDATED_IN_S = 5


def install() -> None:
    """Put the rules around moto's backends."""
    from moto.apigateway import urls
    from moto.apigateway.responses import APIGatewayResponse
    from moto.cloudfront.models import CloudFrontBackend, Invalidation

    CloudFrontBackend.create_invalidation = _invalidated(CloudFrontBackend.create_invalidation)
    Invalidation.status = property(_status, lambda _self, _value: None)
    stage = "{0}/restapis/(?P<function_id>[^/]+)/stages/(?P<stage_name>[^/]+)/cache"
    urls.url_paths[f"{stage}/data/?$"] = APIGatewayResponse.dispatch
    APIGatewayResponse.flush_stage_cache = _flushed


def _invalidated(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, dist_id: str, paths: list[str], caller_ref: str) -> Any:
        known = self.invalidations.get(dist_id) or []
        return invalidated(
            self.account_id, known, paths, caller_ref, lambda: method(self, dist_id, paths, caller_ref)
        )

    return created


def invalidated(
    account: str, known: Sequence[Any], paths: list[str], reference: str, make: Callable[[], Any]
) -> Any:
    """Return the invalidation of a reference among the known, or one that is made where the rules allow it."""
    same = next((one for one in known if one.caller_ref == reference), None)
    if same is not None:
        if sorted(same.paths) == sorted(paths):
            return same
        raise fault("InvalidationBatchAlreadyExists", "The caller reference was used for another batch.")
    if any(not one.startswith("/") or "*" in one[:-1] for one in paths):
        raise fault("InvalidArgument", "Your request contains one or more invalid invalidation paths.")
    going = [path for one in known if one.status == "InProgress" for path in one.paths]
    wild = sum(1 for one in [*going, *paths] if one.endswith("*"))
    if wild > WILDCARDS_AT_ONCE or len(going) + len(paths) - wild > PATHS_AT_ONCE:
        raise fault("TooManyInvalidationsInProgress", "You have exceeded your allowed in-progress wildcards.")
    made = make()
    made.asked_at = conditions(account).now()
    return made


def _status(self: Any) -> str:
    asked = getattr(self, "asked_at", None)
    if asked is None:
        return "InProgress"
    account = self.distribution.arn.split(":")[4]
    return "Completed" if conditions(account).now() - asked >= INVALIDATED_IN_S else "InProgress"


def _flushed(self: Any) -> Any:
    from moto.apigateway.exceptions import BadRequestException
    from moto.core.responses import EmptyResult

    parts = self.path.split("/")
    stage = self.backend.get_stage(parts[2], parts[4])
    if not stage.cache_cluster_enabled:
        raise BadRequestException("Cache cluster not enabled for this stage")
    self.status_code = 202
    return EmptyResult()
