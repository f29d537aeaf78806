"""Amazon Cognito: reading a user pool, and which one has a domain."""

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value


class UserPool(Value):
    """A user pool with the names of its hosted sign-in pages."""

    id: str
    name: str
    arn: str
    hosts: tuple[str, ...] = ()


def describe_user_pool_domain(domain: str, region: str) -> Read:
    """Read which user pool has a domain: a prefix, or a whole custom domain name."""
    params: dict[str, Json] = {"Domain": domain}
    return Read(service="cognito-idp", operation="DescribeUserPoolDomain", params=params, region=region)


def describe_user_pool(pool: str, region: str) -> Read:
    """Read one user pool."""
    return Read(service="cognito-idp", operation="DescribeUserPool", params={"UserPoolId": pool}, region=region)


def parse_domain(answer: Json) -> str:
    """Parse DescribeUserPoolDomain: the id of the user pool, empty when none has the domain."""
    return str((answer.get("DomainDescription") or {}).get("UserPoolId") or "")


def parse_user_pool(answer: Json) -> UserPool:
    """Parse DescribeUserPool."""
    one = answer["UserPool"]
    region = one["Id"].partition("_")[0]
    prefix, custom = one.get("Domain"), one.get("CustomDomain")
    own = (f"{prefix}.auth.{region}.amazoncognito.com",) if prefix and "." not in prefix else ()
    names = [name for name in (custom, prefix) if name and "." in name]
    return UserPool(
        id=one["Id"], name=one.get("Name") or one["Id"], arn=one["Arn"], hosts=tuple(dict.fromkeys((*names, *own)))
    )
