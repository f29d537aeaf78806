"""Runs the standby's handler in a simulated account as Lambda does, and checks what must hold after every call."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from opsctl.ha.recovery.account import Refused
from opsctl.ha.recovery.package import RecoveredAddress, RecoveryConfig, standby_policy
from opsctl.ha.recovery.standby import Standby
from opsctl.model.value import Json
from tests.ha.recovery.harness import ADDRESS, IDENTITY, TOPIC, Client, Killed, Simulation, require
from tests.kit.memory_ec2 import REGION, Instance
from tests.kit.memory_pair import GROUP, MemoryPair


@dataclass
class PairSimulation(Simulation):
    """An account with an instance, its standby, and the handler that lets the standby take over."""

    world: MemoryPair = field(default_factory=MemoryPair)  # type: ignore[assignment]  # the same calls, another account

    def __post_init__(self) -> None:
        self.policy = standby_policy(self.config, IDENTITY, self.kms_keys)
        self.world.authorize = self.world.ec2.authorize = self.authorize

    def invoke(self, event: Json) -> None:
        """Run the handler once, as a new process that remembers nothing."""
        config = json.loads(json.dumps(self.config.model_dump(mode="json")))
        clients = cache(lambda service: Client(self, service))
        try:
            Standby(config, clients, self.world.time, self.log).run(event, 285)
        except Killed:
            self.errors.append("killed")
        except Refused as error:
            self.errors.append(str(error))

    def judge(self, operation: str, parameters: Json) -> None:
        """Check a call against what must be true when it is made."""
        primary, standby = self.world.primary, self.world.standby
        decided = "opsctl:ha-failover" in standby.tags
        if operation == "stop_instances":
            require(parameters["InstanceIds"] == [primary.id], "the standby is stopped")
            require(decided, "the instance is stopped before anybody decided to")
            require(primary.tags["opsctl:ha-role"] == "primary", "an instance is stopped after its retirement")
        if operation == "start_instances":
            require(parameters["InstanceIds"] == [standby.id], "the failed instance is started")
            require(primary.state != "running", "the standby is started beside a running instance")
        if operation in ("associate_address", "attach_volume"):
            require(primary.state != "running", f"{operation} while the failed instance runs")
        if operation == "create_tags" and {"Key": "opsctl:ha-role", "Value": "primary"} in parameters["Tags"]:
            require(self.has_data(standby), "the standby becomes the primary without the data")
            require(self.has_address(standby), "the standby becomes the primary without the address")
        if operation != "stop_instances":
            super().judge(operation, parameters)

    def check(self) -> None:
        """Check what must be true at all times."""
        super().check()
        primaries = [key for key, role in self.world.roles().items() if role == "primary"]
        require(len(primaries) <= 1, f"there are the primaries {primaries}")

    def in_service(self) -> Instance:
        """Return the instance that is the primary now, and that has data and address."""
        (key,) = [key for key, role in self.world.roles().items() if role == "primary"]
        instance = self.world.ec2.instances[key]
        require(instance.state == "running", f"{key} is {instance.state}")
        require(self.has_data(instance) and self.has_address(instance), f"{key} lacks data or address")
        return instance

    def failed_over(self) -> bool:
        """Whether the standby has become the primary."""
        return self.world.roles()[self.world.standby.id] == "primary"


Arrange = Callable[[PairSimulation], None]


def pair(
    arrange: Arrange = lambda _: None, *, devices: tuple[str, ...] = ("/dev/sdf",), **config: Json
) -> PairSimulation:
    """Build a primary in zone a that has run for an hour, with volumes and address, and a standby in zone b."""
    settings = RecoveryConfig(
        group=GROUP,
        region=REGION,
        topic_arn=TOPIC,
        devices=devices,
        addresses=(RecoveredAddress(allocation_id=ADDRESS),),
        **({"keep_snapshots": 48} | config),
    )
    made = PairSimulation(settings)
    ec2, primary = made.world.ec2, made.world.primary
    ec2.addresses[ADDRESS] = primary.interfaces[0]
    for device in devices:
        tags = {"opsctl:ha": GROUP, "opsctl:ha-role": "data", "opsctl:ha-device": device}
        ec2.put_on(ec2.add_volume("a", tags), primary, device)
    made.world.time.sleep(3600)
    ec2.write()
    arrange(made)
    return made
