"""Run Command by AWS's rules: states, limits, lists and outputs (API models, Systems Manager user guide)."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.fleet import guest_named, ids_of, mtu_of
from tests.kit.groups import refused
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(make_fleet) as (_, made):
        made.durations = QUICK
        yield made


def send(*names: str, script: str = "uname -r", **more: Any) -> str:
    given = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": [script]}} | more
    id_: str = client("ssm").send_command(InstanceIds=ids_of(*names), **given)["Command"]["CommandId"]
    return id_


def states(command: str, **more: Any) -> list[tuple[str, str]]:
    found = client("ssm").list_command_invocations(CommandId=command, **more)["CommandInvocations"]
    return [(one["Status"], one["StatusDetails"]) for one in found]


def test_a_command_is_listed_a_moment_later_and_goes_from_pending_to_success(about: Conditions) -> None:
    command = send("hpc-1")
    assert states(command) == []
    move(about, 0.4)
    assert states(command) == [("Pending", "Pending")]
    move(about, 0.2)
    assert states(command) == [("InProgress", "InProgress")]
    move(about, 1)
    assert states(command) == [("Success", "Success")]


def test_a_command_is_refused_for_an_instance_without_an_agent_another_system_or_no_document() -> None:
    call = client("ssm").send_command
    script: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    refused("InvalidInstanceId", call, "not in a valid state", InstanceIds=ids_of("hpc-1", "hpc-5"), **script)
    refused("UnsupportedPlatformType", call, InstanceIds=ids_of("hpc-6"), **script)
    refused("InvalidDocument", call, InstanceIds=ids_of("hpc-1"), DocumentName="AWS-Nothing")


def test_the_agent_of_a_stopped_instance_gets_it_when_it_is_started_or_never(about: Conditions) -> None:
    client("ec2").stop_instances(InstanceIds=ids_of("hpc-1", "hpc-2"))
    move(about, 30)
    command = send("hpc-1", "hpc-2", TimeoutSeconds=60)
    move(about, 10)
    assert states(command) == [("Delayed", "Delayed")] * 2
    client("ec2").start_instances(InstanceIds=ids_of("hpc-1"))
    move(about, 60)
    assert sorted(states(command)) == [("Success", "Success"), ("TimedOut", "DeliveryTimedOut")]


def test_a_script_that_runs_longer_than_it_may_is_ended(about: Conditions) -> None:
    command = send("hpc-1", Parameters={"commands": ["sleep 300"], "executionTimeout": ["60"]})
    move(about, 70)
    assert states(command) == [("TimedOut", "ExecutionTimedOut")]


def test_one_after_the_other_and_no_further_than_errors_allow(about: Conditions) -> None:
    command = send("hpc-1", "hpc-2", "hpc-3", script="false", MaxConcurrency="1", MaxErrors="1")
    move(about, 30)
    assert states(command) == [("Failed", "Failed"), ("Failed", "Failed"), ("Cancelled", "Terminated")]


def test_lists_show_the_beginning_of_an_output_and_the_invocation_more_of_it(about: Conditions) -> None:
    lines = f"for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do echo {40 * chr(48)}"
    command = send("hpc-1", script=f"{lines}; done; done; echo wrong >&2; exit 9")
    move(about, 5)
    (listed,) = client("ssm").list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
    (plugin,) = listed["CommandPlugins"]
    assert len(plugin["Output"]) <= 2500
    assert "---Output truncated---\n----------ERROR-------\nwrong" in plugin["Output"]
    whole = client("ssm").get_command_invocation(CommandId=command, InstanceId=listed["InstanceId"])
    assert (plugin["ResponseCode"], whole["ResponseCode"], len(whole["StandardOutputContent"])) == (9, 9, 81 * 41)


def test_lists_come_in_pages_and_are_narrowed(about: Conditions) -> None:
    ids = [send("hpc-1", "hpc-2", Comment=str(number)) for number in range(3)]
    move(about, 5)
    # The oldest is the world's own.
    pages = client("ssm").get_paginator("list_commands").paginate(PaginationConfig={"PageSize": 2})
    assert [[one["Comment"] for one in page["Commands"]] for page in pages] == [["2", "1"], ["0", ""]]
    since = [{"key": "InvokedAfter", "value": "2090-01-01T00:00:00Z"}]
    assert client("ssm").list_commands(Filters=since)["Commands"] == []
    pages = (
        client("ssm")
        .get_paginator("list_command_invocations")
        .paginate(CommandId=ids[0], PaginationConfig={"PageSize": 1})
    )
    assert [len(page["CommandInvocations"]) for page in pages] == [1, 1]


def test_what_is_set_in_memory_is_there_until_the_next_start(about: Conditions) -> None:
    send("hpc-1", script="ip link set dev ens5 mtu 1500; echo kept > /root/file")
    move(about, 5)
    assert mtu_of("hpc-1") == "1500"
    client("ec2").stop_instances(InstanceIds=ids_of("hpc-1"))
    move(about, 30)
    client("ec2").start_instances(InstanceIds=ids_of("hpc-1"))
    move(about, 30)
    assert mtu_of("hpc-1") == "9001"
    assert guest_named("hpc-1").read("/root/file") == "kept\n"


def test_a_device_has_the_driver_of_its_adapter(about: Conditions) -> None:
    command = send("hpc-1", "hpc-4", script="for n in $(ls /sys/class/net); do ethtool -i $n 2>/dev/null; done")
    move(about, 5)
    told = client("ssm").list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
    said = [one["CommandPlugins"][0]["Output"].splitlines()[:2] for one in told]
    assert sorted(said) == [["driver: ena", "version: 1.3.0K"], ["driver: vif", "version: "]]
