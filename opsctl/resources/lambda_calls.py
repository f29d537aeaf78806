"""Lambda: making a function, and letting a rule invoke it. Source: Lambda API reference."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Grant, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.run import Identity
from opsctl.model.value import Json

ROLE_VISIBLE_WITHIN_S = 90
"""A new role "cannot be assumed by Lambda" for some seconds; Lambda says so with this code."""

_ROLE_NOT_YET = Retry(codes=("InvalidParameterValueException",), within_s=ROLE_VISIBLE_WITHIN_S)
_STILL_CHANGING = Retry(codes=("ResourceConflictException",), within_s=120)


def function_arn(name: str, identity: Identity) -> str:
    """The ARN that a function of this name has in the run's account and region."""
    return f"arn:{identity.partition}:lambda:{identity.region}:{identity.account}:function:{name}"


def get_function(name: str) -> Read:
    """Read a function's configuration; one that is not there is missing."""
    return Read(service="lambda", operation="GetFunction", params={"FunctionName": name})


def create_function(params: Mapping[str, Json]) -> Instruction:
    """Create a function; the caller hands it its role, which IAM calls passing."""
    role = Grant(service="iam", operation="PassRole", params={"RoleArn": params["Role"]})
    return Instruction(
        kind="call",
        service="lambda",
        operation="CreateFunction",
        params=dict(params),
        retry=_ROLE_NOT_YET,
        grants=(role,),
    )


def delete_function(name: str) -> Instruction:
    """Delete a function with all its versions."""
    params = {"FunctionName": name}
    return Instruction(
        kind="call", service="lambda", operation="DeleteFunction", params=params, retry=_STILL_CHANGING
    )


def function_is_absent(name: str) -> Check:
    """There is no such function."""
    return Check(
        read=get_function(name),
        query="Configuration.FunctionName",
        op="empty",
        says=f"there is no function {name}",
    )


def function_is_ours(name: str, description: str) -> Check:
    """The function carries the plan's mark."""
    return Check(
        read=get_function(name),
        query="Configuration.Description",
        op="equals",
        value=description,
        says=f"function {name} is this plan's",
    )


def function_is_active(name: str) -> Check:
    """The function can be invoked."""
    return Check(
        read=get_function(name),
        query="Configuration.State",
        op="equals",
        value="Active",
        says=f"function {name} is active",
    )


def function_has_not_failed(name: str) -> Check:
    """Lambda has not given up on the function."""
    return Check(
        read=get_function(name),
        query="[Configuration.State]",
        op="excludes",
        value=["Failed"],
        says=f"function {name} has not failed",
    )


def put_concurrency(name: str, reserved: int) -> Instruction:
    """Let so many runs of a function go on at once, and no more."""
    params = {"FunctionName": name, "ReservedConcurrentExecutions": reserved}
    return Instruction(
        kind="call", service="lambda", operation="PutFunctionConcurrency", params=params, retry=_STILL_CHANGING
    )


def delete_concurrency(name: str) -> Instruction:
    """Take that limit away."""
    params = {"FunctionName": name}
    return Instruction(
        kind="call", service="lambda", operation="DeleteFunctionConcurrency", params=params, retry=_STILL_CHANGING
    )


def concurrency_is(name: str, reserved: int | None) -> Check:
    """So many runs are reserved, or none are."""
    return Check(
        read=Read(service="lambda", operation="GetFunctionConcurrency", params={"FunctionName": name}),
        query="ReservedConcurrentExecutions",
        op="empty" if reserved is None else "equals",
        value=reserved,
        says=f"function {name} has {'no' if reserved is None else reserved} reserved concurrency",
    )


def add_permission(function: str, statement: str, rule_arn: str) -> Instruction:
    """Let one EventBridge rule invoke a function."""
    return Instruction(
        kind="call",
        service="lambda",
        operation="AddPermission",
        params={
            "FunctionName": function,
            "StatementId": statement,
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": rule_arn,
        },
        retry=_STILL_CHANGING,
    )


def remove_permission(function: str, statement: str) -> Instruction:
    """Take that permission away."""
    params = {"FunctionName": function, "StatementId": statement}
    return Instruction(
        kind="call", service="lambda", operation="RemovePermission", params=params, retry=_STILL_CHANGING
    )


def permission_is(function: str, statement: str, *, there: bool) -> Check:
    """The function's policy has that statement, or has not."""
    return Check(
        read=Read(service="lambda", operation="GetPolicy", params={"FunctionName": function}),
        # The policy is JSON inside a string; statement ids are this run's own and stand in nothing else.
        query=f"Policy && contains(Policy, '\"{statement}\"') && 'there' || `null`",
        op="present" if there else "empty",
        says=f"rule {statement} may {'' if there else 'not yet '}invoke {function}",
    )
