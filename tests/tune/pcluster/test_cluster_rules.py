"""The rules of EFA and placement, as ParallelCluster's validators have them."""

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.tune.pcluster.checked import check_cluster, named_there
from opsctl.tune.pcluster.cluster_file import parse_cluster
from opsctl.tune.pcluster.cluster_rules import findings_of
from opsctl.tune.surroundings import Surroundings, parse_self_ruled
from tests.tune.pcluster.files import BLOCK, HEAD, KNOWN, QUEUES, read

QUEUE = """\
  SlurmQueues:
    - Name: q
      {queue}
      Networking: {{SubnetIds: [{subnets}]{networking}}}
      ComputeResources:
        - {{Name: r, InstanceType: {type}{resource}}}
"""


def file(**given: str) -> str:
    parts = {"queue": "CapacityType: ONDEMAND", "subnets": "subnet-1", "networking": "", "resource": ""}
    return HEAD + QUEUE.format(**{**parts, "type": "c5n.18xlarge", **given})


def ids(text: str, around: Surroundings | None = KNOWN) -> list[str]:
    return [f"{one.level} {one.id}" for one in findings_of(parse_cluster(read(text), "f"), around)]


EFA = ", Efa: {Enabled: true}"
GROUP = ", PlacementGroup: {Enabled: true}"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"resource": EFA, "networking": GROUP}, []),
        ({"resource": EFA}, ["error placement-group-implicit"]),
        ({"resource": EFA, "networking": ", PlacementGroup: {}"}, ["error placement-group-implicit"]),
        ({"resource": EFA, "networking": ", PlacementGroup: {Enabled: no}"}, ["warning placement-group-off"]),
        ({"resource": EFA, "networking": ", PlacementGroup: {Name: mine}"}, []),
        (
            {"resource": EFA, "networking": ", PlacementGroup: {Name: mine, Id: mine}"},
            ["error placement-group-name-and-id"],
        ),
        (
            {"resource": EFA, "networking": ", PlacementGroup: {Name: mine, Enabled: false}"},
            ["error placement-group-named-off"],
        ),
        ({"resource": f"{EFA}, Networking: {{PlacementGroup: {{Enabled: true}}}}"}, []),
        ({"resource": EFA, "networking": GROUP, "type": "t3.micro"}, ["error efa-type"]),
        ({"networking": GROUP}, ["warning efa-off"]),
        ({"type": "t3.micro"}, []),
        (
            {"resource": EFA, "networking": GROUP, "subnets": "subnet-1, subnet-3"},
            ["error efa-several-subnets", "error placement-group-several-subnets"],
        ),
        ({"subnets": "subnet-1, subnet-3"}, []),
        ({"resource": ", Efa: {GdrSupport: true}", "type": "t3.micro"}, ["error gdr-without-efa"]),
        ({"resource": ", Efa: {Enabled: true, GdrSupport: true}", "networking": GROUP}, ["note gdr-no-effect"]),
        ({"resource": EFA, "networking": f"{GROUP}, AssignPublicIp: true"}, ["error efa-public-ip"]),
        ({"resource": EFA, "networking": GROUP, "subnets": "subnet-2"}, ["error efa-public-ip"]),
        ({"type": "t3.micro", "networking": ", AssignPublicIp: true"}, []),
        ({"resource": EFA, "networking": f"{GROUP}, SecurityGroups: [sg-open]"}, ["error efa-security-group"]),
        (
            {
                "resource": EFA,
                "networking": f"{GROUP}, SecurityGroups: [sg-open], AdditionalSecurityGroups: [sg-self]",
            },
            [],
        ),
        ({"resource": EFA, "networking": f"{GROUP}, SecurityGroups: [sg-9]"}, ["unknown security-group-unknown"]),
        ({"resource": EFA, "queue": "CapacityType: CAPACITY_BLOCK"}, []),
        (
            {"resource": EFA, "queue": "CapacityType: CAPACITY_BLOCK", "networking": GROUP},
            ["warning capacity-block-group"],
        ),
        ({"resource": EFA, "queue": "CapacityType: SPOT", "networking": GROUP}, ["note efa-spot"]),
        ({"type": "x9.odd"}, ["unknown types-unknown"]),
    ],
    ids=lambda value: "-" if isinstance(value, dict) else (" ".join(value) or "nothing"),
)
def test_a_queue_is_judged_as_parallelcluster_judges_it(given: dict[str, str], found: list[str]) -> None:
    assert ids(file(**given)) == found


def test_the_one_interface_of_older_clusters_may_have_a_public_address() -> None:
    text = file(resource=EFA, networking=f"{GROUP}, AssignPublicIp: true")
    assert ids(f"{text}DevSettings: {{EfaInterfaceType: efa}}\n") == []


def test_without_ec2_nothing_is_said_about_types() -> None:
    assert ids(file(resource=EFA, networking=GROUP), None) == ["unknown types-unknown"]
    assert ids(file(type="t3.micro"), None) == ["unknown types-unknown"]


