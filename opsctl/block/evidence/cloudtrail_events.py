"""Calls of AWS's own API that came from an address, as far as CloudTrail's event history can be asked for that.

LookupEvents takes one attribute, and the source address is none of them (service model of CloudTrail): so the
newest management events of the span are read, a bounded number of pages, and looked through. A trail that writes
to CloudWatch Logs is searched whole, by `cloudtrail-log`.
"""

from collections import Counter
from typing import ClassVar

from opsctl.block.evidence.log_search import moment
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.request_samples import cut, is_from, seconds_of_answer
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, json_object

PAGES = 4
A_PAGE = 50


class CloudTrailEvents(EvidenceSource):
    """Looks through the newest events of CloudTrail's history; costs nothing."""

    name: ClassVar[str] = "cloudtrail-events"
    title: ClassVar[str] = "CloudTrail's event history"
    matter: ClassVar[Matter] = "did"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Say which calls of AWS's API came from the address."""
        events: list[Json] = []
        token, fault = "", ""
        for _ in range(PAGES):
            answer = yield from fetch(_page(asked, token))
            if answer.refusal is not None:
                fault = str(answer.refusal)
                break
            events += answer.value.get("Events") or []
            token = str(answer.value.get("NextToken") or "")
            if not token:
                break
        if fault and not events:
            return self.report(asked, looked="no", why=fault, todo="let the caller look CloudTrail's events up")
        found = [one for one in map(_call, events) if one is not None and is_from(one[0], asked.network)]
        more = f"{len(events):,} newest events were looked through; there are more" if token else ""
        why = fault or more
        todo = "have a trail write to CloudWatch Logs, which is searched whole" if why else ""
        times = [at for _, _, at in found]
        return self.report(
            asked,
            *_sightings(found),
            looked="partly" if why else "yes",
            why=why,
            todo=todo,
            count=len(found),
            first=moment(min(times)) if times else "",
            last=moment(max(times)) if times else "",
        )


def _page(asked: AskedAbout, token: str) -> Read:
    params: dict[str, Json] = {
        "StartTime": moment(asked.since),
        "EndTime": moment(asked.until),
        "MaxResults": A_PAGE,
    }
    params |= {"NextToken": token} if token else {}
    return Read(service="cloudtrail", operation="LookupEvents", params=params)


def _call(event: Json) -> tuple[str, str, float] | None:
    """The source address, the call and its moment, of one event; None for what cannot be read."""
    record = json_object(str(event.get("CloudTrailEvent", "")))
    if record is None:
        return None
    user = cut(event.get("Username")) or "somebody"
    fault = f", {cut(record.get('errorCode'))}" if record.get("errorCode") else ""
    service = str(record.get("eventSource", "")).partition(".")[0]
    what = f"{cut(service)}.{cut(record.get('eventName'))} as {user}{fault}"
    return str(record.get("sourceIPAddress", "")), what, seconds_of_answer(event.get("EventTime"))


def _sightings(found: list[tuple[str, str, float]]) -> list[Sighting]:
    if not found:
        return []
    calls = Counter(what for _, what, _ in found)
    listed = first_few((f"{what} ({count})" for what, count in calls.most_common()), 3)
    says = f"{len(found):,} calls of AWS's API, the last at {moment(max(at for _, _, at in found))}: {listed}"
    return [Sighting(says=says, telling=78)]
