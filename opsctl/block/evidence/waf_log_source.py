"""What AWS WAF's logs in CloudWatch Logs have of an address: every request, as far back as they are kept.

Fields: AWS WAF developer guide, "Log fields for web ACL traffic".
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
from opsctl.block.evidence.web_acls_asked import web_acls_asked
from opsctl.block.request_samples import cut
from opsctl.block.wafv2 import region_of
from opsctl.block.watching import told_rule
from opsctl.model.dossier import Sighting
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.watch import Unwatched


class WafLog(InsightsSource):
    """Searches the logs of the web ACLs on the ways in, or of all."""

    name: ClassVar[str] = "waf-log"
    title: ClassVar[str] = "logs of AWS WAF"

    def targets(
        self, asked: AskedAbout, about: Context
    ) -> Fetching[tuple[tuple[LogTarget, ...], tuple[Unwatched, ...]]]:
        """Return the log groups that web ACLs write to."""
        places, dark = yield from web_acls_asked(asked)
        unread = [one for one in dark if not one.what.startswith("samples of ")]
        for place in places:
            what = f"log of web ACL {place.name}"
            if place.elsewhere:
                todo = "look there, or send it to CloudWatch Logs"
                unread.append(Unwatched(what=what, why=f"it goes to {place.elsewhere}", todo=todo))
            elif not place.group:
                why, todo = "; ".join(place.unread) or "it has none", "switch logging on, to CloudWatch Logs"
                unread.append(Unwatched(what=what, why=why, todo=todo))
        found = [LogTarget(group=one.group, at=one.at, region=region_of(one.arn)) for one in places if one.group]
        return tuple(dict.fromkeys(found)), tuple(unread)

    def query(self, network: Network, target: LogTarget) -> str:
        """Count by what became of a request and what it asked for."""
        by = "action, terminatingRuleId, httpRequest.httpMethod, httpRequest.uri"
        return (
            f"filter {matches('httpRequest.clientIp', network)}"
            f" | stats count(*) as n, min(@timestamp) as first, max(@timestamp) as last by {by}"
            f" | sort n desc | limit {ROWS}"
        )

    def findings(self, target: LogTarget, rows: Sequence[Mapping[str, str]]) -> LogFindings:
        """Say for each action and rule how many there were, and for what most."""
        groups: dict[tuple[str, str], list[Mapping[str, str]]] = {}
        for row in rows:
            groups.setdefault((row.get("action", ""), row.get("terminatingRuleId", "")), []).append(row)
        found = [_sighting(target, action, rule, members) for (action, rule), members in groups.items()]
        return LogFindings(
            found=tuple(found),
            count=int(sum(number_of(row, "n") for row in rows)),
            first=min((number_of(row, "first") / 1000 for row in rows), default=0.0),
            last=max((number_of(row, "last") / 1000 for row in rows), default=0.0),
        )


def _sighting(target: LogTarget, action: str, rule: str, rows: Sequence[Mapping[str, str]]) -> Sighting:
    count = int(sum(number_of(row, "n") for row in rows))
    passed = action == "ALLOW"
    what = "let through" if passed else f"refused ({cut(action)})"
    asked = first_few((_asked_for(row) for row in rows), 3)
    last = moment(max(number_of(row, "last") for row in rows) / 1000)
    says = f"{count:,} requests {what} at {target.at} by {told_rule(cut(rule))}, the last at {last}: {asked}"
    return Sighting(says=says, telling=74 if passed else 68)


def _asked_for(row: Mapping[str, str]) -> str:
    method, path = cut(row.get("httpRequest.httpMethod")), cut(row.get("httpRequest.uri"))
    return f"{method} {path} ({int(number_of(row, 'n')):,})"
