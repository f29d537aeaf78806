"""Every rule of the look before touching, on the shapes that real accounts have."""

import base64
import copy
import json

import pytest

from opsctl.ha.checks.preflight_finding import Kind
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.value import Json
from tests.kit.canned import denied, missing
from tests.kit.lone_instance import ID, INSTANCE, ROUTES, ids, look, look_read

ENI = INSTANCE["NetworkInterfaces"][0]


def type_info(**more: Json) -> dict[str, Json]:
    info = {"InstanceType": "m7i.large", "Hypervisor": "nitro", "InstanceStorageSupported": False}
    return {"ec2.DescribeInstanceTypes": {"InstanceTypes": [info | more]}}


def volumes(**more: Json) -> dict[str, Json]:
    root = {"VolumeId": "vol-root", "Size": 8, "VolumeType": "gp3"}
    return {"ec2.DescribeVolumes": {"Volumes": [root, {"VolumeId": "vol-data", "Size": 100} | more]}}


def test_an_ordinary_instance_needs_one_acceptance_and_three_rounds_of_reads() -> None:
    found, reader = look_read()
    assert (found.mode, ids(found, "block"), ids(found, "accept")) == ("asg", set(), {"root-disk"})
    assert ids(found, "carry") == {"subnets", "elastic-ip", "data-volumes"}
    assert ids(found, "unknown") == set()
    assert reader.rounds == 2, "the instance, then everything around it; nothing leads further here"
    assert found.group == "ha-legacy-web"
    assert found.subnets == ("subnet-a", "subnet-b")


PLACEMENT = INSTANCE["Placement"]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"State": {"Name": "stopped"}}, "not-running"),
        ({"InstanceLifecycle": "spot"}, "not-on-demand"),
        ({"RootDeviceType": "instance-store"}, "root-instance-store"),
        ({"Placement": PLACEMENT | {"Tenancy": "host", "HostId": "h-1"}}, "dedicated-host"),
        ({"OutpostArn": "arn:aws:outposts:eu-west-1:1:outpost/op-1"}, "outpost"),
        ({"Operator": {"Managed": True, "Principal": "eks"}}, "service-managed"),
        ({"Tags": [{"Key": "aws:autoscaling:groupName", "Value": "web"}]}, "in-group"),
    ],
)
def test_what_no_group_can_take_blocks_it(changes: dict[str, Json], verdict: str) -> None:
    assert ids(look(changes, mode="asg"), "block") == {verdict}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"Platform": "windows"}, "windows"),
        ({"SourceDestCheck": False}, "source-dest-check"),
        ({"NetworkInterfaces": [ENI, ENI | {"NetworkInterfaceId": "eni-2", "Attachment": {"DeviceIndex": 1}}]},
         "several-interfaces"),
        ({"NetworkInterfaces": [ENI | {"InterfaceType": "efa"}]}, "efa"),
        ({"NetworkInterfaces": [ENI | {"Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}]}]}, "ipv6"),
        ({"NetworkInterfaces": [ENI | {"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.16/28"}]}]}, "prefixes"),
        ({"NetworkInterfaces": [ENI | {"PrivateIpAddresses": [
            *ENI["PrivateIpAddresses"], {"Primary": False, "PrivateIpAddress": "10.0.0.11"}]}]},
         "secondary-addresses"),
    ],
)  # fmt: skip
def test_what_is_lost_with_a_replacement_has_to_be_accepted_by_name(
    changes: dict[str, Json], verdict: str
) -> None:
    found = look(changes)
    assert ids(found, "accept") == {"root-disk", verdict}
    row = next(one for one in found.verdicts if one.id == verdict)
    assert row.flag == f"--accept {verdict}" == row.words


def test_an_instance_in_a_group_is_known_from_the_group_too() -> None:
    members = {"AutoScalingInstances": [{"InstanceId": ID, "AutoScalingGroupName": "web"}]}
    found = look(answers={"autoscaling.DescribeAutoScalingInstances": members})
    assert ids(found, "block") == {"in-group"}
    assert "opsctl make-ha status web" in found.verdicts[0].named


