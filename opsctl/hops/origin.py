"""An origin behind a proxy, or a target, that is nobody's way in by itself: a bucket, a foreign server."""

from opsctl.model.looking import Looking
from opsctl.topology.graph import Node
from opsctl.topology.hop import Hop
from opsctl.topology.places import Place
from opsctl.topology.survey import Survey


class Origin(Hop):
    """Where a way ends outside the account's networks; nothing can be enforced there."""

    kind = "origin"
    title = "origin"

    def look(self, place: Place, survey: Survey) -> Looking[Node]:
        """Return the end of a way."""
        yield from ()
        return Node(place=place, title=f"origin {place.id}", name=place.id, resource=place.id)