def test_what_the_file_names_is_what_is_asked_for() -> None:
    text = file(networking=", SecurityGroups: [sg-2], AdditionalSecurityGroups: [sg-1]")
    assert named_there(parse_cluster(read(text), "f")) == (("c5n.18xlarge",), ("subnet-1",), ("sg-1", "sg-2"))


def test_a_group_is_fit_for_efa_only_with_both_ways_open_to_itself() -> None:
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-a"}]}]
    world = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}]
    answer = {
        "SecurityGroups": [
            {"GroupId": "sg-a", "IpPermissions": itself, "IpPermissionsEgress": itself},
            {"GroupId": "sg-b", "IpPermissions": itself, "IpPermissionsEgress": itself},
            {"GroupId": "sg-c", "IpPermissions": world, "IpPermissionsEgress": world},
        ]
    }
    assert parse_self_ruled(answer) == {"sg-a": True, "sg-b": False, "sg-c": False}


def test_efa_is_put_on_where_it_is_wanted_with_its_placement_group() -> None:
    text = BLOCK.replace("Enabled: true", "Enabled: false")
    found, new = check_cluster(text, "f", read, ["hpc/big"], KNOWN)
    assert [one.id for one in found.findings if one.mended] == ["efa-off"]
    assert ids(new) == []


def test_of_all_only_what_takes_an_efa_gets_one() -> None:
    text = QUEUES.replace("    Efa: {Enabled: true, GdrSupport: true}   # belongs below\n", "")
    _, new = check_cluster(text, "f", read, ["all"], KNOWN)
    one, two = parse_cluster(read(new), "f").queues
    assert [resource.efa_on for resource in (*one.resources, *two.resources)] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "wanted", "around", "said"),
    [
        (BLOCK, "big", KNOWN, "no queue or compute resource is called 'big'; there is all, hpc"),
        (BLOCK, "hpc", None, "hpc/big: EC2 knows whether c5n.18xlarge takes an EFA: add --look-up"),
        (BLOCK, "hpc", Surroundings(), "hpc/big: EC2 did not say whether c5n.18xlarge takes an EFA"),
        (QUEUES, "two", KNOWN, "two/c: t3.micro takes no EFA"),
        (file(subnets="subnet-1, subnet-2"), "q", KNOWN, "q/r: the queue has 2 subnets"),
        (file(networking=", AssignPublicIp: true"), "q", KNOWN, "q/r: with EFA a node gets no public address"),
    ],
    ids=["name", "not asked", "not said", "type", "subnets", "public"],
)
def test_an_impossible_efa_is_refused_by_name(
    text: str, wanted: str, around: Surroundings | None, said: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_cluster(text, "f", read, [wanted], around)
    assert said in caught.value.summary
    assert caught.value.diagnostics[0].where.source == "--efa"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\n", 1, "not the file of a ParallelCluster 3 cluster"),
        ("Build: {}\nImage: {}\n", 1, "not the file of a ParallelCluster 3 cluster"),
        (HEAD, 6, "there are no SlurmQueues"),
        (file(resource=", Efa: yes"), 13, "Efa has to be keys and values"),
        (file(resource=", Efa: {Enabled: 3}"), 13, "Enabled has to be true or false, not 3"),
        (file(resource=", Efa: {enabled: true}"), 13, "has no key 'enabled'"),
        (file(networking=", PlacementGroup: "), 11, "PlacementGroup has to be keys and values, and is missing"),
        (file(networking=", PlacementGroup: {Strategy: cluster}"), 11, "has no key 'Strategy'"),
        (HEAD + "  SlurmQueues: {Name: q}\n", 8, "SlurmQueues has to be a list"),
        (HEAD + "  SlurmQueues:\n    - Name: q\n      Networking:\n", 10, "Networking has to be keys and values"),
    ],
    ids=["other", "image", "no queues", "kind", "number", "case", "empty", "key", "no list", "no networking"],
)
def test_what_is_no_cluster_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_cluster(read(text), "cluster.yaml")
    fault = caught.value.diagnostics[0]
    assert said in fault.summary
    assert (fault.where.source, fault.where.line) == ("cluster.yaml", line)


def test_a_group_of_the_queue_is_judged_once_however_many_resources_there_are() -> None:
    networking = ", PlacementGroup: {Name: mine, Id: mine}"
    several = file(networking=networking, type="t3.micro").replace(
        "        - {Name: r, ", "        - {Name: s, InstanceType: t3.micro}\n        - {Name: r, "
    )
    assert ids(several) == ["error placement-group-name-and-id"]


def test_what_ec2_did_not_say_although_it_was_asked_is_told_otherwise() -> None:
    (asked,) = findings_of(parse_cluster(read(file(type="x9.odd")), "f"), KNOWN)
    assert asked.fix == "look for a name that EC2 does not know in this Region"