def test_a_cluster_placement_group_blocks_and_a_spread_one_is_carried_over() -> None:
    placed = {"Placement": PLACEMENT | {"GroupName": "pg"}}
    cluster = {"ec2.DescribePlacementGroups": {"PlacementGroups": [{"GroupName": "pg", "Strategy": "cluster"}]}}
    spread = {"ec2.DescribePlacementGroups": {"PlacementGroups": [{"GroupName": "pg", "Strategy": "spread"}]}}
    assert ids(look(placed, cluster, mode="asg"), "block") == {"cluster-placement"}
    found = look(placed, spread)
    assert "placement-group" in ids(found, "carry")
    assert found.template["Placement"] == {"GroupName": "pg"}


def test_the_image_it_was_launched_from_must_exist_unless_a_new_instance_is_launched() -> None:
    gone = {"ec2.DescribeImages": missing("ec2.DescribeImages", "InvalidAMIID.NotFound")}
    assert ids(look(answers=gone, mode="asg"), "block") == {"image-gone"}
    assert ids(look(answers=gone, mode="asg", fresh=True), "block") == set()
    assert ids(look({"State": {"Name": "stopped"}}, fresh=True), "block") == set()


def test_twenty_volumes_are_all_taken_along_and_those_that_would_die_are_fixed() -> None:
    mappings = [INSTANCE["BlockDeviceMappings"][0]]
    told = [{"VolumeId": "vol-root", "Size": 8}]
    for number in range(20):
        device = f"/dev/sd{chr(ord('f') + number)}"
        ebs = {"VolumeId": f"vol-{number:02d}", "DeleteOnTermination": number == 3}
        mappings.append({"DeviceName": device, "Ebs": ebs})
        told.append({"VolumeId": f"vol-{number:02d}", "Size": 10, "VolumeType": "gp3"})
    found = look({"BlockDeviceMappings": mappings}, {"ec2.DescribeVolumes": {"Volumes": told}})
    assert len(found.data_volumes) == len(found.devices) == 20
    (fixed,) = [one for one in found.verdicts if one.kind == "fix"]
    assert (fixed.id, fixed.what) == ("delete-on-termination", "/dev/sdi would be deleted")
    assert len(found.tagging) == 22


PROTECTED = {"ec2.DescribeInstanceAttribute disableApiStop": {"DisableApiStop": {"Value": True}}}
ROOT_ONLY = {"BlockDeviceMappings": INSTANCE["BlockDeviceMappings"][:1]}


@pytest.mark.parametrize(
    ("changes", "asked", "kind", "verdict"),
    [
        ({}, {"mode": "asg"}, "block", "stop-protection"),
        ({}, {"mode": "standby"}, "block", "standby-stop-protection"),
        (ROOT_ONLY, {"mode": "standby"}, "block", "standby-stop-protection"),
        (ROOT_ONLY, {"mode": "asg", "fresh": True}, "block", "stop-protection"),
        (ROOT_ONLY, {"mode": "asg"}, "warn", "stop-protection"),
    ],
)
def test_an_instance_that_would_have_to_be_stopped_must_not_be_protected_from_it(
    changes: dict[str, Json], asked: dict[str, Json], kind: Kind, verdict: str
) -> None:
    found = look(changes, PROTECTED, **asked)
    assert verdict in ids(found, kind)
    if kind == "block":
        (row,) = [one for one in found.verdicts if one.kind == "block"]
        assert f"aws ec2 modify-instance-attribute --instance-id {ID} --no-disable-api-stop" in row.named
    assert "stop-protection" not in " ".join(ids(look(changes, PROTECTED, mode="recover"), "block"))


def test_a_protected_instance_is_recovered_in_place_where_the_mode_is_left_open() -> None:
    found = look(answers=PROTECTED)
    assert (found.mode, "stop protection is on" in found.mode_reason) == ("recover", True)


@pytest.mark.parametrize(
    ("volume", "verdict"),
    [
        ({"MultiAttachEnabled": True}, "multi-attach"),
        ({"ProductCodes": [{"ProductCodeId": "p"}]}, "marketplace-volume"),
    ],
)
def test_a_volume_that_cannot_be_moved_blocks(volume: dict[str, Json], verdict: str) -> None:
    assert ids(look(answers=volumes(**volume), mode="asg"), "block") == {verdict}


def test_a_volume_that_is_not_described_is_not_taken_for_one_without_a_key() -> None:
    alone = {"ec2.DescribeVolumes": {"Volumes": [{"VolumeId": "vol-root", "Size": 8}]}}
    assert ids(look(answers=alone, mode="asg"), "block") == {"volume-unreadable"}


