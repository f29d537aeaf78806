"""`opsctl topology`: the ways in to a target, on their own."""

from typing import Annotated

import typer

from opsctl.cli.completion import complete_names
from opsctl.cli.options import AccountOptions, DrawingOptions, Output, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl topology shop.example.com

  opsctl topology api-nlb -o mermaid >> runbook.md

  opsctl topology i-0123456789abcdef0 -o svg > ways-in.svg
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("topology", epilog=EPILOG)(spliced(topology))


def topology(
    *,
    target: Annotated[
        str,
        typer.Argument(
            help="Host name, URL, load balancer, distribution, API, instance, address.",
            autocompletion=complete_names("target"),
        ),
    ],
    account: AccountOptions,
    show: DrawingOptions,
) -> None:
    """Show what stands between the internet and TARGET, and where a client's address is still visible."""
    import sys

    from opsctl.cli.front import Order, open_session
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.model.paths import Paths
    from opsctl.model.plan import FactCall
    from opsctl.planning.facts import look_up

    order = Order("topology", account, show)
    session = open_session(order)
    runtime = session.runtime
    session.progress(f"finding the ways in to {target}")
    call = FactCall(uses="topology.ways_in", arguments={"target": target})
    runtime.soon = runtime.registry.facts[call.uses].services
    value = look_up({"ways": call}, runtime.reader(), runtime.about, runtime.registry)["ways"]
    session.progress.clear()
    paths = Paths.model_validate(value)
    text = ""
    if show.output is Output.TEXT:
        from opsctl.render.terminal import render_topology

        text = render_topology(paths, width=width(), colour=wants_colour(sys.stdout))
    elif show.output is Output.MERMAID:
        from opsctl.render.mermaid import render_mermaid

        text = render_mermaid(paths.graph)
    elif show.output is Output.SVG:
        from opsctl.render.svg import render_svg

        text = render_svg(paths.graph)
    emit_value(order, Outcome.FOUND, value, text)
