"""make-ha interrupted at every change, in every way: resume ends as an undisturbed run, undo where it began.

The whole memory of the account is compared before every call. Where it is as in the undisturbed run, what comes
after is that run, so one run that is interrupted at each of its changes stands for as many that are interrupted at
one. For the same reason the undo of a complete run stands for the undo of every incomplete one: after each of its
changes the account is as it was before the change that was taken back, and an undo that is begun again there finds
nothing to do for it.

The ordinary run takes two or three of the five modes and interrupts each call in one way, the next call in the
next; which, and where it begins, is another with each change of the code. `-m exhaustive` takes all modes, and all
ways at each call.
"""

from dataclasses import dataclass, field
from functools import cache

import pytest

from opsctl.model.changes import Irreversible
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE
from opsctl.sandbox.rules import queue_settings as rules_queue_settings
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import inverse_plan, run
from tests.kit.interruptions import AFTER, BEFORE, Interrupting, go_on
from tests.kit.ports import MemoryJournal
from tests.kit.samples import number_for, part_of
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.whole_account import WholeAccount

SETTLED_S = 120
AFTER_DATA = "empty-alarm/create"
"""It comes after the first metric data, which are published in their own rhythm, wherever a launch has got to."""

EXAMPLES: dict[str, dict[str, Json]] = {
    "group": {"instance": "legacy-web", "rpo": "1h", "allow_data_loss": "2h"},
    "group-behind-a-load-balancer": {"instance": "direct-web-1"},
    "recover": {"instance": "legacy-web", "mode": "recover"},
    "standby": {"instance": "legacy-web", "mode": "standby", "rpo": "1h", "allow_data_loss": "2h"},
    "fresh": {"instance": "legacy-web", "fresh": True},
}
Picture = tuple[dict[str, int], dict[str, int]]


@dataclass
class Story:
    """What the account was like before each call of a run and of its undo, and at the end of both."""

    plan: Plan
    applied: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def story(
    example: str,
    *,
    apply: tuple[str, ...] = (),
    undo: tuple[str, ...] = (),
    again: bool = True,
    circle_from: int | None = None,
    upto: str = "",
    told: Story | None = None,
) -> Story:
    """Apply and undo, interrupted in these ways at every call; `again` begins a new undo after each."""
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about), pytest.MonkeyPatch.context() as patch:
        world.clock = MovingClock(about)
        patch.setattr(rules_queue_settings, "COOL_DOWN_S", 60)
        patch.setattr(rules_queue_settings, "now", world.clock.now)
        whole, journal, back = WholeAccount(world.account), MemoryJournal(), [MemoryJournal()]
        plan = world.plan("make-ha", EXAMPLES[example])
        if upto:
            end = [change.id for change in plan.changes].index(upto)
            plan = plan.model_copy(update={"changes": plan.changes[:end]})
        found = Story(plan)
        calls = [change.id for change in plan.changes if change.kind != "wait"]

        def look(_number: int) -> None:
            if calls[len(found.pictures) : len(found.pictures) + 1] == [AFTER_DATA]:
                move(about, SETTLED_S)
            found.pictures.append((whole.changed(), whole.kept(plan.id)))
            if told is not None:
                last = len(found.pictures) - 1
                assert differences(told.pictures[last], found.pictures[last]) == [], f"before call {last}"

        def take_back() -> None:
            if again:
                back[0] = MemoryJournal()
            run(inverse_plan(plan, journal), aws, world, back[0])

        aws = Interrupting(world.aws, world.clock.now, apply, look, circle_from)
        go_on(lambda: run(plan, aws, world, journal), aws)
        look(-1)
        aws = Interrupting(world.aws, world.clock.now, undo, look, circle_from)
        go_on(take_back, aws)
        move(about, SETTLED_S)
        look(-1)
        found.applied, found.undone = journal.intended(), back[0].intended()
        return found


@cache
def undisturbed(example: str, upto: str = "") -> Story:
    """What nothing interrupts."""
    return story(example, upto=upto)


def differences(wanted: Picture, found: Picture) -> list[str]:
    return [
        f"{now.get(line, 0) - before.get(line, 0):+} {line}"
        for before, now in zip(wanted, found, strict=True)
        for line in sorted({**before, **now})
        if before.get(line, 0) != now.get(line, 0)
    ]


@pytest.mark.parametrize(
    ("example", "upto"),
    part_of(
        2,
        "interrupted",
        [
            ("group", ""),
            ("group-behind-a-load-balancer", ""),
            ("recover", ""),
            ("standby", ""),
            ("fresh", "fresh/launch"),
        ],
    ),
)
def test_undo_goes_back_over_the_very_steps_of_the_run_and_leaves_what_the_plan_said(
    example: str, upto: str
) -> None:
    told = undisturbed(example, upto)
    before = {change: told.pictures[number][0] for number, change in enumerate(told.applied)}
    after = told.pictures[len(told.applied) + 2 :]
    for undone, (changed, _) in zip(told.undone, after, strict=True):
        if undone == "undo:attach/attach" and "balancers.1/attach" in before:
            continue  # the group takes the instance out of the target group, and the next change puts it back
        found = differences((before[undone.removeprefix("undo:")], {}), (changed, {}))
        # The target group stays with the group, which is deleted.
        assert [line for line in found if ".target_groups. =" not in line] == [], undone
    assert differences((told.pictures[0][0], {}), (after[-1][0], {})) == [], "nothing has changed"
    at_the_end = told.pictures[len(told.applied)][1]
    assert after[-1][1] == at_the_end, "the image is as it was made"
    final = {one.id for one in told.plan.changes if isinstance(one.undo, Irreversible) and one.kind != "wait"}
    assert final == {one for one in told.applied if f"undo:{one}" not in told.undone}
    assert final <= {"image/create", "standby/stop"}


@pytest.mark.parametrize("example", part_of(2, "interrupted", EXAMPLES))
def test_resume_and_undo_reach_their_ends_after_another_interruption_at_each_call(example: str) -> None:
    start = number_for(f"interrupted {example}")
    again = bool(start % 2)
    undo = ("killed-before", "killed-after") if again else (*BEFORE, *AFTER)
    told = undisturbed(example)
    story(example, apply=(*BEFORE, *AFTER), undo=undo, again=again, circle_from=start // 2, told=told)


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_and_undo_reach_their_ends_whatever_call_is_interrupted_and_how(example: str) -> None:
    told = undisturbed(example)
    story(example, apply=(*BEFORE, "killed-after"), undo=("killed-before", "killed-after"), told=told)
    if example in ("group", "recover"):
        story(example, apply=("lost-after",), undo=("denied", "lost-after"), again=False, told=told)
        story(example, apply=("blind-after",), undo=("lost-before", "blind-after"), again=False, told=told)


@pytest.mark.exhaustive
@pytest.mark.parametrize("last", AFTER)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_way_of_failing_together_with_every_other(example: str, last: str) -> None:
    story(example, apply=(*BEFORE, last), undo=(*BEFORE, last), again=False, told=undisturbed(example))
