"""What emptying a cache does to its origin: how many times its present load, by the hit rate of the last hour.

Sources: CloudFront guide, "Viewing CloudFront and edge function metrics" (CacheHitRate is one of the additional
metrics, in us-east-1); API Gateway guide, "Amazon API Gateway dimensions and metrics" (CacheHitCount);
ElastiCache guide, "Metrics for Memcached", "Metrics for Valkey and Redis OSS" and "Serverless metrics".
"""

from collections.abc import Sequence

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

LOOK_BACK_S, MEMBERS_AT_MOST = 3600, 100
RISEN_BY, SLOWER, SLOWER_BY_MS = 5.0, 2.0, 100.0


class OriginLoad(Value):
    """Estimated load on the origin when a cache begins empty; `times` 0 when it cannot be told."""

    hit_rate: float = 0.0
    times: float = 0.0
    unknown: str = ""

    @property
    def says(self) -> str:
        """The estimate as a sentence."""
        if self.unknown:
            return f"how much the origin will get cannot be told: {self.unknown}"
        return (
            f"{self.hit_rate:.0f} % come from the cache: the origin will get about {self.times:.0f} times its load"
        )


def load_of(hit_rate: float) -> OriginLoad:
    """The load behind a hit rate in percent; everything misses at first."""
    missed = max(100.0 - hit_rate, 0.5)
    return OriginLoad(hit_rate=hit_rate, times=100.0 / missed)


def rate_metric(distribution: str, metric: str, now: float) -> Read:
    """Read the average of a rate of a distribution over the last hour, in percent."""
    dimensions = {"DistributionId": distribution, "Region": "Global"}
    query = _query("rate", "AWS/CloudFront", metric, dimensions, "Average")
    return _metrics([query], now, LOOK_BACK_S, region="us-east-1")


def origin_health(distribution: str, now: float) -> Read:
    """Read what the origin answered with over the last five minutes: the share of 5xx, and how late it was."""
    dimensions = {"DistributionId": distribution, "Region": "Global"}
    queries = [
        _query("errors", "AWS/CloudFront", "5xxErrorRate", dimensions, "Average", period_s=60),
        _query("latency", "AWS/CloudFront", "OriginLatency", dimensions, "p90", period_s=60),
    ]
    return _metrics(queries, now, 300, region="us-east-1")


def stage_counts(api: str, stage: str, now: float) -> Read:
    """Read how many requests a stage answered from its cache, and how many not."""
    dimensions = {"ApiName": api, "Stage": stage}
    queries = [
        _query(name, "AWS/ApiGateway", metric, dimensions, "Sum")
        for name, metric in (("hits", "CacheHitCount"), ("misses", "CacheMissCount"))
    ]
    return _metrics(queries, now, LOOK_BACK_S)


def node_counts(clusters: Sequence[str], engine: str, now: float) -> Read:
    """Read how many gets of some cache clusters hit, and how many missed; a hundred of them at most."""
    names = ("GetHits", "GetMisses") if engine == "memcached" else ("CacheHits", "CacheMisses")
    return _counted(names, [{"CacheClusterId": one} for one in clusters[:MEMBERS_AT_MOST]], now)


def serverless_counts(caches: Sequence[str], engine: str, now: float) -> Read:
    """Read the same of serverless caches; their pages spell the dimension in two ways."""
    names = ("GetHits", "GetMisses") if engine == "memcached" else ("CacheHits", "CacheMisses")
    return _counted(names, [{spelt: one} for one in caches for spelt in ("clusterId", "ClusterId")], now)


def _counted(names: tuple[str, str], of: Sequence[dict[str, str]], now: float) -> Read:
    queries = [
        _query(f"{id_}{number}", "AWS/ElastiCache", metric, dimensions, "Sum")
        for number, dimensions in enumerate(of)
        for id_, metric in zip(("hits", "misses"), names, strict=True)
    ]
    return _metrics(queries, now, LOOK_BACK_S)


def load_from_rate(answer: Answer) -> OriginLoad:
    """The load by an answer of `rate_metric`."""
    if answer.refusal is not None:
        return OriginLoad(unknown=str(answer.refusal))
    values = _values(answer.value).get("rate", [])
    if not values:
        return OriginLoad(unknown="the distribution has no additional metrics, or no requests in the last hour")
    return load_of(sum(values) / len(values))


def load_from_counts(answer: Answer) -> OriginLoad:
    """The load by an answer of `stage_counts` or `node_counts`."""
    if answer.refusal is not None:
        return OriginLoad(unknown=str(answer.refusal))
    found = _values(answer.value)
    hits, misses = (
        sum(sum(values) for name, values in found.items() if name.startswith(kind)) for kind in ("hits", "misses")
    )
    if not hits + misses:
        return OriginLoad(unknown="no request was counted in the last hour")
    return load_of(100 * hits / (hits + misses))


class OriginHealth(Value):
    """How an origin does: the share of errors in percent, and its latency in milliseconds; None: nobody knows."""

    errors: float | None = None
    latency: float | None = None

    def worse_than(self, before: "OriginHealth") -> str:
        """Say what has become worse since: five points more errors, or twice as slow by 100 ms at least."""
        errors = before.errors or 0.0
        if self.errors is not None and self.errors >= errors + RISEN_BY:
            return f"the origin answers {self.errors:.1f} % of requests with errors, {errors:.1f} % before"
        if self.latency is None or not before.latency:
            return ""
        if self.latency >= before.latency * SLOWER and self.latency - before.latency >= SLOWER_BY_MS:
            return f"the origin takes {self.latency:.0f} ms for its answers, {before.latency:.0f} ms before"
        return ""


def health_of(answer: Answer) -> OriginHealth:
    """The newest values of `origin_health`; what could not be read is unknown."""
    # The newest comes first: so it is asked for.
    found = {name: values[0] for name, values in _values(answer.value or {}).items() if values}
    return OriginHealth(errors=found.get("errors"), latency=found.get("latency"))


def _values(value: Json) -> dict[str, list[float]]:
    return {one["Id"]: [float(v) for v in one.get("Values") or []] for one in value.get("MetricDataResults") or []}


def _metrics(queries: list[Json], now: float, back_s: int, region: str | None = None) -> Read:
    end = int(now // 60 * 60) + 60  # the minute that has begun counts as well
    params = {"StartTime": end - back_s, "EndTime": end, "MetricDataQueries": queries}
    params["ScanBy"] = "TimestampDescending"
    return Read(service="cloudwatch", operation="GetMetricData", params=params, region=region)


def _query(id_: str, space: str, metric: str, of: dict[str, str], stat: str, period_s: int = LOOK_BACK_S) -> Json:
    dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
    named = {"Namespace": space, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id_, "MetricStat": {"Metric": named, "Period": period_s, "Stat": stat}}
