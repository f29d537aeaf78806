"""Run Command, where moto's commands succeed at once and say nothing: sent, listed, and read by AWS's rules.

Source: API models of SendCommand, ListCommands, ListCommandInvocations and GetCommandInvocation, their errors and
limits: fifty instances by id, pages of fifty, outputs of 2,500 characters in lists, and 24,000 and 8,000 alone.
"""

from datetime import UTC, datetime
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.sent_commands import (
    PLATFORMS,
    PLUGINS,
    WHOLE_ERRORS,
    WHOLE_OUTPUT,
    CommandRun,
    SentCommand,
    begin,
    listed_output,
)
from opsctl.sandbox.rules.autoscaling import caught_up
from opsctl.sandbox.rules.ssm_agents import managed, page_of, platform_of

_PAGE = 50
_MOST_INSTANCES = 50
_DELIVERY_S, _EXECUTION_S = 3600, 3600


def install() -> None:
    """Answer the four calls, as the account is by now."""
    from moto.ssm.responses import SimpleSystemManagerResponse as Response

    Response.send_command = _send
    Response.list_commands = _list
    Response.list_command_invocations = _list_invocations
    Response.get_command_invocation = _get
    Response.call_action = caught_up(Response.call_action)


def commands_of(account: str, region: str) -> dict[str, SentCommand]:
    """The commands of an account and Region, the oldest first; they live and die with moto's own."""
    from moto.ssm.models import ssm_backends

    found: dict[str, SentCommand] = ssm_backends[account][region].__dict__.setdefault("opsctl_commands", {})
    return found


def _fault(code: str, message: str) -> Exception:
    from moto.core.exceptions import JsonRESTError

    made: Exception = JsonRESTError(code, message)
    return made


def _send(self: Any) -> Any:
    from moto.core.responses import ActionResult
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[self.current_account][self.region]
    document, ids = self._get_param("DocumentName"), list(self._get_param("InstanceIds", []))
    if document not in PLATFORMS:
        raise _fault("InvalidDocument", f"Document with name {document} does not exist.")
    if len(ids) > _MOST_INSTANCES:
        raise _fault(
            "ValidationException",
            f"1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_INSTANCES}",
        )
    found = {one.id: one for one in ec2.all_instances()}
    bad = [one for one in ids if one not in found or not managed(ec2, found[one])]
    if bad or not ids:
        said = f"Instances [[{', '.join(bad)}]] not in a valid state for account {self.current_account}"
        raise _fault("InvalidInstanceId", said)
    if any(platform_of(found[one]) != PLATFORMS[document] for one in ids):
        raise _fault("UnsupportedPlatformType", "The document does not support the platform of an instance.")
    command = _command(self, document, ids)
    commands_of(self.current_account, self.region)[command.id] = command
    begin(ec2, command)
    return ActionResult({"Command": _shown(command)})


def _command(self: Any, document: str, ids: list[str]) -> SentCommand:
    given = self._get_param("Parameters", {})
    timeout = given.get("executionTimeout") or [str(_EXECUTION_S)]
    return SentCommand(
        document=document,
        commands=list(given.get("commands", [])),
        comment=self._get_param("Comment", ""),
        instances=ids,
        at=conditions(self.current_account).now(),
        deliver_within_s=float(self._get_param("TimeoutSeconds") or _DELIVERY_S),
        timeout_s=float(timeout[0]),
        at_once=max(1, _amount(self._get_param("MaxConcurrency") or "50", len(ids))),
        errors=_amount(self._get_param("MaxErrors") or "0", len(ids)),
    )


def _amount(text: str, of: int) -> int:
    return int(text[:-1]) * of // 100 if text.endswith("%") else int(text)


def _shown(command: SentCommand) -> dict[str, Any]:
    return {
        "CommandId": command.id,
        "DocumentName": command.document,
        "Comment": command.comment,
        "InstanceIds": command.instances,
        "Parameters": {"commands": command.commands, "executionTimeout": [f"{command.timeout_s:.0f}"]},
        "RequestedDateTime": datetime.fromtimestamp(command.at, UTC),
        "Status": command.status,
        "StatusDetails": command.status,
        "TargetCount": len(command.runs),
        "CompletedCount": sum(one.ended is not None for one in command.runs.values()),
        "TimeoutSeconds": int(command.deliver_within_s),
    }


def _visible(self: Any) -> list[SentCommand]:
    """What lists know by now, the newest first."""
    about = conditions(self.current_account)
    since = about.now() - about.durations.command_listed
    known = list(commands_of(self.current_account, self.region).values())
    return [one for one in reversed(known) if one.at <= since]


def _list(self: Any) -> Any:
    from moto.core.responses import ActionResult

    wanted = {one["key"]: one["value"] for one in self._get_param("Filters", [])}
    asked, instance = self._get_param("CommandId"), self._get_param("InstanceId")
    found = [
        _shown(one)
        for one in _visible(self)
        if _passes(one, wanted) and asked in (None, one.id) and (instance is None or instance in one.instances)
    ]
    page, more = page_of(self, found, _PAGE)
    return ActionResult({"Commands": page, **more})


def _passes(command: SentCommand, wanted: dict[str, str]) -> bool:
    for key, value in wanted.items():
        if key == "DocumentName" and command.document != value:
            return False
        if key == "Status" and command.status != value:
            return False
        if key == "InvokedAfter" and command.at < datetime.fromisoformat(value).timestamp():
            return False
        if key == "InvokedBefore" and command.at > datetime.fromisoformat(value).timestamp():
            return False
        if key not in ("DocumentName", "Status", "InvokedAfter", "InvokedBefore"):
            raise _fault("InvalidFilterKey", f"The filter key {key} is not valid.")
    return True


def _list_invocations(self: Any) -> Any:
    from moto.core.responses import ActionResult

    asked, details = self._get_param("CommandId"), bool(self._get_param("Details"))
    instance = self._get_param("InstanceId")
    found = [
        _invocation(command, run, details=details)
        for command in _visible(self)
        if asked in (None, command.id)
        for run in command.runs.values()
        if instance in (None, run.instance)
    ]
    page, more = page_of(self, found, _PAGE)
    return ActionResult({"CommandInvocations": page, **more})


def _invocation(command: SentCommand, run: CommandRun, *, details: bool) -> dict[str, Any]:
    plugin = {
        "Name": PLUGINS[command.document],
        "Status": run.status,
        "StatusDetails": run.details,
        "ResponseCode": run.code,
        "Output": listed_output(run) if run.ended is not None else "",
    }
    return {
        "CommandId": command.id,
        "InstanceId": run.instance,
        "Comment": command.comment,
        "DocumentName": command.document,
        "RequestedDateTime": datetime.fromtimestamp(command.at, UTC),
        "Status": run.status,
        "StatusDetails": run.details,
        "CommandPlugins": [plugin] if details and run.began is not None else [],
    }


def _get(self: Any) -> Any:
    from moto.core.responses import ActionResult

    command = commands_of(self.current_account, self.region).get(self._get_param("CommandId"))
    run = command.runs.get(self._get_param("InstanceId")) if command else None
    if command is None or run is None:
        raise _fault("InvocationDoesNotExist", "")
    return ActionResult(
        {
            "CommandId": command.id,
            "InstanceId": run.instance,
            "Comment": command.comment,
            "DocumentName": command.document,
            "PluginName": PLUGINS[command.document],
            "ResponseCode": run.code,
            "Status": run.status,
            "StatusDetails": run.details,
            "StandardOutputContent": run.out[:WHOLE_OUTPUT],
            "StandardErrorContent": run.err[:WHOLE_ERRORS],
        }
    )
