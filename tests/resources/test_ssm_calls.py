"""What instances answered, in the shapes that AWS has shown (recorded answers, amazon-ssm-agent's own tests)."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from opsctl.model.changes import Change, Irreversible, Proof
from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from opsctl.resources.ssm_calls import (
    AGENTS_A_CALL,
    INSTANCES_A_COMMAND,
    command_with,
    describe_agents,
    grants_for,
    parse_agents,
    parse_invocations,
    send_command,
    sent_since,
)
from tests.kit.ports import IDENTITY

MODEL = botocore.session.get_session().get_service_model("ssm")
RECORDED: dict[str, Any] = {
    "CommandId": "7f17e245-7aa6-4598-9b87-b9e928e722cf",
    "InstanceId": "i-02318aef4c892847d",
    "InstanceName": "ip-10-0-10-85.us-east-2.compute.internal",
    "Comment": "",
    "DocumentName": "AWS-RunShellScript",
    "DocumentVersion": "$DEFAULT",
    "Status": "Success",
    "StatusDetails": "Success",
    "CommandPlugins": [
        {
            "Name": "aws:runShellScript",
            "Status": "Success",
            "StatusDetails": "Success",
            "ResponseCode": 0,
            "Output": "root\n",
        }
    ],
}


def shape(operation: str, member: str) -> Any:
    return MODEL.operation_model(operation).input_shape.members[member]


def parsed(**changes: Json) -> Json:
    plugin = {**RECORDED["CommandPlugins"][0]} | changes.pop("plugin", {})
    one = {**RECORDED, "CommandPlugins": [plugin]} | changes
    (found,) = parse_invocations({"CommandInvocations": [one]}).values()
    return found.model_dump()


def test_a_script_that_succeeded_has_its_exit_code_and_what_it_said() -> None:
    assert parsed() == {
        "instance": "i-02318aef4c892847d",
        "status": "Success",
        "ended": True,
        "exit": 0,
        "output": "root\n",
        "errors": "",
        "truncated": False,
    }


def test_errors_are_told_from_output_by_the_line_that_the_agent_puts_between() -> None:
    said = "sample output\n----------ERROR-------\nsample error"
    found = parsed(Status="Failed", StatusDetails="Failed", plugin={"ResponseCode": 127, "Output": said})
    assert (found["exit"], found["output"], found["errors"]) == (127, "sample output", "sample error")


@pytest.mark.parametrize(
    "end", ["\n---Output truncated---", "\n----------ERROR-------\nx\n---Error truncated----"]
)
def test_what_the_agent_cut_off_is_known_as_such(end: str) -> None:
    assert parsed(plugin={"Output": f"a long text{end}"})["truncated"] is True


@pytest.mark.parametrize(
    ("status", "details", "ended"),
    [
        ("Pending", "Pending", False),
        ("InProgress", "In Progress", False),
        ("Delayed", "Delayed", False),
        ("Cancelling", "Cancelling", False),
        ("TimedOut", "Delivery Timed Out", True),
        ("TimedOut", "ExecutionTimedOut", True),
        ("Cancelled", "Terminated", True),
        ("Failed", "Undeliverable", True),
    ],
)
def test_each_state_of_an_invocation_is_final_or_not_and_without_an_exit_code(
    status: str, details: str, *, ended: bool
) -> None:
    found = parsed(Status=status, StatusDetails=details, plugin={"ResponseCode": -1, "Output": ""})
    assert (found["ended"], found["exit"], found["status"]) == (ended, None, details.replace(" ", ""))


def test_limits_are_those_of_the_installed_model() -> None:
    assert shape("SendCommand", "InstanceIds").metadata["max"] == INSTANCES_A_COMMAND
    assert MODEL.shape_for("InstanceInformationFilterValueSet").metadata["max"] == AGENTS_A_CALL


def test_a_request_fits_the_model_and_its_comment_the_hundred_characters_that_it_may_have() -> None:
    params = send_command(
        ["i-0123456789abcdef0"],
        "AWS-RunShellScript",
        ["uname -r"],
        comment="opsctl 20261201T001500Z-abcd 0a1b2c3d",
        timeout_s=60,
        deliver_within_s=30,
        at_once=1,
        max_errors="0",
    )
    assert len(params["Comment"]) <= shape("SendCommand", "Comment").metadata["max"]
    validated = ParamValidator().validate(params, MODEL.operation_model("SendCommand").input_shape)
    assert not validated.has_errors(), validated.generate_report()


def test_agents_are_asked_a_hundred_a_call() -> None:
    reads = describe_agents([f"i-{number}" for number in range(AGENTS_A_CALL + 1)], "us-east-1")
    assert [len(read.params["Filters"][0]["Values"]) for read in reads] == [AGENTS_A_CALL, 1]
    # Who asks for so many on a page gets that page alone.
    assert [name for read in reads for name in read.params] == ["Filters", "Filters"]
    told = {"InstanceInformationList": [{"InstanceId": "i-1", "PingStatus": "ConnectionLost"}]}
    assert parse_agents(told) == {"i-1": "ConnectionLost"}


def test_a_command_is_found_by_its_comment_among_those_since_it_was_sent() -> None:
    read = sent_since("AWS-RunShellScript", 1_790_000_000.9, "us-east-1")
    # As far before as a clock may be wrong.
    assert {"key": "InvokedAfter", "value": "2026-09-21T14:08:20Z"} in read.params["Filters"]
    listed = {"Commands": [{"CommandId": "1", "Comment": "theirs"}, {"CommandId": "2", "Comment": "ours"}]}
    assert (command_with(listed, "ours"), command_with(listed, "nobody's")) == ("2", "")


@pytest.mark.parametrize(("count", "resources"), [(2, 3), (60, 61), (61, 2), (1000, 2)])
def test_a_policy_names_the_instances_as_long_as_there_is_room_for_them(count: int, resources: int) -> None:
    instances = [f"i-{number:017x}" for number in range(count)]
    change = Change(
        kind="job",
        service="opsctl",
        operation="ssm.command",
        grants=grants_for(instances, "AWS-RunShellScript"),
        id="run",
        title="Run",
        why="so",
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because="it only reads"),
    )
    policy = policy_for_changes([change], IDENTITY)
    (sending,) = [one for one in policy["Statement"] if one["Action"] == ["ssm:SendCommand"]]
    assert len(sending["Resource"]) == resources
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144
