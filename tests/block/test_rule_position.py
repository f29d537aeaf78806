"""Where a rule goes: before what is in its way, behind the guard, and the order of the others as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.rule_position import Move, RulePosition, in_the_way, position_for
from opsctl.block.topology.webacl import Effect, Standing, WebAclRule
from opsctl.model.errors import RefusedByGuard

Spec = tuple[int, str]


def rule(number: int, kind: str = "") -> WebAclRule:
    return WebAclRule(
        name="ShieldMitigationRuleGroup_1" if kind == "shield" else f"{kind or 'r'}{number}",
        priority=number,
        effect=Effect.ALLOW,
        anti_ddos=kind == "ddos",
        foreign=kind == "foreign",
    )


def placed(*specs: Spec) -> RulePosition:
    """Place a rule among others: `may` and `listed` are in its way, `clear` and the rest are not."""
    rules = [rule(number, kind) for number, kind in specs]
    how = {"may": "may", "listed": "listed", "clear": "clear", "foreign": "may"}
    standings = [
        Standing.model_validate({"rule": one, "how": how[kind]})
        for one, (_, kind) in zip(rules, specs, strict=True)
        if kind in how
    ]
    return position_for(rules, standings)


def test_an_empty_web_acl_gets_the_first_number() -> None:
    assert placed() == RulePosition(priority=0)


def test_the_smallest_free_number_is_taken_before_what_is_in_the_way() -> None:
    assert placed((1, "clear"), (5, "may")) == RulePosition(priority=0)
    assert placed((0, "clear"), (1, "other"), (5, "may")) == RulePosition(priority=2)
    assert placed((0, "other"), (1, "other")) == RulePosition(priority=2)


def test_a_rule_that_is_clear_is_not_in_the_way() -> None:
    standings = [Standing(rule=rule(0), how="clear"), Standing(rule=rule(1), how="listed")]
    assert in_the_way(standings) == [rule(1)]


def test_without_a_free_number_the_rules_move_on_up_to_the_next_gap() -> None:
    assert placed((0, "clear"), (1, "listed"), (2, "other"), (9, "may")) == RulePosition(
        priority=1, moves=(Move(rule="listed1", old=1, new=2), Move(rule="other2", old=2, new=3))
    )


def test_the_rule_of_shield_advanced_is_never_moved() -> None:
    assert placed((0, "may"), (5, "shield")) == RulePosition(priority=0, moves=(Move(rule="may0", old=0, new=1),))
    with pytest.raises(RefusedByGuard, match="which Shield Advanced keeps"):
        placed((0, "may"), (1, "shield"))


def test_the_guard_against_floods_stays_in_front_where_nothing_is_in_the_way_before_it() -> None:
    assert placed((3, "ddos"), (9, "may")) == RulePosition(priority=4)
    assert placed(
        (3, "ddos"),
    ) == RulePosition(priority=4)
    assert placed((3, "may"), (5, "ddos")) == RulePosition(priority=0)
    assert placed((0, "may"), (1, "ddos")).priority == 0


def test_the_numbers_of_firewall_managers_groups_are_not_those_of_the_account() -> None:
    assert placed((0, "foreign"), (1, "may")) == RulePosition(priority=0)
    assert placed((0, "foreign"), (0, "other"), (5, "may")) == RulePosition(priority=1)
    assert placed((0, "foreign"), (0, "may")) == RulePosition(priority=0, moves=(Move(rule="may0", old=0, new=1),))


@given(
    st.dictionaries(st.integers(0, 12), st.sampled_from(["may", "listed", "clear", "other", "ddos"]), max_size=9)
)
def test_the_order_stays_and_nothing_in_the_way_comes_before_the_rule(kinds: dict[int, str]) -> None:
    specs = sorted(kinds.items())
    place = placed(*specs)
    new = {move.rule: move.new for move in place.moves}
    after = {f"{kind}{number}": new.get(f"{kind}{number}", number) for number, kind in specs}
    assert sorted(after, key=after.__getitem__) == [f"{kind}{number}" for number, kind in specs]
    assert len({place.priority, *after.values()}) == len(after) + 1, "every number once"
    stops = [after[f"{kind}{number}"] for number, kind in specs if kind in ("may", "listed")]
    assert all(number > place.priority for number in stops)
    guards = [
        number
        for number, kind in specs
        if kind == "ddos" and not any(n < number for n, k in specs if k in ("may", "listed"))
    ]
    assert all(after[f"ddos{number}"] < place.priority for number in guards)
    first = min((number for number, kind in specs if kind in ("may", "listed")), default=13)
    assert all(move.old >= first for move in place.moves), "what stands before is not touched"
