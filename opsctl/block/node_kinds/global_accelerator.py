"""An AWS Global Accelerator, by its DNS name."""

import re

from opsctl.block.node_kinds.managed import traces
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming
from opsctl.block.topology.node_kind import Blind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching


class GlobalAccelerator(Blind):
    """Its endpoints see the client only with client IP preservation, and no inbound network ACL rule then."""

    kind = "global_accelerator"
    title = "Global Accelerator"
    domains = re.compile(r"(^|\.)awsglobalaccelerator\.com$")
    reason = (
        "this is a Global Accelerator: opsctl does not follow its endpoints yet, and inbound network "
        "ACL rules are not evaluated behind it"
    )

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Notice its interfaces beside a node; where they lead is not followed."""
        found = yield from traces(node, "global_accelerator_managed", "a Global Accelerator", survey)
        return found
