"""Whether a caller may do what a request asks for, and how the service says no."""

from dataclasses import dataclass
from datetime import UTC, datetime

from opsctl.sandbox.engine.asks import asks_of
from opsctl.sandbox.engine.callers import Caller
from opsctl.sandbox.engine.calls import Call
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion


@dataclass(frozen=True)
class Denied:
    """A refusal: the service's own error code, its message, and what was refused."""

    code: str
    message: str
    asked: PolicyQuestion


def denial(caller: Caller, call: Call, now: float) -> Denied | None:
    """Judge every question of a call; the first that is answered with no is the refusal."""
    around = caller.context | _surroundings(call, now)
    for one in asks_of(call):
        asked = PolicyQuestion(one.action, one.resource, {**around, **one.context})
        decision = caller.grants.judge(asked)
        if decision is not PolicyDecision.ALLOWED:
            return Denied(code_of(call.service, call.protocol), _message(caller, asked, decision), asked)
    return None


def code_of(service: str, protocol: str) -> str:
    """The error code of a service that denies (EC2 and SNS API references; "Common errors" of the others)."""
    if service == "ec2":
        return "UnauthorizedOperation"
    if service == "sns":
        return "AuthorizationError"
    # SQS speaks JSON and keeps the codes of its older protocol.
    return "AccessDeniedException" if "json" in protocol and service != "sqs" else "AccessDenied"


def _message(caller: Caller, asked: PolicyQuestion, decision: PolicyDecision) -> str:
    why = (
        "with an explicit deny in an identity-based policy"
        if decision is PolicyDecision.EXPLICIT
        else f"because no identity-based policy allows the {asked.action} action"
    )
    said = f"User: {caller.arn} is not authorized to perform: {asked.action} on resource: {asked.resource} {why}"
    return f"You are not authorized to perform this operation. {said}" if asked.action.startswith("ec2:") else said


def _surroundings(call: Call, now: float) -> dict[str, list[str]]:
    """What is known of every request: IAM user guide, "AWS global condition context keys"."""
    return {
        "aws:currenttime": [datetime.fromtimestamp(now, UTC).isoformat()],
        "aws:epochtime": [str(int(now))],
        "aws:requestedregion": [call.region],
        # AWS answers nothing that is not encrypted; what is on loopback stands for that.
        "aws:securetransport": ["true"],
        "aws:sourceip": ["127.0.0.1"],
    }
