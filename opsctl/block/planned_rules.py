"""The rules of a web ACL as they will be: those that are added, and the order after each change."""

from collections.abc import Sequence

from opsctl.block.rule_position import Move, RulePosition
from opsctl.block.topology.webacl import WebAcl, WebAclRule
from opsctl.model.changes import Check
from opsctl.model.value import Json, Value


class Added(Value):
    """A rule that is added: where, what has to be so before it, and the check that its set is nobody else's."""

    rule: dict[str, Json]
    place: RulePosition
    before: tuple[Check, ...]
    unused: Check
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
    shown = ", ".join(map(str, moves[:3]))
    return shown if len(moves) <= 3 else f"{shown} and {len(moves) - 3} more"
