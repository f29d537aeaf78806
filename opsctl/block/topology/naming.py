"""Places by name, and what a text or a name was found to mean."""

from opsctl.model.value import Value


class Place(Value):
    """A node by name only: what kind it is, its id, and the region to ask (empty for global ones)."""

    kind: str
    id: str
    region: str = ""


class Naming(Value):
    """Places that a text, a DNS name or a node lead to, and what could not be read in finding them.

    `weak` places count only when nothing else is found. `refused` says why something that was found cannot
    be a target.
    """

    places: tuple[Place, ...] = ()
    weak: tuple[Place, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
