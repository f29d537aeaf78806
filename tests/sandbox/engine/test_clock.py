"""Time in the sandbox."""

from opsctl.sandbox.engine.clock import HandClock, Timeline


def story(*delays: float) -> tuple[Timeline, HandClock, list[float]]:
    clock = HandClock(1000)
    timeline, seen = Timeline(clock), list[float]()
    for delay in delays:
        timeline.after(delay, lambda: seen.append(timeline.now()))
    return timeline, clock, seen


def test_things_happen_in_order_of_when_they_are_due_and_see_that_moment() -> None:
    timeline, clock, seen = story(30, 10, 20)
    clock.move_to(1025)
    timeline.catch_up()
    assert seen == [1010, 1020]
    assert timeline.next_due() == 1030


def test_what_takes_no_time_happens_at_once() -> None:
    _, _, seen = story(0)
    assert seen == [1000]


def test_a_clock_moved_far_ahead_tells_the_same_story_as_one_that_ticks() -> None:
    timeline, clock, seen = story()

    def again() -> None:
        seen.append(timeline.now())
        if len(seen) < 4:
            timeline.after(60, again)

    timeline.after(60, again)
    clock.move_to(10_000)
    timeline.catch_up()
    assert seen == [1060, 1120, 1180, 1240]


def test_what_is_forgotten_does_not_happen() -> None:
    timeline, clock, seen = story(10)
    timeline.forget()
    clock.move_to(2000)
    timeline.catch_up()
    assert (seen, timeline.next_due()) == ([], None)


def test_a_clock_does_not_go_back() -> None:
    clock = HandClock(1000)
    clock.move_to(500)
    assert clock.now() == 1000
