"""Which user pool of Cognito has a domain."""

from opsctl.block import cognito
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal, RefusalKind


def pool_arn(pool: str, region: str, survey: Survey) -> str:
    """Return the ARN of a user pool of the account."""
    identity = survey.about.identity
    return f"arn:{identity.partition}:cognito-idp:{region}:{identity.account}:userpool/{pool}"


def pool_serving(domain: str, region: str, survey: Survey) -> Fetching[Naming]:
    """Find the user pool that has a prefix or a custom domain name."""
    found = yield from survey.ask(cognito.describe_user_pool_domain(domain, region), cognito.parse_domain)
    if isinstance(found, Refusal):
        unknown = cannot_tell(f"whether a Cognito user pool has the domain {domain}", found)
        return Naming(unknown=() if found.kind is RefusalKind.MISSING else (unknown,))
    if not found:
        return Naming()
    return Naming(places=(Place(kind="user_pool", id=pool_arn(found, region, survey), region=region),))
