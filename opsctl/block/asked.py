"""What a block is asked to do: which addresses and countries, how, and on which layers."""

from collections.abc import Collection
from functools import cached_property
from typing import Literal

from pydantic import ConfigDict

from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.sight import Sight
from opsctl.model.networks import Network, normal, parse_network
from opsctl.model.value import Value

LayerChoice = Literal["auto", "cloudfront", "waf", "nacl", "geo", "host", "network-firewall"]
Mode = Literal["block", "count", "challenge", "captcha"]


class Asked(Value):
    """The question: addresses in normal form, countries in upper case, and how they are to be treated.

    `own_rule` asks for a block of one's own where something drops the addresses already. `forwarded` is the header
    that has the addresses, `sight` how they are seen on the way that is asked about.
    """

    model_config = ConfigDict(ignored_types=(cached_property,))

    addresses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    layer: LayerChoice = "auto"
    mode: Mode = "block"
    own_rule: bool = False
    forwarded: Forwarded | None = None
    sight: Sight = Sight()

    @classmethod
    def of(
        cls,
        addresses: tuple[str, ...],
        countries: tuple[str, ...],
        layer: LayerChoice,
        mode: Mode,
        *,
        own_rule: bool = False,
        forwarded: Forwarded | None = None,
    ) -> "Asked":
        """Normalise what a person wrote; raises ValueError for what is no address."""
        return cls(
            addresses=tuple(dict.fromkeys(normal(one) for one in addresses)),
            countries=tuple(dict.fromkeys(one.upper() for one in countries)),
            layer=layer,
            mode=mode,
            own_rule=own_rule,
            forwarded=forwarded,
        )

    def without(self, addresses: Collection[str]) -> "Asked":
        """The same question about the other addresses."""
        gone = set(addresses)
        return self.model_copy(update={"addresses": tuple(one for one in self.addresses if one not in gone)})

    def seen_as(self, sight: Sight) -> "Asked":
        """The same question about one way."""
        return self.model_copy(update={"sight": sight})

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The addresses as blocks."""
        return tuple(parse_network(one) for one in self.addresses)

    def addresses_of(self, versions: tuple[int, ...]) -> tuple[str, ...]:
        """The addresses of some IP versions."""
        if set(self.versions) <= set(versions):
            return self.addresses
        return tuple(one for one in self.addresses if parse_network(one).version in versions)

    @cached_property
    def versions(self) -> tuple[int, ...]:
        """The IP versions among the addresses."""
        return tuple(sorted({one.version for one in self.networks}))
