"""What AWS WAF's samples have of an address: requests of the last three hours, each rule by itself."""

from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.evidence.web_acls_asked import web_acls_asked
from opsctl.block.request_samples import KEPT_FOR_S
from opsctl.block.watching import look_at_samples
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Context
from opsctl.model.watch import Seen, Unwatched

_NO_WEB_ACL = "no web ACL sees the requests"


class WafSamples(EvidenceSource):
    """Asks WAF for samples of each rule; costs nothing, and has at most 500 of each."""

    name: ClassVar[str] = "waf-samples"
    title: ClassVar[str] = "samples of AWS WAF"
    matter: ClassVar[Matter] = "did"
    wants_ways: ClassVar[bool] = True

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Say what was refused and what was let through."""
        places, dark = yield from web_acls_asked(asked)
        if not places:
            why = "; ".join(_says(one) for one in dark) or _NO_WEB_ACL
            todo = "let the caller read web ACLs" if dark else "attach a web ACL, or see the flow logs"
            return self.report(asked, looked="no", why=why, todo=todo)
        looks = yield from gather(
            [look_at_samples(one, [asked.network], asked.since, asked.until) for one in places]
        )
        seen = [one for each in looks for one in each.seen]
        missing = [_says(one) for one in (*dark, *(one for each in looks for one in each.unwatched))]
        if asked.since < asked.until - KEPT_FOR_S:
            missing.append("AWS WAF keeps samples for three hours")
        found = [_sighting(one) for one in seen]
        return self.report(
            asked,
            *found,
            looked="partly" if missing else "yes",
            why="; ".join(dict.fromkeys(missing)),
            todo="see AWS WAF's log for the rest" if missing else "",
            count=sum(one.refused + one.passed for one in seen),
            first=min((one.first for one in seen), default=""),
            last=max((one.last for one in seen), default=""),
        )


def _says(one: Unwatched) -> str:
    return f"{one.what}: {one.why}"


def _sighting(one: Seen) -> Sighting:
    about = "about " if one.estimated else ""
    words = ((one.passed, "let through"), (one.refused, "refused"), (one.counted, "only counted"))
    parts = [f"{about}{count:,} sampled requests {word}" for count, word in words if count]
    asked = f": {', '.join(one.examples)}" if one.examples else ""
    says = f"{' and '.join(parts)} at {one.at} by {one.by}, the last at {one.last}{asked}"
    return Sighting(says=says, telling=72 if one.passed else 66)
