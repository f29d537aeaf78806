"""An AWS Global Accelerator, by its DNS name."""

import re

from opsctl.topology.hop import Blind


class GlobalAccelerator(Blind):
    """Its endpoints see the client only with client IP preservation, and no inbound network ACL rule then."""

    kind = "global_accelerator"
    title = "Global Accelerator"
    domains = re.compile(r"(^|\.)awsglobalaccelerator\.com$")
    reason = (
        "a Global Accelerator stands here: opsctl does not follow its endpoints yet,"
        " and inbound network ACL rules are not evaluated behind it"
    )
