"""The raw body of an answer is that of the answer, whoever looked at the client before."""

import boto3
import pytest

from opsctl.aws.whole import last_body, unknown_members, watch
from opsctl.model.reads import Read
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import World, client, fresh_world


def test_what_another_client_answered_before_is_not_taken_for_the_answer() -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    first, second = (boto3.client(name, region_name="us-east-1", **keys) for name in ("sqs", "wafv2"))
    watch(first)
    first.meta.events.emit("before-parse.sqs.ListQueues", response_dict={"body": b"{}"})
    assert last_body() == b"{}"
    watch(second)
    assert last_body() == b""


@pytest.mark.parametrize("service", ["wafv2", "cloudfront"])
def test_two_accounts_that_share_their_clients_each_see_their_own_answers(service: str) -> None:
    with fresh_world(seed_network) as one:
        found = client("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"]
        reads = {
            "cloudfront": Read(
                service="cloudfront", operation="GetDistributionConfig", params={"Id": found}, whole=True
            ),
            "wafv2": Read(service="wafv2", operation="ListWebACLs", params={"Scope": "REGIONAL"}, whole=True),
        }
        other = World(one.account)
        order = [reads.pop(service), *reads.values()]
        assert [one.aws.read(order[0]).refusal, other.aws.read(order[1]).refusal] == [None, None]
        assert other.aws.read(order[0]).refusal is None


def test_of_an_answer_of_ec2_only_what_its_members_do_not_have_is_unknown() -> None:
    ec2 = client("ec2")
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    versions = (
        "<launchTemplateVersionSet><item><versionNumber>1</versionNumber>{}</item></launchTemplateVersionSet>"
    )
    answer = (
        f'<DescribeLaunchTemplateVersionsResponse xmlns="{space}"><requestId>r-1</requestId>{versions}'
        "</DescribeLaunchTemplateVersionsResponse>"
    )

    def strangers(more: str) -> list[str]:
        return unknown_members(ec2, "DescribeLaunchTemplateVersions", answer.format(more).encode())

    assert strangers("") == []
    assert strangers("<requestId>x</requestId>") == ["launchTemplateVersionSet[].requestId"]


def test_the_items_of_a_list_of_s3_stand_in_its_place_and_are_known() -> None:
    s3 = client("s3")
    entry = "<Id>a</Id><Queue>q</Queue><Event>s3:ObjectCreated:*</Event>{}<Filter><S3Key>{}</S3Key></Filter>"
    rule = "<FilterRule><Name>Prefix</Name><Value>a</Value>{}</FilterRule>"
    answer = "<NotificationConfiguration><QueueConfiguration>{}</QueueConfiguration></NotificationConfiguration>"

    def strangers(beside: str, inside: str) -> list[str]:
        body = answer.format(entry.format(beside, rule.format(inside)))
        return unknown_members(s3, "GetBucketNotificationConfiguration", body.encode())

    assert strangers("", "") == []
    assert strangers("<New>1</New>", "") == ["QueueConfiguration[].New"]
    assert strangers("", "<New>1</New>") == ["QueueConfiguration[].Filter.S3Key.FilterRule[].New"]


def test_an_answer_of_sns_is_in_its_result_beside_what_is_about_the_request() -> None:
    answer = (
        '<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><GetTopicAttributesResult>'
        "<Attributes><entry><key>Policy</key><value>{{}}</value></entry></Attributes>{}</GetTopicAttributesResult>"
        "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetTopicAttributesResponse>"
    )

    def strangers(more: str) -> list[str]:
        return unknown_members(client("sns"), "GetTopicAttributes", answer.format(more).encode())

    assert strangers("") == []
    assert strangers("<New>1</New>") == ["New"]
