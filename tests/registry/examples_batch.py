"""Examples of what is done to a compute environment of AWS Batch."""

from opsctl.model.value import Json
from tests.kit.moto_account import client
from tests.kit.worker_groups import ENVIRONMENT, make_environment
from tests.registry.example import Example, Stage


def _template(_: Stage) -> dict[str, Json]:
    used = _resources()["launchTemplate"]["launchTemplateId"]
    client("ec2").create_launch_template_version(LaunchTemplateId=used, LaunchTemplateData={"EbsOptimized": True})
    return {
        "environment": ENVIRONMENT,
        "template": used,
        "before": "1",
        "version": "2",
        "why": "instances are launched with EFAs",
    }


def _with_group(stage: Stage) -> dict[str, Json]:
    groups = _resources()["securityGroupIds"]
    found = client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"][0]
    made = client("ec2").create_security_group(GroupName="efa", Description="of EFAs", VpcId=found["VpcId"])
    assert made["GroupId"]
    return _template(stage) | {"groups": groups, "group": "efa", "vpc": found["VpcId"]}


def _placement(_: Stage) -> dict[str, Json]:
    return {"environment": ENVIRONMENT, "placement_group": "near", "why": "jobs run on several nodes"}


def _elsewhere(_: Stage) -> dict[str, Json]:
    before = {"placementGroup": "far"}
    client("batch").update_compute_environment(computeEnvironment=ENVIRONMENT, computeResources=before)
    return {"environment": ENVIRONMENT, "before": "far", "placement_group": "near", "why": "it is nearer"}


def _resources() -> Json:
    return client("batch").describe_compute_environments()["computeEnvironments"][0]["computeResources"]


def _seed(clients: object) -> None:
    make_environment(clients)  # type: ignore[arg-type]


EXAMPLES: dict[str, Example] = {
    "tune.batch_placement": Example(given=_placement, seeds=(_seed,)),
    "tune.batch_placement, of another": Example(given=_elsewhere, seeds=(_seed,)),
    "tune.batch_template": Example(given=_template, seeds=(_seed,)),
    "tune.batch_template, with a group": Example(given=_with_group, seeds=(_seed,)),
}
