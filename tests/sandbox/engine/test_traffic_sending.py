"""Requests through the sandbox, and what boto3 is told of them afterwards."""

import datetime
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.s3.models import s3_backends

from opsctl.sandbox.attack import Attack, Attacked
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.traffic_sending import attack
from opsctl.sandbox.worlds.seeding import seed_network
from opsctl.sandbox.worlds.traffic_logs import FLOWS, WAF, make_logs
from tests.kit.block_targets import balancer
from tests.kit.moto_account import World, client, fresh_world

BAD = "198.51.100.200"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network, make_logs) as made:
        yield made


def send(world: World, address: str, target: str, requests: int = 6, **more: Any) -> Attacked:
    asked = Attack(address=address, target=target, requests=requests, **more)
    return attack(world.account, REGION, client, conditions(world.account), asked)


def direct_acl() -> dict[str, Any]:
    wafv2 = client("wafv2")
    (found,) = [one for one in wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"] if one["Name"] == "direct-acl"]
    return dict(found)


def samples(metric: str, most: int = 500, hours: float = 1) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    window = {"StartTime": now - datetime.timedelta(hours=hours), "EndTime": now + datetime.timedelta(minutes=1)}
    arn = direct_acl()["ARN"]
    found: dict[str, Any] = client("wafv2").get_sampled_requests(
        WebAclArn=arn, RuleMetricName=metric, Scope="REGIONAL", TimeWindow=window, MaxItems=most
    )
    return found


def lines(group: str) -> list[str]:
    return [one["message"] for one in client("logs").filter_log_events(logGroupName=group)["events"]]


def test_a_web_acl_refuses_what_its_ip_set_has_and_lets_the_rest_through(world: World) -> None:
    assert send(world, BAD, "direct.example.com").by == {"web ACL direct-acl rule known-scanners": 6}
    assert send(world, "203.0.113.9", "direct.example.com").passed == 6
    found = samples("known-scanners")
    assert (found["PopulationSize"], {one["Action"] for one in found["SampledRequests"]}) == (6, {"BLOCK"})
    assert {one["Request"]["ClientIP"] for one in samples("Default_Action")["SampledRequests"]} == {"203.0.113.9"}


def test_metrics_count_each_rule_and_all_and_the_log_has_the_fields_of_aws(world: World) -> None:
    send(world, BAD, "direct.example.com", agent='ev"il\n')
    now = datetime.datetime.now(datetime.UTC)
    for rule in ("known-scanners", "ALL"):
        (point,) = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/WAFV2",
            MetricName="BlockedRequests",
            Dimensions=[
                {"Name": "WebACL", "Value": "direct-acl"},
                {"Name": "Rule", "Value": rule},
                {"Name": "Region", "Value": REGION},
            ],
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        assert point["Sum"] == 6
    told = [json.loads(line) for line in lines(WAF)]
    assert {(one["action"], one["terminatingRuleId"], one["httpSourceName"]) for one in told} == {
        ("BLOCK", "known-scanners", "ALB")
    }
    assert told[0]["httpSourceId"].startswith(f"{world.account}-app/direct-alb/")
    assert {one["httpRequest"]["clientIp"] for one in told} == {BAD}


def test_a_deny_in_a_network_acl_is_a_reject_in_the_flow_log_and_reaches_no_web_acl(world: World) -> None:
    ec2 = client("ec2")
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "tag:Name", "Values": ["direct"]}])["NetworkAcls"]
    deny = {"RuleNumber": 10, "Protocol": "-1", "RuleAction": "deny", "Egress": False, "CidrBlock": f"{BAD}/32"}
    ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], **deny)
    done = send(world, BAD, "direct.example.com", 7)
    assert done.by == {f"{acl['NetworkAclId']} inbound rule 10": 7}
    flows = [line.split() for line in lines(FLOWS)]
    assert {(one[3], one[12], one[13]) for one in flows} == {(BAD, "REJECT", "OK")}
    assert len({one[2] for one in flows}) == 2
    assert samples("known-scanners")["PopulationSize"] == 0


def test_an_outbound_deny_lets_the_request_in_and_rejects_the_answer(world: World) -> None:
    ec2 = client("ec2")
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "tag:Name", "Values": ["public-shared"]}])["NetworkAcls"]
    deny = {"RuleNumber": 10, "Protocol": "-1", "RuleAction": "deny", "Egress": True, "CidrBlock": f"{BAD}/32"}
    ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], **deny)
    send(world, BAD, "legacy.example.com", 1)
    assert sorted(line.split()[12] + " " + line.split()[3] for line in lines(FLOWS)) == [
        f"ACCEPT {BAD}",
        f"REJECT {lines(FLOWS)[0].split()[4]}",
    ]


def test_behind_cloudfront_the_load_balancer_sees_cloudfront_and_the_client_in_a_header(world: World) -> None:
    assert send(world, "2001:db8::7", "www.example.com", forwarded="1.1.1.1").passed == 6
    flows = {line.split()[3] for line in lines(FLOWS)}
    assert flows == {"130.176.88.17"}


def test_a_network_load_balancer_lets_its_targets_see_the_client(world: World) -> None:
    assert send(world, BAD, "api.example.com", 4).passed == 4
    assert len({line.split()[2] for line in lines(FLOWS)}) == 4


def test_a_rate_based_rule_refuses_what_is_too_much(world: World) -> None:
    done = send(world, "203.0.113.9", "direct.example.com", 2010)
    assert done.by == {"web ACL direct-acl rule rate": 10}


def test_samples_are_of_three_hours_five_hundred_at_most_and_of_rules_that_there_are(world: World) -> None:
    wafv2 = client("wafv2")
    send(world, BAD, "direct.example.com", 600)
    found = samples("known-scanners", 500)
    assert (len(found["SampledRequests"]), found["PopulationSize"]) == (500, 600)
    for metric, most, hours in (("known-scanners", 501, 1), ("known-scanners", 5, 4)):
        with pytest.raises(wafv2.exceptions.WAFInvalidParameterException):
            samples(metric, most, hours)
    with pytest.raises(wafv2.exceptions.WAFNonexistentItemException):
        samples("nobody")


def test_an_access_log_is_written_where_the_load_balancer_keeps_one(world: World) -> None:
    client("s3").create_bucket(Bucket="alb-logs")
    client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=balancer("direct-alb"),
        Attributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": "alb-logs"},
        ],
    )
    send(world, BAD, "direct-alb", 2, path='/a"b', agent="x\ny")
    (kept,) = client("s3").list_objects_v2(Bucket="alb-logs")["Contents"]
    text = gzip.decompress(client("s3").get_object(Bucket="alb-logs", Key=kept["Key"])["Body"].read()).decode()
    assert len(text.splitlines()) == 2
    assert f" {BAD}:40000 " in text
    assert " 403 - " in text
    s3_backends[world.account]["aws"].reset()  # moto keeps a file open for each object


def test_a_name_that_nothing_answers_to_is_said(world: World) -> None:
    assert send(world, BAD, "nobody.example.com") == Attacked(arrived=False)
