"""The caches of a region, as text and Markdown."""

from opsctl.caches.facts.cache_list import CachesListed, ListedCache
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def render_caches(found: CachesListed, *, width: int, colour: bool) -> str:
    """Return a line for each cache, and what could not be listed."""
    page = Page(width, colour=colour)
    page.line(_heading(found), "bold")
    for one in found.caches:
        page.item(_line(one), hang=2)
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    return page.text()


def _heading(found: CachesListed) -> str:
    count = len(found.caches)
    return f"{count} cache{'s' * (count != 1)} in {found.region}, account {found.account}"


def _line(one: ListedCache) -> str:
    state = f" ({one.state})" if one.state else ""
    name = f" {one.name}" if not one.target.endswith(f":{one.name}") else ""
    return f"{one.target}{name}{state}{f': {one.not_flushed}' if one.not_flushed else ''}"


def markdown_caches(found: CachesListed) -> str:
    """Return the same as a list."""
    unread = [f"could not be read: {line}" for line in found.unknown]
    lines = [f"- {markdown(line)}" for line in (*(_line(one) for one in found.caches), *unread)]
    return "\n".join([f"**{markdown(_heading(found))}**", "", *lines]) + "\n"
