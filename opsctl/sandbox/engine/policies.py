"""IAM's judgement: what policies say of one action on one resource. Pure.

Source: IAM user guide, "Policy evaluation logic", "Resource" and "Policy variables".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from opsctl.model.value import Json
from opsctl.sandbox.engine.policy_conditions import UnknownOperator, holds, listed
from opsctl.sandbox.engine.policy_patterns import literal, matches, matches_arn

Context: TypeAlias = Mapping[str, Sequence[str]]
"""The context keys of a request, in lower case, and their values."""
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_SIGNS = ("*", "?", "$")
_NOTHING = "\0"


class PolicyDecision(StrEnum):
    """As SimulatePrincipalPolicy calls them."""

    ALLOWED = "allowed"
    IMPLICIT = "implicitDeny"
    EXPLICIT = "explicitDeny"


@dataclass(frozen=True)
class PolicyQuestion:
    """One action on one resource, and what is known about it."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Grants:
    """The policies of a caller: its own, and limits (a permissions boundary, a session's policy)."""

    own: tuple[Json, ...]
    limits: tuple[tuple[Json, ...], ...] = ()

    def judge(self, asked: PolicyQuestion) -> PolicyDecision:
        """An explicit deny anywhere wins; otherwise everything has to allow it."""
        decisions = [decide(one, asked) for one in (self.own, *self.limits)]
        return next(
            (one for one in (PolicyDecision.EXPLICIT, PolicyDecision.IMPLICIT) if one in decisions),
            PolicyDecision.ALLOWED,
        )

    @property
    def is_everything(self) -> bool:
        """Whether there is nothing to judge: one statement allows all, and none denies."""
        statements = [one for document in self.own for one in statements_of(document)]
        all_of_it = any(
            "*" in listed(one.get("Action")) and "*" in listed(one.get("Resource")) and "Condition" not in one
            for one in statements
        )
        return all_of_it and not self.limits and all(one.get("Effect") == "Allow" for one in statements)


def statements_of(document: Json) -> list[Json]:
    """The statements of a policy document; a single one need not be in a list."""
    return listed(document.get("Statement"))


def decide(documents: Iterable[Json], asked: PolicyQuestion) -> PolicyDecision:
    """What these policies together say."""
    effects = {
        one.get("Effect") for document in documents for one in statements_of(document) if applies(one, asked)
    }
    if "Deny" in effects:
        return PolicyDecision.EXPLICIT
    return PolicyDecision.ALLOWED if "Allow" in effects else PolicyDecision.IMPLICIT


def applies(statement: Json, asked: PolicyQuestion) -> bool:
    """Tell whether a statement is about what is asked."""
    if "NotAction" in statement:
        named = not _any_action(statement["NotAction"], asked.action)
    else:
        named = _any_action(statement.get("Action"), asked.action)
    if not named:
        return False
    if "NotResource" in statement:
        about = not _any_resource(statement["NotResource"], asked)
    else:
        about = _any_resource(statement.get("Resource"), asked)
    return about and _conditions_hold(statement, asked.context)


def _conditions_hold(statement: Json, context: Context) -> bool:
    """All have to hold. What nobody here can judge allows nothing and denies all the same."""
    try:
        return all(
            holds(operator, [_filled(value, context) for value in listed(wanted)], context.get(key.lower()))
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, wanted in keys.items()
        )
    except UnknownOperator:
        return bool(statement.get("Effect") == "Deny")


def _any_action(patterns: Json, action: str) -> bool:
    return any(_same_action(str(one), action) for one in listed(patterns))


@lru_cache(maxsize=8192)
def _same_action(pattern: str, action: str) -> bool:
    # A policy has dozens of names, and is asked about the same few actions again and again.
    return matches(pattern.lower(), action.lower())


def _any_resource(patterns: Json, asked: PolicyQuestion) -> bool:
    return any(matches_arn(_filled(one, asked.context), asked.resource) for one in listed(patterns))


def _filled(value: Json, context: Context) -> str:
    """Put the context's values in place of policy variables; one that is not known matches nothing."""

    def known(match: re.Match[str]) -> str:
        name, has_default, default = match[1].partition(",")
        if name in _SIGNS:
            return literal(name)
        values = context.get(name.strip().lower()) or ()
        if len(values) == 1:
            return literal(values[0])
        return literal(default.strip().strip("'")) if has_default else _NOTHING

    return _VARIABLE.sub(known, str(value).lower() if isinstance(value, bool) else str(value))
