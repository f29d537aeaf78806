"""Where a rule goes in a web ACL: before whatever may let its addresses in, which rules make room for it,
and the rules as they will be.
"""

from collections.abc import Sequence

from opsctl.block.topology.webacl import Standing, WebAcl, WebAclRule, is_shields
from opsctl.model.changes import Check
from opsctl.model.errors import RefusedByGuard
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value


class Move(Value):
    """A rule that gets another number; the order of the rules stays."""

    rule: str
    old: int
    new: int

    def __str__(self) -> str:
        return f"{self.rule} {self.old} to {self.new}"


class RulePosition(Value):
    """The number for a rule, and the rules that are moved for it, lowest first."""

    priority: int
    moves: tuple[Move, ...] = ()


def in_the_way(standings: Sequence[Standing]) -> list[WebAclRule]:
    """Return the rules that may let an address in."""
    return [one.rule for one in standings if one.how != "clear"]


def position_for(rules: Sequence[WebAclRule], standings: Sequence[Standing]) -> RulePosition:
    """Choose the smallest free number after the Anti-DDoS group and before the first rule in the way.

    Where none is free, the first rule in the way and those that follow it without a gap move on by one. Firewall
    Manager's groups have numbers of their own and stay where they are.

    Raises:
        RefusedByGuard: the rule of Shield Advanced would have to move, which nobody but it may.
    """
    numbers = {rule.priority: rule.name for rule in rules if not rule.foreign}
    ceiling = min((rule.priority for rule in in_the_way(standings) if not rule.foreign), default=None)
    guards = [rule.priority for rule in rules if rule.anti_ddos and not rule.foreign]
    lowest = max((one + 1 for one in guards if ceiling is None or one < ceiling), default=0)
    end = lowest + len(numbers) + 1 if ceiling is None else ceiling
    free = next((number for number in range(lowest, end) if number not in numbers), None)
    if free is not None:
        return RulePosition(priority=free)
    moves = []
    number = end
    while number in numbers:
        if is_shields(numbers[number]):
            raise RefusedByGuard(
                f"no priority is free before rule {numbers[number]}, which Shield Advanced keeps; nothing was "
                "changed",
                "give the rules of the web ACL smaller numbers, or use --layer nacl",
            )
        moves.append(Move(rule=numbers[number], old=number, new=number + 1))
        number += 1
    return RulePosition(priority=end, moves=tuple(moves))


class Added(Value):
    """A rule that is added: where, what has to be so before it, and the checks that its set is nobody else's."""

    rule: dict[str, Json]
    set_arn: Json
    place: RulePosition
    before: tuple[Check, ...]
    unused: tuple[Check, ...]
    maker: str


def with_rules(acl: WebAcl, rules: Sequence[WebAclRule]) -> WebAcl:
    """The web ACL with other rules of its own, in their order; the groups of Firewall Manager stay around them."""
    own = sorted((rule for rule in rules if not rule.foreign), key=lambda rule: rule.priority)
    foreign = [rule for rule in acl.rules if rule.foreign]
    first = 0
    while first < len(acl.rules) and acl.rules[first].foreign:
        first += 1
    return acl.model_copy(update={"rules": (*foreign[:first], *own, *foreign[first:])})


def moved(moves: Sequence[Move]) -> str:
    """Name the first few rules that get other numbers."""
    return first_few(map(str, moves), 3)
