"""Finds what is blocked at CloudFront and nowhere else in front of an origin."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.facts.block_decision import BlockDecision
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class EdgeOnly(Value):
    """Blocks of opsctl that hold at the distributions alone: whoever reaches the origin directly is not stopped.

    `found` says each in a line, `addresses` are their addresses, `unknown` is what could not be told.
    """

    addresses: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class BlockEdgeOnly(Fact):
    """Find the addresses that are blocked at CloudFront for a target, and would get in at its origin.

    Security groups of the origin are left out: it is about what happens while they let everybody in.
    """

    name: ClassVar[str] = "block.edge_only"
    Result: ClassVar[type[Value]] = EdgeOnly
    services: ClassVar[tuple[str, ...]] = BlockDecision.services

    target: str = Field(description="Host name, URL, load balancer, distribution, API, instance or address.")

    def read(self, about: Context) -> Fetching[Value]:
        """Explore the ways in, read the records of blocks, and walk each address around CloudFront."""
        # Imported here: whoever only shows a plan checks the field above, and none of this is looked at.
        from opsctl.block.edge_only import edge_only

        addresses, found, unknown = yield from edge_only(self.target, about)
        return EdgeOnly(addresses=addresses, found=found, unknown=unknown)
