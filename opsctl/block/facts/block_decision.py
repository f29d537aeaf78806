"""Decides where addresses or countries have to be blocked for a target."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.asked import Asked, LayerChoice, Mode
from opsctl.block.asked_end import asked_end
from opsctl.block.asked_header import asked_header
from opsctl.block.decision import SERVICES, Decision
from opsctl.block.topology.forwarded import Position
from opsctl.model.countries import country_codes
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class BlockDecision(Fact):
    """Choose, on every way in to a target, the places where a block works, and say why others do not.

    Looked up again after the change it is the proof: every way says whether the addresses are dropped.
    """

    name: ClassVar[str] = "block.decision"
    Result: ClassVar[type[Value]] = Decision
    services: ClassVar[tuple[str, ...]] = SERVICES
    later: ClassVar[tuple[str, ...]] = ("opsctl.block.explored_target",)

    target: str = Field(description="Host name, URL, load balancer, distribution, API, instance or address.")
    addresses: tuple[str, ...] = Field((), description="Addresses or CIDR blocks, IPv4 and IPv6.")
    layer: LayerChoice = Field("auto", description="Which layers may be used.")
    countries: tuple[str, ...] = Field((), description="Countries to refuse, ISO 3166-1 alpha-2.")
    mode: Mode = Field("block", description="What AWS WAF does with the addresses.")
    ip_sets: tuple[str, ...] = Field(
        (), description="Names of IP sets that are already blocked, for the addresses."
    )
    forwarded_header: str = Field(
        "", description="Header that has the addresses, or the name of the CDN that writes it."
    )
    position: Position = Field("auto", description="Where in that header: any, last or first address.")
    ttl: str = Field("", description="How long the block is for, to tell what is blocked for longer already.")
    until: str = Field("", description="The moment the block ends, instead of ttl.")
    own_rule: bool = Field(False, description="Block even where something already drops the addresses.")

    def read(self, about: Context) -> Fetching[Value]:
        """Explore, judge every way in, and find out who else each point of enforcement hits."""
        # Imported here: whoever only shows a plan checks the fields above, and none of this is looked at.
        from opsctl.block.target_decision import decided

        asked = self._asked(tuple(country_codes(self.countries, "countries")))
        end = asked_end(self.ttl, self.until, about)
        found = yield from decided(self.target, asked, self.ip_sets, end, about)
        return found

    def _asked(self, countries: tuple[str, ...]) -> Asked:
        """Return the question; raises InvalidInput for what is none."""
        forwarded = asked_header(self.forwarded_header, self.position, self.layer, countries)
        try:
            return Asked.of(
                self.addresses, countries, self.layer, self.mode, own_rule=self.own_rule, forwarded=forwarded
            )
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None
