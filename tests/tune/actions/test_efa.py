"""What is planned of an EFA, tried in the embedded AWS; boto3 describes what there is before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.errors import AwsRefused, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.box_plans import plan_of
from tests.kit.groups import make_group, template
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal, Wrapping, refusal

WHY = {"why": "MPI bypasses the operating system"}


@pytest.fixture
def world() -> Iterator[World]:
    """The six instances in an account of their own."""
    with fresh_world(make_fleet) as made:
        yield made


def named(name: str) -> Any:
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return found["Reservations"][0]["Instances"][0]


def planned(world: World, *steps: tuple[str, dict[str, Json]]) -> Plan:
    """One plan of several actions, as a playbook's steps would make it."""
    about = world.about()
    changes = []
    for number, (action, given) in enumerate(steps):
        step = world.registry.actions[action].model_validate({**WHY, **given})
        for change in run_fetching(step.plan(about), world.reader()):
            data = change.model_dump(mode="json")
            text = str(number)
            changes.append(type(change).model_validate(_prefixed(data, text)))
    return plan_of(*changes, plan_id=about.plan_id)


def _prefixed(data: Json, text: str) -> Json:
    from opsctl.model.references import with_references

    marked = with_references(data, lambda ref: {"$ref": f"{text}/{ref}"})
    needed = [f"{text}/{one}" for one in data["depends_on"]]
    return {**marked, "id": f"{text}/{data['id']}", "depends_on": needed}


def run(world: World, plan: Plan, path: Path, aws: Any = None) -> MemoryJournal:
    journal = MemoryJournal()
    carry_out(plan, world, journal, path, aws)
    return journal


def places(name: str) -> list[list[Any]]:
    told = named(name)["NetworkInterfaces"]
    return [
        [one["InterfaceType"], *(one["Attachment"].get(key) for key in ("NetworkCardIndex", "DeviceIndex"))]
        for one in told
    ]


