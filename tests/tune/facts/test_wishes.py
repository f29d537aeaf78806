"""What speaks against an EFA, ENA Express, a weighting or an MTU, on the hpc world and what is added to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.model.run import Fact
from opsctl.model.value import Value
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.worlds.hpc import AL2023, make_fleet
from opsctl.tune.facts.tune_efa import EfaFound, TuneEfa
from opsctl.tune.facts.tune_express import ExpressFound, TuneExpress
from opsctl.tune.facts.tune_mtu import MtuFound, TuneMtu
from opsctl.tune.replacements import launched_without
from tests.kit.moto_account import World, client, fresh_world
from tests.tune.fleets import HPC, instance


@pytest.fixture
def world() -> Iterator[World]:
    """The six instances in an account of their own."""
    with fresh_world(make_fleet) as made:
        yield made


def named(name: str) -> Any:
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return found["Reservations"][0]["Instances"][0]


def found(world: World, fact: Fact) -> Value:
    return run_fetching(fact.read(world.about()), world.reader())


def efa(world: World, *names: str, **more: Any) -> EfaFound:
    told = found(world, TuneEfa(instances=names, wanted=True, **more))
    assert isinstance(told, EfaFound)
    return told


def launch(kind: str, name: str = "new", **more: Any) -> str:
    """One more instance beside the others, with their agent and a current system."""
    like = named("hpc-2")
    image = client("ec2").describe_images(Filters=[{"Name": "name", "Values": [AL2023]}])["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    given = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "TagSpecifications": tags}
    plain = {"IamInstanceProfile": {"Name": "hpc-node"}}
    plain |= {} if "NetworkInterfaces" in more else {"SubnetId": like["SubnetId"]}
    made = client("ec2").run_instances(InstanceType=kind, **{**given, **plain, **more})
    id_: str = made["Instances"][0]["InstanceId"]
    return id_


def test_an_efa_joins_the_group_of_those_that_are_there(world: World) -> None:
    told = efa(world, "hpc-2", "hpc-3")
    assert [(one.instance[:5], one.card, one.device) for one in told.places] == [
        ("hpc-2", 0, 1),
        ("hpc-3", 0, 1),
        ("hpc-3", 1, 0),
    ]
    assert (told.group, told.makes_group, told.proves, told.alone) == ("hpc-nodes", False, True, ())
    assert told.installs == told.instances


def test_the_first_efa_of_a_vpc_gets_a_group_of_its_own(world: World) -> None:
    node, (_, adapter) = named("hpc-1")["InstanceId"], named("hpc-1")["NetworkInterfaces"]
    client("ec2").stop_instances(InstanceIds=[node])
    client("ec2").detach_network_interface(AttachmentId=adapter["Attachment"]["AttachmentId"])
    client("ec2").delete_network_interface(NetworkInterfaceId=adapter["NetworkInterfaceId"])
    told = efa(world, "hpc-2")
    assert (told.group, told.makes_group) == ("opsctl-efa", True)
    assert [one[:5] for one in told.alone] == ["hpc-2"], "it has nobody to talk with"


def test_between_two_groups_the_placement_group_decides_else_somebody_has_to(world: World) -> None:
    ec2, like = client("ec2"), named("hpc-2")
    other = ec2.create_security_group(GroupName="others", Description="-", VpcId=like["VpcId"])["GroupId"]
    made = {"SubnetId": like["SubnetId"], "InterfaceType": "efa-only", "Groups": [other]}
    ec2.create_network_interface(**made)
    assert efa(world, "hpc-2").group == "hpc-nodes", "the group of hpc-1, beside it in its placement group"
    unclear = efa(world, "hpc-3")
    assert [one.split(" ")[0] for one in unclear.unclear_group] == ["hpc-nodes", "others"]
    assert efa(world, "hpc-3", security_group=other).group == "others"
    with pytest.raises(InvalidInput, match="has no security group 'nobody'"):
        efa(world, "hpc-3", security_group="nobody")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("hpc-4", "m4.16xlarge takes no EFA"),
        ("hpc-6", "is a Windows machine"),
    ],
)
def test_what_takes_no_efa_is_told_with_the_reason(world: World, name: str, says: str) -> None:
    told = efa(world, name, "hpc-2")
    assert [says in line for line in told.impossible] == [True]
    assert told.instances == (), "nothing is planned of the others either"


def test_a_type_whose_primary_interface_is_the_efa_needs_a_launch(world: World) -> None:
    launch("hpc6id.32xlarge")
    told = efa(world, "new")
    assert (len(told.by_launch), told.impossible, told.instances) == (1, (), ())
    assert "hpc6id.32xlarge has to be the EFA" in told.by_launch[0]


def test_a_card_that_is_full_is_named(world: World) -> None:
    """hpc6a.48xlarge takes two interfaces at its only card (DescribeInstanceTypes)."""
    like = named("hpc-2")["SubnetId"]
    two = [{"DeviceIndex": number, "SubnetId": like} for number in (0, 1)]
    image = named("hpc-2")["ImageId"]
    made = client("ec2").run_instances(
        ImageId=image, InstanceType="hpc6a.48xlarge", MinCount=1, MaxCount=1, NetworkInterfaces=two
    )
    told = efa(world, made["Instances"][0]["InstanceId"])
    assert "no room for one more interface at network card 0" in told.impossible[0]


def test_instances_of_two_zones_are_told_apart(world: World) -> None:
    ec2 = client("ec2")
    far = ec2.create_subnet(
        VpcId=named("hpc-2")["VpcId"], CidrBlock="10.30.8.0/24", AvailabilityZone="us-east-1b"
    )["Subnet"]["SubnetId"]
    launch("c5n.18xlarge", SubnetId=far)
    assert "is in us-east-1b" in efa(world, "hpc-2", "new").apart[0]


def test_families_whose_efas_reach_only_their_own_type_are_named(world: World) -> None:
    launch("p4d.24xlarge")
    told = efa(world, "new", "hpc-2")
    assert [line.partition(" is a ")[2] for line in told.mixed] == ["p4d.24xlarge"]
    assert efa(world, "hpc-2", "hpc-3").mixed == ()


def test_where_no_agent_answers_the_driver_cannot_be_installed_nor_the_efa_proved(world: World) -> None:
    conditions(world.account).faults.lost_agents.add(named("hpc-2")["InstanceId"])
    told = efa(world, "hpc-2", "hpc-3")
    assert ([one[:5] for one in told.no_agent], told.proves) == (["hpc-2"], False)
    there = efa(world, "hpc-2", driver="there")
    assert (there.no_agent, there.installs, len(there.unproved)) == ((), (), 1)


def test_a_system_that_the_installer_does_not_know_is_named(world: World) -> None:
    launch("c5n.18xlarge", ImageId=named("hpc-1")["ImageId"])
    assert "Ubuntu 16.04" in efa(world, "new").no_package[0]


def test_nothing_is_read_of_what_is_not_wanted(world: World) -> None:
    reader, about = world.reader(), world.about()
    for fact in (
        TuneEfa(instances=("hpc-2",), wanted=False),
        TuneExpress(instances=("hpc-2",), wanted=False),
        TuneMtu(instances=("hpc-2",)),
    ):
        assert run_fetching(fact.read(about), reader) == fact.Result()
    assert reader.made == []


@pytest.mark.parametrize(
    ("fact", "source"),
    [
        (TuneEfa(instances=("hpc-2",), wanted=False, security_group="sg-1"), "efa_security_group"),
        (TuneEfa(instances=("hpc-2",), wanted=False, driver="there"), "efa_driver"),
        (TuneEfa(instances=("hpc-2",), wanted=False, installer="1.47.0"), "efa_installer"),
        (TuneExpress(instances=("hpc-2",), wanted=False, udp=True), "ena_express_udp"),
    ],
    ids=["group", "driver", "installer", "udp"],
)
def test_how_something_is_to_be_is_not_said_without_asking_for_it(world: World, fact: Fact, source: str) -> None:
    with pytest.raises(InvalidInput, match="asked for") as told:
        found(world, fact)
    assert source in str(told.value.diagnostics[0].where)


def test_a_version_of_the_installer_is_a_version(world: World) -> None:
    for wrong in ("1.47; rm -rf /", "../x", ""):
        with pytest.raises(InvalidInput, match="no version of the EFA installer"):
            efa(world, "hpc-2", installer=wrong)
    assert "aws-efa-installer-1.47.0.tar.gz" in "".join(efa(world, "hpc-2", installer="1.47.0").install)


def express(world: World, *names: str, **more: Any) -> ExpressFound:
    told = found(world, TuneExpress(instances=names, wanted=True, **more))
    assert isinstance(told, ExpressFound)
    return told


def test_ena_express_names_the_other_ends_that_do_not_have_it(world: World) -> None:
    told = express(world, "hpc-3")
    assert told.plain == (f"hpc-3 ({told.instances[0]}) is the only one: turn it on at the other end too",)
    for name in ("one", "two"):
        launch("c6in.32xlarge", name, Placement={"GroupName": "hpc"})
    told = express(world, "one", mtu=8900)
    assert [line.split(" ")[0] for line in told.plain] == ["hpc-1", "hpc-2", "two", "one"]
    assert (told.mtu, express(world, "one").mtu != ()) == ((), True)
    assert "c5n.18xlarge has none" in express(world, "hpc-2").unsupported[0]


def mtu(world: World, *names: str, **more: Any) -> MtuFound:
    told = found(world, TuneMtu(instances=names, **more))
    assert isinstance(told, MtuFound)
    return told


def test_an_mtu_is_held_against_every_way_out_of_the_subnet(world: World) -> None:
    ec2, node = client("ec2"), named("hpc-3")
    assert mtu(world, "hpc-3", mtu=9001).narrow == ()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=node["VpcId"])
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [node["VpcId"]]}])["RouteTables"]
    out = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_route(**out, GatewayId=gateway)
    assert mtu(world, "hpc-3", mtu=9001).narrow == (
        f"{node['SubnetId']} leads to the internet by {gateway}: 1500 bytes there",
    )
    assert mtu(world, "hpc-3", mtu=1500).narrow == ()


def test_an_mtu_is_set_only_where_it_is_known_how(world: World) -> None:
    told = mtu(world, "hpc-1", "hpc-3", "hpc-5", "hpc-6", mtu=8900)
    assert [line.split(" (")[0] for line in told.unknown] == ["hpc-1", "hpc-6"]
    assert "Ubuntu 16.04" in told.unknown[0]
    assert [line[:5] for line in told.no_agent] == ["hpc-5"]
    for wrong in (576, 9002):
        with pytest.raises(InvalidInput, match=f"1280 to 9001 bytes on EC2, not {wrong}"):
            mtu(world, "hpc-3", mtu=wrong)


def test_with_ena_express_a_packet_has_8900_bytes_at_most(world: World) -> None:
    assert mtu(world, "hpc-3", mtu=9001).too_wide == ()
    assert "which takes 8900" in mtu(world, "hpc-3", mtu=9001, express=True).too_wide[0]
    assert mtu(world, "hpc-3", mtu=8900, express=True).too_wide == ()


def test_what_somebody_launches_again_is_told_to_come_without_it(world: World) -> None:
    tags = [{"Key": "parallelcluster:cluster-name", "Value": "genomics"}]
    client("ec2").create_tags(Resources=[named("hpc-3")["InstanceId"]], Tags=tags)
    express = found(world, TuneExpress(instances=("hpc-3",), wanted=True))
    mtu = found(world, TuneMtu(instances=("hpc-3", "hpc-2"), mtu=8900))
    assert isinstance(express, ExpressFound)
    assert isinstance(mtu, MtuFound)
    assert [line.partition(": ")[2] for line in (*express.replaced, *mtu.replaced)] == [
        "what cluster genomics launches in its place has no ENA Express",
        "what cluster genomics launches in its place has no MTU of 8900",
    ]


def test_a_member_of_an_auto_scaling_group_is_launched_again_as_the_group_says() -> None:
    (line,) = launched_without([instance(HPC, auto_scaling_group="workers"), instance(HPC)], "ENA Express")
    assert line.endswith("what Auto Scaling group workers launches in its place has no ENA Express")


def test_an_efa_that_is_there_gets_its_driver_without_a_stop_where_that_is_asked_for(world: World) -> None:
    beside = {"SubnetId": named("hpc-2")["SubnetId"]}
    nics = [{"DeviceIndex": 0, **beside}, {"DeviceIndex": 1, "InterfaceType": "efa-only", **beside}]
    made = launch("c5n.18xlarge", NetworkInterfaces=nics)
    assert efa(world, "new").installs == ()
    told = efa(world, "new", driver="everywhere")
    assert (told.again, told.installs, told.instances, told.already) == ((made,), (made,), (), (f"new ({made})",))
    both = efa(world, "new", "hpc-3", driver="everywhere")
    assert (both.again, len(both.installs), len(both.instances)) == ((made,), 2, 1)
    plan = world.plan("tune-apply", {"instances": ["new"], "efa": True, "efa_driver": "everywhere"})
    assert [one.operation for one in plan.changes] == ["ssm.command", "ssm.command"]
