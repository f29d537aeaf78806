"""What caches stand in front of something, and how each keeps what it has, as text and Markdown."""

from collections.abc import Iterator

from opsctl.caches.facts.cache_explained import CacheExplained, CacheLayer
from opsctl.caches.facts.cache_kept import KeptFor
from opsctl.model.spans import span
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def render_explained(found: CacheExplained, *, width: int, colour: bool) -> str:
    """Return a heading for each cache with a few lines: which rule, for how long, under which key."""
    page = Page(width, colour=colour)
    for one in found.layers:
        page.line(_heading(one), "bold")
        for line in _lines(one):
            page.item(line, hang=2)
    for line in found.unknown:
        page.item(line, "yellow", hang=2)
    return page.text()


def _heading(layer: CacheLayer) -> str:
    if layer.kept is None:
        return layer.target
    return f"{layer.kept.path} at CloudFront {layer.kept.name} ({layer.kept.distribution})"


def _lines(layer: CacheLayer) -> Iterator[str]:
    if layer.kept is not None:
        yield from _of_distribution(layer.kept)
        return
    yield from layer.says
    if layer.gone_after_s:
        yield f"the old answer is gone by itself after {span(layer.gone_after_s)} at the latest"


def _of_distribution(found: KeptFor) -> Iterator[str]:
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


def markdown_explained(found: CacheExplained) -> str:
    """Return the same as lists."""
    parts = []
    for one in found.layers:
        parts += [f"**{markdown(_heading(one))}**", "", *(f"- {markdown(line)}" for line in _lines(one)), ""]
    parts += [f"- {markdown(line)}" for line in found.unknown]
    return "\n".join(parts).rstrip("\n") + "\n"
