"""A header in which a proxy in front writes its client's address, and how a rule of AWS WAF looks at it.

Rules of AWS: WAF developer guide, forwarded IP addresses; WAFV2 API reference, IPSetForwardedIPConfig. A request
without the header does not match, whatever the fallback says. The fallback is for what is no address at the
position: a rule that blocks must not match it, or requests would be refused of which nothing is known.
"""

import re
from collections.abc import Mapping
from typing import Literal

from opsctl.model.value import Json, Value

Position = Literal["auto", "any", "last", "first"]

LISTS = "X-Forwarded-For"
"""The header that proxies add their client to: whoever sends one himself only puts something in front."""

CDNS: Mapping[str, str] = {
    "cloudflare": "CF-Connecting-IP",
    "akamai": "True-Client-IP",
    "fastly": "Fastly-Client-IP",
}
"""The header of each CDN that has the client's address alone."""

_WRITTEN = {name.lower(): name for name in (LISTS, *CDNS.values())}
"""How known headers are written, by their name in small letters: names of headers have no case (RFC 9110)."""

_NOT_ADDRESSES: Mapping[str, str] = {
    "forwarded": "its values are like for=192.0.2.1, which AWS WAF takes for no address: use X-Forwarded-For",
    "cloudfront-viewer-address": "it has the port behind the address: use X-Forwarded-For of CloudFront",
    **dict.fromkeys(
        (
            "accept",
            "accept-encoding",
            "accept-language",
            "authorization",
            "connection",
            "content-length",
            "content-type",
            "cookie",
            "host",
            "origin",
            "referer",
            "user-agent",
            "via",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-proto",
        ),
        "it has no addresses",
    ),
}
"""Why a rule about a header would never match (RFC 9110, RFC 7239; CloudFront guide, CloudFront headers)."""

_ALONE = frozenset(name.lower() for name in CDNS.values())
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")


class Forwarded(Value):
    """The header that has the client's address, and where in it a rule looks.

    `auto` takes what cannot be evaded: the last address or any, for a header that may have several; in one that
    has a single address there is only one to take. `first` is right for clients that send no such header.
    """

    header: str
    position: Position = "auto"

    @classmethod
    def of(cls, text: str, position: Position = "auto") -> "Forwarded":
        """Take a header's name, or that of a CDN; raises ValueError for what is no name of a header."""
        header = CDNS.get(text.lower()) or _WRITTEN.get(text.lower(), text)
        if why := _NOT_ADDRESSES.get(header.lower()):
            raise ValueError(f"a rule about {header} would never match: {why}")
        if not _NAME.fullmatch(header):
            known = ", ".join(CDNS)
            raise ValueError(f"{text!r} is no header: letters, digits and hyphens, or one of {known}")
        return cls(header=header, position=position)

    @classmethod
    def recorded(cls, text: str) -> "Forwarded | None":
        """Read what a record says of it; None where it says nothing, or nothing that is a header."""
        header, _, position = text.partition(":")
        if not _NAME.fullmatch(header) or position not in ("", "any", "last", "first"):
            return None
        return cls.model_validate({"header": header, "position": position or "auto"})

    @property
    def record(self) -> str:
        """How a record says it."""
        return self.header if self.position == "auto" else f"{self.header}:{self.position}"

    @property
    def label(self) -> str:
        """Its part of the names of a rule and a set: such a rule stands beside one about the source."""
        name = self.header.lower()
        return f"by-{name}" if self.position == "auto" else f"by-{self.position}-of-{name}"

    @property
    def alone(self) -> bool:
        """Whether the header has the client's address and no other."""
        return self.header.lower() in _ALONE or self.position == "first"

    @property
    def is_list(self) -> bool:
        """Whether it is the header that AWS's own proxies add their clients to."""
        return self.header.lower() == LISTS.lower()

    @property
    def positions(self) -> tuple[str, ...]:
        """AWS's words for where its rule looks.

        Behind a proxy the client is last. Whether AWS WAF sees the header before a load balancer adds the proxy to
        it is not documented, so any address counts as well; how `ANY` takes malformed ones in front is not
        documented either, so the last is looked at by itself.
        """
        if self.position != "auto":
            return (self.position.upper(),)
        return ("LAST",) if self.alone else ("LAST", "ANY")

    @property
    def explained(self) -> str:
        """What its rule does, for who approves it."""
        where = " or ".join(f"the {one.lower()}" if one != "ANY" else "any" for one in self.positions)
        return (
            f"The rule looks up the source of a request, and {where} address of header {self.header}; a request "
            "without the header does not match by it, and neither does what is no address there (NO_MATCH)."
        )

    @property
    def units(self) -> int:
        """What its rule costs in capacity units: 5 where any address counts, else 1; `Or` adds them up."""
        return 1 + sum(5 if one == "ANY" else 1 for one in self.positions)

    def statement(self, set_arn: Json) -> dict[str, Json]:
        """The statement that matches requests whose address in the header is in a set, or whose source is.

        Whoever gets there without the proxy writes what he likes into the header, or nothing: he is the source.
        """
        source = {"IPSetReferenceStatement": {"ARN": set_arn}}
        found = [source, *(self._reference(set_arn, one) for one in self.positions)]
        return {"OrStatement": {"Statements": found}}

    def states(self, statement: Mapping[str, Json]) -> str:
        """Return the ARN of the set that a statement looks addresses up in as its rule does; empty for others."""
        references = references_in(statement)
        arns = {str(one["ARN"]) for one in references}
        configs = [one.get("IPSetForwardedIPConfig") or {} for one in references]
        looked = [one["Position"] for one in configs if self.is_looked_at(one)]
        as_ours = looked == list(self.positions) and configs.count({}) == 1 and len(configs) == len(looked) + 1
        return arns.pop() if as_ours and len(arns) == 1 else ""

    def is_looked_at(self, config: Mapping[str, Json]) -> bool:
        """Tell whether a rule's configuration is about this header; names of headers have no case."""
        return str(config.get("HeaderName", "")).lower() == self.header.lower()

    def finds(self, position: Json) -> bool:
        """Tell whether the client's address is certainly among those at a position."""
        return self.alone or position in ("LAST", "ANY")

    def finds_alone(self, position: Json) -> bool:
        """Tell whether it is the only one there: what a client sends himself is never looked at."""
        return self.alone or position == "LAST"

    def _reference(self, set_arn: Json, position: str) -> dict[str, Json]:
        config = {"HeaderName": self.header, "FallbackBehavior": "NO_MATCH", "Position": position}
        return {"IPSetReferenceStatement": {"ARN": set_arn, "IPSetForwardedIPConfig": config}}


def references_in(statement: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Return the references of a statement that is one to an IP set, or one of several; else none."""
    if "IPSetReferenceStatement" in statement:
        return [statement["IPSetReferenceStatement"]]
    parts = (statement.get("OrStatement") or {}).get("Statements") or []
    found = [one.get("IPSetReferenceStatement") for one in parts]
    return found if all(found) else []
