"""What a kind of node knows: what names it, what it looks like, what it leads to, and what it is led to by."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read


class NodeKind(ABC):
    """One kind of node on the way in; subclasses live in `opsctl/block/node_kinds`, one a file.

    `title` is what people call it. `domains` limits the DNS names of which `behind` is asked. `looked_in` is
    what `named` searches, for the message that nothing was found. `holds` marks what only groups others,
    `transparent` what is only a name.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    domains: ClassVar[re.Pattern[str] | None] = None
    looked_in: ClassVar[str] = ""
    holds: ClassVar[bool] = False
    transparent: ClassVar[bool] = False

    def bulk(self, region: str) -> Sequence[Read]:
        """The reads that nearly every exploration needs, so that they are made in the first round."""
        return ()

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find the nodes of this kind that a person may mean by a text."""
        yield from ()
        return Naming()

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find the node of this kind that answers a DNS name."""
        yield from ()
        return Naming()

    def at_address(self, address: str, survey: Survey) -> Fetching[Naming]:
        """Find the node of this kind that has an IP address."""
        yield from ()
        return Naming()

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find the nodes of this kind that lead to a node; `seed` is false for what a target group holds."""
        yield from ()
        return Naming()

    def onward(self, place: Place, survey: Survey) -> Fetching[Naming]:
        """Find what a place leads to as far as bulk reads tell, so that it is looked at in the same round."""
        yield from ()
        return Naming()

    @abstractmethod
    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read everything about one place."""


class Blind(NodeKind):
    """A kind of node that opsctl recognises by name and cannot follow: its ways are left open by name."""

    reason: ClassVar[str]

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Recognise the node by its DNS name alone."""
        yield from ()
        if self.domains is None or not self.domains.search(text.lower()):
            return Naming()
        return Naming(places=(Place(kind=self.kind, id=text.lower()),))

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Recognise the node by its DNS name alone."""
        yield from ()
        return Naming(places=(Place(kind=self.kind, id=name),))

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Return a node that stands in the graph with the reason why nothing behind it is known."""
        yield from ()
        return Node(
            place=place,
            title=f"{self.title} {place.id}",
            name=place.id,
            resource=place.id,
            answers_to=frozenset({place.id}),
            entrance=place.id,
            relays=True,
            blind=self.reason,
        )