def test_an_instance_store_is_lost_in_either_mode() -> None:
    stored = type_info(InstanceStorageSupported=True, InstanceStorageInfo={"TotalSizeInGB": 474})
    assert "instance-store" in ids(look(answers=stored), "accept")
    assert "instance-store-recover" in ids(look(answers=stored, mode="recover"), "accept")


def test_a_customer_key_on_the_root_volume_is_granted_unless_it_is_already() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/k"
    root = {"VolumeId": "vol-root", "Size": 8, "Encrypted": True, "KmsKeyId": key}
    told = {
        "ec2.DescribeVolumes": {"Volumes": [root, {"VolumeId": "vol-data", "KmsKeyId": key}]},
        "kms.DescribeKey": {"KeyMetadata": {"KeyManager": "CUSTOMER"}},
        "kms.ListGrants": {"Grants": []},
    }
    found = look(answers=told)
    assert "root-key" in ids(found, "fix")
    assert found.root_keys[0].principal.endswith("AWSServiceRoleForAutoScaling")
    assert found.kms_keys == (key,)
    granted = {"kms.ListGrants": {"Grants": [{"GranteePrincipal": found.root_keys[0].principal}]}}
    assert look(answers=told | granted).root_keys == ()
    aws_key = {"kms.DescribeKey": {"KeyMetadata": {"KeyManager": "AWS"}}}
    assert (look(answers=told | aws_key).root_keys, look(answers=told | aws_key).kms_keys) == ((), ())


def test_everything_that_names_the_private_address_is_told() -> None:
    group = {"TargetGroupArn": "arn:tg:targetgroup/by-ip/1", "VpcId": "vpc-1", "TargetType": "ip"}
    rule = {"IpPermissions": [{"IpRanges": [{"CidrIp": "10.0.0.10/32"}]}], "GroupId": "sg-db"}
    tables = copy.deepcopy(ROUTES)
    tables[0]["Routes"].append({"DestinationCidrBlock": "10.9.0.0/16", "NetworkInterfaceId": "eni-1"})
    record = {"Name": "db.internal.", "Type": "A", "ResourceRecords": [{"Value": "10.0.0.10"}]}
    found = look(
        answers={
            "elbv2.DescribeTargetGroups": {"TargetGroups": [group]},
            "elbv2.DescribeTargetHealth": {"TargetHealthDescriptions": [{"Target": {"Id": "10.0.0.10"}}]},
            "ec2.DescribeSecurityGroups": {"SecurityGroups": [rule]},
            "ec2.DescribeRouteTables": {"RouteTables": tables},
            "route53.ListHostedZonesByVPC": {"HostedZoneSummaries": [{"HostedZoneId": "Z1"}]},
            "route53.ListResourceRecordSets": {"ResourceRecordSets": [record]},
        }
    )
    (told,) = [one.what for one in found.verdicts if one.id == "private-address"]
    for part in ("target group by-ip", "sg-db", "rtb-1", "db.internal"):
        assert part in told


def test_target_groups_are_carried_over_and_their_health_check_counts() -> None:
    group = {"TargetGroupArn": "arn:tg:targetgroup/web/1", "VpcId": "vpc-1", "TargetType": "instance"}
    health = {"TargetHealthDescriptions": [{"Target": {"Id": ID, "Port": 8080}}]}
    found = look(
        answers={"elbv2.DescribeTargetGroups": {"TargetGroups": [group]}, "elbv2.DescribeTargetHealth": health}
    )
    assert [(one.name, one.port) for one in found.target_groups] == [("web", 8080)]
    assert found.health_checks == ("EBS", "ELB")
    process = [one.time for one in found.outlook if (one.failure, one.mode) == ("process", "asg")]
    assert process == ["5 to 15 minutes, by the load balancer's check"]
    assert look(answers=registered("draining")).target_groups == (), "it has been taken out already"


def registered(state: str, port: int = 80) -> dict[str, Json]:
    group = {"TargetGroupArn": "arn:tg:targetgroup/web/1", "VpcId": "vpc-1", "TargetType": "instance", "Port": 80}
    target = {"Target": {"Id": ID, "Port": port}, "TargetHealth": {"State": state}}
    return {
        "elbv2.DescribeTargetGroups": {"TargetGroups": [group]},
        "elbv2.DescribeTargetHealth": {"TargetHealthDescriptions": [target]},
    }


