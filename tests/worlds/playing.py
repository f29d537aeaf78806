"""Plays a world from its first command to the end, however often the process is killed, and judges each stop."""

from collections.abc import Iterator
from pathlib import Path

from opsctl.dlq.transfer.aside import HOLD_S
from opsctl.model.exits import Exit
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from tests.worlds.oracle import Oracle
from tests.worlds.world import SETTLED_S, Outcome, Spec, World, one_thread_at_a_time

FILTER = "contains(to_string(body), 'good')"


def play(spec: Spec, path: Path) -> World:
    """Play a world; raises AssertionError for what must not be."""
    world = World(spec, path)
    oracle = Oracle(world)
    with one_thread_at_a_time(world, spec.workers):
        for plan, outcome in _first(world, oracle):
            oracle.judge(outcome)
            if outcome.exit is not Exit.DONE:
                world.heal()
                oracle.judge(_to_the_end(world, plan))
        world.heal()
        world.base.sleep(2 * HOLD_S)  # what was hidden and could not be given back shows itself again
        _the_rest(world, oracle)
        oracle.all_home()
    return world


def _first(world: World, oracle: Oracle) -> Iterator[tuple[Plan, Outcome]]:
    """The command that the world is about, among everything that goes wrong."""
    spec = world.spec
    inputs: dict[str, Json] = {"queue": world.account.dead, **dict(spec.inputs)}
    if spec.backup or spec.playbook == "dlq-purge":
        inputs["backup"] = str(world.file)
    if spec.playbook == "dlq-redrive":
        inputs["via"] = "client"
    plan = world.plan(spec.playbook, inputs)
    if not plan.changes:
        return
    to, edited = str(inputs.get("to", "")), bool(inputs.get("settings"))
    oracle.begins(plan, to, edited=edited)
    world.begin()
    outcome = world.start(plan)
    if outcome is None and spec.gives_up:
        oracle.given_up()
        world.base.sleep(spec.waits_s)
        if inputs["queue"] not in world.sqs.queues:
            return  # somebody deleted it meanwhile, so there is nothing to plan for
        plan = _again(world, oracle, spec.playbook, inputs)
        if not plan.changes:
            return
        outcome = world.start(plan)
    if spec.undoes and (outcome is None or outcome.exit is not Exit.DONE):
        if outcome is not None:
            oracle.judge(outcome)
        inverse = world.undo(plan)
        if inverse is not None:
            oracle.undoes()
            plan, outcome = inverse, world.start(inverse)
    yield plan, outcome or _to_the_end(world, plan)


def _again(world: World, oracle: Oracle, playbook: str, inputs: dict[str, Json]) -> Plan:
    """Plan once more beside a run that was given up, whose open messages the plan has to warn of."""
    open_ = [tag for tag, count in world.arrived().items() if count and world.in_dead()[tag]]
    plan = world.plan(playbook, inputs)
    if plan.changes:
        warned = [one for one in plan.warnings if one.id == "open-run"]
        assert warned or not set(open_) - set(world.back), f"{open_} would be sent again, without a warning"
        oracle.begins(plan, str(inputs.get("to", "")), edited=bool(inputs.get("settings")))
    return plan


def _to_the_end(world: World, plan: Plan) -> Outcome:
    """Resume until a process ends by itself."""
    while True:
        world.base.sleep(world.spec.waits_s)
        outcome = world.resume(plan)
        if outcome is not None:
            return outcome


def _the_rest(world: World, oracle: Oracle) -> None:
    """With all well again: what was purged is imported, and what is left is sent home."""
    if world.spec.playbook == "dlq-purge" and oracle.purged:
        oracle.every_letter()
        to = {"file": str(world.file), "queue": f"aside{world.account.suffix}"}
        plan = world.plan("dlq-import", dict(to))
        oracle.begins(plan, to["queue"])
        oracle.imported = True
        outcome = world.start(plan)
        assert outcome is not None
        oracle.judge(outcome)
    if world.account.dead not in world.sqs.queues:
        return
    _left_parked(world, oracle)
    inputs: dict[str, Json] = {"queue": world.account.dead, "via": "client", "canary": 0, "watch": -1}
    inputs |= {name: value for name, value in world.spec.inputs if name in ("to", "settings")}
    plan = world.plan("dlq-redrive", inputs)
    if plan.changes:
        oracle.begins(plan, str(inputs.get("to", "")), edited="settings" in inputs)
        outcome = world.start(plan)
        assert outcome is not None
        oracle.judge(outcome)


def _left_parked(world: World, oracle: Oracle) -> None:
    """What a run has parked that was given up goes back to where it was, as the manual has it."""
    left = [queue for queue in world.sqs.parks if queue.messages]
    for queue in left:
        back: dict[str, Json] = {"queue": queue.name, "to": world.account.dead, "via": "client", "canary": 0}
        outcome = world.start(world.plan("dlq-redrive", back))
        assert outcome is not None
        assert not queue.messages, outcome.says
        world.base.sleep(SETTLED_S)
    oracle.every_letter(ordered=not left)
