"""Drills in the world of legacy-web: its time moves while a drill waits, and a drill may be cut off anywhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from opsctl.execution.executor import Executor
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.changes import Change
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.report import JournalEvent
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.ha_account import inverse_plan
from tests.kit.ha_world import GROUP, HaWorld
from tests.kit.moto_account import World, client, sqs_wire
from tests.kit.ports import FakeClock, MemoryJournal


class Moved(Protocol):
    """An account whose time is moved by hand."""

    @property
    def world(self) -> World:
        """The account."""
        ...

    @property
    def about(self) -> Conditions:
        """Its time."""
        ...

    def move(self, seconds: float) -> None:
        """Let time pass."""
        ...


class WorldClock:
    """Sleeping lets the world's time pass, and everything in it happen."""

    def __init__(self, world: Moved) -> None:
        self._world = world

    def now(self) -> float:
        """The world's time."""
        return self._world.about.now()

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self._world.move(seconds)


class TimedJournal(MemoryJournal):
    """A journal in memory that knows when each record was made."""

    def __init__(self, clock: WorldClock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[float] = []

    def record(self, change_id: str, event: JournalEvent, detail: Json = None) -> None:
        """Append."""
        super().record(change_id, event, detail)
        self.times.append(self._clock.now())


@dataclass
class Drill:
    """One drill: its plan, its journal and its checkpoint, whatever process carries it on."""

    world: Moved
    plan: Plan
    path: Path
    lines: list[str] = field(default_factory=list)
    probe: Callable[[str], str] = lambda _url: ""

    def __post_init__(self) -> None:
        self.clock = WorldClock(self.world)
        self.journal = TimedJournal(self.clock)

    def go(self, aws: Aws | None = None, stopping: Callable[[], bool] = lambda: False) -> None:
        """Begin the drill, or go on with it."""
        account = aws or self.world.world.aws

        def run_job(change: Change) -> JobResult:
            job = self.world.world.registry.jobs[change.operation].model_validate(change.params)
            return job.run(
                Tools(
                    aws=account,
                    queues=sqs_wire,
                    checkpoint=JobCheckpoint(self.path / "drill.log"),
                    clock=self.clock,
                    progress=self.lines.append,
                    stopping=stopping,
                    called_at=self.called_at,
                    probe=self.probe,
                )
            )

        Executor(self.plan, account, self.journal, self.clock, self.lines.append, stopping, run_job).apply()

    def undo(self) -> None:
        """Take back what the drill set out to do."""
        plan = inverse_plan(self.plan, self.journal)
        Executor(
            plan,
            self.world.world.aws,
            MemoryJournal(),
            self.clock,
            self.lines.append,
            lambda: False,
        ).apply()

    def called_at(self, api: str) -> float | None:
        """When the drill last set out to call an API."""
        ids = {change.id for change in self.plan.changes if change.api == api}
        records = zip(self.journal.records, self.journal.times, strict=True)
        times = [at for (change, event, _), at in records if change in ids and event == "intent"]
        return times[-1] if times else None

    @property
    def result(self) -> dict[str, Json]:
        """What the drill came to."""
        found: dict[str, Json] = self.journal.records[-1][2]
        return found


def protected(world: HaWorld, code: str = "") -> HaWorld:
    """Put the instance under recovery, with a queue for the handler's dead letters."""
    topic = client("sns").create_topic(Name=f"opsctl-{GROUP}")["TopicArn"]
    client("sqs").create_queue(QueueName=f"opsctl-{GROUP}-dlq")
    places = {zone: [subnet] for zone, subnet in world.subnets.items()}
    world.protect(code, {"topic_arn": topic, "snapshot_every_s": 3600, "keep_snapshots": 48, "subnets": places})
    allowed = {"Effect": "Allow", "Action": ["*"], "Resource": "*"}
    client("iam").put_role_policy(
        RoleName=f"opsctl-{GROUP}",
        PolicyName="opsctl",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    world.move(5)
    return world


def drill(world: HaWorld, path: Path, **inputs: Json) -> Drill:
    """Plan a drill."""
    world.world.clock = FakeClock(world.about.now())
    plan = world.world.plan("make-ha-drill", {"group": GROUP, **inputs}, overrides=("alarms", "snapshot"))
    return Drill(world, plan, path)


def launched_by_the_drill(world: HaWorld) -> list[str]:
    """The instances that the group has launched."""
    mark = "Launching a new EC2 instance: "
    activities = world.scaling.groups[GROUP].activities
    return [one.description.removeprefix(mark) for one in activities if one.description.startswith(mark)]


def subnets_of_the_group() -> list[str]:
    """The subnets in which the group launches."""
    (group,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
        "AutoScalingGroups"
    ]
    return sorted(group["VPCZoneIdentifier"].split(","))
