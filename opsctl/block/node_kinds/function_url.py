"""A Lambda function URL, by its DNS name."""

import re

from opsctl.block.topology.node_kind import Blind


class FunctionUrl(Blind):
    """Neither WAF nor any address condition exists for it."""

    kind = "function_url"
    title = "Lambda function URL"
    domains = re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$")
    reason = (
        "a Lambda function URL supports neither a web ACL nor a network ACL: put CloudFront with WAF in "
        "front and close the URL with origin access control (AuthType AWS_IAM)"
    )
