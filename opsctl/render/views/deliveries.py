"""Deliveries as text: what is lost or in doubt first, then the tree of who hands events to whom."""

from collections.abc import Iterator

from opsctl.events.arns import named
from opsctl.events.delivery_graph import Delivery, DeliveryEdge, DeliveryNode, Verdict
from opsctl.render.inert import shortened, visible
from opsctl.render.page import Page

_WORDS: dict[Verdict, str] = {
    "delivers": "delivers",
    "filtered": "delivers a part",
    "blocked": "BLOCKED",
    "unknown": "UNKNOWN",
}
_EVENT_WORDS = {"passes": "passes", "filtered": "IS LEFT OUT", "blocked": "IS BLOCKED", "unknown": "UNKNOWN"}
_BODY = 200
_STYLES: dict[Verdict, str] = {"delivers": "green", "filtered": "green", "blocked": "red", "unknown": "yellow"}


def title_of(node: DeliveryNode) -> str:
    """Return what people call a resource."""
    return f"{node.kind} {node.name}"


def render_deliveries(found: Delivery, *, width: int, colour: bool) -> str:
    """Return the whole: a heading that counts, what does not arrive and why, the tree, what could not be read."""
    page = Page(width, colour=colour)
    nodes = {one.arn: one for one in found.nodes}
    page.line(heading_of(found), "bold")
    for verdict in ("blocked", "unknown"):
        for edge in found.edges:
            if edge.verdict == verdict:
                page.item(
                    f"{_WORDS[verdict]}: {_between(edge, nodes)}: {'; '.join(edge.why)}", _STYLES[verdict], hang=2
                )
    if found.ends is not None:
        page.heading("Where this event comes to")
        for line in ends_of(found):
            page.item(line, hang=2, at_most=4)
    page.blank()
    page.literal(tree_of(found))
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    return page.text()


def heading_of(found: Delivery) -> str:
    """Say where the trace begins, and how many ways are open, blocked or in doubt."""
    start = next(one for one in found.nodes if one.arn == found.start)
    counts = {one: sum(1 for edge in found.edges if edge.verdict == one) for one in _WORDS}
    way = "What leads to" if found.back else "Events from"
    parts = [f"{len(found.edges)} step{'s' * (len(found.edges) != 1)}"]
    parts += [f"{counts[one]} {_WORDS[one]}" for one in ("blocked", "unknown") if counts[one]]
    return f"{way} {title_of(start)}: {', '.join(parts)}"


def ends_of(found: Delivery) -> Iterator[str]:
    """Say where the event that was asked about comes to, and in what form."""
    nodes = {one.arn: one for one in found.nodes}
    for end in found.ends or ():
        doubt = "" if end.certain else " perhaps"
        body = f", as {shortened(end.body, _BODY)}" if end.body else ""
        yield f"{title_of(nodes[end.arn])}{doubt}{body}"
    if not found.ends:
        yield "nowhere: it is lost on the way"


def _between(edge: DeliveryEdge, nodes: dict[str, DeliveryNode]) -> str:
    return f"{title_of(nodes[edge.source])} > {title_of(nodes[edge.target])}"


def tree_of(found: Delivery) -> Iterator[str]:
    """Go through the lines of the tree; a resource that is reached again is only named."""
    nodes = {one.arn: one for one in found.nodes}
    leads: dict[str, list[DeliveryEdge]] = {}
    for edge in found.edges:
        near, far = (edge.target, edge.source) if found.back else (edge.source, edge.target)
        leads.setdefault(near, []).append(edge.model_copy(update={"source": near, "target": far}))
    yield _named(nodes[found.start])
    yield from _below(found.start, nodes, leads, {found.start}, "")


def _below(
    arn: str, nodes: dict[str, DeliveryNode], leads: dict[str, list[DeliveryEdge]], seen: set[str], indent: str
) -> Iterator[str]:
    edges = leads.get(arn, [])
    for number, edge in enumerate(edges):
        branch, deeper = ("└─ ", "   ") if number == len(edges) - 1 else ("├─ ", "│  ")
        node = nodes[edge.target]
        again = node.arn in seen
        seen.add(node.arn)
        yield f"{indent}{branch}{_WORDS[edge.verdict]}: {_named(node)}{' (see above)' if again else ''}"
        stem = "│  " if leads.get(node.arn) and not again else "   "
        for fact in facts_of(edge):
            yield f"{indent}{deeper}{stem}· {visible(fact)}"
        if not again:
            yield from _below(node.arn, nodes, leads, seen, indent + deeper)


def _named(node: DeliveryNode) -> str:
    notes = f" ({'; '.join(node.notes)})" if node.notes else ""
    return visible(f"{title_of(node)}{notes}")


def facts_of(edge: DeliveryEdge) -> Iterator[str]:
    """Go through what there is to say of an edge, one sentence each."""
    yield edge.by + (f", passes {edge.passes}" if edge.passes else "")
    if edge.event is not None:
        because = f": {edge.event.why}" if edge.event.why and not edge.why else ""
        yield f"this event: {_EVENT_WORDS[edge.event.outcome]}{because}"
        if edge.event.second_opinion:
            yield f"AWS says whether it matches: {edge.event.second_opinion}"
    yield from edge.why
    promises = ", ".join(one for one in (edge.duplicates, edge.order) if one)
    if promises:
        yield promises
    if edge.retry:
        yield f"retries: {edge.retry}"
    if edge.dead_letter:
        yield f"failures go to {named(edge.dead_letter).kind} {named(edge.dead_letter).name}"
    if edge.lost:
        yield f"lost when {edge.lost}"
