"""Calls of AWS's own API that came from an address, in the log groups that trails write to.

Fields: CloudTrail user guide, "CloudTrail record contents for management events" (sourceIPAddress, eventSource,
eventName, errorCode).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from opsctl.block.evidence.log_search import (
    ROWS,
    InsightsSource,
    LogFindings,
    LogTarget,
    matches,
    moment,
    number_of,
)
from opsctl.block.evidence.source import AskedAbout
from opsctl.block.request_samples import cut
from opsctl.model.dossier import Sighting
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.watch import Unwatched

_TRAILS = Read(service="cloudtrail", operation="DescribeTrails")


class CloudTrailLog(InsightsSource):
    """Searches the log groups of the trails."""

    name: ClassVar[str] = "cloudtrail-log"
    title: ClassVar[str] = "CloudTrail in CloudWatch Logs"
    wants_ways: ClassVar[bool] = False

    def targets(
        self, asked: AskedAbout, about: Context
    ) -> Fetching[tuple[tuple[LogTarget, ...], tuple[Unwatched, ...]]]:
        """Return the log groups that trails write to, by their ARNs."""
        (answer,) = yield [_TRAILS]
        if answer.refusal is not None:
            return (), (Unwatched(what="trails", why=str(answer.refusal)),)
        found, dark = [], []
        for trail in answer.value.get("trailList") or ():
            arn, name = str(trail.get("CloudWatchLogsLogGroupArn") or ""), cut(trail.get("Name"))
            group = arn.partition(":log-group:")[2].removesuffix(":*")
            if not group:
                todo = "have it write to CloudWatch Logs as well"
                dark.append(Unwatched(what=f"trail {name}", why="it goes to S3 alone", todo=todo))
            elif arn.split(":")[4] != about.account:
                why = f"its log group is in account {arn.split(':')[4]}"
                dark.append(Unwatched(what=f"trail {name}", why=why, todo="ask there"))
            else:
                found.append(LogTarget(group=group, at=f"trail {name}", region=arn.split(":")[3]))
        if not found and not dark:
            dark.append(Unwatched(what="trails", why="there is none", todo="make a trail"))
        return tuple(dict.fromkeys(found)), tuple(dark)

    def query(self, network: Network, target: LogTarget) -> str:
        """Count by call and what AWS said to it."""
        return (
            f"filter {matches('sourceIPAddress', network)}"
            " | stats count(*) as n, min(@timestamp) as first, max(@timestamp) as last"
            f" by eventSource, eventName, errorCode | sort n desc | limit {ROWS}"
        )

    def findings(self, target: LogTarget, rows: Sequence[Mapping[str, str]]) -> LogFindings:
        """Say which calls there were."""
        if not rows:
            return LogFindings()
        count = int(sum(number_of(row, "n") for row in rows))
        last = max(number_of(row, "last") for row in rows) / 1000
        says = f"{count:,} calls of AWS's API in {target.at}, the last at {moment(last)}: "
        listed = first_few((_called(row) for row in rows), 3)
        first = min(number_of(row, "first") for row in rows) / 1000
        return LogFindings(found=(Sighting(says=says + listed, telling=78),), count=count, first=first, last=last)


def _called(row: Mapping[str, str]) -> str:
    service = cut(row.get("eventSource")).partition(".")[0]
    fault = f" {cut(row.get('errorCode'))}" if row.get("errorCode") else ""
    return f"{service}.{cut(row.get('eventName'))}{fault} ({int(number_of(row, 'n')):,})"
