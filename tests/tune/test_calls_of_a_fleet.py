"""A fleet of a thousand instances is checked with calls that grow by pages (benchmarks/fleet.py has more)."""

import pytest

from benchmarks.fleet import from_inside, from_outside


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        (10, {"DescribeInstances": 1, "DescribeInstanceInformation": 1}),
        (1000, {"DescribeInstances": 1, "DescribeInstanceInformation": 20}),
        (3000, {"DescribeInstances": 3, "DescribeInstanceInformation": 60}),
    ],
)
def test_from_outside_only_instances_and_agents_are_more_pages(instances: int, expected: dict[str, int]) -> None:
    calls = from_outside(instances)
    once = {"ec2.DescribeInstanceTypes": 1, "ec2.DescribePlacementGroups": 1}
    services = {"DescribeInstances": "ec2", "DescribeInstanceInformation": "ssm"}
    assert calls == once | {f"{services[name]}.{name}": count for name, count in expected.items()}


@pytest.mark.parametrize(("instances", "commands"), [(50, 1), (51, 2), (1000, 20)])
def test_from_the_inside_it_is_a_command_for_fifty_and_a_page_of_answers_for_each(
    instances: int, commands: int
) -> None:
    assert from_inside(instances) == {"ssm.SendCommand": commands, "ssm.ListCommandInvocations": commands}
