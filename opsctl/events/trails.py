"""What the trails of an account log in a Region, as far as it may be read.

Source: CloudTrail API (DescribeTrails, GetTrailStatus, GetEventSelectors with EventSelector and
AdvancedEventSelector); EventBridge guide, "AWS service events delivered via CloudTrail".
"""

from collections.abc import Iterator

from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value


class TrailFound(Value):
    """A trail of this Region: which management events it logs, of which resource types the data events.

    `excluded` are services whose management events it leaves out; `unknown` says what could not be read of it.
    """

    name: str
    arn: str
    logging: bool
    reads: bool
    writes: bool
    data: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    global_services: bool = True
    log_group: str = ""
    log_region: str = ""
    unknown: str = ""


class TrailsRead(Value):
    """The trails of a Region; `unknown` says why they could not be listed."""

    trails: tuple[TrailFound, ...] = ()
    unknown: str = ""


def read_trails(about: Context) -> Fetching[TrailsRead]:
    """Read the trails that log in this Region, then their state and what they choose."""
    (listed,) = yield [Read(service="cloudtrail", operation="DescribeTrails", params={})]
    if listed.refusal is not None:
        return TrailsRead(unknown=f"trails could not be listed: {listed.refusal.message}")
    here = [
        one
        for one in listed.value.get("trailList") or []
        if one.get("IsMultiRegionTrail") or one.get("HomeRegion") == about.region
    ]
    if not here:
        return TrailsRead()
    arns = [str(one["TrailARN"]) for one in here]
    answers = yield [
        *(Read(service="cloudtrail", operation="GetTrailStatus", params={"Name": one}) for one in arns),
        *(Read(service="cloudtrail", operation="GetEventSelectors", params={"TrailName": one}) for one in arns),
    ]
    states, chosen = answers[: len(here)], answers[len(here) :]
    found = []
    for trail, state, selectors in zip(here, states, chosen, strict=True):
        refused = [one.refusal for one in (state, selectors) if one.refusal is not None]
        if any(one.kind is RefusalKind.MISSING for one in refused):
            continue
        told = {} if refused else {**state.value, **selectors.value}
        found.append(_trail(trail, told, "; ".join(one.message for one in refused)))
    return TrailsRead(trails=tuple(found))


def _trail(trail: Json, told: Json, unknown: str) -> TrailFound:
    chosen = list(_chosen(told))
    logs = str(trail.get("CloudWatchLogsLogGroupArn") or "")
    return TrailFound(
        name=str(trail.get("Name", "")),
        arn=str(trail["TrailARN"]),
        logging=bool(told.get("IsLogging")),
        reads=any(reads for kind, reads, _ in chosen if kind == "Management"),
        writes=any(writes for kind, _, writes in chosen if kind == "Management"),
        data=tuple(dict.fromkeys(kind for kind, _, writes in chosen if kind != "Management" and writes)),
        excluded=tuple(
            str(one)
            for selector in told.get("EventSelectors") or []
            for one in selector.get("ExcludeManagementEventSources") or []
        ),
        global_services=bool(trail.get("IncludeGlobalServiceEvents", True)),
        log_group=logs.partition(":log-group:")[2].removesuffix(":*"),
        log_region=logs.split(":")[3] if logs else "",
        unknown=unknown,
    )


def _chosen(told: Json) -> Iterator[tuple[str, bool, bool]]:
    """Each kind that is chosen, `Management` or a resource type, with whether reads and writes are."""
    for one in told.get("EventSelectors") or []:
        kind = one.get("ReadWriteType", "All")
        reads, writes = kind in ("All", "ReadOnly"), kind in ("All", "WriteOnly")
        if one.get("IncludeManagementEvents", True):
            yield "Management", reads, writes
        for resource in one.get("DataResources") or []:
            yield str(resource.get("Type", "")), reads, writes
    for one in told.get("AdvancedEventSelectors") or []:
        fields = {str(field["Field"]): field for field in one.get("FieldSelectors") or []}
        only = (fields.get("readOnly") or {}).get("Equals") or ["true", "false"]
        kinds = (fields.get("resources.type") or {}).get("Equals") or []
        category = (fields.get("eventCategory") or {}).get("Equals") or []
        for kind in ["Management"] if "Management" in category else kinds:
            yield str(kind), "true" in only, "false" in only
