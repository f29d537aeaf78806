"""What IAM's policy simulation says of one action on one resource, and what it cannot know. Pure.

Sources: the IAM API reference (SimulatePrincipalPolicy, EvaluationResult, ResourceSpecificResult); the IAM user
guide, "Testing IAM policies"; github.com/aws/aws-sdk issue 102: where an organization's policy asks for a
condition, such as a region, the simulation of a member account answers a deny for what the account may do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opsctl.model.value import Json

_READS = ("Describe", "Get", "List")
_GLOBAL = {"cloudfront", "iam", "route53"}
"""Services whose requests have us-east-1 as their region: IAM user guide, "aws:RequestedRegion"."""


class Verdict(StrEnum):
    """What is known before the call is made."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SimulatedAction:
    """One action on one resource; `why` says what is missing for an answer.

    `explicit` is a denial by a statement, which no other statement sets aside.
    """

    action: str
    verdict: Verdict
    why: str = ""
    explicit: bool = False


def judged(result: Json) -> Iterator[SimulatedAction]:
    """Judge one result: each resource that was asked about for itself, where IAM tells them apart."""
    for one in result.get("ResourceSpecificResults") or [result]:
        yield _judged(result, one)


def _judged(result: Json, one: Json) -> SimulatedAction:
    action = str(result["EvalActionName"])
    decision = one.get("EvalResourceDecision") or one.get("EvalDecision")
    missing = one.get("MissingContextValues") or result.get("MissingContextValues") or []
    if decision == "allowed":
        return SimulatedAction(action, Verdict.ALLOWED)
    if missing:
        return SimulatedAction(action, Verdict.UNKNOWN, f"it depends on {', '.join(missing)}")
    if _of_the_organization(result, one, str(decision)):
        return SimulatedAction(
            action, Verdict.UNKNOWN, "a policy of the organization decides, whose conditions IAM cannot judge"
        )
    if decision == "implicitDeny" and not _is_exact(action, str(one.get("EvalResourceName", "*"))):
        return SimulatedAction(action, Verdict.UNKNOWN, "it depends on the resource")
    return SimulatedAction(action, Verdict.DENIED, explicit=decision == "explicitDeny")


def _of_the_organization(result: Json, one: Json, decision: str) -> bool:
    """Tell whether only an organization's policies deny: what matched never includes a statement of theirs."""
    detail = one.get("OrganizationsDecisionDetail") or result.get("OrganizationsDecisionDetail") or {}
    own_deny = decision == "explicitDeny" and (one.get("MatchedStatements") or result.get("MatchedStatements"))
    return detail.get("AllowedByOrganizations") is False and not own_deny


def _is_exact(action: str, resource: str) -> bool:
    """Tell a real deny from one that only means IAM was asked about a wildcard.

    A principal allowed on one resource is "implicitly denied" on `*`, and on the template of an ARN; for actions
    that take no resource, `*` is the whole truth.
    """
    if resource == "*":
        return action.partition(":")[2].startswith(_READS)
    return "*" not in resource and "${" not in resource


def region_asked(resources: Sequence[str], partition: str) -> str:
    """Return the one region in which requests about these resources are made, or nothing where that is open."""
    parts = [one.split(":", 5) for one in resources]
    if any(len(part) < 6 for part in parts):
        return ""
    regions = {part[3] for part in parts}
    if regions == {""} and partition == "aws" and {part[2] for part in parts} <= _GLOBAL:
        return "us-east-1"
    region = regions.pop() if len(regions) == 1 else ""
    return "" if "*" in region else region
