"""Which subnets are chosen, which mode, and what goes into the launch template."""

import pytest

from opsctl.model.value import Json
from tests.kit.lone_instance import ID, INSTANCE, ROUTES, ids, look


def subnets(*rows: tuple[str, str, int]) -> dict[str, Json]:
    listed = [
        {"SubnetId": id_, "AvailabilityZone": zone, "AvailableIpAddressCount": free} for id_, zone, free in rows
    ]
    return {"ec2.DescribeSubnets": {"Subnets": listed}}


HERE = ("subnet-a", "eu-west-1a", 200)


def test_one_subnet_a_zone_is_chosen_the_roomiest_and_the_current_one_first() -> None:
    found = look(
        answers=subnets(
            ("subnet-b1", "eu-west-1b", 20),
            HERE,
            ("subnet-b2", "eu-west-1b", 200),
            ("subnet-a2", "eu-west-1a", 250),
        )
    )
    assert found.subnets == ("subnet-a", "subnet-b2")
    assert found.zones == ("eu-west-1a", "eu-west-1b")


def test_a_zone_without_the_instance_type_without_room_or_routed_otherwise_is_no_place() -> None:
    private = {
        "RouteTableId": "rtb-2",
        "Associations": [{"SubnetId": "subnet-c"}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}],
    }
    tables = [*ROUTES, private]
    found = look(
        answers=subnets(
            HERE,
            ("subnet-b", "eu-west-1b", 2),
            ("subnet-c", "eu-west-1c", 200),
            ("subnet-d", "eu-west-1d", 200),
            ("subnet-l", "eu-west-1-lhr-1a", 200),
        )
        | {"ec2.DescribeRouteTables": {"RouteTables": tables}},
        mode="asg",
    )
    assert ids(found, "block") == {"one-zone"}
    told = found.verdicts[0].named
    assert "2 free addresses" in told
    assert "a NAT gateway, here it is an internet gateway" in told
    assert "not offered" in told


def test_subnets_given_are_checked_and_must_include_the_current_zone() -> None:
    assert look(subnets=["subnet-b", "subnet-a"]).subnets == ("subnet-a", "subnet-b")
    for given, words in (
        (["subnet-b"], "none of them is in eu-west-1a"),
        (["subnet-a", "subnet-x"], "subnet-x is not in vpc-1"),
    ):
        found = look(subnets=given, mode="asg")
        assert ids(found, "block") == {"subnets"}
        assert words in found.verdicts[0].named
    assert ids(look(subnets=["subnet-a"], mode="asg"), "block") == {"one-zone"}


def test_a_different_network_acl_is_a_warning() -> None:
    acls = [
        {"NetworkAclId": f"acl-{n}", "Associations": [{"SubnetId": s}]}
        for n, s in enumerate(("subnet-a", "subnet-b"))
    ]
    assert "subnet-difference" in ids(look(answers={"ec2.DescribeNetworkAcls": {"NetworkAcls": acls}}), "warn")


def test_the_mode_is_a_group_unless_one_is_not_possible_and_recovery_is() -> None:
    assert (look().mode, look(mode="recover").mode) == ("asg", "recover")
    spot = look({"InstanceLifecycle": "spot"})
    assert (spot.mode, spot.mode_reason) == ("recover", "a group is not possible: it is a spot instance")
    assert ids(spot, "block") == set()
    assert look({"InstanceLifecycle": "spot"}, rpo_s=3600).mode == "asg", "snapshots exist only with a group"
    unsupported = {"InstanceTypes": [{"AutoRecoverySupported": False, "InstanceStorageSupported": False}]}
    neither = look({"InstanceLifecycle": "spot"}, {"ec2.DescribeInstanceTypes": unsupported})
    assert (neither.mode, ids(neither, "block")) == ("asg", {"not-on-demand"})
    assert ids(look(answers={"ec2.DescribeInstanceTypes": unsupported}, mode="recover"), "block") == {
        "recover-unsupported"
    }


def test_a_standby_is_in_another_zone_and_can_be_told_from_the_instance() -> None:
    found = look(mode="standby")
    assert (found.mode, found.standby, found.asg, ids(found, "block")) == ("standby", True, False, set())
    assert found.standby_instance.interface["SubnetId"] in found.subnets[1:]
    assert found.standby_instance.tags["Name"] == "legacy web standby"
    assert found.standby_instance.tags["opsctl:ha-role"] == "standby"
    roles = {one.resource: one.tags.get("opsctl:ha-role") for one in found.tagging}
    assert roles[ID] == "primary"
    assert [one.tags for one in look(mode="asg").tagging if one.resource == ID] == [{"opsctl:ha": found.group}]


@pytest.mark.parametrize(
    ("name", "next_one"),
    [
        ("web", "web standby"),
        ("web standby", "web standby 2"),
        ("web standby 2", "web standby 3"),
        ("web twin", "web standby 2"),
        ("web twin 2", "web standby 3"),
    ],
)
def test_each_standby_of_a_name_has_a_name_of_its_own(name: str, next_one: str) -> None:
    found = look({"Tags": [{"Key": "Name", "Value": name}]}, mode="standby")
    assert found.standby_instance.tags["Name"] == next_one


