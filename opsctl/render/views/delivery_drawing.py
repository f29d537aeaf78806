"""Deliveries as a Mermaid flowchart and as SVG: what passes, what is in doubt, and where events are stopped."""

from opsctl.events.delivery_graph import Delivery, DeliveryEdge, DeliveryNode, Verdict
from opsctl.render.inert import markup
from opsctl.render.layout import INSET, LINE, lay_out
from opsctl.render.mermaid import label_of
from opsctl.render.svg_parts import PAPER, arrow_drawn, box_drawn, wrapped_text
from opsctl.render.views.deliveries import facts_of, title_of

STYLE = """
.events { --ink: #1c1c22; --box: #fff; --line: #5a5a66; --bad: #b3261e; --doubt: #8a6100; }
@media screen and (prefers-color-scheme: dark) {
  .events { --ink: #ececf1; --box: #24242b; --line: #a9a9b6; --bad: #ff8a80; --doubt: #ffcf70; }
}
.events text { font: 11px system-ui, sans-serif; fill: var(--ink); }
.events .name { font-weight: 600; }
.events rect { fill: var(--box); stroke: var(--line); }
.events rect.gone { stroke: var(--bad); stroke-dasharray: 4 3; }
.events path { fill: none; stroke: var(--line); stroke-width: 1.3; }
.events .filtered { stroke-dasharray: 6 4; }
.events .unknown { stroke: var(--doubt); stroke-dasharray: 1.5 4; }
.events .blocked, .events path.bar { stroke: var(--bad); }
.events path.bar { stroke-width: 5; }
.events polygon { fill: var(--line); }
"""
LEGEND = ("solid line: delivers", "dashed: what a filter or pattern passes", "dotted: unknown", "bar: blocked")
_ARROWS: dict[Verdict, str] = {"delivers": "-->", "filtered": "-.->", "unknown": "-. ? .->", "blocked": "--x"}
_NAME, _WORDS = 21, 24


def mermaid_deliveries(found: Delivery) -> str:
    """Return the flowchart; node ids are our own, labels are quoted and inert."""
    numbers = {one.arn: f"n{number}" for number, one in enumerate(found.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {numbers[one.arn]}["{label_of(title_of(one))}"]' for one in found.nodes]
    for edge in found.edges:
        label = "" if edge.verdict == "unknown" else f'|"{label_of(_label(edge))}"|'
        lines.append(f"  {numbers[edge.source]} {_ARROWS[edge.verdict]}{label} {numbers[edge.target]}")
    return "\n".join(lines) + "\n"


def _label(edge: DeliveryEdge) -> str:
    return f"BLOCKED: {'; '.join(edge.why)}" if edge.verdict == "blocked" else edge.by


def svg_deliveries(found: Delivery) -> str:
    """Return a self-contained SVG document, light or dark as its reader likes it."""
    boxes = {one.arn: _lines(one) for one in found.nodes}
    edges = {(one.source, one.target): one for one in reversed(found.edges)}
    layout = lay_out({arn: len(lines) for arn, lines in boxes.items()}, list(edges), portrait=False)
    width, height = f"{layout.width:g}", f"{layout.height + LINE * (len(LEGEND) + 1):g}"
    start = next(one for one in found.nodes if one.arn == found.start)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="events alone" role="img" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        ),
        f"<title>{markup(f'Events and {title_of(start)}')}</title>",
        f"<style>{STYLE}{PAPER}</style>",
    ]
    for key, route in layout.routes.items():
        edge = edges[key]
        parts.append(
            arrow_drawn(
                route,
                line=edge.verdict,
                tip="",
                words="; ".join(facts_of(edge)),
                stopped=edge.verdict == "blocked",
                portrait=False,
            )
        )
    for one in found.nodes:
        tip = "; ".join((one.arn, *one.notes, *one.unknown))
        parts.append(box_drawn(layout.boxes[one.arn], boxes[one.arn], tone="" if one.exists else "gone", tip=tip))
    top = layout.height + LINE
    parts += [f'<text x="{INSET}" y="{top + LINE * n:g}">{line}</text>' for n, line in enumerate(LEGEND)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(node: DeliveryNode) -> list[tuple[str, str]]:
    lines = [("name", line) for line in wrapped_text(title_of(node), _NAME)]
    notes = node.notes if node.exists else ("does not exist",)
    return lines + [("", line) for note in notes for line in wrapped_text(note, _WORDS)]
