"""Runs the recovery handler in a simulated account as Lambda does, and checks what must hold after every call."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from opsctl.ha.recovery.account import Refused
from opsctl.ha.recovery.handler import Recovery
from opsctl.ha.recovery.package import RecoveredAddress, RecoveryConfig, role_policy
from opsctl.model.run import Identity
from opsctl.model.value import Json
from tests.kit.iam_check import allows
from tests.kit.memory_ec2 import ACCOUNT, REGION, Instance, Volume, refused
from tests.kit.memory_group import GROUP, MemoryGroup

IDENTITY = Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:role/opsctl-{GROUP}", region=REGION)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:opsctl-{GROUP}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ADDRESS = "eipalloc-1"
Fault = Callable[[int, str], BaseException | None]


class Killed(BaseException):
    """Lambda was killed: nothing of the invocation runs any further, not even an except clause for errors."""


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass
class Client:
    """One service's client, as boto3 gives it to the handler."""

    account: "Simulation"
    service: str

    class exceptions:  # noqa: N801
        """Where botocore keeps its error classes."""

        ClientError = ClientError

    def __getattr__(self, operation: str) -> Callable[..., Json]:
        return lambda **parameters: self.account.call(self.service, operation, parameters)


@dataclass
class Simulation:
    """An account with one group, its handler, and the faults that a test injects."""

    config: RecoveryConfig
    world: MemoryGroup = field(default_factory=MemoryGroup)
    before: Fault = lambda _, __: None
    """Consulted before each call is carried out, with its number and name: what to raise instead."""
    after: Fault = lambda _, __: None
    """Consulted once a call was carried out: the answer is lost."""
    on_call: Callable[[str], None] = lambda _: None
    deliver: Callable[[list[tuple[float, Json]]], list[tuple[float, Json]]] = lambda events: events
    kms_keys: tuple[str, ...] = ()
    calls: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Every IAM action that was needed."""
    kept: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    lines: list[Json] = field(default_factory=list)
    promised: float | None = None
    """The state of the data that the present replacement must come up with, when a test knows it."""

    def __post_init__(self) -> None:
        self.policy = role_policy(self.config, IDENTITY, self.kms_keys)
        self.world.authorize = self.world.ec2.authorize = self.authorize

    # Lambda

    def invoke(self, event: Json) -> None:
        """Run the handler once, as a new process that remembers nothing."""
        config = json.loads(json.dumps(self.config.model_dump(mode="json")))
        clients = cache(lambda service: Client(self, service))
        try:
            Recovery(config, clients, self.world.time, self.log).run(event, 285)
        except Killed:
            self.errors.append("killed")
        except Refused as error:
            self.errors.append(str(error))

    def log(self, line: str) -> None:
        """Keep a log line; each is one JSON object."""
        assert "\n" not in line
        self.lines.append(json.loads(line))

    def run(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass: events are delivered as they come and the schedule starts a run every minute."""
        world, end = self.world, self.world.time.now() + seconds
        sweep = world.time.now() + 60
        while world.time.now() < end and not until():
            world.events = self.deliver(world.events)
            due = [each for each in world.events if each[0] <= world.time.now()]
            if due:
                world.events.remove(due[0])
                self.invoke(due[0][1])
            elif world.time.now() >= sweep:
                sweep = world.time.now() + 60
                self.invoke({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
            else:
                world.time.sleep(min(5.0, sweep - world.time.now()))
            self.check()

    # Calls

    def call(self, service: str, operation: str, parameters: Json) -> Json:
        """Carry out one call, with whatever the test lets go wrong, and check the account after it."""
        number = len(self.calls)
        self.calls.append(f"{service}.{operation}")
        validate(service, operation, parameters)
        if error := self.before(number, operation):
            raise error
        self.on_call(operation)
        self.judge(operation, parameters)
        self.world.time.sleep(0.2)
        if operation.startswith("describe_"):
            self.authorize(f"{service}:{camel(service, operation)}", {"*": {}}, {})
        answer = self.world.answer(service, operation, parameters)
        self.check()
        if error := self.after(number, operation):
            raise error
        return answer

    def authorize(self, action: str, resources: dict[str, dict[str, str]], request: Json) -> None:
        """Refuse what the role's policy does not allow on every resource of the call."""
        new: dict[str, dict[str, str]] = request.get("new") or {}
        self.asked.add(action)
        for arn, tags in resources.items():
            context = {f"aws:resourcetag/{key}": [value] for key, value in tags.items()}
            context |= {"aws:tagkeys": request["keys"]} if request.get("keys") else {}
            context |= {"cloudwatch:namespace": [request["namespace"]]} if "namespace" in request else {}
            for name, value in request.get("attributes", {}).items():
                context[f"ec2:attribute/{name.lower()}"] = [str(value).lower()]
            context |= {"autoscaling:vpczoneidentifiers": request["subnets"]} if "subnets" in request else {}
            if "record" in request:
                change, name = "route53:changeresourcerecordsets", request["record"].rstrip(".")
                context |= {f"{change}actions": ["UPSERT"], f"{change}normalizedrecordnames": [name]}
            self._allowed(action, arn, context)
        for kind, tags in new.items():
            arn = f"arn:aws:ec2:{REGION}:{'' if kind == 'snapshot' else ACCOUNT}:{kind}/*"
            context = {f"aws:requesttag/{key}": [value] for key, value in tags.items()}
            self._allowed(action, arn, context)
            self.asked.add("ec2:CreateTags")
            self._allowed("ec2:CreateTags", arn, {"ec2:createaction": [action.removeprefix("ec2:")]})

    def _allowed(self, action: str, arn: str, context: dict[str, list[str]]) -> None:
        asked = (action, arn, tuple((name, *values) for name, values in context.items()))
        if asked not in self._rights:
            self._rights[asked] = allows(self.policy, action, arn, context)
        if not self._rights[asked]:
            raise refused("UnauthorizedOperation", f"not authorized to perform {action} on {arn}")

    @cached_property
    def _rights(self) -> dict[tuple[object, ...], bool]:
        """What the policy is known to allow; no simulation alters it, and most have the same."""
        return _RIGHTS.setdefault(json.dumps(self.policy), {})

    # What must hold

    def judge(self, operation: str, parameters: Json) -> None:
        """Check a call against what must be true when it is made."""
        world, ec2 = self.world, self.world.ec2
        if operation == "stop_instances":
            for each in parameters["InstanceIds"]:
                require(world.members[each].state.startswith("Terminating"), f"{each} is stopped and stays")
        if operation == "detach_volume":
            require(not parameters.get("Force"), "a volume is forced off")
            holder = ec2.volumes[parameters["VolumeId"]].holder
            mounted = holder == parameters["InstanceId"] and ec2.instances[holder].state != "stopped"
            require(not mounted, "a volume in use is detached")
        if operation == "delete_snapshot":
            snapshot = ec2.snapshots[parameters["SnapshotId"]]
            require(snapshot.tags.get("opsctl:ha-kind") == "scheduled", f"{snapshot.id} is not the schedule's")
            require("opsctl:ha-instance" not in snapshot.tags, f"{snapshot.id} is a policy's")
            later = [each for each in ec2.snapshots.values() if each.started > snapshot.started]
            require(any(each.state == "completed" for each in later), f"{snapshot.id} is the last one")
            self.kept.discard(snapshot.id)
        if operation == "create_snapshot":
            require(not ec2.volumes[parameters["VolumeId"]].holder, "a volume is moved while somebody has it")
        if operation == "attach_volume":
            volume = ec2.volumes[parameters["VolumeId"]]
            require(volume.content is not None, f"{volume.id} is empty")
            require(volume.tags.get("opsctl:ha-role") == "data", f"{volume.id} is not the data")
            require(volume.tags["opsctl:ha-device"] == parameters["Device"], "the device name changes")
        if operation == "associate_address":
            interface = parameters["NetworkInterfaceId"]
            (instance,) = [each for each in ec2.instances.values() if interface in each.interfaces]
            require(self.has_data(instance), f"{instance.id} gets the address before the data")
        if operation == "complete_lifecycle_action" and parameters["LifecycleActionResult"] == "CONTINUE":
            instance = ec2.instances[parameters["InstanceId"]]
            if parameters["LifecycleHookName"] == "opsctl-launch":
                require(self.has_data(instance), f"{instance.id} goes into service without its data")
                require(self.has_address(instance), f"{instance.id} goes into service without its address")
                contents = {each.content for each in ec2.on(instance.id)}
                require(
                    self.promised is None or contents <= {self.promised},
                    f"{instance.id} goes into service with another state of the data",
                )
            else:
                held = [each.id for each in ec2.on(instance.id) if "opsctl:ha" in each.tags]
                gone = instance.state in ("shutting-down", "terminated")
                require(gone or not held, f"{instance.id} is let die with {held}")

    def check(self) -> None:
        """Check what must be true at all times."""
        world, ec2 = self.world, self.world.ec2
        self.kept |= {*ec2.snapshots, *ec2.volumes}
        require(self.kept == {*ec2.snapshots, *ec2.volumes}, "something was deleted")
        for device in self.config.devices:
            holders = [each.holder for each in self.data(device) if each.attachment == "attached"]
            writers = [each for each in holders if ec2.instances[each].state == "running"]
            require(len(writers) <= 1, f"{device} has the writers {writers}")
        completed = [(instance, hook) for instance, hook, _ in world.results]
        require(len(completed) == len(set(completed)), f"a hook was completed twice: {world.results}")
        made = [each for each in ec2.volumes.values() if each.snapshot]
        require(all(each.content is not None for each in made), "an empty volume was made")

    def data(self, device: str) -> Iterator[Volume]:
        """Yield the volumes that claim to be a device's data."""
        for each in self.world.ec2.volumes.values():
            if each.tags.get("opsctl:ha-role") == "data" and each.tags.get("opsctl:ha-device") == device:
                yield each

    def has_data(self, instance: Instance) -> bool:
        """Whether an instance has every device, in one consistent state."""
        devices = {each.device: each for each in self.world.ec2.on(instance.id) if each.attachment == "attached"}
        there = [devices[each] for each in self.config.devices if each in devices]
        require(len({each.content for each in there}) <= 1, "the volumes are of different moments")
        return len(there) == len(self.config.devices)

    def has_address(self, instance: Instance) -> bool:
        """Whether an instance has every Elastic IP of the group."""
        owners = [self.world.ec2.addresses.get(each.allocation_id) for each in self.config.addresses]
        return all(each in instance.interfaces for each in owners)


def require(holds: bool, what: str) -> None:
    """Stop the test when an invariant does not hold."""
    if not holds:
        raise Broken(what)


@cache
def _model(service: str) -> Json:
    return botocore.session.get_session().get_service_model(service)


@cache
def camel(service: str, operation: str) -> str:
    """Return the API's own name of a boto3 method."""
    return str(next(each for each in _model(service).operation_names if xform_name(each) == operation))


_RIGHTS: dict[str, dict[tuple[object, ...], bool]] = {}
_VALID: set[tuple[str, frozenset[str]]] = set()


def validate(service: str, operation: str, parameters: Json) -> None:
    """Check parameters against AWS's own model, each combination of them once."""
    key = (operation, frozenset(parameters))
    if key not in _VALID:
        shape = _model(service).operation_model(camel(service, operation)).input_shape
        report = ParamValidator().validate(parameters, shape)
        require(not report.has_errors(), report.generate_report())
        _VALID.add(key)


def make(
    *, devices: tuple[str, ...] = ("/dev/sdf",), key: str = "", address: bool = True, **config: Json
) -> Simulation:
    """Build a group in zone a, in service for an hour, with one volume a device and an Elastic IP."""
    addresses = (RecoveredAddress(allocation_id=ADDRESS),) if address else ()
    addresses = config.pop("addresses", addresses)
    settings = RecoveryConfig(
        group=GROUP,
        region=REGION,
        topic_arn=TOPIC,
        devices=devices,
        addresses=addresses,
        **({"keep_snapshots": 48} | config),
    )
    simulation = Simulation(settings, kms_keys=(key,) if key else ())
    world, ec2 = simulation.world, simulation.world.ec2
    old = ec2.launch("a", world.instance_tags, boot_s=0)
    world.adopt(old)
    for each in addresses:
        ec2.addresses[each.allocation_id] = old.interfaces[0]
    tags = {"opsctl:ha": GROUP, "opsctl:ha-role": "data"}
    for device in devices:
        volume = ec2.add_volume("a", {**tags, "opsctl:ha-device": device, "Backup": "yes"}, key=key)
        ec2.put_on(volume, old, device)
    world.time.sleep(3600)
    ec2.write()
    return simulation
