"""Host names that are neither a record nor a distribution of the account: a service of AWS may answer them."""

import re

from opsctl.block import cloudfront
from opsctl.block.node_kinds.names import one_step
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal

CLOUDFRONT = ".cloudfront.net"
AWS_NAMES = re.compile(
    r"\.(amazonaws\.com(\.cn)?|cloudfront\.net|on\.aws|awsapprunner\.com|amplifyapp\.com|amazoncognito\.com"
    r"|awsglobalaccelerator\.com|elasticbeanstalk\.com)$"
)


def is_no_distribution(name: str, survey: Survey) -> Fetching[bool]:
    """Tell whether a name is CloudFront's and certainly none of the account's own distributions."""
    if not name.endswith(CLOUDFRONT):
        return False
    found = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    return not isinstance(found, Refusal) and all(one.domain != name for one in found)


def is_known_elsewhere(name: str, survey: Survey) -> Fetching[bool]:
    """Tell whether a host name is AWS's own, or a record or a distribution of the account may say what it is."""
    if AWS_NAMES.search(name):
        return True
    step = yield from one_step(name, survey)
    if step.found or step.unknown:
        return True
    found = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    known = () if isinstance(found, Refusal) else found
    wildcard = f"*.{name.partition('.')[2]}"
    return any(name == one.domain or {name, wildcard} & set(one.aliases) for one in known)
