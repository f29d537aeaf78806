"""Examples of the actions that make one thing of one service, which users' own playbooks are made of."""

import base64

from opsctl.model.value import Json
from tests.kit.functions import TRUST, function, queue, role, zipped
from tests.kit.lifecycle import TARGET, lifecycle_role
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage

_IDLE = "def lambda_handler(event, context):\n    return None\n"
_CPU = {"namespace": "AWS/EC2", "metric": "CPUUtilization", "dimensions": {"InstanceId": "i-1"}}


def _alarm(_: Stage) -> dict[str, Json]:
    return _CPU | {"alarm": "busy", "why": "it tells of a busy instance"}


def _metric(stage: Stage) -> dict[str, Json]:
    datum = {"MetricName": "Orders", "Dimensions": [{"Name": "Shop", "Value": "1"}], "Value": 1.0}
    client("cloudwatch").put_metric_data(Namespace="shop", MetricData=[datum])
    stage.move(120)
    return {"namespace": "shop", "metric": "Orders", "dimensions": {"Shop": "1"}, "why": "the alarm needs data"}


def _policy(_: Stage) -> dict[str, Json]:
    who = {"tag": TARGET["Key"], "value": TARGET["Value"], "role": lifecycle_role()}
    return who | {"every_h": 1, "why": "backups"}


def _policies() -> Json:
    return client("dlm").get_lifecycle_policies()["Policies"]


def _rule(_: Stage) -> dict[str, Json]:
    return {
        "rule": "nightly",
        "schedule": "rate(1 day)",
        "target": function(_IDLE),
        "dead_letter": queue("dead")[1],
        "why": "it cleans up",
    }


def _role(_: Stage) -> dict[str, Json]:
    allowed = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    return {"role": "worker", "trust": TRUST, "policy": policy, "why": "the function runs as it"}


def _grant(_: Stage) -> dict[str, Json]:
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    return {"key": key, "principal": role("launcher"), "grant": "launches", "why": "root disks are encrypted"}


def _function(_: Stage) -> dict[str, Json]:
    return {
        "function": "resize",
        "role": role("resize"),
        "zip_base64": base64.b64encode(zipped(_IDLE)).decode(),
        "handler": "handler.lambda_handler",
        "runtime": "python3.13",
        "concurrency": 1,
        "why": "it makes pictures smaller",
    }


def _record(_: Stage) -> dict[str, Json]:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    zone = client("route53").create_hosted_zone(
        Name="corp.internal",
        CallerReference="1",
        VPC={"VPCRegion": "us-east-1", "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    where = {"zone": zone.rpartition("/")[2], "record": "db.corp.internal", "vpc": vpc}
    return where | {"address": "10.0.0.7", "why": "clients ask for it"}


EXAMPLES: dict[str, Example] = {
    "cloudwatch.alarm": Example(given=_alarm),
    "cloudwatch.metric": Example(given=_metric),
    "dlm.policy": Example(given=_policy, look=_policies, kept="policies are kept beside the account's memory"),
    "events.rule": Example(given=_rule),
    "iam.role": Example(given=_role),
    "kms.grant": Example(given=_grant),
    "lambda.function": Example(given=_function),
    "logs.group": Example(given=lambda _: {"log_group": "/app/shop", "why": "the shop logs there"}),
    "route53.record": Example(given=_record),
    "sns.topic": Example(given=lambda _: {"topic": "oncall", "why": "somebody has to be told"}),
    "time.pause": Example(
        given=lambda _: {"seconds": 30, "what": "it settles", "why": "nothing shows when it has"}
    ),
    "sqs.queue": Example(given=lambda _: {"queue": "dead", "why": "nothing is lost"}),
}
