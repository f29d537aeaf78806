"""Plans the emptying of a cache: in slices, each with its pause, as one job."""

from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_names import CacheKind
from opsctl.caches.invalidation_paths import is_everything, slices_of
from opsctl.caches.jobs.cache_flush import CacheFlush
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context

_CALLS = {
    "distribution": ("cloudfront", "CreateInvalidation", "GetInvalidation"),
    "tenant": ("cloudfront", "CreateInvalidationForDistributionTenant", "GetInvalidationForDistributionTenant"),
    "stage": ("apigateway", "FlushStageCache", ""),
    "memcached": ("elasticache", "RebootCacheCluster", "DescribeCacheClusters"),
}
_BY_PATHS = ("distribution", "tenant")


class CacheFlushAction(Action):
    """Invalidate paths at CloudFront, flush the cache of a stage, or reboot the nodes of a Memcached cluster.

    What is emptied cannot be put back: the cache fills again from the origin.
    """

    name: ClassVar[str] = "cache.flush"

    kind: CacheKind = Field(description="distribution, tenant, stage or memcached.")
    cache: str = Field(description="Id of the distribution or tenant, API/STAGE, or name of the cluster.")
    display: str = Field("", alias="name", description="What people call it.")
    paths: tuple[str, ...] = Field((), description="Paths of a distribution.")
    nodes: tuple[str, ...] = Field((), description="Nodes of a cluster; one after the other.")
    slice_size: int = Field(3000, ge=1, le=3000, description="How many paths go into one invalidation.")
    every_s: int = Field(0, ge=0, le=86_400, description="Seconds between two slices.")
    watch: tuple[str, ...] = Field((), description="Alarms that stop it between two slices.")
    says: str = Field("", description="What it does to the origin, shown with the risk.")
    risky: bool = Field(default=False, description="Whether the origin gets more than it is used to.")
    why: str = Field(description="Why it is emptied.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        slices = self._slices()
        job = CacheFlush(
            kind=self.kind,
            cache=self.cache,
            region=about.region,
            slices=tuple(tuple(one) for one in slices),
            every_s=self.every_s,
            watch=self.watch,
            mark=about.plan_id,
        )
        return [
            Change(
                **dict(self._instruction(job)),
                id="flush",
                title=self._title(len(slices)),
                why=self.why,
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="a cache that was emptied fills again from the origin by itself"),
                risk=Risk(severity=self._severity(), note=self._note()),
            )
        ]

    def _severity(self) -> Severity:
        if self.risky:
            return Severity.SEVERE
        everything = self.kind not in _BY_PATHS or is_everything(self.paths)
        return Severity.HIGH if everything else Severity.MEDIUM

    def _slices(self) -> list[list[str]]:
        if self.kind in _BY_PATHS:
            return slices_of(self.paths, self.slice_size)
        return [[node] for node in self.nodes] if self.kind == "memcached" else [[]]

    def _title(self, slices: int) -> str:
        name = self.display or self.cache
        cut = f", in {slices} slices" if slices > 1 else ""
        if self.kind in _BY_PATHS:
            count = len(self.paths)
            what = self.paths[0] if count == 1 else f"{count} paths"
            tenant = "tenant " if self.kind == "tenant" else ""
            return f"Invalidate {what} at CloudFront {tenant}{name}{cut}"
        if self.kind == "stage":
            return f"Flush the cache of stage {name}"
        return f"Reboot the nodes of Memcached cluster {name}, one after the other"

    def _note(self) -> str:
        kept = {
            "distribution": "It cannot be cancelled; browsers and proxies keep what they have.",
            "tenant": "It cannot be cancelled; other tenants, browsers and proxies keep what they have.",
            "stage": "The whole stage is flushed at once.",
            "memcached": "Each node is away for a moment, and loses what it has.",
        }[self.kind]
        return f"{self.says[:1].upper()}{self.says[1:]}. {kept}" if self.says else kept

    def _instruction(self, job: CacheFlush) -> Instruction:
        service, call, look = _CALLS[self.kind]
        names = {
            "distribution": {"DistributionId": self.cache},
            "tenant": {"Id": self.cache},
            "stage": dict(zip(("restApiId", "stageName"), self.cache.split("/"), strict=False)),
            "memcached": {"CacheClusterId": self.cache},
        }[self.kind]
        grants = [Grant(service=service, operation=one, params=dict(names)) for one in (call, look) if one]
        if self.kind == "distribution":
            grants.append(Grant(service="cloudwatch", operation="GetMetricData"))
        if self.watch:
            grants.append(Grant(service="cloudwatch", operation="DescribeAlarms"))
        return Instruction(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=tuple(grants),
        )
