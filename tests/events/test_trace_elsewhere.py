"""Steps to another Region, to log groups, and to delivery streams: each judged by what AWS asks for there."""

import pytest

from opsctl.events.delivery_graph import DeliveryEdge, DeliveryNode
from opsctl.events.edge_verdicts import EdgeKnowledge, edge_of
from opsctl.events.hops import Admission, Hop, ReadResource, Waypoint
from opsctl.events.regions import sns_principals, why_not_across
from opsctl.events.role_permissions import RoleAnswers
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, denied
from tests.kit.deliveries import SQS, Account, arn, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"


def in_region(region: str, policy_for: str) -> Account:
    """A topic with a queue in another Region, whose policy lets SNS in by a name."""
    made = Account()
    queue = arn("sqs", "orders", region=region)
    made.topic("shop", {"Protocol": "sqs", "Endpoint": queue})
    policy = lets(queue, policy_for, "sqs:SendMessage", arn("sns", "shop"))
    made.answers["sqs.GetQueueUrl orders"] = {"QueueUrl": f"{SQS}/orders"}
    made.answers[f"sqs.GetQueueAttributes {SQS}/orders"] = {"Attributes": {"QueueArn": queue, "Policy": policy}}
    return made


@pytest.mark.parametrize(
    ("region", "policy_for", "verdict"),
    [
        ("us-east-1", SNS, "delivers"),
        ("us-east-1", "sns.us-east-1.amazonaws.com", "blocked"),
        ("ap-east-1", SNS, "blocked"),
        ("ap-east-1", "sns.ap-east-1.amazonaws.com", "delivers"),
    ],
)
def test_a_queue_in_another_region_is_read_there_and_judged_by_the_name_of_sns(
    region: str, policy_for: str, verdict: str
) -> None:
    made = in_region(region, policy_for)
    found, reader = made.traced("topic:shop")
    assert [one.verdict for one in found.edges] == [verdict]
    assert {one.region for one in reader.made if one.service == "sqs"} == {region}
    assert "not followed: it is in" in found.nodes[1].notes[0]


@pytest.mark.parametrize(
    ("topic", "queue", "first"),
    [
        ("eu-west-1", "eu-west-1", "sns.amazonaws.com"),
        ("ap-east-1", "ap-east-1", "sns.amazonaws.com"),
        ("ap-east-1", "us-east-1", "sns.ap-east-1.amazonaws.com"),
        ("us-east-1", "ap-east-1", "sns.ap-east-1.amazonaws.com"),
    ],
)
def test_sns_has_another_name_from_and_to_regions_to_opt_into(topic: str, queue: str, first: str) -> None:
    assert sns_principals(topic, queue)[0] == first


@pytest.mark.parametrize(
    ("service", "here", "target", "says"),
    [
        (S3, "eu-west-1", arn("sqs", "q", region="us-east-1"), "only in the Region of the bucket"),
        (S3, "eu-west-1", arn("sqs", "q"), ""),
        (EVENTS, "eu-west-1", arn("lambda", "function:f", region="us-east-1"), "has to be in the rule's Region"),
        (EVENTS, "eu-west-1", arn("events", "event-bus/b", region="us-east-1"), ""),
        (
            SNS,
            "eu-west-1",
            arn("lambda", "function:f", region="ap-east-1"),
            "does not invoke functions of ap-east-1",
        ),
        (SNS, "eu-west-1", arn("lambda", "function:f", region="us-east-1"), ""),
        (SNS, "me-south-1", arn("sqs", "q", region="ap-east-1"), "both Regions to opt into"),
        (SNS, "cn-north-1", arn("sqs", "q", region="cn-northwest-1"), ""),
    ],
)
def test_which_service_does_not_deliver_to_another_region(service: str, here: str, target: str, says: str) -> None:
    found = why_not_across(service, here, target)
    assert (says in found, bool(found)) == (True, bool(says))


def test_a_notification_to_another_region_than_the_buckets_is_blocked() -> None:
    made = Account()
    queue = arn("sqs", "orders", region="us-east-1")
    made.bucket("uploads", QueueConfigurations=[{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}])
    made.answers["sqs.GetQueueUrl orders"] = {"QueueUrl": f"{SQS}/orders"}
    made.answers[f"sqs.GetQueueAttributes {SQS}/orders"] = {"Attributes": {"QueueArn": queue}}
    edge = made.edges("bucket:uploads")["orders"]
    assert (edge.verdict, edge.causes) == ("blocked", ("region",))


def test_the_own_name_of_sns_in_a_region_to_opt_into_is_in_doubt_there() -> None:
    topic, queue = arn("sns", "shop", region="ap-east-1"), arn("sqs", "orders", region="ap-east-1")
    policy = lets(queue, "sns.ap-east-1.amazonaws.com", "sqs:SendMessage", topic)
    edge = edge_of(
        DeliveryNode(arn=topic, kind="topic", name="shop"),
        Hop(to=Waypoint(arn=queue), by="subscription", service=SNS, on_behalf_of=topic),
        ReadResource(
            node=DeliveryNode(arn=queue, kind="queue", name="orders"),
            admission=Admission(action="sqs:SendMessage", policy=policy),
        ),
        EdgeKnowledge({}, RoleAnswers(), ACCOUNT, "ap-east-1"),
    )
    assert edge.verdict == "unknown"
    assert "sns.ap-east-1.amazonaws.com" in edge.why[0]


def logged(policy: Json) -> DeliveryEdge:
    """A rule whose target is a log group, in a Region with one policy of log groups."""
    made = Account()
    group = arn("logs", "log-group:/aws/events/paid")
    made.rule("paid", {"source": ["shop"]}, {"Id": "l", "Arn": group})
    made.answers["logs.DescribeLogGroups"] = {"logGroups": [{"logGroupName": "/aws/events/paid"}]}
    made.answers["logs.DescribeResourcePolicies"] = policy
    return made.edges("rule:paid")["/aws/events/paid"]


def test_eventbridge_writes_to_a_log_group_by_the_policies_of_the_region() -> None:
    group = arn("logs", "log-group:/aws/events/*:*")
    open_ = lets(group, EVENTS, "logs:PutLogEvents", arn("events", "rule/paid"))
    assert logged({"resourcePolicies": [{"policyDocument": open_}]}).verdict == "delivers"
    assert logged({"resourcePolicies": []}).causes == ("no-permission",)
    assert "log group's resource policy" in logged({"resourcePolicies": []}).why[0]
    assert logged(denied("logs.DescribeResourcePolicies")).verdict == "unknown"


def test_a_delivery_stream_is_sent_to_by_the_role_of_the_subscription() -> None:
    made = Account()
    stream = arn("firehose", "deliverystream/all")
    role = f"arn:aws:iam::{ACCOUNT}:role/to-firehose"
    made.topic("shop", {"Protocol": "firehose", "Endpoint": stream, "SubscriptionRoleArn": role})
    made.allow("to-firehose", ("firehose:PutRecord", stream))
    assert made.edges("topic:shop")["all"].verdict == "delivers"
    made.allow("to-firehose")
    assert made.edges("topic:shop")["all"].causes == ("no-permission",)
