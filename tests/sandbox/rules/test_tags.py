"""Tags: AWS's limits on them where moto has none, and who knows of the tags of AWS WAF."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of
from tests.kit.moto_account import World, client, fresh_world
from tests.sandbox.rules.test_rules import ip_set


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def made(name: str, scope: str = "REGIONAL") -> str:
    return str(client("wafv2").create_ip_set(**ip_set(name, scope=scope))["Summary"]["ARN"])


def tag_set(arn: str, **tags: str) -> None:
    client("wafv2").tag_resource(
        ResourceARN=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_an_ip_set_takes_fifty_tags_and_one_more_is_refused_whole(world: World) -> None:
    arn = made("full")
    tag_set(arn, **{f"k{number}": "" for number in range(49)})
    with pytest.raises(ClientError) as refused:
        tag_set(arn, a="", b="")
    assert code(refused) == "WAFLimitsExceededException"
    tag_set(arn, a="", k0="again")
    found = client("wafv2").list_tags_for_resource(ResourceARN=arn, Limit=100)["TagInfoForResource"]["TagList"]
    assert len(found) == 50


@pytest.mark.parametrize("value", ["a, b", 'say "no"', "#1", "x" * 257], ids=["comma", "quotes", "hash", "long"])
def test_a_value_that_waf_does_not_take_is_refused(world: World, value: str) -> None:
    with pytest.raises(ClientError) as refused:
        tag_set(made("set"), why=value)
    assert code(refused) == "WAFInvalidParameterException"


def test_a_set_that_is_not_there_cannot_be_tagged(world: World) -> None:
    arn = made("set")
    with pytest.raises(ClientError) as refused:
        tag_set(arn[:-2] + "00", why="x")
    assert code(refused) == "WAFNonexistentItemException"


@pytest.mark.parametrize(("key", "value"), [("k" * 128, "v"), ("k", "v" * 257)], ids=["key", "value"])
def test_ec2_bounds_keys_and_values(world: World, key: str, value: str) -> None:
    with pytest.raises(ClientError) as refused:
        client("ec2").create_tags(Resources=[acl_of("edge-a")], Tags=[{"Key": key, "Value": value}])
    assert code(refused) == "InvalidParameterValue"


def test_the_tagging_api_knows_the_tags_of_waf_in_both_scopes(world: World) -> None:
    sets = {made(f"set-{scope}", scope) for scope in ("REGIONAL", "CLOUDFRONT")}
    for arn in sets:
        tag_set(arn, **{"opsctl.block": "here"})
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = pages.paginate(ResourceTypeFilters=["wafv2"], TagFilters=[{"Key": "opsctl.block"}])
    arns = {one["ResourceARN"] for page in found for one in page["ResourceTagMappingList"]}
    assert arns == sets


def test_a_distribution_takes_the_tags_that_cloudfront_takes_and_is_found_by_them(world: World) -> None:
    cloudfront = client("cloudfront")
    (arn, *_) = [one["ARN"] for one in cloudfront.list_distributions()["DistributionList"]["Items"]]

    def tag(*tags: tuple[str, str]) -> None:
        items = [{"Key": key, "Value": value} for key, value in tags]
        cloudfront.tag_resource(Resource=arn, Tags={"Items": items})

    tag(("opsctl:block/a", "KP until=never"))
    found = client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["cloudfront"])
    assert arn in [one["ResourceARN"] for one in found["ResourceTagMappingList"]]
    for tags in (
        [("a", "x" * 257)],
        [("k" * 129, "")],
        [("a", "x#y")],
        [(f"k{number}", "") for number in range(51)],
    ):
        with pytest.raises(ClientError, match="InvalidTagging"):
            tag(*tags)
    with pytest.raises(ClientError, match="NoSuchResource"):
        cloudfront.tag_resource(Resource=arn + "X", Tags={"Items": [{"Key": "a", "Value": ""}]})
