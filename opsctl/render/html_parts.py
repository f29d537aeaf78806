"""The parts that pages are made of; text goes into them as it is, and comes out harmless."""

from collections.abc import Iterable, Sequence

from opsctl.render.html_style import PAGE_STYLE
from opsctl.render.inert import markup


def page(title: str, parts: Iterable[str]) -> str:
    """Return a whole page, which forbids itself to load or to run anything."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{markup(title)}</title><style>{PAGE_STYLE}</style></head><body>"
    )
    return "\n".join([head, *(part for part in parts if part), "</body></html>"]) + "\n"


def paragraph(text: str, style: str = "") -> str:
    """Return a line of text."""
    return f'<p class="{style}">{markup(text)}</p>' if style else f"<p>{markup(text)}</p>"


def texts(lines: Sequence[str]) -> str:
    """Return a list of lines; nothing when there are none."""
    return f"<ul>{''.join(f'<li>{markup(line)}</li>' for line in lines)}</ul>" if lines else ""


def rows(name: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """Return rows for `facts`: the name beside the first value."""
    return [("" if number else name, value) for number, value in enumerate(values)]


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with their values; a value without a name belongs to the name before."""
    said: list[tuple[str, list[str]]] = []
    for name, value in pairs:
        if name or not said:
            said.append((name, []))
        said[-1][1].append(value)
    items = "".join(
        f"<dt>{markup(name)}</dt><dd>{'<br>'.join(markup(value) for value in values)}</dd>"
        for name, values in said
    )
    return f"<dl>{items}</dl>"


def table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table; where there is no room for it, each row is a list that names its columns."""
    return cells(columns, [[markup(cell) for cell in line] for line in lines])


def cells(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that are markup already."""
    head = "".join(f'<th scope="col">{markup(name)}</th>' for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-name="{markup(name)}">{cell}</td>' for name, cell in zip(columns, line, strict=True))
        + "</tr>"
        for line in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def pre(lines: Sequence[str]) -> str:
    """Return lines as they stand."""
    return "<pre>" + "\n".join(markup(line) for line in lines) + "</pre>"


def details(head: str, parts: Iterable[str], *, opened: bool = False) -> str:
    """Return what is folded away behind a line, which is markup already and is there in any case."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{head}</summary>{''.join(parts)}</details>"


def aside(title: str, parts: Iterable[str]) -> str:
    """Return what is folded away behind a title; it is not on paper unless somebody opened it."""
    return f'<details class="aside"><summary><h3>{markup(title)}</h3></summary>{"".join(parts)}</details>'
