"""Distributions that refuse countries, with what is recorded of it.

A country is refused at a distribution that has it on a denylist, or leaves it off an allowlist. ListDistributions
tells both, so tags are read only where there is a restriction, or where the Resource Groups Tagging API knows of a
record: `GetResources` finds resources of every type (its API reference, supported services).
"""

from collections.abc import Collection

from opsctl.block.cloudfront import list_distributions, list_tags, parse_tags
from opsctl.block.distribution_calls import functions_at_edge
from opsctl.block.recording import Carrier, on_distribution
from opsctl.block.records import Ledger, parse_ledger
from opsctl.block.topology.survey import cannot_tell
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json, Value
from opsctl.resources.owners import owner_of

DENYLIST, ALLOWLIST = "blacklist", "whitelist"
"""The types of a geo restriction, in CloudFront's words."""


class DistributionCarrier(Value):
    """A distribution with its geo restriction and its records; `functions` are its Lambda@Edge versions."""

    id: str
    arn: str
    title: str
    restriction: str
    countries: tuple[str, ...]
    ledger: Ledger
    owner: str = ""
    functions: tuple[str, ...] = ()

    @property
    def carrier(self) -> Carrier:
        """The distribution as what is tagged."""
        return on_distribution(self.arn, self.title)

    @property
    def refused(self) -> tuple[str, ...]:
        """The countries that are refused: all of a denylist, and those of records that an allowlist leaves out."""
        if self.restriction == DENYLIST:
            return self.countries
        if self.restriction == ALLOWLIST:
            return tuple(one for one in self.ledger.networks if one not in self.countries)
        return ()


def read_distributions(recorded: Collection[str]) -> Fetching[tuple[list[DistributionCarrier], list[str]]]:
    """Read what refuses countries, or has a record among known ARNs; and what could not be read."""
    listed = yield from fetch(list_distributions())
    if listed.refusal is not None:
        return [], [cannot_tell("which countries distributions refuse", listed.refusal)]
    items = listed.value.get("DistributionList", {}).get("Items") or []
    wanted = [one for one in items if _restriction(one) != "none" or one["ARN"] in recorded]
    answers = (yield [list_tags(one["ARN"]) for one in wanted]) if wanted else []
    found, unknown = [], []
    for one, answer in zip(wanted, answers, strict=True):
        if answer.refusal is None:
            found.append(_parsed(one, parse_tags(answer.value)))
        elif answer.refusal.kind is not RefusalKind.MISSING:
            unknown.append(cannot_tell(f"what is recorded on distribution {_title(one)}", answer.refusal))
    return found, unknown


def _parsed(one: Json, tags: dict[str, str]) -> DistributionCarrier:
    geo = one.get("Restrictions", {}).get("GeoRestriction", {})
    return DistributionCarrier(
        id=one["Id"],
        arn=one["ARN"],
        title=_title(one),
        restriction=_restriction(one),
        countries=tuple(geo.get("Items") or []),
        ledger=parse_ledger(tags),
        owner=owner_of(tags),
        functions=functions_at_edge(one),
    )


def _restriction(one: Json) -> str:
    return str(one.get("Restrictions", {}).get("GeoRestriction", {}).get("RestrictionType", "none"))


def _title(one: Json) -> str:
    return str(next(iter(one.get("Aliases", {}).get("Items") or []), one["DomainName"]))
