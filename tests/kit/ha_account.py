"""What make-ha may change in an account, and applying and undoing its plans there."""

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, references_of
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from tests.kit.box_plans import plan_of
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal


def instance_named(name: str) -> str:
    """The id of the running instance of a Name tag."""
    filters = [{"Name": "tag:Name", "Values": [name]}, {"Name": "instance-state-name", "Values": ["running"]}]
    found: str = client("ec2").describe_instances(Filters=filters)["Reservations"][0]["Instances"][0]["InstanceId"]
    return found


def ha_state(*, with_images: bool = False) -> dict[str, Json]:
    """Everything that make-ha makes or changes, normalised; images stay after an undo and are left out."""
    found: dict[str, Json] = {
        "groups": client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "templates": client("ec2").describe_launch_templates()["LaunchTemplates"],
        "topics": client("sns").list_topics()["Topics"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "roles": [one["RoleName"] for one in client("iam").list_roles()["Roles"]],
        "functions": client("lambda").list_functions()["Functions"],
        "rules": client("events").list_rules()["Rules"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "policies": client("dlm").get_lifecycle_policies()["Policies"],
        "logs": client("logs").describe_log_groups()["logGroups"],
        "addresses": client("ec2").describe_addresses()["Addresses"],
    }
    for one in client("elbv2").describe_target_groups()["TargetGroups"]:
        health = client("elbv2").describe_target_health(TargetGroupArn=one["TargetGroupArn"])
        targets = [d["Target"]["Id"] for d in health["TargetHealthDescriptions"]]
        found[one["TargetGroupName"]] = sorted(targets)
    for reservation in client("ec2").describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            found[one["InstanceId"]] = [one["State"], one["BlockDeviceMappings"], _tags(one)]
    for one in client("ec2").describe_volumes()["Volumes"]:
        found[one["VolumeId"]] = [one["State"], one["Attachments"], _tags(one)]
    if with_images:
        found["images"] = client("ec2").describe_images(Owners=["self"])["Images"]
    return found


def run(plan: Plan, aws: Aws, world: World, journal: MemoryJournal) -> None:
    """Apply a plan, or go on with it."""
    Executor(plan, aws, journal, world.clock, lambda _line: None, lambda: False).apply()


def undo(plan: Plan, world: World, journal: MemoryJournal) -> MemoryJournal:
    """Take back what a run set out to do; returns the journal of that."""
    done = MemoryJournal()
    run(inverse_plan(plan, journal), world.aws, world, done)
    return done


def inverse_plan(plan: Plan, journal: MemoryJournal) -> Plan:
    """The plan that takes back what a run set out to do."""
    changes = inverse_of(plan, journal.intended())
    return plan_of(*changes, plan_id="undo").model_copy(update={"references": references_of(plan)})


def _tags(one: Json) -> list[tuple[str, str]]:
    return sorted((tag["Key"], tag["Value"]) for tag in one.get("Tags", []))
