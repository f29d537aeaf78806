"""Calling the sandbox as one of its roles."""

from opsctl.model.commands import local_command
from opsctl.model.errors import InvalidInput
from opsctl.sandbox.client import SandboxEndpoint
from opsctl.sandbox.endpoint import ACCOUNT

SESSION_S = 12 * 3600


def role_arn(role: str) -> str:
    """The ARN of a role that is given by name or ARN."""
    return role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"


def assume(endpoint: SandboxEndpoint, arn: str) -> dict[str, str]:
    """Assume a role; returns the environment that calls the sandbox as it.

    Raises:
        InvalidInput: there is no such role, or it does not let itself be assumed.
    """
    from botocore.exceptions import ClientError, ParamValidationError

    from opsctl.sandbox.engine.server import sandbox_client

    sts = sandbox_client(endpoint.endpoint_url, endpoint.key, "sts", endpoint.region)
    try:
        found = sts.assume_role(RoleArn=arn, RoleSessionName="sandbox", DurationSeconds=SESSION_S)["Credentials"]
    except (ClientError, ParamValidationError):
        raise InvalidInput.one(
            f"{arn} cannot be assumed: there is no such role in the sandbox, or it does not trust its account",
            source="ROLE",
            hint=f"{local_command('sandbox', 'status')} names two that are there",
        ) from None
    return endpoint.env | {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }
