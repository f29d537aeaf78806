"""Who reaches a cache, by rules of security groups, and what is known of nodes and answers."""

import pytest

from opsctl.caches.cache_names import parse_cache
from opsctl.caches.elasticache_nodes import CacheNodes, find_nodes
from opsctl.caches.node_answers import NodeAnswer, parse_answers, parse_primaries
from opsctl.caches.not_flushed import typed_instead
from opsctl.caches.reaching import Reach, find_reach, who_reaches
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.kit.canned import Canned, denied, drive

CACHE = CacheNodes(
    name="sessions", engine="redis", seeds=("primary.x/6379",), groups=("sg-cache",), subnet_group="g"
)
OUT = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def answers(rule: dict[str, Json], **more: Canned) -> dict[str, Canned]:
    """An instance of group sg-app at 10.0.0.9, and a cache with one rule in its VPC."""
    instance = {
        "InstanceId": "i-0123456789abcdef0",
        "VpcId": "vpc-1",
        "PrivateIpAddress": "10.0.0.9",
        "State": {"Name": "running"},
        "SecurityGroups": [{"GroupId": "sg-app"}],
        "Tags": [{"Key": "Name", "Value": "admin"}],
    }
    groups = [
        {"GroupId": "sg-cache", "IpPermissions": [rule]},
        {"GroupId": "sg-app", "IpPermissionsEgress": OUT},
    ]
    agent = {"InstanceId": instance["InstanceId"], "PingStatus": "Online", "PlatformType": "Linux"}
    return {
        "ec2.DescribeInstances": {"Reservations": [{"Instances": [instance]}]},
        "ssm.DescribeInstanceInformation": {"InstanceInformationList": [agent]},
        "ec2.DescribeSecurityGroups": {"SecurityGroups": groups},
        "elasticache.DescribeCacheSubnetGroups": {"CacheSubnetGroups": [{"VpcId": "vpc-1"}]},
        **{name.replace("_", "."): value for name, value in more.items()},
    }


def reach(rule: dict[str, Json], **more: Canned) -> Reach:
    """What is judged of it."""
    found, _ = drive(find_reach("admin", CACHE), answers(rule, **more))
    assert isinstance(found, Reach)
    return found


def rule(
    source: dict[str, Json], *, first: int = 6379, last: int = 6379, protocol: str = "tcp"
) -> dict[str, Json]:
    """A rule of the cache's group."""
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **source}


GROUP = {"UserIdGroupPairs": [{"GroupId": "sg-app"}]}


@pytest.mark.parametrize(
    "one",
    [
        rule(GROUP),
        rule({"IpRanges": [{"CidrIp": "10.0.0.0/24"}]}),
        rule({"IpRanges": [{"CidrIp": "10.0.0.9/32"}]}, first=0, last=65535),
        {"IpProtocol": "-1", **GROUP},
    ],
)
def test_a_rule_for_its_group_or_its_address_lets_it_in(one: dict[str, Json]) -> None:
    assert (reach(one).refused, reach(one).unknown) == ((), ())


@pytest.mark.parametrize(
    "one",
    [
        rule({"UserIdGroupPairs": [{"GroupId": "sg-other"}]}),
        rule({"IpRanges": [{"CidrIp": "10.0.1.0/24"}]}),
        rule(GROUP, first=6380, last=6400),
        rule(GROUP, protocol="udp"),
    ],
)
def test_any_other_rule_does_not(one: dict[str, Json]) -> None:
    assert reach(one).refused == ("no rule of sg-cache lets it in on port 6379",)


def test_a_prefix_list_may_let_it_in_and_that_is_said() -> None:
    found = reach(rule({"PrefixListIds": [{"PrefixListId": "pl-1"}]}))
    assert found.refused == ()
    assert "prefix list" in found.unknown[0]


def test_another_vpc_no_agent_and_what_may_not_be_read() -> None:
    found = reach(
        rule(GROUP),
        elasticache_DescribeCacheSubnetGroups={"CacheSubnetGroups": [{"VpcId": "vpc-2"}]},
        ssm_DescribeInstanceInformation={"InstanceInformationList": []},
    )
    assert [one.split(":")[0] for one in found.refused] == [
        "Systems Manager does not know it",
        "it is in vpc-1, the cache in vpc-2",
    ]
    found = reach(rule(GROUP), ec2_DescribeSecurityGroups=denied("ec2.DescribeSecurityGroups"))
    assert (found.refused, len(found.unknown)) == ((), 1)


def test_a_windows_machine_cannot_run_the_script() -> None:
    agent = {"PingStatus": "Online", "PlatformType": "Windows"}
    found = reach(rule(GROUP), ssm_DescribeInstanceInformation={"InstanceInformationList": [agent]})
    assert "Windows" in found.refused[0]


NODES = """nodes
07c3 10.0.0.1:6379@1122,node-1.x myself,master - 0 0 1 connected 0-5460
67ed 10.0.0.2:6379@1122 slave 07c3 0 1 4 connected
292f node-2.x.cache.amazonaws.com:6379@1122 master - 0 1 2 connected 5461-10922 [5461->-07c3]
6ec2 [fail]:0 master,fail - 0 1 3 disconnected
824f 2600:1f14::9:6380@1122 master,fail? - 0 1 5 disconnected 10923-16383
"""


def test_primaries_are_those_that_have_slots_whatever_their_address_and_state() -> None:
    assert parse_primaries(NODES) == ["10.0.0.1/6379", "2600:1f14::9/6380", "node-2.x.cache.amazonaws.com/6379"]
    assert parse_primaries("nodes\nNOAUTH Authentication required.\n") == []
    assert parse_primaries("nodes\n07c3 :0@0 master,noaddr - 0 0 1 disconnected 0-100\n") == []


def test_lines_that_are_no_answers_are_none() -> None:
    said = "refused a/1 items b/2 9\nitems a/1 3\nflushed b/2 4 1\nitems c/3 x\n"
    assert parse_answers(said) == [
        NodeAnswer(node="a/1", before=3),
        NodeAnswer(node="b/2", before=4, after=1, flushed=True),
    ]


def test_what_a_person_types_instead_has_the_real_endpoint_and_no_password() -> None:
    said = typed_instead(CACHE.model_copy(update={"tls": True, "auth": True}))
    assert said.endswith("redis-cli -h primary.x -p 6379 --tls --askpass FLUSHALL ASYNC")
    said = typed_instead(CACHE.model_copy(update={"cluster": True}))
    assert said.endswith("redis-cli --cluster call primary.x:6379 FLUSHALL ASYNC --cluster-only-masters")


def test_machines_that_a_rule_names_by_their_group_are_suggested() -> None:
    found, reader = drive(who_reaches(CACHE), answers(rule(GROUP)))
    assert found == ("i-0123456789abcdef0 (admin)",)
    assert "such as i-0123456789abcdef0 (admin); by hand" in typed_instead(CACHE, found)
    (asked,) = (one.params["Filters"] for one in reader.made if one.operation == "DescribeInstances")
    assert asked[0] == {"Name": "instance.group-id", "Values": ["sg-app"]}
    assert drive(who_reaches(CACHE), answers(rule(GROUP, first=1, last=2)))[0] == ()
    refused = answers(rule(GROUP), ec2_DescribeSecurityGroups=denied("ec2.DescribeSecurityGroups"))
    assert drive(who_reaches(CACHE), refused)[0] == ()


def test_a_node_of_a_group_and_a_name_of_another_engine_are_wrong_input() -> None:
    told = {"CacheClusters": [{"CacheClusterId": "a-001", "Engine": "redis", "ReplicationGroupId": "a"}]}
    missing: dict[str, Canned] = {
        "elasticache.DescribeReplicationGroups": _missing("DescribeReplicationGroups"),
        "elasticache.DescribeCacheClusters": told,
    }
    with pytest.raises(InvalidInput, match="node of replication group a"):
        drive(find_nodes(parse_cache("redis:a-001", "target")), missing)
    told["CacheClusters"][0].pop("ReplicationGroupId")
    with pytest.raises(InvalidInput, match="is of redis"):
        drive(find_nodes(parse_cache("memcached:a-001", "target")), missing)


def _missing(operation: str) -> Canned:
    from opsctl.model.reads import RefusalKind
    from tests.kit.ports import refusal

    return refusal(RefusalKind.MISSING, "ReplicationGroupNotFoundFault", f"elasticache.{operation}")
