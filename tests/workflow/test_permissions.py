"""What IAM's simulation says before the first change, and what it cannot know: that is no reason to refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan, Policies
from opsctl.model.reads import Answer, Read, Refusal
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.resources.policy_simulation import region_asked
from opsctl.workflow.permissions import principal_of, refuse_denied
from tests.kit.box_plans import plan_of
from tests.kit.canned import denied, missing

ACL = "arn:aws:ec2:eu-west-1:123456789012:network-acl/acl-1"
OTHER = "arn:aws:ec2:eu-west-1:123456789012:network-acl/acl-2"
TEMPLATE = "arn:${Partition}:ec2:${Region}:${Account}:network-acl/${NaclId}"
SSO = "AWSReservedSSO_Responder_0123456789abcdef"
SSO_ARN = f"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/{SSO}"
SSO_SESSION = f"arn:aws:sts::123456789012:assumed-role/{SSO}/alice"


@dataclass
class Account:
    """Answers the reads that a permission check makes."""

    answers: Mapping[str, Json | Refusal]
    arn: str = "arn:aws:iam::123456789012:user/alice"
    made: list[Read] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        return Identity(account="123456789012", arn=self.arn, region="eu-west-1")

    def read(self, read: Read) -> Answer:
        self.made.append(read)
        answer = self.answers[read.api]
        return Answer(refusal=answer) if isinstance(answer, Refusal) else Answer(value=answer)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        raise NotImplementedError

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        raise NotImplementedError


def planned(*resources: str, action: str = "ec2:CreateNetworkAclEntry") -> Plan:
    statement: Json = {"Effect": "Allow", "Action": [action], "Resource": list(resources or (ACL,))}
    policies = Policies(plan={"Statement": []}, apply={"Statement": [statement]})
    return plan_of().model_copy(update={"iam_policy": policies})


def result(decision: str, *, by: tuple[tuple[str, str], ...] = (), **more: Json) -> dict[str, Json]:
    """One result as IAM answers it: the sum of all resources, and with `by` each of them."""
    told: dict[str, Json] = {
        "EvalActionName": "ec2:CreateNetworkAclEntry",
        "EvalResourceName": TEMPLATE if by else "*",
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": [],
        **more,
    }
    if by:
        told["ResourceSpecificResults"] = [
            {"EvalResourceName": name, "EvalResourceDecision": one, "MissingContextValues": []} for name, one in by
        ]
    return told


def simulated(*results: dict[str, Json]) -> Account:
    return Account({"iam.SimulatePrincipalPolicy": {"EvaluationResults": list(results)}})


BY_ORGANIZATION: dict[str, Json] = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
WITHIN: dict[str, Json] = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": True}}
OWN_DENY: dict[str, Json] = {"MatchedStatements": [{"SourcePolicyId": "responder"}]}
MFA: dict[str, Json] = {"MissingContextValues": ["aws:MultiFactorAuthPresent"]}


@pytest.mark.parametrize(
    "one",
    [
        result("explicitDeny", by=((ACL, "explicitDeny"),)),
        result("implicitDeny", by=((ACL, "implicitDeny"),)),
        result("allowed", by=((ACL, "allowed"), (OTHER, "implicitDeny"))),
        result("implicitDeny", by=((ACL, "implicitDeny"),), **WITHIN),
        result("explicitDeny", by=((ACL, "explicitDeny"),), **BY_ORGANIZATION, **OWN_DENY),
        result("explicitDeny", EvalResourceName=ACL),
    ],
    ids=["explicit", "implicit", "one-of-two", "within-the-organization", "own-deny-too", "one-result-a-resource"],
)
def test_what_is_denied_for_certain_is_refused(one: dict[str, Json]) -> None:
    with pytest.raises(RefusedByGuard) as told:
        refuse_denied(planned(ACL, OTHER), simulated(one))
    assert told.value.evidence == ("denied: ec2:CreateNetworkAclEntry",)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (result("implicitDeny", by=((ACL, "implicitDeny"),), **BY_ORGANIZATION), "a policy of the organization"),
        (result("explicitDeny", by=((ACL, "explicitDeny"),), **BY_ORGANIZATION), "a policy of the organization"),
        (
            result("explicitDeny", by=((ACL, "explicitDeny"),), **MFA, **OWN_DENY),
            "it depends on aws:MultiFactorAuth",
        ),
        (result("implicitDeny", **MFA), "it depends on aws:MultiFactorAuthPresent"),
        (result("implicitDeny"), "it depends on the resource"),
        (result("implicitDeny", EvalResourceName=TEMPLATE), "it depends on the resource"),
        (result("implicitDeny", by=(("arn:aws:ec2:*:1:x/*", "implicitDeny"),)), "it depends on the resource"),
    ],
    ids=["implicit", "explicit", "force-mfa", "condition", "wildcard", "template", "pattern"],
)
def test_what_iam_cannot_know_is_told_and_not_refused(one: dict[str, Json], why: str) -> None:
    said = refuse_denied(planned(), simulated(one))
    assert said.startswith("IAM allows 0 of the 1 actions of this plan to arn:aws:iam::123456789012:user/alice; ")
    assert f"it cannot tell: ec2:CreateNetworkAclEntry ({why}" in said


def test_a_condition_that_one_resource_misses_is_read_at_that_resource() -> None:
    one = result("implicitDeny", by=((ACL, "implicitDeny"),))
    one["ResourceSpecificResults"][0]["MissingContextValues"] = ["aws:SourceVpc"]
    assert "it depends on aws:SourceVpc" in refuse_denied(planned(), simulated(one))


def test_what_is_allowed_is_counted() -> None:
    said = refuse_denied(planned(), simulated(result("allowed", by=((ACL, "allowed"), (OTHER, "allowed")))))
    assert said == "IAM allows 2 of the 2 actions of this plan to arn:aws:iam::123456789012:user/alice"


def test_iam_is_told_the_region_of_the_calls() -> None:
    account = simulated(result("allowed"))
    refuse_denied(planned(ACL), account)
    (entry,) = account.made[-1].params["ContextEntries"]
    assert (entry["ContextKeyName"], entry["ContextKeyValues"]) == ("aws:RequestedRegion", ["eu-west-1"])


@pytest.mark.parametrize(
    ("resources", "partition", "region"),
    [
        ([ACL, OTHER], "aws", "eu-west-1"),
        (["arn:aws:cloudfront::1:distribution/E", "arn:aws:iam::1:role/r"], "aws", "us-east-1"),
        (["arn:aws-cn:iam::1:role/r"], "aws-cn", ""),
        (["arn:aws:s3:::bucket"], "aws", ""),
        (["*"], "aws", ""),
        ([ACL, "arn:aws:ec2:us-east-1:1:vpc/v"], "aws", ""),
        (["arn:aws:ec2:*:1:vpc/v"], "aws", ""),
    ],
    ids=["one", "global", "china", "no-region", "everything", "two", "pattern"],
)
def test_a_region_that_is_open_is_not_invented(resources: list[str], partition: str, region: str) -> None:
    assert region_asked(resources, partition) == region


@pytest.mark.parametrize(
    ("arn", "answer", "principal"),
    [
        ("arn:aws:iam::1:user/ops/alice", None, "arn:aws:iam::1:user/ops/alice"),
        (SSO_SESSION, {"Role": {"Arn": SSO_ARN}}, SSO_ARN),
        ("arn:aws:sts::1:assumed-role/ops/s", {"Role": {"Arn": "arn:aws:iam::1:role/on/call/ops"}},
         "arn:aws:iam::1:role/on/call/ops"),
        ("arn:aws:sts::1:assumed-role/ops/s", denied("iam.GetRole"), "arn:aws:iam::1:role/ops"),
        ("arn:aws:iam::1:root", None, ""),
        ("arn:aws:sts::1:federated-user/f", None, ""),
    ],
    ids=["user", "identity-center", "path", "unreadable", "root", "federated"],
)  # fmt: skip
def test_a_role_is_asked_about_by_the_arn_that_it_has(
    arn: str, answer: Json | Refusal | None, principal: str
) -> None:
    assert principal_of(Account({"iam.GetRole": answer}, arn=arn)) == principal


def test_a_role_of_identity_center_that_cannot_be_found_says_which_permission_would_do() -> None:
    answers: dict[str, Json | Refusal] = {
        "iam.GetRole": denied("iam.GetRole"),
        "iam.SimulatePrincipalPolicy": missing("iam.SimulatePrincipalPolicy", "NoSuchEntity"),
    }
    said = refuse_denied(planned(), Account(answers, arn=SSO_SESSION))
    assert said.startswith(
        "IAM could not be asked whether the caller may do this: the role of IAM Identity Center has a path"
    )
    assert "iam:GetRole" in said
