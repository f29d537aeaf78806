"""Decides whether an identity policy allows a call, as the sandbox does."""

from opsctl.model.value import Json
from opsctl.sandbox.engine.policies import Asked, Context, Decision, decide


def allows(policy: Json, action: str, resource: str, context: Context) -> bool:
    """Return whether a policy allows an action on one resource; keys of the context are lower case."""
    return decide([policy], Asked(action, resource, context)) is Decision.ALLOWED
