"""Letting countries in again that opsctl refused at a distribution."""

from collections.abc import Sequence

from opsctl.block.distribution_calls import (
    DEPLOYED_WITHIN_S,
    countries_listed,
    country_element,
    edit_countries,
    is_deployed,
    restriction_is,
    type_element,
)
from opsctl.block.distribution_ledger import ALLOWLIST, DENYLIST, DistributionCarrier
from opsctl.model.changes import Change, Element, Proof, Risk, Severity

_AGAIN = "Everyone there gets 403 from the whole distribution again."


def lift_from_distribution(one: DistributionCarrier, countries: Sequence[str], others: str, why: str) -> Change:
    """Take countries off a denylist, or put them back on an allowlist, unless records of others name them."""
    denied, listed = one.restriction == DENYLIST, ", ".join(countries)
    do, undo = _edits(countries, denied=denied)
    left = DENYLIST if set(one.countries) - set(countries) else "none"
    kind = DENYLIST if denied else ALLOWLIST
    before = countries_listed(one.id, kind, countries, one.title, present=denied)
    after = countries_listed(one.id, kind, countries, one.title, present=not denied)
    spared, theirs, own = after, None, one.carrier.none_named(others, countries)
    if denied:  # an allowlist gets them back all together, or none
        theirs, own = one.carrier.named(others), one.carrier.not_all_named(others, countries)
        spared = after.model_copy(update={"spares": theirs})
    return Change(
        **dict(edit_countries(one.id, do, one.functions, theirs)),
        id=f"lift-{one.id}",
        title=f"Let {listed} in again at distribution {one.title} (geo restriction)",
        why=why,
        expect=(before, restriction_is(one.id, one.restriction, one.title)),
        proof=Proof(configured=(spared,), effective=(is_deployed(one.id, one.title),), within_s=DEPLOYED_WITHIN_S),
        undo=edit_countries(one.id, undo, one.functions),
        # Nobody's allowlist, made since, becomes a denylist.
        undo_expect=(after, restriction_is(one.id, left if denied else ALLOWLIST, one.title)),
        only_if=(own,),
        risk=Risk(severity=Severity.MEDIUM, owner=one.owner or None, note=f"{listed} get in again."),
        undo_risk=Risk(severity=Severity.HIGH, owner=one.owner or None, note=_AGAIN),
    )


def _edits(countries: Sequence[str], *, denied: bool) -> tuple[list[Element], list[Element]]:
    """Return what lets countries in again, and what refuses them; a denylist without any is none at all."""
    away, back = ("remove", "add") if denied else ("add", "remove")
    do = [country_element(away, code) for code in countries]
    undo = [country_element(back, code) for code in countries]
    if denied:
        do.append(type_element("none", if_empty=True))
        undo.insert(0, type_element(DENYLIST, if_empty=False))
    return do, undo
