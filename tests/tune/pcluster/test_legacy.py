"""A file of version 2 is understood: each setting of the network, and what it becomes."""

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.tune.pcluster.legacy import is_legacy, parse_legacy
from tests.tune.pcluster.files import BLOCK

QUEUES = """\
[global]
cluster_template = prod

[cluster prod]
scheduler = slurm            ; no other
base_os = alinux2
queue_settings = one, two

[queue one]
compute_resource_settings = big
enable_efa = true
enable_efa_gdr = true
placement_group = DYNAMIC

[queue two]
compute_type = spot
placement_group = mine
compute_resource_settings = small

[compute_resource big]
instance_type = c5n.18xlarge
[compute_resource small]
instance_type = c5.large
[cluster other]
scheduler = slurm
"""
ONE = """\
[aws]
aws_region_name = us-east-1
[cluster default]
scheduler = sge
cluster_type = spot
compute_instance_type = c5n.18xlarge
enable_efa = compute
"""


def told(text: str) -> list[tuple[int, str, str, str]]:
    return [(one.line, one.key, one.part, one.becomes) for one in parse_legacy(text, "config").settings]


def test_settings_of_queues_go_to_their_queues() -> None:
    queue = "Scheduling.SlurmQueues[{}]".format
    assert told(QUEUES) == [
        (5, "scheduler", "Scheduling.Scheduler", "slurm"),
        (6, "base_os", "Image.Os", "alinux2, or a newer one"),
        (11, "enable_efa", f"{queue(0)}.ComputeResources[].Efa.Enabled", "true"),
        (12, "enable_efa_gdr", "", "nothing: GPUDirect has been on by itself since 3.0.2"),
        (13, "placement_group", f"{queue(0)}.Networking.PlacementGroup.Enabled", "true"),
        (16, "compute_type", f"{queue(1)}.CapacityType", "SPOT"),
        (17, "placement_group", f"{queue(1)}.Networking.PlacementGroup.Name", "mine"),
        (21, "instance_type", f"{queue(0)}.ComputeResources[0].InstanceType", "c5n.18xlarge"),
        (23, "instance_type", f"{queue(1)}.ComputeResources[0].InstanceType", "c5.large"),
    ]
    assert parse_legacy(QUEUES, "config").cluster == "prod"


def test_a_cluster_without_queues_becomes_one_queue_and_what_is_gone_is_said() -> None:
    assert [(key, part) for _, key, part, _ in told(ONE)] == [
        ("scheduler", "Scheduling.Scheduler"),
        ("cluster_type", "Scheduling.SlurmQueues[0].CapacityType"),
        ("compute_instance_type", "Scheduling.SlurmQueues[0].ComputeResources[0].InstanceType"),
        ("enable_efa", "Scheduling.SlurmQueues[].ComputeResources[].Efa.Enabled"),
    ]
    assert parse_legacy(ONE, "config").wrong == (
        "scheduler sge is gone: move the jobs to Slurm or AWS Batch first",
        "EFA without placement_group: version 3 wants PlacementGroup.Enabled said, true or false",
    )


def test_a_setting_at_both_places_and_a_queue_that_is_not_there_are_wrong() -> None:
    text = QUEUES.replace("base_os = alinux2", "enable_efa = compute").replace("one, two", "one, two, three")
    assert parse_legacy(text, "config").wrong == (
        "[cluster prod] enable_efa together with that of queue one: leave those of the queues",
        "[cluster prod] queue_settings names three, and there is no such section",
    )


def test_a_version_3_file_is_none() -> None:
    assert is_legacy(QUEUES)
    assert not is_legacy(BLOCK)
    assert not is_legacy("[1, 2]\n")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\n[cluster x]\n", 1, "before the first section"),
        ("[cluster x]\na = 1\na = 2\n", 3, "[cluster x] a stands there twice"),
        ("[cluster x]\n[cluster x]\n", 2, "[cluster x] stands there twice"),
        ("[cluster x]\n\nwhat is this\n", 3, "neither a section nor a setting"),
        ("[global]\ncluster_template = x\n", 1, "it has no [cluster ...] section"),
    ],
    ids=["before", "key twice", "section twice", "garbage", "no cluster"],
)
def test_a_bad_file_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_legacy(text, "config")
    (fault,) = caught.value.diagnostics
    assert said in fault.summary
    assert (fault.where.source, fault.where.line) == ("config", line)
