"""`opsctl topology`: the ways in to a target, on their own."""

from enum import StrEnum
from typing import Annotated

import typer

from opsctl.cli.completion import complete_names
from opsctl.cli.options import AccountOptions, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl topology shop.example.com

  opsctl topology api-nlb -o mermaid >> runbook.md

  opsctl topology i-0123456789abcdef0 -o svg > ways-in.svg
"""


class Drawing(StrEnum):
    """The forms a topology can take."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"
    SVG = "svg"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("topology", epilog=EPILOG)(spliced(topology))


def topology(
    *,
    target: Annotated[
        str,
        typer.Argument(
            help="Host name, URL, load balancer, distribution, instance, address.",
            autocompletion=complete_names("target"),
        ),
    ],
    output: Annotated[Drawing, typer.Option("-o", "--output", help="Form of the drawing.")] = Drawing.TEXT,
    query: Annotated[str, typer.Option(help="JMESPath over the JSON.")] = "",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    account: AccountOptions,
) -> None:
    """Show what stands between the internet and TARGET, and where a client's address is still visible."""
    import sys

    from opsctl.cli.front import Order, open_session
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.model.paths import Paths
    from opsctl.model.plan import FactCall
    from opsctl.planning.facts import look_up

    if query and output in (Drawing.MERMAID, Drawing.SVG):
        raise typer.BadParameter(f"it selects from JSON, not from {output}", param_hint="--query")
    form = Output.JSON if output is Drawing.JSON else Output.TEXT
    order = Order("topology", account, ShowOptions(output=form, query=query, quiet=quiet))
    session = open_session(order)
    runtime = session.runtime
    session.progress(f"finding the ways in to {target}")
    call = FactCall(uses="topology.ways_in", arguments={"target": target})
    value = look_up({"ways": call}, runtime.reader(), runtime.about, runtime.registry)["ways"]
    session.progress.clear()
    paths = Paths.model_validate(value)
    text = ""
    if output is Drawing.TEXT:
        from opsctl.render.terminal import render_topology

        text = render_topology(paths, width=width(), colour=wants_colour(sys.stdout))
    elif output is Drawing.MERMAID:
        from opsctl.render.mermaid import render_mermaid

        text = render_mermaid(paths.graph)
    elif output is Drawing.SVG:
        from opsctl.render.svg import render_svg

        text = render_svg(paths.graph)
    emit_value(order, Outcome.FOUND, value, text)