def test_a_standby_is_refused_where_it_could_not_take_over() -> None:
    assert ids(look(mode="standby", fresh=True), "block") == {"standby-fresh"}
    many = {"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(47)]}
    assert ids(look(many, mode="standby"), "block") == {"standby-tags"}
    assert "no-address" in ids(look(answers={"ec2.DescribeAddresses": {"Addresses": []}}, mode="standby"), "warn")


def test_the_template_carries_what_makes_the_instance_and_nothing_that_belongs_to_this_one() -> None:
    profile = {"Arn": "arn:aws:iam::123456789012:instance-profile/web"}
    role = {"InstanceProfile": {"Roles": [{"Arn": "arn:aws:iam::123456789012:role/web"}]}}
    found = look({"IamInstanceProfile": profile}, {"iam.GetInstanceProfile": role})
    assert found.template == {
        "InstanceType": "m7i.large",
        "KeyName": "ops",
        "EbsOptimized": True,
        "IamInstanceProfile": profile,
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "Monitoring": {"Enabled": False},
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "Groups": ["sg-1"], "DeleteOnTermination": True, "AssociatePublicIpAddress": True}
        ],
        "TagSpecifications": [
            {"ResourceType": "network-interface", "Tags": [{"Key": "opsctl:ha", "Value": "ha-legacy-web"}]}
        ],
    }
    assert found.roles == ("arn:aws:iam::123456789012:role/web",)
    text = str(found.template)
    for part in ("subnet-", "eni-", "10.0.0.10", "eu-west-1a", "vol-", "State"):
        assert part not in text


def test_an_instance_without_a_public_address_gets_none_from_a_generous_subnet() -> None:
    nobody: dict[str, Json] = {"ec2.DescribeAddresses": {"Addresses": []}}
    assert (
        look({"PublicIpAddress": None}, nobody).template["NetworkInterfaces"][0]["AssociatePublicIpAddress"]
        is False
    )


def test_chosen_cpu_options_are_kept_and_the_type_s_own_left_to_aws() -> None:
    usual = {"DefaultCores": 4, "DefaultThreadsPerCore": 2}
    types = {"ec2.DescribeInstanceTypes": {"InstanceTypes": [{"InstanceType": "m7i.2xlarge", "VCpuInfo": usual}]}}
    chosen = {"CoreCount": 4, "ThreadsPerCore": 1}
    assert look({"CpuOptions": chosen}, types).template["CpuOptions"] == chosen
    assert "CpuOptions" not in look({"CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 2}}, types).template
    secret = {"CoreCount": 4, "ThreadsPerCore": 2, "AmdSevSnp": "enabled"}
    assert look({"CpuOptions": secret}, types).template["CpuOptions"] == {"AmdSevSnp": "enabled"}


def test_a_subnet_without_ipv6_is_no_place_for_an_instance_that_has_it() -> None:
    nic = INSTANCE["NetworkInterfaces"][0] | {"Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}]}
    old = subnets(HERE, ("subnet-b", "eu-west-1b", 200))
    found = look({"NetworkInterfaces": [nic]}, old, mode="asg")
    assert ids(found, "block") == {"one-zone"}
    assert "no IPv6" in found.verdicts[0].named
    given = look({"NetworkInterfaces": [nic]}, old, mode="asg", subnets=["subnet-a", "subnet-b"])
    assert "no IPv6" in given.verdicts[0].named


def test_tags_of_aws_are_not_handed_on() -> None:
    tags = [*INSTANCE["Tags"], {"Key": "aws:cloudformation:stack-name", "Value": "s"}]
    assert look({"Tags": tags}).instance_tags == {
        "Name": "legacy web",
        "team": "shop",
        "opsctl:ha": "ha-legacy-web",
    }


def test_the_outlook_tells_a_bound_on_lost_data_only_when_it_was_accepted() -> None:
    def zone(**asked: Json) -> tuple[str, str]:
        (row,) = [one for one in look(**asked).outlook if (one.failure, one.mode) == ("zone", "asg")]
        return row.time, row.loss

    assert zone()[1] == "none"
    assert zone(allow_data_loss_s=7200, rpo_s=3600)[1].startswith("at most 2 hours, usually up to 1 hour")
    assert "if somebody else makes snapshots" in zone(allow_data_loss_s=7200)[1]


def test_costs_are_told_by_kind_and_quantity() -> None:
    costs = {one.item: one.quantity for one in look(rpo_s=3600).costs}
    assert costs["EBS snapshots"] == "changed blocks of 1 volume(s), 100 GiB, every 1 hour; the last 48 kept"
    assert "43,800" in costs["Lambda"]
    assert {one.item for one in look(mode="recover").costs} == {"CloudWatch alarms", "SNS"}


def test_concurrency_is_reserved_only_where_the_account_has_room() -> None:
    small = {"lambda.GetAccountSettings": {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}}
    assert (look().concurrency, look(answers=small).concurrency) == (1, 0)
    assert "overlapping-runs" in ids(look(answers=small), "warn"), "and that runs may overlap is told"
    assert "overlapping-runs" not in ids(look(), "warn") | ids(look(answers=small, mode="recover"), "warn")


def test_an_account_that_launches_replacements_first_is_told() -> None:
    listed: dict[str, Json] = {"Settings": [{"Name": "launchBeforeTerminate", "Value": "true"}]}
    found = look(answers={"autoscaling.DescribeAccountSettings": listed})
    assert "launch-before-terminate" in ids(found, "warn")
    assert "launch-before-terminate" not in ids(look(), "warn")
