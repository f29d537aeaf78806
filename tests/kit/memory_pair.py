"""An instance and its stopped standby in memory, on the EC2 of `memory_ec2`, with an alarm and SNS beside it."""

from typing import Any

from opsctl.model.value import Json
from tests.kit.memory_ec2 import Instance, MemoryEc2, Timeline, refused

GROUP = "ha-web"
ALARM = f"opsctl-{GROUP}-primary"


class PairEc2(MemoryEc2):
    """EC2 as the standby's handler sees it beyond what a group's handler does: starts, status checks, reasons."""

    def __init__(self, time: Timeline) -> None:
        super().__init__(time)
        self.checks: dict[str, str] = {}
        """What the status checks say of an instance; ok where nothing is said."""
        self.reasons: dict[str, str] = {}
        """Why an instance is in its state."""
        self.starts_refused = 0

    def describe_instances(self, Filters: list[Json]) -> Json:  # noqa: N803
        """Instances by id or by tag."""
        (wanted,) = Filters
        if wanted["Name"] == "instance-id":
            return super().describe_instances(Filters)
        key = wanted["Name"].removeprefix("tag:")
        ids = [each.id for each in self.instances.values() if each.tags.get(key) in wanted["Values"]]
        return super().describe_instances([{"Name": "instance-id", "Values": ids}])

    def describe_instance_status(
        self, Filters: list[Json] | None = None, InstanceIds: list[str] | None = None,  # noqa: N803
        IncludeAllInstances: bool = False  # noqa: N803
    ) -> Json:  # fmt: skip
        """The status checks of instances: those asked for, or those that run in a zone."""
        if Filters:
            answer = super().describe_instance_status(Filters)
            for each in answer["InstanceStatuses"]:
                if each["InstanceId"] in self.checks:
                    each["SystemStatus"] = {"Status": self.checks[each["InstanceId"]]}
            return answer
        statuses = [
            {"InstanceId": each, "SystemStatus": self._check(each), "InstanceStatus": self._check(each)}
            for each in InstanceIds or ()
        ]
        return {"InstanceStatuses": statuses}

    def start_instances(self, InstanceIds: list[str]) -> Json:  # noqa: N803
        """Start a stopped instance, if its zone has room for it."""
        (instance,) = (self.instances[each] for each in InstanceIds)
        self._authorize("StartInstances", instance)
        if instance.state != "stopped":
            raise refused("IncorrectInstanceState", f"{instance.id} is {instance.state}")
        if self.starts_refused > 0:
            self.starts_refused -= 1
            raise refused("InsufficientInstanceCapacity", "not enough capacity")
        instance.state, instance.launched = "pending", self.time.now()
        self.time.after(20, lambda: self._to(instance, "pending", "running"))
        return {}

    def _check(self, instance_id: str) -> Json:
        running = self.instances[instance_id].state == "running"
        return {"Status": self.checks.get(instance_id, "ok") if running else "not-applicable"}

    def _instance(self, instance: Instance) -> Json:
        reason = {"StateReason": {"Code": self.reasons[instance.id]}} if instance.id in self.reasons else {}
        return super()._instance(instance) | reason


class MemoryPair:
    """The pair, its alarm and SNS of one account."""

    def __init__(self) -> None:
        self.time = Timeline()
        self.ec2 = PairEc2(self.time)
        self.ec2.in_service = lambda key: self.ec2.instances[key].tags.get("opsctl:ha-role") == "primary"
        self.authorize = self.ec2.authorize
        self.alarm = "OK"
        self.events: list[tuple[float, Json]] = []
        self.results: list[tuple[str, str, str]] = []
        self.notifications: list[tuple[str, str]] = []
        self.metrics: dict[str, float] = {}
        self.records: dict[str, str] = {}
        tags = {"opsctl:ha": GROUP}
        self.primary = self.ec2.launch("a", tags | {"opsctl:ha-role": "primary"}, boot_s=0)
        self.standby = self.ec2.launch("b", tags | {"opsctl:ha-role": "standby"}, boot_s=1_000_000_000)
        self.primary.state, self.standby.state = "running", "stopped"

    def raise_alarm(self, *, told: bool = True) -> None:
        """Have the alarm go on; its event may be lost."""
        self.alarm = "ALARM"
        if told:
            detail = {"alarmName": ALARM, "state": {"value": "ALARM"}}
            event = {"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "detail": detail}
            self.events.append((self.time.now(), event))

    def impair(self, status: str = "impaired", *, told: bool = True) -> None:
        """Have the instance fail its status checks, and the alarm notice."""
        self.ec2.write()
        self.ec2.checks[self.primary.id] = status
        self.raise_alarm(told=told)

    def roles(self) -> dict[str, str]:
        """The role of each of the two."""
        return {each.id: each.tags["opsctl:ha-role"] for each in (self.primary, self.standby)}

    def describe_alarms(self, AlarmNames: list[str]) -> Json:  # noqa: N803
        """The alarm."""
        return {"MetricAlarms": [{"AlarmName": ALARM, "StateValue": self.alarm}] if ALARM in AlarmNames else []}

    def put_metric_data(self, Namespace: str, MetricData: list[Json]) -> Json:  # noqa: N803
        """Keep the last value of each metric."""
        self.authorize("cloudwatch:PutMetricData", {"*": {}}, {"namespace": Namespace})
        self.metrics.update({each["MetricName"]: each["Value"] for each in MetricData})
        return {}

    def change_resource_record_sets(self, HostedZoneId: str, ChangeBatch: Json) -> Json:  # noqa: N803
        """Set a record."""
        (record,) = [each["ResourceRecordSet"] for each in ChangeBatch["Changes"]]
        zone = f"arn:aws:route53:::hostedzone/{HostedZoneId}"
        self.authorize("route53:ChangeResourceRecordSets", {zone: {}}, {"record": record["Name"]})
        self.records[record["Name"]] = record["ResourceRecords"][0]["Value"]
        return {"ChangeInfo": {}}

    def publish(self, TopicArn: str, Subject: str, Message: str) -> Json:  # noqa: N803
        """Keep a notification."""
        self.authorize("sns:Publish", {TopicArn: {}}, {})
        self.notifications.append((Subject, Message))
        return {"MessageId": "1"}

    def answer(self, service: str, operation: str, parameters: dict[str, Any]) -> Json:
        """Answer one call."""
        owner = self.ec2 if service == "ec2" else self
        answer: Json = getattr(owner, operation)(**parameters)
        return answer
