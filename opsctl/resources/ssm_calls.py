"""Systems Manager: agents, commands that are sent to instances, and what each instance answered.

Sources: API models of SendCommand, ListCommands, ListCommandInvocations and DescribeInstanceInformation; what an
agent makes of stdout and stderr is in the agent's own source (aws/amazon-ssm-agent, `pluginutil.TruncateOutput`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from opsctl.model.changes import Grant
from opsctl.model.reads import Read
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value

Document: TypeAlias = Literal["AWS-RunShellScript", "AWS-RunPowerShellScript"]

INSTANCES_A_COMMAND = 50
"""Most instances that one SendCommand names by their ids."""
AGENTS_A_CALL = 100
"""Most values of a filter of DescribeInstanceInformation (SSM API reference)."""
WHOLE_OUTPUT, WHOLE_ERRORS = 24_000, 8000
"""Most characters of stdout and of stderr that GetCommandInvocation returns."""
NAMED_IN_A_POLICY = 60
"""A managed policy has 6,144 characters (IAM quotas), and the ARN of an instance has seventy."""
CLOCK_SKEW_S = 300
"""As far as this machine's clock may be from AWS's: beyond it no call is accepted (Signature Version 4)."""
ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
"""The states of an invocation that are final; StatusDetails then says which of the reasons it was."""
_ERRORS = "\n----------ERROR-------\n"
_TRUNCATED = ("---Output truncated---", "---Error truncated----")


class CommandAnswer(Value):
    """What a command came to on one instance.

    `status` is StatusDetails without blanks: Success, Failed, DeliveryTimedOut, Undeliverable, Terminated ...
    `exit` is nothing where the script has not run to its end. `truncated` says that there was more output.
    """

    instance: str
    status: str
    ended: bool = False
    exit: int | None = None
    output: str = ""
    errors: str = ""
    truncated: bool = False


def describe_agents(instances: Sequence[str], region: str) -> list[Read]:
    """Build the reads of the agents of those instances: one for each hundred."""
    return [
        Read(
            service="ssm",
            operation="DescribeInstanceInformation",
            params={"Filters": [{"Key": "InstanceIds", "Values": list(instances[start : start + AGENTS_A_CALL])}]},
            region=region,
        )
        for start in range(0, len(instances), AGENTS_A_CALL)
    ]


def parse_agents(answer: Json) -> dict[str, str]:
    """Parse DescribeInstanceInformation: PingStatus by instance; `Online` is the one that counts."""
    return {one["InstanceId"]: one.get("PingStatus", "") for one in answer.get("InstanceInformationList", [])}


def send_command(
    instances: Sequence[str],
    document: Document,
    commands: Sequence[str],
    *,
    comment: str,
    timeout_s: int,
    deliver_within_s: int,
    at_once: int,
    max_errors: str,
) -> dict[str, Json]:
    """Build the parameters of SendCommand; `TimeoutSeconds` is AWS's name for the time to deliver it."""
    return {
        "InstanceIds": list(instances),
        "DocumentName": document,
        "Parameters": {"commands": list(commands), "executionTimeout": [str(timeout_s)]},
        "TimeoutSeconds": deliver_within_s,
        "Comment": comment,
        "MaxConcurrency": str(at_once),
        "MaxErrors": max_errors,
    }


def sent_since(document: Document, at: float, region: str) -> Read:
    """Build the read of the commands of a document since a moment by this machine's clock."""
    after = utc(datetime.fromtimestamp(int(at) - CLOCK_SKEW_S, UTC))
    filters = [{"key": "DocumentName", "value": document}, {"key": "InvokedAfter", "value": after}]
    return Read(
        service="ssm",
        operation="ListCommands",
        params={"Filters": filters},
        region=region,
    )


def command_with(answer: Json, comment: str) -> str:
    """Return the id of the command that has this comment, or nothing."""
    return next((one["CommandId"] for one in answer.get("Commands", []) if one.get("Comment") == comment), "")


def list_invocations(command: str, region: str) -> Read:
    """Build the read of what a command came to on each instance, with the first 2,500 characters it said there."""
    params = {"CommandId": command, "Details": True}
    return Read(service="ssm", operation="ListCommandInvocations", params=params, region=region)


def get_invocation(command: str, instance: str, region: str) -> Read:
    """Build the read of the first 24,000 characters of what a command said on one instance."""
    params = {"CommandId": command, "InstanceId": instance}
    return Read(service="ssm", operation="GetCommandInvocation", params=params, region=region)


def with_whole_output(one: CommandAnswer, answer: Json) -> CommandAnswer:
    """Put in what GetCommandInvocation has of an output that was cut in the list."""
    output, errors = answer.get("StandardOutputContent") or "", answer.get("StandardErrorContent") or ""
    cut = len(output) >= WHOLE_OUTPUT or len(errors) >= WHOLE_ERRORS
    cut = cut or any(mark in text for mark in _TRUNCATED for text in (output, errors))
    return one.model_copy(update={"output": output, "errors": errors, "truncated": cut})


def parse_invocations(answer: Json) -> dict[str, CommandAnswer]:
    """Parse ListCommandInvocations, by instance."""
    return {one["InstanceId"]: _invocation(one) for one in answer.get("CommandInvocations", [])}


def _invocation(one: Json) -> CommandAnswer:
    steps = one.get("CommandPlugins") or []
    text = "".join(step.get("Output") or "" for step in steps)
    output, _, errors = text.partition(_ERRORS)
    codes = [step["ResponseCode"] for step in steps if step.get("ResponseCode", -1) >= 0]
    ran = one["Status"] in ("Success", "Failed")
    return CommandAnswer(
        instance=one["InstanceId"],
        status=(one.get("StatusDetails") or one["Status"]).replace(" ", ""),
        ended=one["Status"] in ENDED,
        exit=codes[-1] if ran and codes else None,
        output=output,
        errors=errors,
        truncated=any(mark in text for mark in _TRUNCATED),
    )


def grants_for(instances: Sequence[str], document: Document) -> tuple[Grant, ...]:
    """List what a command to these instances needs: to send it, to find it again, and to read the answers.

    More instances than a policy has room for are not named one by one.
    """
    reads = ("ListCommands", "ListCommandInvocations", "GetCommandInvocation", "DescribeInstanceInformation")
    named = list(instances) if len(instances) <= NAMED_IN_A_POLICY else ["*"]
    sending = {"InstanceIds": named, "DocumentName": document}
    return (
        Grant(service="ssm", operation="SendCommand", params=sending),
        *(Grant(service="ssm", operation=name) for name in reads),
    )
