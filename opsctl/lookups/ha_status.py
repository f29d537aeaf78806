"""The fact behind `make-ha status`: whether a group's recovery would work now."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.looking import Looking
from opsctl.model.reads import Read, Refused
from opsctl.model.run import Context, Lookup
from opsctl.model.value import Json, Value
from opsctl.preflight.health import configured, judge_health
from opsctl.preflight.health_finding import Finding
from opsctl.preflight.health_handler import RULES
from opsctl.preflight.own_group import own_group
from opsctl.services.ec2_image_calls import templates_named
from opsctl.services.marks import GROUP_TAG

POLICY = "opsctl"
"""What the handler's role calls its one policy (iam.role)."""


class HaStatusResult(Value):
    """Everything that recovery needs, each with how it stands; `works` when nothing is wrong or unknown."""

    group: str
    works: bool
    findings: tuple[Finding, ...]


class HaStatus(Lookup):
    """Read a group that make-ha built, and judge whether a recovery would work now; changes nothing."""

    name: ClassVar[str] = "ha.status"
    Result: ClassVar[type[Value]] = HaStatusResult

    group: str = Field(description="Name of the group.")

    def look(self, about: Context) -> Looking[Value]:
        """Read the group, then everything that it needs, at once."""
        group = yield from own_group(self.group, about)
        known: dict[str, Json] = {"group": group}
        unknown: list[Finding] = []
        for reads_of in (self._first, self._second):
            reads = reads_of(known)
            answers = yield list(reads.values())
            for (name, read), one in zip(reads.items(), answers, strict=True):
                if one.refusal is None:
                    known[name] = one.value
                elif one.refusal.kind is Refused.MISSING:
                    known[name] = {}
                else:
                    words = f"could not be read: {one.refusal.code} at {read.api}"
                    unknown.append(Finding(check=name, state="unknown", finding=words))
        findings = (*judge_health(group, known, about.now), *unknown)
        return HaStatusResult(
            group=self.group, works=all(one.state == "ok" for one in findings), findings=findings
        )

    def _first(self, known: dict[str, Json]) -> dict[str, Read]:
        stem = f"opsctl-{self.group}"
        tagged = {"Filters": [{"Name": f"tag:{GROUP_TAG}", "Values": [self.group]}]}
        params = {"AutoScalingGroupName": self.group}
        used = known["group"].get("LaunchTemplate") or {}
        version = {"LaunchTemplateName": self.group, "Versions": [used.get("Version", "1")]}
        policy = {"RoleName": stem, "PolicyName": POLICY}
        reads = {
            "hooks": Read(service="autoscaling", operation="DescribeLifecycleHooks", params=params),
            "template": templates_named(self.group),
            "version": Read(service="ec2", operation="DescribeLaunchTemplateVersions", params=version),
            "function": Read(service="lambda", operation="GetFunction", params={"FunctionName": stem}),
            "role": Read(service="iam", operation="GetRolePolicy", params=policy),
            "permissions": Read(service="lambda", operation="GetPolicy", params={"FunctionName": stem}),
            "queue-url": Read(service="sqs", operation="GetQueueUrl", params={"QueueName": f"{stem}-dlq"}),
            "addresses": Read(service="ec2", operation="DescribeAddresses", params=tagged),
            "volumes": Read(service="ec2", operation="DescribeVolumes", params=tagged),
            "snapshots": Read(
                service="ec2", operation="DescribeSnapshots", params={"OwnerIds": ["self"], **tagged}
            ),
            "alarms": Read(
                service="cloudwatch", operation="DescribeAlarms", params={"AlarmNamePrefix": f"{stem}-"}
            ),
        }
        for name in RULES:
            rule = f"{stem}-{name}"
            reads[f"{name}-rule"] = Read(service="events", operation="DescribeRule", params={"Name": rule})
            reads[f"{name}-targets"] = Read(service="events", operation="ListTargetsByRule", params={"Rule": rule})
        return reads

    def _second(self, known: dict[str, Json]) -> dict[str, Read]:
        reads = {}
        versions = known.get("version", {}).get("LaunchTemplateVersions", [])
        image = versions[0].get("LaunchTemplateData", {}).get("ImageId") if versions else ""
        if image:
            reads["image"] = Read(service="ec2", operation="DescribeImages", params={"ImageIds": [image]})
        url = known.get("queue-url", {}).get("QueueUrl")
        if url:
            names = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
            reads["queue"] = Read(service="sqs", operation="GetQueueAttributes", params=names)
        instances = [one["InstanceId"] for one in known["group"].get("Instances", [])]
        if instances:
            filters = [{"Name": "instance-id", "Values": instances}]
            reads["instance"] = Read(service="ec2", operation="DescribeInstances", params={"Filters": filters})
        topic = configured(known.get("function")).topic_arn
        if topic:
            reads["topic"] = Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": topic})
        return reads
