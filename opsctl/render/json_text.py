"""The one versioned envelope around every result in JSON."""

import json
from collections.abc import Sequence

from opsctl.expressions.evaluate import ExpressionFault, compiled, evaluate
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json

SCHEMA = "opsctl.result/v1"


def refuse_bad_query(query: str) -> None:
    """Refuse a --query that is no JMESPath, before anything is called; raises InvalidInput."""
    try:
        compiled(query)
    except ExpressionFault as fault:
        raise InvalidInput.one(str(fault).splitlines()[0], source="--query") from None


def render_envelope(
    *,
    command: str,
    exit_code: int,
    outcome: str,
    result: Json,
    errors: Sequence[Json] = (),
    query: str = "",
) -> str:
    """Return the envelope as text; with a query, what the JMESPath expression finds in it instead.

    Raises:
        InvalidInput: the query is no JMESPath, or cannot be evaluated.
    """
    envelope: Json = {
        "schema": SCHEMA,
        "command": command,
        "exit_code": exit_code,
        "outcome": outcome,
        "result": result,
        "errors": list(errors),
    }
    if query:
        try:
            envelope = evaluate(query, envelope)
        except ExpressionFault as fault:
            raise InvalidInput.one(str(fault).splitlines()[0], source="--query") from None
    # ASCII only: no terminal interprets what an account may have put into a name.
    return json.dumps(envelope, indent=2, ensure_ascii=True, default=str) + "\n"
