"""Decides whether an identity policy allows a call, as the sandbox does."""

from opsctl.model.value import Json
from opsctl.sandbox.engine.policies import Context, PolicyDecision, PolicyQuestion, decide


def allows(policy: Json, action: str, resource: str, context: Context) -> bool:
    """Return whether a policy allows an action on one resource; keys of the context are lower case."""
    return decide([policy], PolicyQuestion(action, resource, context)) is PolicyDecision.ALLOWED
