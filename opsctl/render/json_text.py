"""The one versioned envelope around every result in JSON."""

import json
from collections.abc import Sequence

from opsctl.expressions.evaluate import ExpressionFault, compiled, evaluate
from opsctl.model.errors import InvalidInput
from opsctl.model.outcomes import Outcome
from opsctl.model.value import Json
from opsctl.render.inert import visible

SCHEMA = "opsctl.result/v1"


def refuse_bad_query(query: str) -> None:
    """Refuse a --query that is no JMESPath, before anything is called; raises InvalidInput."""
    try:
        compiled(query)
    except ExpressionFault as fault:
        raise InvalidInput.one(str(fault).splitlines()[0], source="--query") from None


def envelope_of(
    *, command: str, exit_code: int, outcome: Outcome, result: Json, errors: Sequence[Json] = ()
) -> dict[str, Json]:
    """Return the envelope around the result of a command, or around what went wrong."""
    return {
        "schema": SCHEMA,
        "command": command,
        "exit_code": exit_code,
        "outcome": outcome.value,
        "result": result,
        "errors": list(errors),
    }


def found_in(envelope: Json, query: str) -> Json:
    """Return what a JMESPath expression finds in an envelope, all of it without one.

    Raises:
        InvalidInput: the query is no JMESPath, or cannot be evaluated.
    """
    if not query:
        return envelope
    try:
        return evaluate(query, envelope)
    except ExpressionFault as fault:
        raise InvalidInput.one(str(fault).splitlines()[0], source="--query") from None


def json_text(value: Json, *, raw: bool = False, on_terminal: bool = False) -> str:
    """Return a value as text; `raw` prints a string bare, a list of strings one a line, and nothing for null.

    Bare text goes to a file or pipe just as it is; on a terminal it is made harmless.
    """
    if raw and value is None:
        return ""
    lines = value if isinstance(value, list) else [value]
    if raw and all(isinstance(line, str) for line in lines) and not _torn(value):
        return "".join(f"{_harmless(line) if on_terminal else line}\n" for line in lines)
    # ASCII only: no terminal interprets what an account may have put into a name.
    return json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n"


def _torn(value: Json) -> bool:
    """Tell whether a list has a string with a line break in it, which would be read as two."""
    return isinstance(value, list) and any(len(f"{line}.".splitlines()) > 1 for line in value)


def _harmless(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))


def render_envelope(
    *, command: str, exit_code: int, outcome: Outcome, result: Json, errors: Sequence[Json] = ()
) -> str:
    """Return the envelope as text."""
    return json_text(
        envelope_of(command=command, exit_code=exit_code, outcome=outcome, result=result, errors=errors)
    )
