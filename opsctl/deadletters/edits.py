"""Parses what the command line says about filtering and editing messages."""

import json

from opsctl.deadletters.lossless import parse
from opsctl.deadletters.sieve import Setting
from opsctl.expressions.evaluate import ExpressionFault, compiled
from opsctl.model.errors import InvalidInput


def refuse_bad_expression(text: str, source: str) -> None:
    """Return when the text is JMESPath; otherwise raise InvalidInput, with the position marked."""
    try:
        compiled(text)
    except ExpressionFault as fault:
        raise InvalidInput.one(
            str(fault),
            source=source,
            hint="an expression sees body, attributes, system, id, kind, code, cause and origin, "
            "for example: body.customer == 'c-17'",
        ) from None


def parse_setting(text: str) -> Setting:
    """Parse `body.a.b=VALUE`, `attributes.name=VALUE` or `...==EXPRESSION`.

    A value is JSON if it can be read as JSON, else text.

    Raises:
        InvalidInput: it is none of these.
    """
    at, mark, told = text.partition("=")
    at = at.strip()
    head, _, path = at.partition(".")
    if not mark or head not in ("body", "attributes") or (head == "attributes" and not path) or ".." in at:
        raise InvalidInput.one(
            f"{text!r} does not say what to set",
            source="settings",
            hint="write body.a.b=VALUE or attributes.name=VALUE; body.total==to_number(body.total) computes",
        )
    if told.startswith("="):
        refuse_bad_expression(told[1:], "settings")
        return Setting(at=at, expression=told[1:])
    try:
        parse(told)
    except ValueError:
        told = json.dumps(told, ensure_ascii=False)
    return Setting(at=at, json_text=told)
