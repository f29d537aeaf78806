"""Extends blocks of opsctl."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.account_ledger import read_account
from opsctl.block.extending import Extending
from opsctl.block.terms import Term
from opsctl.model.changes import Change
from opsctl.model.countries import country_codes
from opsctl.model.fetching import Fetching
from opsctl.model.networks import normal
from opsctl.model.run import Action, Context


class BlockExtend(Action):
    """Record a later end for blocks of opsctl, wherever they are; undo takes that back.

    An end never comes nearer: what is blocked for as long already gives no change. What others blocked, or nobody
    recorded, has no end that could move.
    """

    name: ClassVar[str] = "block.extend"

    addresses: tuple[str, ...] = Field((), description="The blocks to extend, as they were blocked.")
    countries: tuple[str, ...] = Field((), description="The countries whose block to extend.")
    target: str = Field("", description="Only blocks of this target.")
    term: Term = Field(description="Until when and why, as block.term says it.")
    here: tuple[str, ...] = Field(
        (), description="Network ACLs, IP sets and rule groups that are for the target of the term from now on."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one record for each resource where the end is earlier."""
        account = yield from read_account(about)
        codes = country_codes(self.countries, "countries")
        asked = tuple(dict.fromkeys([*map(normal, self.addresses), *codes]))
        return Extending(
            addresses=asked, term=self.term, target=self.target, here=self.here, run=about.plan_id, now=about.now
        ).changes(account)
