"""Parses what the command line says about filtering and editing messages."""

import json

from opsctl.dlq.message_filter import Setting
from opsctl.expressions.evaluate import DEEPEST, ExpressionFault, compiled
from opsctl.expressions.shapes import ANYTHING, record, scalar
from opsctl.expressions.typecheck import check_expression
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.lossless import parse

_AROUND = 90
_SEES = (
    "an expression sees body, attributes, system, id, kind, code, cause and origin, "
    "for example: body.customer == 'c-17'"
)
_WRITE = f"text is written 'so', numbers, true and null `so`; {_SEES}"
_TEXTS = ("id", "kind", "code", "cause", "origin")
_MESSAGE = record(
    {
        "body": ANYTHING,
        "attributes": {"type": "object"},
        "system": {"type": "object"},
        **{name: scalar("string") for name in _TEXTS},
    }
)


def refuse_bad_expression(text: str, source: str) -> None:
    """Return when the text is JMESPath over a message; otherwise raise InvalidInput, with the position marked."""
    try:
        compiled(text)
    except ExpressionFault as fault:
        summary = str(fault) if fault.weight else "not a JMESPath expression"
        raise _fault(text, source, summary, _WRITE, fault.position) from None
    faults = check_expression(text, _MESSAGE)[1]
    if faults:
        raise _fault(text, source, faults[0], _SEES)


def _fault(text: str, source: str, summary: str, hint: str, position: int = -1) -> InvalidInput:
    start = max(0, position - _AROUND)
    shown = text[start : position + _AROUND] if position >= 0 else text
    where = Where(source=source)
    caret = position - start + 1 if position >= 0 else 0
    return InvalidInput(
        [Diagnostic(code="input", summary=summary, where=where, hint=hint, offending=shown, caret=caret)]
    )


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
    if at.count(".") > DEEPEST:
        raise InvalidInput.one(f"the place to set is deeper than {DEEPEST} levels", source="settings")
    if told.startswith("="):
        refuse_bad_expression(told[1:], "settings")
        return Setting(at=at, expression=told[1:])
    try:
        parse(told)
    except ValueError:
        told = json.dumps(told, ensure_ascii=False)
    return Setting(at=at, json_text=told)
