"""Empties a cache slice by slice, watches the origin between them, and stops when it suffers."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.caches.origin_load import OriginHealth, health_of, origin_health
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.value import Json

POLL_S, COMPLETED_WITHIN_S = 10.0, 1800
BACKOFF_S, BACKOFF_AT_MOST_S = 5.0, 60.0
_LATER = (
    "TooManyInvalidationsInProgress",
    "ServiceUnavailable",
    "TooManyRequestsException",
    "InvalidCacheClusterState",
)
"""CloudFront and API Gateway are busy; a cluster is being rebooted or changed (RebootCacheCluster in the API)."""


class CacheFlush(Job):
    """Make one call a slice, wait until it has taken effect, and go on with the next after a pause.

    A CloudFront invalidation carries the plan's id and its number as CallerReference, so that one whose answer was
    lost is the same one when it is asked for again. Run again, it goes on with the first slice that is not done.
    """

    name: ClassVar[str] = "cache.flush"

    kind: str
    cache: str = Field(description="Id of the distribution, API/STAGE, or name of the cluster.")
    region: str
    slices: tuple[tuple[str, ...], ...] = Field(description="Paths, or nodes, of each slice; empty: all.")
    every_s: int
    mark: str = Field(description="What the CallerReference of every invalidation begins with.")

    def run(self, tools: Tools) -> JobResult:
        """Go through the slices that are not done."""
        done = int(tools.checkpoint.recall("done") or 0)
        before = self._health_before(tools)
        while done < len(self.slices):
            self._pause(tools)
            if tools.stopping():
                return self._result(done, hint="resume goes on with the next slice")
            if done and (why := self._health(tools).worse_than(before)):
                hint = "look at the origin; resume goes on with the next slice"
                return self._result(done, f"stopped: {why}", hint=hint)
            tools.progress(f"slice {done + 1} of {len(self.slices)}")
            if not self._flush(tools, done):
                return self._result(done, hint="resume goes on waiting for it")
            done += 1
            tools.checkpoint.remember("done", done)
            tools.checkpoint.remember("next", tools.clock.now() + self.every_s)
        return self._result(done)

    def _flush(self, tools: Tools, number: int) -> bool:
        """Empty one slice; tells whether that has taken effect."""
        if self.kind == "distribution":
            return self._invalidate(tools, number)
        if self.kind == "stage":
            api, _, stage = self.cache.partition("/")
            self._call(tools, "apigateway", "FlushStageCache", {"restApiId": api, "stageName": stage}, self.region)
            return True
        nodes = {"CacheClusterId": self.cache, "CacheNodeIdsToReboot": list(self.slices[number])}
        # A node that is rebooted twice is as empty as after once; one that never was is not.
        if tools.checkpoint.recall("rebooting") != number:
            self._call(tools, "elasticache", "RebootCacheCluster", nodes, self.region)
            tools.checkpoint.remember("rebooting", number)
        params = {"CacheClusterId": self.cache, "ShowCacheNodeInfo": True}
        read = Read(service="elasticache", operation="DescribeCacheClusters", params=params)
        return self._waited(tools, read, _cluster_is_back, f"node {', '.join(self.slices[number])}")

    def _invalidate(self, tools: Tools, number: int) -> bool:
        paths = list(self.slices[number])
        batch = {
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": f"{self.mark}-{number + 1}",
        }
        params = {"DistributionId": self.cache, "InvalidationBatch": batch}
        made = self._call(tools, "cloudfront", "CreateInvalidation", params, None)
        name = str(made["Invalidation"]["Id"])
        tools.checkpoint.remember(f"invalidation-{number + 1}", name)
        asked = {"DistributionId": self.cache, "Id": name}
        read = Read(service="cloudfront", operation="GetInvalidation", params=asked)
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

    def _waited(self, tools: Tools, read: Read, holds: Callable[[Json], bool], what: str) -> bool:
        deadline = tools.clock.now() + COMPLETED_WITHIN_S
        while tools.clock.now() < deadline and not tools.stopping():
            answer = tools.aws.read(read)
            if answer.value is not None and holds(answer.value):
                return True
            tools.progress(f"waiting for {what} (at most {deadline - tools.clock.now():.0f} s)")
            tools.clock.sleep(POLL_S)
        return False

    def _pause(self, tools: Tools) -> None:
        """Wait until the next slice may begin, also where an earlier process had begun to wait."""
        until = float(tools.checkpoint.recall("next") or 0)
        while tools.clock.now() < until and not tools.stopping():
            tools.progress(f"next slice in {until - tools.clock.now():.0f} s")
            tools.clock.sleep(min(POLL_S, until - tools.clock.now()))

    def _health_before(self, tools: Tools) -> OriginHealth:
        known = tools.checkpoint.recall("origin")
        if known is None:
            known = self._health(tools).model_dump()
            tools.checkpoint.remember("origin", known)
        return OriginHealth.model_validate(known)

    def _health(self, tools: Tools) -> OriginHealth:
        if self.kind != "distribution" or len(self.slices) == 1:
            return OriginHealth()
        return health_of(tools.aws.read(origin_health(self.cache, tools.clock.now())))

    def _result(self, done: int, why: str = "", hint: str = "") -> JobResult:
        parts = [f"{done} of {len(self.slices)} slice{'s' * (len(self.slices) != 1)} emptied"]
        parts += [why] if why else []
        whole = done == len(self.slices)
        return JobResult(says="; ".join(parts), complete=whole, hint="" if whole else hint)


def _is_completed(answer: Json) -> bool:
    return str((answer.get("Invalidation") or {}).get("Status", "")).lower() == "completed"


def _cluster_is_back(answer: Json) -> bool:
    clusters: Sequence[Json] = answer.get("CacheClusters") or []
    return all(one.get("CacheClusterStatus") == "available" for one in clusters)
