"""An origin behind a proxy, or a target, that is nobody's way in by itself: a bucket, a foreign server."""

from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching


class Origin(NodeKind):
    """Where a way ends outside the account's networks; nothing can be enforced there."""

    kind = "origin"
    title = "origin"

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Return the end of a way."""
        yield from ()
        return Node(place=place, title=f"origin {place.id}", name=place.id, resource=place.id)
