"""Which statements of a role's policies let it send to queues, and what is left of them without that; pure.

Source: IAM guide, "Policy grammar" and "IAM JSON policy elements": one statement may stand without its list, as
may one action or resource; capitals in actions do not matter, `*` and `?` are wildcards.
"""

import re
from collections.abc import Sequence
from fnmatch import translate

from opsctl.model.value import Json, Value

SEND = "sqs:SendMessage"


class NarrowedStatement(Value):
    """A statement and what takes its place; nothing where it allows nothing else."""

    old: dict[str, Json]
    new: tuple[dict[str, Json], ...]


class NotNarrowed(Value):
    """A statement that lets the role send among other things, and cannot be narrowed by taking elements out."""

    why: str


def narrowed(statement: dict[str, Json], queues: Sequence[str]) -> NarrowedStatement | NotNarrowed | None:
    """What is left of a statement when sending to these queues is taken out; None when it does not allow that."""
    if statement.get("Effect") != "Allow":
        return None
    name = str(statement.get("Sid") or "a statement without Sid")
    resources = listed(statement.get("Resource"))
    hit = [one for one in resources if any(_matches(one, queue) for queue in queues)]
    if "NotResource" in statement:
        hit = ["NotResource"]
    if not hit:
        return None
    actions = listed(statement.get("Action"))
    sending = [one for one in actions if action_matches(one, SEND)]
    if "NotAction" in statement:
        return NotNarrowed(why=f"{name} allows it by NotAction")
    if not sending:
        return None
    wide = [one for one in sending if one.lower() != SEND.lower()] + [one for one in hit if one not in queues]
    if wide:
        return NotNarrowed(why=f"{name} allows it by {', '.join(wide)}")
    other_actions = [one for one in actions if one not in sending]
    other_resources = [one for one in resources if one not in hit]
    left = [{**statement, "Action": other_actions}] if other_actions else []
    if other_resources:
        named = {"Sid": f"{statement['Sid']}Rest"} if left and "Sid" in statement else {}
        left.append({**statement, **named, "Action": sending, "Resource": other_resources})
    return NarrowedStatement(old=statement, new=tuple(left))


def statements_in(document: Json) -> list[dict[str, Json]]:
    """The statements of a policy document."""
    found = (document or {}).get("Statement") or []
    return [found] if isinstance(found, dict) else list(found)


def listed(value: Json) -> list[str]:
    """One or several, as policies write them."""
    return [str(one) for one in (value if isinstance(value, (list, tuple)) else [value] if value else [])]


def action_matches(pattern: str, action: str) -> bool:
    """Whether an action of a policy, which may have wildcards, is about a call."""
    return _matches(pattern.lower(), action.lower())


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(translate(pattern.replace("[", "[[]")), text) is not None
