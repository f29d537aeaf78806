"""Says until when a block is, and what is recorded with it."""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from opsctl.block.asked_end import asked_end
from opsctl.block.asked_header import asked_header
from opsctl.block.terms import Term, who
from opsctl.block.topology.forwarded import Position
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.spans import utc
from opsctl.model.value import Value


class BlockTerm(Fact):
    """Say until when a block is: as asked for, else for as long as the configuration's `block_ttl` says."""

    name: ClassVar[str] = "block.term"
    Result: ClassVar[type[Value]] = Term

    ttl: str = Field("", description="How long, 24h for instance, or never.")
    until: str = Field("", description="The moment it ends, as RFC 3339 writes it; or never.")
    reason: str = Field("", description="Why, for whoever finds the block.")
    incident: str = Field("", description="The incident or ticket that it belongs to.")
    target: str = Field("", description="What is protected.")
    forwarded_header: str = Field("", description="Header that has the addresses, or the CDN that writes it.")
    position: Position = Field("auto", description="Where in that header: any, last or first address.")

    def read(self, about: Context) -> Fetching[Value]:
        """Compute it; nothing is read."""
        yield from ()
        forwarded = asked_header(self.forwarded_header, self.position)
        return Term(
            until=asked_end(self.ttl, self.until, about),
            since=utc(datetime.fromtimestamp(int(about.now), UTC)),
            by=who(about.identity.arn),
            reason=self.reason,
            incident=self.incident,
            target=self.target,
            via=forwarded.record if forwarded else "",
        )
