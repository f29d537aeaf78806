"""Empties a cache by AWS's own calls, slice by slice, and stops where the origin suffers."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.caches.origin_load import origin_health
from opsctl.caches.sliced_flush import POLL_S, SlicedFlush
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Tools
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.spans import span
from opsctl.model.value import Json

COMPLETED_WITHIN_S = 1800
BACKOFF_S, BACKOFF_AT_MOST_S = 5.0, 60.0
_LATER = (
    "TooManyInvalidationsInProgress",
    "ServiceUnavailable",
    "TooManyRequestsException",
    "InvalidCacheClusterState",
)
"""CloudFront and API Gateway are busy; a cluster is being rebooted or changed (RebootCacheCluster in the API)."""


class CacheFlush(SlicedFlush):
    """Make one call a slice, wait until it has taken effect, and go on with the next after a pause.

    A CloudFront invalidation carries the plan's id and its number as CallerReference, so that one whose answer was
    lost is the same one when it is asked for again. Run again, it goes on with the first slice that is not done.
    """

    name: ClassVar[str] = "cache.flush"

    kind: str
    cache: str = Field(description="Id of the distribution or of the tenant, API/STAGE, or name of the cluster.")
    slices: tuple[tuple[str, ...], ...] = Field(description="Paths, or nodes, of each slice; empty: all.")
    mark: str = Field(description="What the CallerReference of every invalidation begins with.")

    def slices_of(self, tools: Tools) -> int:
        """As they were planned."""
        return len(self.slices)

    def origin(self, tools: Tools) -> Read | None:
        """CloudFront counts what its origin answers."""
        if self.kind != "distribution" or len(self.slices) == 1:
            return None
        return origin_health(self.cache, tools.clock.now())

    def finish(self, tools: Tools) -> tuple[str, dict[str, Json]]:
        """Nothing besides the slices."""
        return "", {}

    def empty(self, tools: Tools, number: int) -> str:
        """Empty one slice."""
        if self.kind in ("distribution", "tenant"):
            return self._invalidate(tools, number)
        if self.kind == "stage":
            api, _, stage = self.cache.partition("/")
            self._call(tools, "apigateway", "FlushStageCache", {"restApiId": api, "stageName": stage}, self.region)
            return ""
        nodes = {"CacheClusterId": self.cache, "CacheNodeIdsToReboot": list(self.slices[number])}
        # A node that is rebooted twice is as empty as after once; one that never was is not.
        if tools.checkpoint.recall("rebooting") != number:
            self._call(tools, "elasticache", "RebootCacheCluster", nodes, self.region)
            tools.checkpoint.remember("rebooting", number)
        params = {"CacheClusterId": self.cache, "ShowCacheNodeInfo": True}
        read = Read(service="elasticache", operation="DescribeCacheClusters", params=params)
        return self._waited(tools, read, _cluster_is_back, f"node {', '.join(self.slices[number])}")

    def _invalidate(self, tools: Tools, number: int) -> str:
        paths = list(self.slices[number])
        batch = {
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": f"{self.mark}-{number + 1}",
        }
        ending = "ForDistributionTenant" if self.kind == "tenant" else ""
        of = {"Id": self.cache} if ending else {"DistributionId": self.cache}
        params = {**of, "InvalidationBatch": batch}
        made = self._call(tools, "cloudfront", f"CreateInvalidation{ending}", params, None)
        name = str(made["Invalidation"]["Id"])
        tools.checkpoint.remember(f"invalidation-{number + 1}", name)
        asked = {"DistributionTenantId": self.cache, "Id": name} if ending else {**of, "Id": name}
        read = Read(service="cloudfront", operation=f"GetInvalidation{ending}", params=asked)
        return self._waited(tools, read, _is_completed, f"invalidation {name}")

    def _call(
        self, tools: Tools, service: str, operation: str, params: dict[str, Json], region: str | None
    ) -> Json:
        """Make a call that may be made again: after throttling, a full house, or a lost answer."""
        pause = BACKOFF_S
        while True:
            try:
                return tools.aws.write(service, operation, params, region)
            except OutcomeUnknown:
                pass
            except AwsRefused as refused:
                kind, code = refused.refusal.kind, refused.refusal.code
                if kind is not RefusalKind.THROTTLED and code not in _LATER:
                    raise
            if tools.stopping():
                raise OutcomeUnknown(f"{service}.{operation} was not answered for certain")
            tools.progress(f"{operation}: trying again in {pause:.0f} s")
            tools.clock.sleep(pause)
            pause = min(pause * 2, BACKOFF_AT_MOST_S)

    def _waited(self, tools: Tools, read: Read, holds: Callable[[Json], bool], what: str) -> str:
        deadline = tools.clock.now() + COMPLETED_WITHIN_S
        while tools.clock.now() < deadline and not tools.stopping():
            answer = tools.aws.read(read)
            if answer.value is not None and holds(answer.value):
                return ""
            tools.progress(f"waiting for {what} (at most {span(deadline - tools.clock.now())})")
            tools.clock.sleep(POLL_S)
        return f"{what} was asked for and has not ended"


def _is_completed(answer: Json) -> bool:
    return str((answer.get("Invalidation") or {}).get("Status", "")).lower() == "completed"


def _cluster_is_back(answer: Json) -> bool:
    clusters: Sequence[Json] = answer.get("CacheClusters") or []
    return all(one.get("CacheClusterStatus") == "available" for one in clusters)
