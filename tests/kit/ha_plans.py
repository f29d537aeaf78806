"""Plans of make-ha over canned answers: the same ids, clock and account every time."""

from collections.abc import Mapping

from opsctl.catalog import find_plugins
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from tests.kit.canned import ABOUT, Canned, CannedReader, missing
from tests.kit.lone_instance import ANSWERS, ID, INSTANCE
from tests.kit.moto_account import shipped

NOTHING_MADE_YET: dict[str, Canned] = {
    "sns.ListTagsForResource": missing("sns.ListTagsForResource", "ResourceNotFound"),
    "sqs.GetQueueUrl": missing("sqs.GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue"),
    "iam.GetRole": missing("iam.GetRole", "NoSuchEntity"),
    "lambda.GetFunction": missing("lambda.GetFunction", "ResourceNotFoundException"),
    "events.DescribeRule": missing("events.DescribeRule", "ResourceNotFoundException"),
    "logs.DescribeLogGroups": {"logGroups": []},
    "dlm.GetLifecyclePolicies": {"Policies": []},
    "ec2.DescribeTags": {"Tags": []},
    "ec2.DescribeLaunchTemplates": {"LaunchTemplates": []},
    "autoscaling.DescribeAutoScalingGroups": {"AutoScalingGroups": []},
}


def ha_plan(
    inputs: Mapping[str, Json] | None = None,
    *,
    changes: Mapping[str, Json] | None = None,
    answers: Mapping[str, Canned] | None = None,
    accept: tuple[str, ...] = (),
) -> Plan:
    """Plan make-ha for the lone instance, with some of its members and some answers replaced."""
    instance = INSTANCE | dict(changes or {})
    table = {"ec2.DescribeInstances": {"Reservations": [{"Instances": [instance]}]}, **ANSWERS}
    table |= {**NOTHING_MADE_YET, **(answers or {})}
    loaded = shipped("make-ha")
    return make_plan(
        loaded,
        parse_inputs(loaded.playbook.inputs, {"instance": ID, **(inputs or {})}, source={}),
        about=ABOUT,
        reader=CannedReader(table),
        registry=find_plugins(),
        overrides=accept,
        now=1_790_000_000.0,
    )
