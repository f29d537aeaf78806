"""An AWS Global Accelerator: what it leads to sees the client only where it preserves the address."""

import re

from opsctl.block.accelerators import Accelerator
from opsctl.block.node_kinds import addresses
from opsctl.block.node_kinds.accelerated import (
    endpoints_of,
    fronts,
    interfaces_of_accelerators,
    known_accelerators,
    links_to,
)
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching, gather


class GlobalAccelerator(NodeKind):
    """No gate of its own. An endpoint with client IP preservation sees the client; its inbound rules do not count.

    Source: Global Accelerator guide, about-endpoints.sipp-caveats; one other page says that they do count.
    """

    kind = "global_accelerator"
    title = "Global Accelerator"
    domains = re.compile(r"(^|\.)awsglobalaccelerator\.com$")
    looked_in = "Global Accelerators"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN, DNS name or address."""
        if is_address(text):
            found = yield from self.at_address(text, survey)
            return found
        if ":globalaccelerator:" in text or self.domains.search(text.lower()):
            found = yield from self._found(text.lower(), f"what {text} is", survey)
            return found
        return Naming()

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its DNS name."""
        found = yield from self._found(name, f"which Global Accelerator answers {name}", survey)
        return found

    def at_address(self, address: str, survey: Survey) -> Fetching[Naming]:
        """Find it by one of its static addresses, if no interface of the account has that."""
        having = yield from addresses.having(address, survey)
        if having.interfaces or having.instances or having.refused:
            return Naming()
        found = yield from self._found(address, f"whether {address} is a Global Accelerator's", survey)
        return found

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find those in front of a node, asked for where it has interfaces of Global Accelerator beside it."""
        beside = yield from interfaces_of_accelerators(node, survey)
        if not beside:
            return Naming()
        leading, explained, unknown = yield from fronts(node, survey)
        if not explained:
            text = f"whether a Global Accelerator leads to {node.title}: it has {', '.join(beside)} in its subnets"
            unknown = (*unknown, f"cannot tell {text}, and no accelerator of this account explains that")
        return Naming(places=tuple(Place(kind=self.kind, id=arn) for arn in leading), unknown=unknown)

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its endpoints."""
        known = yield from known_accelerators("what it is", survey)
        it = (
            None
            if isinstance(known, str)
            else next((one for one in known if one.arn.lower() == place.id.lower()), None)
        )
        if it is None:
            why = known if isinstance(known, str) else "cannot tell what it is: it is not listed"
            return Node(
                place=place, title=place.id, name=place.id, resource=place.id, blind=why, entrance=place.id
            )
        ends, unknown = yield from endpoints_of(it, survey)
        found = yield from gather([links_to(end, survey) for end in ends])
        return Node(
            place=place,
            title=f"{self.title} {it.name}",
            name=it.name,
            resource=it.arn,
            relays=True,
            answers_to=frozenset({*it.names, *it.addresses}),
            entrance=next(iter(it.names), it.arn) if it.enabled else "",
            versions=(4, 6) if it.ipv6 else (4,),
            links=tuple(dict.fromkeys(link for links, _ in found for link in links)),
            unknown=(*unknown, *(text for _, missing in found for text in missing)),
            remarks=_remarks(it, len(ends)),
        )

    def _found(self, text: str, what: str, survey: Survey) -> Fetching[Naming]:
        known = yield from known_accelerators(what, survey)
        if isinstance(known, str):
            return Naming(unknown=(known,))
        found = [one for one in known if text in (one.arn.lower(), *one.names, *one.addresses)]
        return Naming(places=tuple(Place(kind=self.kind, id=one.arn) for one in found))


def _remarks(it: Accelerator, endpoints: int) -> tuple[str, ...]:
    remarks = [] if it.enabled else ["it is disabled and accepts no traffic"]
    return (*remarks, *([] if endpoints else ["it has no endpoints"]))
