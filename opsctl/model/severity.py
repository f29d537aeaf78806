"""How severe a raw call is at least, whatever its playbook says."""

import json
import re
from collections.abc import Iterator, Mapping

from opsctl.model.changes import Instruction, Severity
from opsctl.model.value import Json

_ORDER = tuple(Severity)
# Identities, keys, accounts, and what is shared with others: all that is changed there decides who may do what.
_SERVICES = frozenset(
    {
        "account", "cognito-identity", "cognito-idp", "iam", "identitystore", "kms", "lakeformation",
        "organizations", "payment-cryptography", "ram", "rolesanywhere", "secretsmanager", "sso", "sso-admin",
        "sts", "verifiedpermissions",
    }
)  # fmt: skip
_CODE = frozenset(
    {
        "lambda.CreateAlias", "lambda.CreateCodeSigningConfig", "lambda.CreateEventSourceMapping",
        "lambda.CreateFunction", "lambda.CreateFunctionUrlConfig", "lambda.DeleteFunctionCodeSigningConfig",
        "lambda.PublishLayerVersion", "lambda.PublishVersion", "lambda.PutFunctionCodeSigningConfig",
        "lambda.PutRuntimeManagementConfig", "lambda.UpdateAlias", "lambda.UpdateCodeSigningConfig",
        "lambda.UpdateEventSourceMapping", "lambda.UpdateFunctionCode", "lambda.UpdateFunctionConfiguration",
        "lambda.UpdateFunctionUrlConfig", "lambda.Invoke", "lambda.InvokeAsync", "ssm.SendCommand",
        "ssm.StartAutomationExecution", "ssm.StartSession", "ssm.CreateAssociation", "ssm.UpdateAssociation",
        "ssm.CreateDocument", "ssm.UpdateDocument", "ec2-instance-connect.SendSSHPublicKey",
        "cloudformation.CreateStack", "cloudformation.UpdateStack", "cloudformation.CreateChangeSet",
        "cloudformation.ExecuteChangeSet", "cloudformation.CreateStackInstances", "codebuild.StartBuild",
        "codebuild.CreateProject", "codebuild.UpdateProject", "ecs.RunTask", "ecs.StartTask", "ecs.ExecuteCommand",
        "ecs.RegisterTaskDefinition", "ecs.UpdateService", "batch.SubmitJob", "batch.RegisterJobDefinition",
        "glue.CreateJob", "glue.UpdateJob", "glue.StartJobRun", "scheduler.CreateSchedule",
        "scheduler.UpdateSchedule", "stepfunctions.CreateStateMachine", "stepfunctions.UpdateStateMachine",
        "stepfunctions.StartExecution",
    }
)  # fmt: skip
_ACCESS = re.compile(
    r"Policy|Policies|Permission|Acl(?!Entry)|ACL$|Grant|PublicAccess|Ownership"
    r"|AuthorizeSecurityGroup|ModifySecurityGroupRules|IamInstanceProfile"
    r"|Modify(Image|Snapshot|DBSnapshot|DBClusterSnapshot|FpgaImage|VpcEndpointService)(Attribute|Permissions)"
)
# Policies of another kind: how something scales, ages, caches, is encrypted in transit, or is backed up.
_OTHER_POLICIES = re.compile(
    r"Scaling|Lifecycle|Retention|Cache|OriginRequest|ResponseHeaders|LoadBalancerPolic|Stickiness|Backup|NetworkAcl"
    r"|WebACL|FirewallPolicy|IndexPolicy|DataProtection|Alarm"
)
# A role that is handed on, and a script that a machine runs.
_POWERS = re.compile(r"rolearn$|^role$|^iaminstanceprofile$|^userdata$", re.IGNORECASE)
_DOCUMENTS = {"policy", "policydocument", "policytext", "resourcepolicy", "assumerolepolicydocument"}
_WHO = "decides who may do what, or which code runs"


def least_of_raw(instruction: Instruction) -> Severity:
    """Return how severe a raw call is at least: `high` for what decides who may do what or which code runs."""
    operation = instruction.operation
    access = _ACCESS.search(operation) and not _OTHER_POLICIES.search(operation)
    listed = instruction.service in _SERVICES or instruction.api in _CODE or _lets_in(instruction)
    if listed or access or any(_policies(instruction.params)):
        return Severity.HIGH
    return Severity.LOW


def raised(severity: Severity, instruction: Instruction) -> tuple[Severity, str]:
    """Return the severity that counts, and why when it is not the one given."""
    least = least_of_raw(instruction)
    if _ORDER.index(severity) >= _ORDER.index(least):
        return severity, ""
    return least, f"{instruction.api} {_WHO}: at least {least}, whatever the playbook says"


def _lets_in(instruction: Instruction) -> bool:
    """Whether an entry of a network ACL is anything but a deny."""
    entry = instruction.api in ("ec2.CreateNetworkAclEntry", "ec2.ReplaceNetworkAclEntry")
    return entry and instruction.params.get("RuleAction", "deny") != "deny"


# JSON may spell a member's name by its characters' numbers, all below 0x80 in the grammar of policies.
_ESCAPED = "\\u00"


def _policies(value: Json, name: str = "") -> Iterator[bool]:
    """Yield for every policy, role and script among parameters, also one that is taken away or not known yet."""
    if name.lower() in _DOCUMENTS or _POWERS.search(name):
        yield True
    elif isinstance(value, Mapping):
        said = value.get("Statement")
        yield any(
            "Effect" in one for one in (said if isinstance(said, list) else [said]) if isinstance(one, Mapping)
        )
        yield value.get("AttributeName") == "Policy"
        for member, item in value.items():
            yield from _policies(item, member)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _policies(item, name)
    elif isinstance(value, str) and ("Statement" in value or _ESCAPED in value):
        yield _is_policy(value)


def _is_policy(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # AWS may read what this reader does not.
        return True
    return isinstance(found, dict) and "Statement" in found