@dataclass
class Picky(Wrapping):
    """An account in which AWS takes no EFA at one device index of a card."""

    card: int = 0
    device: int = 0

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse that place alone."""
        at = (params.get("NetworkCardIndex"), params.get("DeviceIndex"))
        if operation == "AttachNetworkInterface" and at == (self.card, self.device):
            raise AwsRefused(refusal(RefusalKind.INVALID, "InvalidParameterValue", "ec2.AttachNetworkInterface"))
        return self.inner.write(service, operation, params, region)


def whole(world: World, name: str, group: str = "opsctl-efa") -> Plan:
    """Security group, interfaces and attachments of one instance that is stopped."""
    node = named(name)
    ids = [node["InstanceId"]]
    return planned(
        world,
        ("tune.efa_group", {"vpc": node["VpcId"], "group": group}),
        ("tune.efa_interface", {"instances": ids, "group": group}),
        ("tune.efa_attach", {"instances": ids}),
    )


def test_every_card_gets_an_efa_in_a_group_of_its_own_that_goes_with_the_instance(
    world: World, tmp_path: Path
) -> None:
    node = named("hpc-3")
    client("ec2").stop_instances(InstanceIds=[node["InstanceId"]])
    run(world, whole(world, "hpc-3"), tmp_path)
    assert places("hpc-3") == [["interface", 0, 0], ["efa-only", 0, 1], ["efa-only", 1, 0]]
    primary, *efas = named("hpc-3")["NetworkInterfaces"]
    (group,) = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["opsctl-efa"]}])[
        "SecurityGroups"
    ]
    itself = [{"GroupId": group["GroupId"], "UserId": world.account}]
    for rules in (group["IpPermissions"], group["IpPermissionsEgress"]):
        assert [rule["UserIdGroupPairs"] for rule in rules if rule["UserIdGroupPairs"]] == [itself]
    for one in efas:
        assert [each["GroupId"] for each in one["Groups"]] == [group["GroupId"]]
        assert one["Attachment"]["DeleteOnTermination"] is True
    assert primary == node["NetworkInterfaces"][0], "the primary interface is as it was"


def test_undo_leaves_nothing_of_it(world: World, tmp_path: Path) -> None:
    client("ec2").stop_instances(InstanceIds=[named("hpc-3")["InstanceId"]])
    before = client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    groups = client("ec2").describe_security_groups()["SecurityGroups"]
    plan = whole(world, "hpc-3")
    journal = run(world, plan, tmp_path)
    run(world, inverse_plan(plan, journal), tmp_path)
    assert client("ec2").describe_network_interfaces()["NetworkInterfaces"] == before
    assert client("ec2").describe_security_groups()["SecurityGroups"] == groups


def test_a_device_index_that_aws_rejects_is_left_for_another(world: World, tmp_path: Path) -> None:
    client("ec2").stop_instances(InstanceIds=[named("hpc-3")["InstanceId"]])
    plan = whole(world, "hpc-3")
    journal = run(world, plan, tmp_path, Picky(world.aws, card=1, device=0))
    assert places("hpc-3")[2] == ["efa-only", 1, 1]
    run(world, inverse_plan(plan, journal), tmp_path)
    assert places("hpc-3") == [["interface", 0, 0]]


def test_a_group_that_others_use_by_now_is_kept_by_undo(world: World, tmp_path: Path) -> None:
    node = named("hpc-2")
    client("ec2").stop_instances(InstanceIds=[node["InstanceId"]])
    plan = whole(world, "hpc-2")
    journal = run(world, plan, tmp_path)
    wanted = [{"Name": "group-name", "Values": ["opsctl-efa"]}]
    (group,) = client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
    client("ec2").create_network_interface(SubnetId=node["SubnetId"], Groups=[group["GroupId"]])
    undone = run(world, inverse_plan(plan, journal), tmp_path)
    kept = [one for one, event, _ in undone.records if event == "kept"]
    assert kept == ["undo:0/egress", "undo:0/ingress", "undo:0/create"]
    assert client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"] == [group]
    assert places("hpc-2") == [["interface", 0, 0]]


def test_one_that_has_all_it_can_have_gets_none(world: World) -> None:
    assert whole(world, "hpc-1", group="hpc-nodes").changes == ()


def test_a_running_instance_gets_none_attached(world: World, tmp_path: Path) -> None:
    plan = whole(world, "hpc-2")
    with pytest.raises(OpsctlError, match=r"is stopped.*taken back"):
        run(world, plan, tmp_path)
    assert places("hpc-2") == [["interface", 0, 0]]


def test_ena_express_and_a_weighting_need_a_type_that_has_them(world: World) -> None:
    node = {"instances": [named("hpc-2")["InstanceId"]]}
    for action, given in (("tune.ena_express", {}), ("tune.bandwidth_weighting", {"weighting": "vpc-1"})):
        with pytest.raises(RefusedByGuard, match=r"the type of hpc-2 \(i-[0-9a-f]+\) \(c5n.18xlarge\)"):
            planned(world, (action, {**node, **given}))


def test_ena_express_is_on_at_every_interface_that_has_addresses_and_off_again_after_undo(
    world: World, tmp_path: Path
) -> None:
    node = named("hpc-3")
    client("ec2").stop_instances(InstanceIds=[node["InstanceId"]])
    run(world, whole(world, "hpc-3"), tmp_path)

    def express() -> list[Any]:
        told = [one["Attachment"].get("EnaSrdSpecification") for one in named("hpc-3")["NetworkInterfaces"]]
        return [one and (one["EnaSrdEnabled"], one["EnaSrdUdpSpecification"]["EnaSrdUdpEnabled"]) for one in told]

    plan = planned(world, ("tune.ena_express", {"instances": [node["InstanceId"]], "udp": True}))
    journal = run(world, plan, tmp_path)
    assert express() == [(True, True), None, None], "efa-only interfaces have no ENA traffic"
    run(world, inverse_plan(plan, journal), tmp_path)
    assert express() == [None, None, None]


def test_a_version_of_a_template_gets_efas_and_keeps_the_rest_of_the_one_it_is_like(
    world: World, tmp_path: Path
) -> None:
    node = named("hpc-2")
    shared = node["NetworkInterfaces"][0]["Groups"][0]["GroupId"]
    script = "IyEvYmluL3NoCg=="
    made = template("t", InstanceType="hpc6id.32xlarge", SecurityGroupIds=[shared], UserData=script)
    given = {"template": made, "vpc": node["VpcId"], "group": "hpc-nodes", "efa": True}
    plan = planned(world, ("tune.launch_template", given))
    assert script not in plan.model_dump_json(), "user data stands in no plan"
    journal = run(world, plan, tmp_path)

    def versions() -> list[Any]:
        told = client("ec2").describe_launch_template_versions(LaunchTemplateId=made)
        found: list[Any] = told["LaunchTemplateVersions"]
        return found

    assert [(one["VersionNumber"], one["DefaultVersion"]) for one in versions()] == [(1, True), (2, False)]
    first, second = (one["LaunchTemplateData"] for one in versions())
    assert (second["UserData"], second["ImageId"]) == (script, first["ImageId"])
    assert "SecurityGroupIds" not in second, "with interfaces named, each says its own"
    told = [
        (one["NetworkCardIndex"], one["DeviceIndex"], one["InterfaceType"]) for one in second["NetworkInterfaces"]
    ]
    assert told == [(0, 0, "efa"), (1, 0, "efa-only")]
    run(world, inverse_plan(plan, journal), tmp_path)
    assert [one["VersionNumber"] for one in versions()] == [1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            {"InstanceType": "m5.large"},
            "m5.large of launch template lt-[0-9a-f]+ has not what is asked .every EFA",
        ),
        ({"InstanceType": "c5n.18xlarge"}, "names no security group"),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": ["sg-1"]}]},
            "asks for a public address",
        ),
    ],
    ids=["no-efa", "default-group", "public-address"],
)
def test_a_template_whose_launches_aws_would_refuse_gets_no_version(
    world: World, data: dict[str, Json], says: str
) -> None:
    made = template("t", **{"InstanceType": "c5n.18xlarge"} | data)
    given = {"template": made, "vpc": named("hpc-2")["VpcId"], "group": "hpc-nodes", "efa": True}
    with pytest.raises(RefusedByGuard, match=says):
        planned(world, ("tune.launch_template", given))


def test_a_version_that_a_group_launches_by_is_kept_by_undo(world: World, tmp_path: Path) -> None:
    node = named("hpc-2")
    shared = node["NetworkInterfaces"][0]["Groups"][0]["GroupId"]
    made = template("t", InstanceType="c5n.18xlarge", SecurityGroupIds=[shared])
    plan = planned(
        world,
        ("tune.launch_template", {"template": made, "vpc": node["VpcId"], "group": "hpc-nodes", "efa": True}),
    )
    journal = run(world, plan, tmp_path)
    by = {"LaunchTemplateId": made, "Version": "2"}
    make_group(0, LaunchTemplate=by, VPCZoneIdentifier=node["SubnetId"])
    undone = run(world, inverse_plan(plan, journal), tmp_path)
    assert [event for _, event, _ in undone.records] == ["kept"]
