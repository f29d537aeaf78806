"""Which API operations only read."""

_READING = (
    "BatchGet",
    "Check",
    "Describe",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Search",
    "Select",
    "Simulate",
    "Test",
)

# They begin like a read and are none: they hand out secrets or sessions, or count against something.
_NOT_READS = frozenset(
    {
        "cognito-identity.GetCredentialsForIdentity",
        "cognito-identity.GetId",
        "cognito-identity.GetOpenIdToken",
        "ec2.GetPasswordData",
        "ecr.GetAuthorizationToken",
        "redshift.GetClusterCredentials",
        "secretsmanager.GetRandomPassword",
        "secretsmanager.GetSecretValue",
        "sso.GetRoleCredentials",
        "sts.GetFederationToken",
        "sts.GetSessionToken",
    }
)

# They only read, and are called as no other read is.
_READS_TOO = frozenset({"logs.FilterLogEvents"})


def is_read_only(service: str, operation: str) -> bool:
    """Tell whether an operation changes nothing and hands out no secret, by AWS's naming convention."""
    if f"{service}.{operation}" in _READS_TOO:
        return True
    return operation.startswith(_READING) and f"{service}.{operation}" not in _NOT_READS