def test_an_instance_that_fails_its_checks_now_would_be_replaced_and_has_to_be_accepted() -> None:
    assert "unhealthy-now" not in ids(look(answers=registered("healthy")), "accept")
    found = look(answers=registered("unhealthy"))
    (told,) = [one.what for one in found.verdicts if one.id == "unhealthy-now"]
    assert told == "it fails the health check of web now"
    assert "unhealthy-now" not in ids(look(answers=registered("unhealthy"), fresh=True), "accept")
    impaired = {"InstanceId": ID, "SystemStatus": {"Status": "ok"}, "InstanceStatus": {"Status": "impaired"}}
    found = look(answers={"ec2.DescribeInstanceStatus": {"InstanceStatuses": [impaired]}})
    (told,) = [one.what for one in found.verdicts if one.id == "unhealthy-now"]
    assert told == "it fails AWS's instance status check now"


def test_a_target_on_another_port_than_its_group_s_blocks_for_a_group_registers_that_port_only() -> None:
    found = look(answers=registered("healthy", port=8080), mode="asg")
    (told,) = [one.what for one in found.verdicts if one.kind == "block"]
    assert told == "it is registered with web on port 8080, whose own port is 80"


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ops"


@pytest.mark.parametrize(
    ("statement", "warned"),
    [
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}}, False),
        ({"Principal": "*"}, False),
        ({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789012"}}}, True),
        ({"Principal": {"Service": "events.amazonaws.com"},
          "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({"Principal": {"Service": "cloudwatch.amazonaws.com"}}, True),
    ],
)  # fmt: skip
def test_a_topic_is_reached_by_eventbridge_only_without_a_condition(
    statement: dict[str, Json], warned: bool
) -> None:
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sns:Publish", **statement}]})
    found = look(answers={"sns.GetTopicAttributes": {"Attributes": {"Policy": policy}}}, topic=TOPIC)
    assert ("topic-policy" in ids(found, "warn")) is warned


def test_a_topic_that_keeps_order_is_not_taken() -> None:
    with pytest.raises(InvalidInput, match="FIFO"):
        look(topic=f"{TOPIC}.fifo")


def test_more_tags_than_a_group_takes_block() -> None:
    def tagged(count: int) -> dict[str, Json]:
        return {"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(count)]}

    assert ids(look(tagged(49), mode="asg"), "block") == {"tags"}
    assert ids(look(tagged(48), mode="asg"), "block") == set()


def test_a_customer_key_of_a_data_volume_is_told_for_its_policy_has_to_let_the_handler_in() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/k"
    told = volumes(KmsKeyId=key) | {"kms.ListGrants": {"Grants": []}}
    customer = look(answers=told | {"kms.DescribeKey": {"KeyMetadata": {"KeyManager": "CUSTOMER"}}})
    aws_own = look(answers=told | {"kms.DescribeKey": {"KeyMetadata": {"KeyManager": "AWS"}}})
    assert ("data-key" in ids(customer, "warn"), "data-key" in ids(aws_own, "warn")) == (True, False)


def test_alarms_that_act_on_the_instance_have_to_be_accepted_in_every_mode() -> None:
    alarm = {"AlarmName": "old-recover", "Dimensions": [{"Name": "InstanceId", "Value": ID}]}
    other = {"AlarmName": "other", "Dimensions": [{"Name": "InstanceId", "Value": "i-2"}]}
    swf = "arn:aws:swf:eu-west-1:123456789012:action/actions/"
    older = look(answers={f"cloudwatch.DescribeAlarms {swf}": {"MetricAlarms": [alarm]}})
    assert "acting-alarms" in ids(older, "accept"), "the console used to make actions of this kind"
    answers = {"cloudwatch.DescribeAlarms": {"MetricAlarms": [alarm, other]}}
    for mode in ("asg", "recover"):
        found = look(answers=answers, mode=mode)
        (told,) = [one.what for one in found.verdicts if one.id == "acting-alarms"]
        assert told == "alarm actions target it: old-recover"


def test_user_data_is_known_by_its_digest_alone() -> None:
    secret = base64.b64encode(b"#!/bin/sh\nexport TOKEN=hunter2\n").decode()
    found = look(answers={"ec2.DescribeInstanceAttribute userData": {"UserData": {"Value": secret}}})
    assert found.has_user_data
    assert len(found.user_data_sha256) == 64
    assert secret not in found.model_dump_json()
    assert "hunter2" not in found.model_dump_json()
    assert not look().has_user_data


@pytest.mark.parametrize("read", ["elbv2.DescribeTargetGroups", "cloudwatch.DescribeAlarms", "ec2.DescribeImages"])
def test_what_could_not_be_read_is_unknown_and_shown(read: str) -> None:
    found = look(answers={read: denied(read, "UnauthorizedOperation")})
    rows = [one for one in found.verdicts if one.kind == "unknown"]
    assert {one.why for one in rows} == {f"UnauthorizedOperation at {read}"}


def test_what_could_not_be_read_names_the_thing_it_is_about() -> None:
    group = {"TargetGroupArn": "arn:tg:targetgroup/web/1", "VpcId": "vpc-1", "TargetType": "instance"}
    read = "elbv2.DescribeTargetHealth"
    found = look(answers={"elbv2.DescribeTargetGroups": {"TargetGroups": [group]}, read: denied(read)})
    (row,) = [one for one in found.verdicts if one.kind == "unknown"]
    assert (row.words, row.what) == ("not readable", "whether it is registered with target group web")


CREDITS = "ec2.DescribeInstanceCreditSpecifications"


@pytest.mark.parametrize(
    ("type_", "told", "asked"),
    [
        ("t3.medium", type_info(BurstablePerformanceSupported=True), True),
        ("trn1.2xlarge", type_info(BurstablePerformanceSupported=False), False),
        ("t3.medium", {"ec2.DescribeInstanceTypes": denied("ec2.DescribeInstanceTypes")}, True),
        ("trn1.2xlarge", {"ec2.DescribeInstanceTypes": denied("ec2.DescribeInstanceTypes")}, False),
    ],
)
def test_cpu_credits_are_asked_for_only_where_the_type_earns_them(
    type_: str, told: dict[str, Json], asked: bool
) -> None:
    unlimited = {CREDITS: {"InstanceCreditSpecifications": [{"CpuCredits": "unlimited"}]}}
    found, reader = look_read({"InstanceType": type_}, told | unlimited)
    assert (CREDITS in reader.apis()) is asked
    assert ("CreditSpecification" in found.template) is asked


def test_a_plan_is_not_made_without_what_it_needs() -> None:
    with pytest.raises(FactUnknown, match="DescribeVolumes"):
        look(answers={"ec2.DescribeVolumes": denied("ec2.DescribeVolumes")})


def test_an_elastic_ip_on_another_interface_keeps_its_place() -> None:
    second = ENI | {
        "NetworkInterfaceId": "eni-2",
        "Attachment": {"DeviceIndex": 1},
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.1.5"},
                               {"Primary": False, "PrivateIpAddress": "10.0.1.6"}],
    }  # fmt: skip
    address = {"AllocationId": "eipalloc-2", "PublicIp": "203.0.113.11", "NetworkInterfaceId": "eni-2"}
    found = look(
        {"NetworkInterfaces": [second, ENI], "PublicIpAddress": None},
        {"ec2.DescribeAddresses": {"Addresses": [address | {"PrivateIpAddress": "10.0.1.6"}]}},
    )
    assert [(one.device_index, one.private_index) for one in found.addresses] == [(1, 1)]


def test_an_instance_that_is_not_there_or_not_alone_gets_one_clear_line() -> None:
    nothing = {"ec2.DescribeInstances": missing("ec2.DescribeInstances", "InvalidInstanceID.NotFound")}
    with pytest.raises(InvalidInput, match="there is no instance"):
        look(answers=nothing)
    dead = {"InstanceId": ID, "State": {"Name": "terminated"}}
    with pytest.raises(InvalidInput, match="has been terminated"):
        look(answers={"ec2.DescribeInstances": {"Reservations": [{"Instances": [dead]}]}})
    twice = {"ec2.DescribeInstances": {"Reservations": [{"Instances": [INSTANCE, INSTANCE]}]}}
    with pytest.raises(InvalidInput, match="2 instances are named"):
        look(answers=twice, instance="web")
    with pytest.raises(InvalidInput, match="the topic is in us-east-1"):
        look(topic="arn:aws:sns:us-east-1:123456789012:ops")
