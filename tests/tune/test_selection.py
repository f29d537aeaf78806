"""Which instances are meant, in as few calls as EC2 allows."""

from typing import Any

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.tune.selection import Selection


def asked(**given: object) -> list[dict[str, list[str]]]:
    reads = Selection.model_validate(given).reads("us-east-1")
    filters = [{one["Name"]: one["Values"] for one in read.params["Filters"]} for read in reads]
    assert all(one.pop("instance-state-name") for one in filters)
    return filters


def test_ids_and_names_are_asked_for_apart() -> None:
    id_ = "i-0123456789abcdef0"
    assert asked(instances=[id_, "web-*"]) == [{"instance-id": [id_]}, {"tag:Name": ["web-*"]}]


def test_a_thousand_ids_are_five_calls() -> None:
    assert [len(one["instance-id"]) for one in asked(instances=[f"i-{n:017x}" for n in range(1000)])] == [200] * 5


def test_a_cluster_is_one_of_parallelcluster_or_of_eks() -> None:
    assert asked(cluster="genomics") == [
        {"tag:parallelcluster:cluster-name": ["genomics"]},
        {"tag:eks:cluster-name": ["genomics"]},
    ]


def test_tags_and_groups_add_up() -> None:
    assert asked(tags=["team=hpc", "note=a=b"], group="workers") == [
        {"tag:team": ["hpc"]},
        {"tag:note": ["a=b"]},
        {"tag:aws:autoscaling:groupName": ["workers"]},
    ]


def test_everything_is_one_call() -> None:
    assert asked(all=True) == [{}]


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, "instances"),
        ({"all": True, "group": "g"}, "all"),
        ({"tags": ["team"]}, "tags"),
        ({"tags": ["=x"]}, "tags"),
    ],
)
def test_what_names_nothing_or_too_much_is_refused(given: dict[str, object], source: str) -> None:
    with pytest.raises(InvalidInput) as told:
        asked(**given)
    assert told.value.diagnostics[0].where.source == source


@pytest.mark.parametrize(
    ("given", "source"),
    [({"instances": ("x*",)}, "instances"), ({"group": "g"}, "group"), ({"cluster": "c"}, "cluster"), ({}, "all")],
    ids=["named", "group", "cluster", "all"],
)
def test_what_nothing_meets_is_said_of_the_option_that_it_was_asked_by(given: dict[str, Any], source: str) -> None:
    error = Selection(**{"all": not given, **given}).nothing_found()
    assert [one.where and one.where.source for one in error.diagnostics] == [source]
