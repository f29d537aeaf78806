"""Takes blocks of opsctl away."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.account_ledger import read_account
from opsctl.block.lifting import Lifting
from opsctl.block.records import BlockRecord, is_recorded_as, is_recorded_for
from opsctl.block.terms import seconds_of
from opsctl.model.changes import Change
from opsctl.model.countries import country_codes
from opsctl.model.fetching import Fetching
from opsctl.model.networks import normal
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence


class BlockLift(Action):
    """Take blocks that opsctl recorded away everywhere, countries at distributions too; undo puts them back.

    What others put there stays, and so does what a run records after the plan was made. A block that is needed for
    another target or incident as well stays for that, and only the record of what was asked for goes. Records that
    say nothing any more go as well. Without `due` the addresses say which blocks go, exactly as they were blocked;
    with it there are no more changes than a plan may have, and what is left goes the next time.
    """

    name: ClassVar[str] = "block.lift"

    addresses: tuple[str, ...] = Field((), description="The blocks to take away, as they were blocked.")
    countries: tuple[str, ...] = Field((), description="The countries to let in again at distributions.")
    target: str = Field("", description="Only blocks of this target.")
    incident: str = Field("", description="Only blocks of this incident.")
    due: bool = Field(False, description="Take away whatever has come to its end, whatever its address.")
    why: str = Field(description="Why they may go.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the removal of addresses, then of what is recorded of them."""
        asked = {*map(normal, self.addresses), *country_codes(self.countries, "countries")}

        def wanted(network: str, record: BlockRecord) -> bool:
            if self.target and not is_recorded_for(self.target, record.target):
                return False
            if self.incident and not is_recorded_as(self.incident, record.incident):
                return False
            return seconds_of(record.until) <= about.now if self.due else network in asked

        account = yield from read_account(about)
        at_most = about.settings.max_changes if self.due else None
        lifting = Lifting(wanted=wanted, why=sentence(self.why), now=about.now, at_most=at_most, tidy=self.due)
        return lifting.changes(account)
