"""Examples of what is done to instances, their tags and what is made of them."""

from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import BOTH
from tests.kit.fleet import firewall_of, ids_of, mtu_of
from tests.kit.groups import only, subnets, template
from tests.kit.ha_account import instance_named, run
from tests.kit.moto_account import client
from tests.kit.ports import MemoryJournal
from tests.registry.example import Example, Stage
from tests.registry.examples_block import TERM
from tests.registry.examples_groups import beside

_DATA, _SETTLED_S = "/dev/sdf", 300


def _image(_: Stage) -> dict[str, Json]:
    return {
        "instance": instance_named("legacy-web"),
        "image_name": "legacy-web 1",
        "exclude": [_DATA],
        "why": "replacements boot from it",
    }


def _keep_volumes(_: Stage) -> dict[str, Json]:
    instance = instance_named("legacy-web")
    mappings = [{"DeviceName": _DATA, "Ebs": {"DeleteOnTermination": True}}]
    client("ec2").modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=mappings)
    return {"instance": instance, "devices": [_DATA]}


def _template(_: Stage) -> dict[str, Json]:
    data = {"ImageId": "ami-785db401", "InstanceType": "t3.small"}
    return {"template": "web", "data": data, "why": "it says how a replacement is launched"}


def _retire(_: Stage) -> dict[str, Json]:
    return beside(instance_named("legacy-web")) | {"devices": [_DATA], "why": "another takes its place"}


def _stamp(_: Stage) -> dict[str, Json]:
    return {"resource": instance_named("legacy-web"), "key": "opsctl:drill", "value": "1", "why": "a drill"}


def _tag(_: Stage) -> dict[str, Json]:
    return {"resource": instance_named("legacy-web"), "tags": {"team": "shop"}, "why": "it belongs to the shop"}


def _ha_tag(stage: Stage) -> dict[str, Json]:
    return _tag(stage) | {"tags": {"opsctl:ha": "g"}, "group": "g"}


def _standby(_: Stage) -> dict[str, Json]:
    template("web")
    return {
        "template": "web",
        "interface": {"DeviceIndex": 0, "SubnetId": subnets()[0]},
        "tags": {"opsctl:ha-role": "standby"},
        "taken_over": "opsctl:ha-failover",
        "why": "it stands by",
    }


def _stop(_: Stage) -> dict[str, Json]:
    pair = {"instance": instance_named("direct-web-1"), "standby_instance": instance_named("legacy-web")}
    for member, role in (("instance", "primary"), ("standby_instance", "standby")):
        tags = [{"Key": "opsctl:ha", "Value": "g"}, {"Key": "opsctl:ha-role", "Value": role}]
        client("ec2").create_tags(Resources=[pair[member]], Tags=tags)
    return pair | {"group": "g", "why": "a drill"}


def _drill(stage: Stage) -> dict[str, Json]:
    """make-ha has put the instance under recovery; the group was told that it has failed."""
    world = stage.world
    run(world.plan("make-ha", {"instance": "legacy-web"}), world.aws, world, MemoryJournal())
    stage.move(_SETTLED_S)
    (name,) = [
        one["AutoScalingGroupName"]
        for one in client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    ]
    look = world.registry.facts["ha.drill"].model_validate({"group": name, "by": "unhealthy"})
    found = run_fetching(look.read(world.about()), world.reader()).model_dump(mode="json")
    client("autoscaling").set_instance_health(InstanceId=only(name), HealthStatus="Unhealthy")
    return {"drill": found}


def _command(_: Stage) -> dict[str, Json]:
    return {
        "instances": ids_of("hpc-1", "hpc-2"),
        "commands": ["ip link set dev ens5 mtu 1500"],
        "proof": ["test $(cat /sys/class/net/ens5/mtu) = 1500"],
        "undo_commands": ["ip link set dev ens5 mtu 9001"],
        "title": "Set the MTU",
        "why": "the other end has no jumbo frames",
    }


def _deny(_: Stage) -> dict[str, Json]:
    """One of them has iptables, the other nft."""
    return {"instances": ids_of("hpc-1", "hpc-3"), "addresses": BOTH, "why": "nothing else sees it", "term": TERM}


def _firewalls() -> Json:
    return [firewall_of("hpc-1"), firewall_of("hpc-3")]


def _reading(_: Stage) -> dict[str, Json]:
    asked = {"commands": ["uname -r"], "title": "Read the kernel's version", "only_reads": True}
    return {"instances": ids_of("hpc-1", "hpc-3"), "must_succeed": False, "why": "it is needed"} | asked


def _mtus() -> Json:
    return [mtu_of("hpc-1"), mtu_of("hpc-2")]


def _states() -> Json:
    found = client("ec2").describe_instances()["Reservations"]
    return sorted([one["InstanceId"], one["State"]["Name"]] for each in found for one in each["Instances"])


_NETWORK = (seed_network,)
_HISTORY = "Systems Manager keeps the commands for 30 days"
_LATER = "an instance says when, and why, it changed its state last"
EXAMPLES: dict[str, Example] = {
    "ec2.image": Example(given=_image, seeds=_NETWORK),
    "ec2.keep_volumes": Example(given=_keep_volumes, seeds=_NETWORK),
    "ec2.launch_template": Example(given=_template),
    "ec2.retire": Example(given=_retire, seeds=_NETWORK, look=_states, kept=_LATER),
    "ec2.stamp": Example(given=_stamp, seeds=_NETWORK),
    "ec2.tag": Example(given=_tag, seeds=_NETWORK),
    "ec2.standby": Example(given=_standby),
    "ha.drill": Example(given=_drill, seeds=_NETWORK, look=lambda: None, kept="it only watches; the group acts"),
    "ha.tag": Example(given=_ha_tag, seeds=_NETWORK),
    "host.deny": Example(given=_deny, seeds=(make_fleet,), look=_firewalls, kept=_HISTORY),
    "ssm.command": Example(given=_command, seeds=(make_fleet,), look=_mtus, kept=_HISTORY),
    "ssm.command, only reading": Example(given=_reading, seeds=(make_fleet,), look=_mtus, kept=_HISTORY),
    "ha.stop": Example(given=_stop, seeds=_NETWORK, look=_states, kept=_LATER),
}
