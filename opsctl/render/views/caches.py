"""How CloudFront caches what a URL asks for, as text and Markdown."""

from collections.abc import Iterator

from opsctl.caches.facts.cache_kept import KeptFor
from opsctl.model.spans import span
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def render_kept(found: KeptFor, *, width: int, colour: bool) -> str:
    """Return a few lines: which behavior, how long, under which key, how to have it gone."""
    page = Page(width, colour=colour)
    page.line(f"{found.path} at CloudFront {found.name} ({found.distribution})", "bold")
    for line in _lines(found):
        page.item(line, hang=2)
    return page.text()


def _lines(found: KeptFor) -> Iterator[str]:
    yield f"answered by {found.behavior}, from origin {found.origin}; cache policy {found.policy}"
    if found.unknown:
        yield f"for how long cannot be told: {found.unknown}"
        return
    if not found.kept:
        yield "nothing is kept: every request goes to the origin"
        return
    yield (
        f"kept for {span(found.default_s)} where the origin says nothing; the origin may say from "
        f"{span(found.least_s)} to {span(found.most_s)} by Cache-Control or Expires"
    )
    yield f"the key is the path{''.join(f', {one}' for one in found.key)}"
    yield f"the old answer is gone by itself after {span(found.most_s)} at the latest; browsers keep theirs"


def markdown_kept(found: KeptFor) -> str:
    """Return the same as a list."""
    head = f"**{markdown(found.path)} at CloudFront {markdown(found.name)}**"
    return "\n".join([head, "", *(f"- {markdown(line)}" for line in _lines(found))]) + "\n"
