"""Reads how data comes to the VPCs of a Region from elsewhere: Direct Connect, DataSync, Snow jobs."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe
from opsctl.tune.data_paths import (
    DataAgent,
    DataTask,
    PathGateway,
    SnowJob,
    VpcPath,
    gateways_of,
    parse_agents,
    parse_snow_jobs,
    parse_tasks,
    path_of,
    routed_gateways,
)


class DataPathsFound(Value):
    """The VPCs with their ways, agents and tasks of DataSync, and Snow jobs; `unknown` is what could not be read.

    A list is None where it could not be read.
    """

    account: str
    region: str
    vpcs: tuple[VpcPath, ...]
    agents: tuple[DataAgent, ...] | None
    tasks: tuple[DataTask, ...] | None
    snow_jobs: tuple[SnowJob, ...] | None
    unknown: tuple[str, ...]


class TuneDataPaths(Fact):
    """Report the ways of data to VPCs: Direct Connect by gateways and routes, DataSync, Snow jobs."""

    name: ClassVar[str] = "tune.data_paths"
    Result: ClassVar[type[Value]] = DataPathsFound

    vpc: str = Field("", description="Id of a VPC; empty: every VPC of the Region.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read VPCs, gateways, routes and services side by side, then what the gateways are associated with."""
        vpcs = yield from self._vpcs(about.region)
        scope = {"vpc-id": [self.vpc]} if self.vpc else None
        answers = yield [
            describe("DescribeVpnGateways", about.region),
            describe("DescribeTransitGatewayAttachments", about.region, {"resource-type": ["vpc"]}),
            describe("DescribeRouteTables", about.region, scope),
            Read(service="datasync", operation="ListAgents", region=about.region),
            Read(service="datasync", operation="ListTasks", region=about.region),
            Read(service="snowball", operation="ListJobs", region=about.region),
        ]
        virtual, transit, tables, agents, tasks, jobs = answers
        attached = {vpc["VpcId"]: gateways_of(vpc["VpcId"], _value(virtual), _value(transit)) for vpc in vpcs}
        known, refused = yield from _associations([one for some in attached.values() for one in some])
        told = virtual.refusal is None and transit.refusal is None
        routes = {vpc["VpcId"]: routed_gateways(_of_vpc(_value(tables), vpc["VpcId"])) for vpc in vpcs}
        refused += [str(answer.refusal) for answer in answers if answer.refusal]
        return DataPathsFound(
            account=about.account,
            region=about.region,
            vpcs=tuple(
                path_of(
                    vpc,
                    [known.get(one.id, one) for one in attached[vpc["VpcId"]]],
                    routes[vpc["VpcId"]] if tables.refusal is None else None,
                    known=told,
                )
                for vpc in vpcs
            ),
            agents=parse_agents(agents.value) if agents.refusal is None else None,
            tasks=parse_tasks(tasks.value) if tasks.refusal is None else None,
            snow_jobs=parse_snow_jobs(jobs.value) if jobs.refusal is None else None,
            unknown=tuple(dict.fromkeys(refused)),
        )

    def _vpcs(self, region: str) -> Fetching[list[Json]]:
        answer = yield from require(describe("DescribeVpcs", region, {"vpc-id": [self.vpc]} if self.vpc else None))
        found: list[Json] = answer.get("Vpcs", [])
        if self.vpc and not found:
            raise InvalidInput.one(f"there is no VPC {self.vpc!r} in this Region", source="vpc")
        return found


def _value(answer: Answer) -> Json:
    return answer.value if answer.refusal is None else {}


def _of_vpc(tables: Json, vpc: str) -> Json:
    return {"RouteTables": [one for one in tables.get("RouteTables", []) if one.get("VpcId") == vpc]}


def _associations(gateways: Sequence[PathGateway]) -> Fetching[tuple[dict[str, PathGateway], list[str]]]:
    """Find the Direct Connect gateways of each gateway, and the virtual interfaces that are attached to those."""
    distinct = list({one.id: one for one in gateways}.values())
    answers = yield [_associated(one.id) for one in distinct]
    told = list(zip(distinct, answers, strict=True))
    refused = [str(answer.refusal) for answer in answers if answer.refusal]
    named = {one.id: _gateways_in(answer) for one, answer in told if answer.refusal is None}
    ids = sorted({gateway for some in named.values() for gateway in some})
    attachments = yield [_attached(gateway) for gateway in ids]
    interfaces: dict[str, tuple[str, ...]] = {}
    for gateway, answer in zip(ids, attachments, strict=True):
        if answer.refusal is not None:
            refused.append(str(answer.refusal))
            continue
        interfaces[gateway] = tuple(
            one["virtualInterfaceId"]
            for one in answer.value.get("directConnectGatewayAttachments", [])
            if one.get("attachmentState") == "attached"
        )
    found = {
        one.id: one.model_copy(update={"interfaces": {name: interfaces[name] for name in named[one.id]}})
        for one in distinct
        if one.id in named and all(name in interfaces for name in named[one.id])
    }
    return found, refused


def _gateways_in(answer: Answer) -> list[str]:
    associations = answer.value.get("directConnectGatewayAssociations", [])
    return [one["directConnectGatewayId"] for one in associations if one.get("associationState") == "associated"]


def _associated(gateway: str) -> Read:
    params = {"associatedGatewayId": gateway}
    return Read(service="directconnect", operation="DescribeDirectConnectGatewayAssociations", params=params)


def _attached(gateway: str) -> Read:
    params = {"directConnectGatewayId": gateway}
    return Read(service="directconnect", operation="DescribeDirectConnectGatewayAttachments", params=params)
