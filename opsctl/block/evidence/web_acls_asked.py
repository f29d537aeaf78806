"""Which web ACLs a question is about: those on the ways to the target, else all there are."""

from opsctl.block.evidence.source import AskedAbout
from opsctl.block.wafv2 import CLOUDFRONT_REGION
from opsctl.block.watch_places import WafPlace, waf_places, web_acls_on
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.watch import Unwatched

MOST = 10


def web_acls_asked(asked: AskedAbout) -> Fetching[tuple[tuple[WafPlace, ...], tuple[Unwatched, ...]]]:
    """Return the web ACLs with where their logs go, and what of them cannot be seen."""
    known, dark = yield from _known(asked)
    places, unseen = yield from waf_places(dict(list(known.items())[:MOST]))
    left = len(known) - MOST
    more = (Unwatched(what=f"{left} more web ACLs", why=f"{MOST} are looked at", todo="name one with --target"),)
    return places, (*dark, *unseen, *(more if left > 0 else ()))


def _known(asked: AskedAbout) -> Fetching[tuple[dict[str, str], tuple[Unwatched, ...]]]:
    if asked.ways is not None:
        return web_acls_on(asked.ways.web), ()
    every = yield from _every()
    return every


def _every() -> Fetching[tuple[dict[str, str], tuple[Unwatched, ...]]]:
    scopes = ("REGIONAL", "CLOUDFRONT")
    answers = yield [
        Read(
            service="wafv2",
            operation="ListWebACLs",
            params={"Scope": scope},
            region=CLOUDFRONT_REGION if scope == "CLOUDFRONT" else None,
        )
        for scope in scopes
    ]
    known: dict[str, str] = {}
    dark = []
    for scope, answer in zip(scopes, answers, strict=True):
        if answer.refusal is not None:
            dark.append(Unwatched(what=f"web ACLs of scope {scope}", why=str(answer.refusal)))
            continue
        known |= {str(one["ARN"]): "" for one in answer.value.get("WebACLs") or ()}
    return known, tuple(dark)
