"""The ways of data to VPCs: what is known of them, and what nobody could say."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.planning.run_fetching import run_fetching
from opsctl.tune.facts.tune_data_paths import DataPathsFound, TuneDataPaths
from tests.kit.canned import ABOUT, Canned, CannedReader, denied, drive
from tests.kit.command import opsctl
from tests.kit.moto_account import client, fresh_world

VPC = {"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": "hpc"}]}
VIRTUAL = {"VpnGateways": [{"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}]}]}
TRANSIT = {
    "TransitGatewayAttachments": [{"TransitGatewayId": "tgw-1", "ResourceId": "vpc-1", "State": "available"}]
}
ASSOCIATED = {
    "directConnectGatewayAssociations": [{"directConnectGatewayId": "dx-1", "associationState": "associated"}]
}
ATTACHED = {"directConnectGatewayAttachments": [{"virtualInterfaceId": "dxvif-1", "attachmentState": "attached"}]}
NOTHING: dict[str, Canned] = {
    "ec2.DescribeVpcs": {"Vpcs": [VPC]},
    "ec2.DescribeVpnGateways": {"VpnGateways": []},
    "ec2.DescribeTransitGatewayAttachments": {"TransitGatewayAttachments": []},
    "ec2.DescribeRouteTables": {"RouteTables": []},
    "datasync.ListAgents": {"Agents": []},
    "datasync.ListTasks": {"Tasks": []},
    "snowball.ListJobs": {"JobListEntries": []},
    "directconnect.DescribeDirectConnectGatewayAssociations": {"directConnectGatewayAssociations": []},
    "directconnect.DescribeDirectConnectGatewayAttachments": {"directConnectGatewayAttachments": []},
}
BOTH: dict[str, Canned] = {
    "directconnect.DescribeDirectConnectGatewayAssociations": ASSOCIATED,
    "directconnect.DescribeDirectConnectGatewayAttachments": ATTACHED,
}


def routes(**route: str) -> dict[str, Canned]:
    table = {"VpcId": "vpc-1", "Routes": [{"DestinationCidrBlock": "10.0.0.0/8", "State": "active", **route}]}
    return {"ec2.DescribeRouteTables": {"RouteTables": [table]}}


def looked(**more: Canned) -> tuple[DataPathsFound, CannedReader]:
    found, reader = drive(TuneDataPaths().read(ABOUT), {**NOTHING, **more})
    assert isinstance(found, DataPathsFound)
    return found, reader


@pytest.mark.parametrize(
    ("more", "verdict", "because"),
    [
        ({}, "no", "neither a virtual private gateway nor a transit gateway is attached"),
        ({"ec2.DescribeVpnGateways": VIRTUAL, **BOTH, **routes(GatewayId="vgw-1")}, "yes", "dx-1 with dxvif-1"),
        (
            {"ec2.DescribeTransitGatewayAttachments": TRANSIT, **BOTH, **routes(TransitGatewayId="tgw-1")},
            "yes",
            "tgw-1 is associated with Direct Connect gateway dx-1",
        ),
        (
            {"ec2.DescribeVpnGateways": VIRTUAL, **BOTH},
            "unrouted",
            "no route table of the VPC sends anything there",
        ),
        ({"ec2.DescribeVpnGateways": VIRTUAL}, "unknown", "would hand out BGP keys"),
        ({"ec2.DescribeTransitGatewayAttachments": TRANSIT}, "no", "no Direct Connect gateway"),
        ({"ec2.DescribeVpnGateways": denied("ec2.DescribeVpnGateways")}, "unknown", "could not be read"),
        (
            {
                "ec2.DescribeTransitGatewayAttachments": TRANSIT,
                "directconnect.DescribeDirectConnectGatewayAssociations": denied("directconnect.Describe"),
            },
            "unknown",
            "what tgw-1 is associated with could not be read",
        ),
        (
            {
                "ec2.DescribeVpnGateways": VIRTUAL,
                **BOTH,
                "ec2.DescribeRouteTables": denied("ec2.DescribeRouteTables"),
            },
            "unknown",
            "the route tables of the VPC could not be read",
        ),
    ],
    ids=["none", "virtual", "transit", "unrouted", "bare", "alone", "denied", "denied there", "denied routes"],
)
def test_a_vpc_is_judged_by_gateways_and_routes(more: dict[str, Canned], verdict: str, because: str) -> None:
    found, _ = looked(**more)
    assert (found.vpcs[0].verdict, because in found.vpcs[0].because) == (verdict, True), found.vpcs[0].because


def test_agents_tasks_and_jobs_are_told_and_what_is_over_is_not() -> None:
    found, _ = looked(
        **{
            "datasync.ListAgents": {"Agents": [{"AgentArn": "arn:x/agent-1", "Status": "OFFLINE"}]},
            "datasync.ListTasks": {
                "Tasks": [{"TaskArn": "arn:x/task-1", "Name": "nightly", "Status": "AVAILABLE"}]
            },
            "snowball.ListJobs": {
                "JobListEntries": [
                    {"JobId": "JID1", "JobType": "IMPORT", "JobState": "WithCustomer"},
                    {"JobId": "JID2", "JobType": "IMPORT", "JobState": "Complete"},
                ]
            },
        }
    )
    assert [(one.name, one.status) for one in found.agents or ()] == [("agent-1", "OFFLINE")]
    assert [(one.name, one.status) for one in found.tasks or ()] == [("nightly", "AVAILABLE")]
    assert [one.id for one in found.snow_jobs or ()] == ["JID1"]


def test_what_is_denied_is_unknown_and_not_empty() -> None:
    found, _ = looked(**{"datasync.ListAgents": denied("datasync.ListAgents")})
    assert (found.agents, found.tasks) == (None, ())
    assert any("datasync.ListAgents" in one for one in found.unknown)


def test_no_read_hands_out_a_key() -> None:
    _, reader = looked(**{"ec2.DescribeVpnGateways": VIRTUAL, **BOTH})
    assert "directconnect.DescribeVirtualInterfaces" not in reader.apis()


def test_a_vpc_that_is_not_there_is_bad_input() -> None:
    answers: dict[str, Canned] = {**NOTHING, "ec2.DescribeVpcs": {"Vpcs": []}}
    with pytest.raises(InvalidInput, match="there is no VPC 'vpc-9'"):
        drive(TuneDataPaths(vpc="vpc-9").read(ABOUT), answers)


def test_it_is_told_in_every_form_where_services_are_not_there(tmp_path: Path) -> None:
    with fresh_world():
        vpc = client("ec2").create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
        text = opsctl(tmp_path, "tune", "data-paths", "--vpc", vpc)
        told = opsctl(tmp_path, "tune", "data-paths", "--vpc", vpc, "-o", "json")
        page = opsctl(tmp_path, "tune", "data-paths", "--vpc", vpc, "-o", "markdown")
        bad = opsctl(tmp_path, "tune", "data-paths", "--vpc", "vpc-0")
    assert text.returncode == told.returncode == page.returncode == 0, text.stderr
    assert f"{vpc}: no" in text.stdout
    result: dict[str, Any] = json.loads(told.stdout)["result"]
    assert result["vpcs"][0]["verdict"] == "no"
    assert f"| {vpc} | no |" in page.stdout
    assert (bad.returncode, "--vpc: there is no VPC" in bad.stderr) == (2, True)


def test_agents_of_an_account_are_told_with_their_states() -> None:
    with fresh_world() as world:
        client("datasync").create_agent(ActivationKey="K" * 29, AgentName="lab")
        found = run_fetching(TuneDataPaths().read(world.about()), world.reader())
    assert isinstance(found, DataPathsFound)
    assert [(one.name, one.status) for one in found.agents or ()] == [("lab", "ONLINE")]
    assert (found.tasks, found.snow_jobs) == ((), None)
