"""Puts an example on an account of its own, where nothing is done at once, and runs what it plans."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from tests.kit.box_plans import plan_of
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal, Wrapping
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.whole_account import WholeAccount
from tests.registry.example import Example, Stage


@dataclass
class Noting(Wrapping):
    """An account that notes which calls were carried out."""

    done: list[str] = field(default_factory=list)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, and note what AWS took."""
        answer = self.inner.write(service, operation, params, region)
        self.done.append(f"{service}.{operation}")
        return answer


@dataclass
class Staged:
    """An example that is arranged: what it plans, and what there is."""

    world: World
    path: Path
    action: str
    inputs: Mapping[str, Json]
    example: Example
    whole: WholeAccount
    about: Conditions

    def plan(self) -> Plan:
        """Plan the action alone, as a step of a playbook would."""
        about = self.world.about()
        action = self.world.registry.actions[self.action].model_validate(dict(self.inputs))
        return plan_of(*run_fetching(action.plan(about), self.world.reader()), plan_id=about.plan_id)

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None) -> None:
        """Apply a plan, or go on with it."""
        carry_out(plan, self.world, journal, self.path, aws)

    def undo(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None) -> None:
        """Take back what a run set out to do."""
        self.run(inverse_plan(plan, journal), MemoryJournal(), aws)

    def look(self) -> Json:
        """What an undo has to restore."""
        return self.whole.changed() if self.example.look is None else self.example.look()


@contextmanager
def staged(action: str, example: Example, path: Path) -> Iterator[Staged]:
    """Arrange an example; nothing takes time before that is done, and then what takes its time on AWS does."""
    path.mkdir(exist_ok=True)
    with timed_world(*example.seeds) as (world, about):
        world.clock = MovingClock(about)
        inputs = example.given(Stage(world, path, lambda seconds: move(about, seconds)))
        about.durations = QUICK
        # The account's memory has a place for groups from the first question on.
        client("autoscaling").describe_auto_scaling_groups()
        yield Staged(world, path, action, inputs, example, WholeAccount(world.account), about)
