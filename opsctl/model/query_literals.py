"""Names that somebody else chose, as literals of a JMESPath query."""

import json


def text_literal(text: str) -> str:
    """Return a literal that is this text, whatever is in it (JMESPath specification, "Literal Expressions")."""
    return "`" + json.dumps(text).replace("`", "\\u0060") + "`"
