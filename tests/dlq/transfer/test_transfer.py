"""The budget of a move: what may still be moved, shared by threads that take more than they use."""

from hypothesis import given
from hypothesis import strategies as st

from opsctl.dlq.transfer.rate import Budget

_STEPS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30)


@given(st.integers(0, 50), _STEPS)
def test_what_is_taken_and_not_given_back_never_exceeds_the_budget_and_the_rest_stays(
    count: int, steps: list[tuple[int, int]]
) -> None:
    budget, used = Budget(count), 0
    for wanted, unused in steps:
        taken = budget.take(wanted)
        assert taken == min(wanted, count - used)
        back = min(unused, taken)
        budget.give_back(back)
        used += taken - back
        assert budget.spent == (used == count)


@given(_STEPS)
def test_a_budget_without_end_is_never_spent(steps: list[tuple[int, int]]) -> None:
    budget = Budget(-1)
    for wanted, unused in steps:
        assert budget.take(wanted) == wanted
        budget.give_back(unused)
        assert not budget.spent
