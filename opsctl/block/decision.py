"""What was decided about a block: the ways in, the points that close them, and what stays open."""

from typing import Literal

from pydantic import ConfigDict

from opsctl.block.topology.forwarded import Position
from opsctl.model.paths import Layer, Paths
from opsctl.model.value import Value

SERVICES = ("ec2", "elbv2", "cloudfront", "route53")
"""What the first round of an exploration asks."""


class Point(Value):
    """One place to enforce a block, and everyone it would hit.

    `id` is the network ACL id (nacl), the web ACL's ARN or "" when one has to be made (waf), the distribution
    id (geo). `resource` is what is protected: a load balancer's ARN or a distribution id. `addresses` are those
    that can come this way: a load balancer without IPv6 needs no IPv6 rule. `forwarded_header` has them, looked at
    in `position`, where they are not the source of what arrives.
    """

    layer: Layer
    id: str
    resource: str
    resource_kind: str
    name: str
    scope: Literal["", "REGIONAL", "CLOUDFRONT"] = ""
    region: str
    reason: str
    ways: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    forwarded_header: str = ""
    position: Position = "auto"
    affects: tuple[str, ...] = ()
    owner: str = ""


class Decision(Paths):
    """The whole decision about one target: the ways in, and the points that close them.

    `held` are the addresses that a place on a way in blocks already, as they were asked for, `held_at` the ids of
    such places; `longer` says where until later than asked, `shorter` which wider blocks hold addresses and end
    earlier. `bypasses` are how clients get around what stands in front, `evasions` how they keep their address out
    of the header that is looked at. `listed` are blocked by a list for as long as its feed has them. `occupied`
    lists the rules of network ACLs that have no room for the block.
    """

    model_config = ConfigDict(extra="forbid")

    points: tuple[Point, ...]
    bypasses: tuple[str, ...] = ()
    evasions: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    held_at: tuple[str, ...] = ()
    longer: tuple[str, ...] = ()
    shorter: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    occupied: tuple[str, ...] = ()


class Hazard(Value):
    """Why an address should not be blocked: the kind names the guard, the evidence is for the person."""

    address: str
    kind: str
    evidence: str


class Hazards(Value):
    """All hazards found, and what could not be read."""

    found: tuple[Hazard, ...]
    unknown: tuple[str, ...] = ()
