"""Refuses whole countries at a CloudFront distribution."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.cloudfront import get_distribution_config, list_tags, parse_tags
from opsctl.block.distribution_calls import (
    DEPLOYED_WITHIN_S,
    countries_listed,
    country_element,
    edit_countries,
    functions_at_edge,
    is_deployed,
    is_no_allowlist,
    restriction_is,
    some_refused,
    type_element,
)
from opsctl.block.distribution_ledger import ALLOWLIST, DENYLIST
from opsctl.block.recording import but_of, made_room, on_distribution, record_change
from opsctl.block.records import parse_ledger, tags_of
from opsctl.block.terms import Term
from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Risk, Severity
from opsctl.model.countries import country_codes
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence


class CloudfrontDenyCountries(Action):
    """Refuse countries at a distribution by its geo restriction; undo takes back what was changed.

    What is refused is recorded before it is, by a tag of the distribution. A denylist gets the missing countries,
    an allowlist loses them; a distribution without a restriction gets a denylist. An allowlist is never emptied:
    that would refuse everybody.
    """

    name: ClassVar[str] = "cloudfront.deny_countries"

    distribution: str = Field(description="Id of the distribution.")
    display: str = Field("", alias="name", description="Display name of the distribution.")
    countries: tuple[str, ...] = Field(description="ISO 3166-1 alpha-2 country codes.")
    why: str = Field(description="Why the distribution is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the distribution serves.")
    owner: str = Field("", description="The stack or module that will revert the change.")
    term: Term | None = Field(
        None, description="Until when and why, as block.term says it; recorded by a tag of the distribution."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateDistribution and its record, or nothing when the countries are refused already."""
        countries = country_codes(self.countries, "--country")
        answer = yield from require(get_distribution_config(self.distribution))
        functions = functions_at_edge(answer["DistributionConfig"])
        geo = answer["DistributionConfig"].get("Restrictions", {}).get("GeoRestriction", {})
        restriction = geo.get("RestrictionType", "none")
        listed = list(geo.get("Items") or [])
        arn = f"arn:{about.identity.partition}:cloudfront::{about.account}:distribution/{self.distribution}"
        carrier, others = on_distribution(arn, self.display or self.distribution), but_of(about.plan_id)
        if restriction == ALLOWLIST:
            missing = [code for code in countries if code in listed]
            changes = self._from_allowlist(missing, listed, functions, carrier.none_named(others, missing))
        else:
            missing = [code for code in countries if code not in listed]
            theirs, own = carrier.named(others), carrier.not_all_named(others, missing)
            changes = self._to_denylist(missing, functions, theirs, own)
        if self.term is None or not changes:
            return changes
        ledger = parse_ledger(parse_tags((yield from require(list_tags(arn)))))
        refused = listed if restriction == DENYLIST else [one for one in ledger.networks if one not in listed]
        tags, of = tags_of(about.plan_id, missing, self.term), self.distribution
        room = made_room(carrier, ledger, refused, len(tags), about.now, f"clear-{of}")
        before = [check for change in changes for check in change.expect]
        recorded = record_change(carrier, tags, missing, self.term, change_id=f"record-{of}", before=before)
        return [*room, recorded, *changes]

    def _to_denylist(
        self, missing: list[str], functions: tuple[str, ...], theirs: Query, own: Check
    ) -> list[Change]:
        if not missing:
            return []
        name = self.display or self.distribution
        # Whether it is the first of the list is only known when it is written: another run may be, or have been.
        do = [type_element(DENYLIST, if_empty=True), *(country_element("add", code) for code in missing)]
        undo = [*(country_element("remove", code) for code in missing), type_element("none", if_empty=True)]
        expect = countries_listed(self.distribution, "blacklist", missing, name, present=False)
        proof = countries_listed(self.distribution, "blacklist", missing, name, present=True)
        change = self._change(
            missing,
            [
                edit_countries(self.distribution, do, functions),
                edit_countries(self.distribution, undo, functions, theirs),
            ],
            (
                expect.model_copy(update={"spares": theirs}),
                is_no_allowlist(self.distribution, name),
            ),
            proof,
            own,
        )
        left = some_refused(self.distribution, "blacklist", missing, name)
        return [change.model_copy(update={"undo_expect": (left,)})]

    def _from_allowlist(
        self, present: list[str], listed: list[str], functions: tuple[str, ...], theirs: Check
    ) -> list[Change]:
        if not present:
            return []
        if len(present) == len(listed):
            raise RefusedByGuard(
                (
                    f"the allowlist of {self.display or self.distribution} names only {', '.join(listed)}: "
                    "without them the distribution would serve nobody; nothing was changed"
                ),
                "disable the distribution, or block addresses instead of countries",
            )
        name = self.display or self.distribution
        do = [country_element("remove", code) for code in present]
        undo = [country_element("add", code) for code in present]
        expect = countries_listed(self.distribution, "whitelist", present, name, present=True)
        proof = countries_listed(self.distribution, "whitelist", present, name, present=False)
        return [
            self._change(
                present,
                [edit_countries(self.distribution, part, functions) for part in (do, undo)],
                (expect, restriction_is(self.distribution, "whitelist", name)),
                proof,
                theirs,
            )
        ]

    def _change(
        self,
        countries: list[str],
        edits: list[Instruction],
        expect: tuple[Check, ...],
        proof: Check,
        theirs: Check,
    ) -> Change:
        name, (do, undo) = self.display or self.distribution, edits
        return Change(
            **dict(do),
            id=f"geo-{self.distribution}",
            title=f"Block {', '.join(countries)} at distribution {name} (geo restriction)",
            why=sentence(self.why),
            expect=expect,
            proof=Proof(
                configured=(proof,),
                effective=(is_deployed(self.distribution, name),),
                within_s=DEPLOYED_WITHIN_S,
            ),
            undo=undo,
            undo_only_if=(theirs,),
            risk=Risk(
                severity=Severity.SEVERE,
                affects=self.affects,
                owner=self.owner or None,
                note=(
                    f"Everyone in {', '.join(countries)} gets 403 from the whole distribution; addresses whose "
                    "country is unknown are still served."
                ),
            ),
        )
