"""legacy-web with a standby, built by the plan of make-ha, in an account whose time is moved by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions, Durations
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.drills import Drill, WorldClock
from tests.kit.ha_account import instance_named, run
from tests.kit.moto_account import World, client
from tests.kit.ports import FakeClock, MemoryJournal
from tests.kit.timed import move, timed_world

GROUP = "ha-legacy-web"
INPUTS: dict[str, Json] = {"mode": "standby", "rpo": "1h", "allow_data_loss": "2h", "group": GROUP}


@dataclass
class StandbyWorld:
    """The account, its time, and the run that built the standby last."""

    world: World
    about: Conditions
    plan: Plan | None = None
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        move(self.about, seconds)

    def build(self, instance: str) -> None:
        """Give an instance a standby."""
        self.world.clock = FakeClock(self.about.now())
        self.plan, self.journal = self.world.plan("make-ha", {**INPUTS, "instance": instance}), MemoryJournal()
        moving = self.world.clock
        self.world.clock = WorldClock(self)
        run(self.plan, self.world.aws, self.world, self.journal)
        self.world.clock = moving

    def with_role(self, role: str) -> Json:
        """The one instance of a role; None when there is none."""
        wanted = [{"Name": "tag:opsctl:ha-role", "Values": [role]}, {"Name": "tag:opsctl:ha", "Values": [GROUP]}]
        found = client("ec2").describe_instances(Filters=wanted)["Reservations"]
        living = [
            one for each in found for one in each["Instances"] if one["State"]["Name"] not in ("terminated",)
        ]
        return living[0] if living else None

    def id_of(self, role: str) -> str:
        """The id of the one instance of a role; empty when there is none."""
        return str((self.with_role(role) or {}).get("InstanceId", ""))

    def owner(self) -> str:
        """Who has the address."""
        wanted = [{"Name": "tag:opsctl:ha", "Values": [GROUP]}]
        (address,) = client("ec2").describe_addresses(Filters=wanted)["Addresses"]
        return str(address.get("InstanceId", ""))

    def data(self) -> dict[str, str]:
        """The volume that is the data, and who has it."""
        wanted = [
            {"Name": "tag:opsctl:ha", "Values": [GROUP]},
            {"Name": "tag:opsctl:ha-role", "Values": ["data"]},
        ]
        found = client("ec2").describe_volumes(Filters=wanted)["Volumes"]
        return {one["VolumeId"]: "".join(each["InstanceId"] for each in one["Attachments"]) for one in found}

    def drill(self, path: Path, **inputs: Json) -> Drill:
        """Plan a drill."""
        self.world.clock = FakeClock(self.about.now())
        plan = self.world.plan("make-ha-drill", {"group": GROUP, **inputs}, overrides=("alarms", "snapshot"))
        return Drill(self, plan, path)


@contextmanager
def standby_world(durations: Durations = QUICK) -> Iterator[StandbyWorld]:
    """Give legacy-web with a standby that stands by, after a few minutes."""
    with timed_world(seed_network, durations=durations) as (world, about):
        made = StandbyWorld(world, about)
        made.build(instance_named("legacy-web"))
        made.move(300)
        yield made
        assert about.denied == [], "the role of the handler lacks nothing, whatever happens"
