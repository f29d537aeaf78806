"""Makes text from the account harmless, once for each form of output."""

import html

_BIDI = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
_MARKDOWN = "\\`*_{}[]()#+!|<>~$&"


def visible(text: object) -> str:
    """Return one line in which every control, format or unassigned character is a visible escape.

    Escape sequences, newlines and direction overrides can then neither move the cursor nor hide anything.
    """
    return "".join(_escaped(char) for char in str(text))


def markdown(text: object) -> str:
    """Return text that Markdown and HTML inside Markdown show as it is, also inside a table cell."""
    return "".join(f"\\{char}" if char in _MARKDOWN else char for char in visible(text)).replace("://", ":&#47;/")


def code_span(text: object) -> str:
    """Return an inline code span that its content cannot leave, also inside a table cell."""
    clean = visible(text).replace("|", "\\|")
    fence = "`"
    while fence in clean:
        fence += "`"
    padding = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{padding}{clean}{padding}{fence}"


def markup(text: object) -> str:
    """Return text for HTML and SVG, quotes included."""
    return html.escape(visible(text), quote=True)


def shortened(text: object, limit: int) -> str:
    """Return visible text of at most so many characters, with an ellipsis when it was longer."""
    clean = visible(text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _escaped(char: str) -> str:
    if not char.isprintable() or char in _BIDI:
        code = ord(char)
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(
            char, f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
        )
    return char
