"""Renders a mapping template of API Gateway.

Source: API Gateway guide, "Mapping template reference" (`$input`, `$util`, `$context`). The language itself is
the `airspeed` package's, as the authors of another emulator compared it with AWS.
"""

import json
from typing import Any

import jmespath

from opsctl.model.value import Json

_ESCAPED = {'"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Input:
    """`$input`: the text that came, and what a path finds in it."""

    def __init__(self, text: str) -> None:
        self.body = text

    def path(self, path: str) -> Json:
        """What a plain path finds: members and places in lists, which JSONPath and JMESPath write alike."""
        return jmespath.search(path.removeprefix("$").removeprefix(".") or "@", json.loads(self.body or "{}"))

    def json(self, path: str) -> str:
        """The same as JSON."""
        return json.dumps(self.path(path))


class _Util:
    """`$util`."""

    def escapeJavaScript(self, text: str) -> str:  # noqa: N802 - AWS's name
        """Escape by the rules of JavaScript strings, single quotes among them, which JSON does not know."""
        return "".join(_ESCAPED.get(one) or (one if " " <= one <= "~" else _unicode(one)) for one in str(text))


def _unicode(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))


def render_template(template: str, text: str) -> tuple[str, dict[str, Any]]:
    """Render a template over a text; what it overrides comes as the second value.

    ValueError where it asks for a path in what is no JSON.
    """
    import airspeed

    overrides: dict[str, Any] = {"requestOverride": {"header": {}}, "responseOverride": {"header": {}}}
    names = {"input": _Input(text), "util": _Util(), "context": overrides}
    return str(airspeed.Template(template).merge(names)), overrides
