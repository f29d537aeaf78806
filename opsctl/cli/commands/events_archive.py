"""`opsctl events archive`: keep what comes to a bus, or what is published to a FIFO topic."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from opsctl.cli.playbook_options import inputs_of_several
from opsctl.cli.playbook_runs import runs_playbook

if TYPE_CHECKING:
    from opsctl.model.value import Json

SAYS = """Keep what comes to BUS for some days, so that it can be replayed after an outage.

BUS is an event bus, or a FIFO topic. What came before the archive was made can never be replayed. An undo deletes
the archive of a bus only while nothing is in it; that of a topic only after its name was typed.
"""
EXAMPLES = """Examples:

  opsctl events archive orders-bus --days 30 --dry-run

  opsctl events archive default --days 14 --pattern '{"source": ["shop.orders"]}' --yes

  opsctl events archive order-events.fifo --days 30 --dry-run
"""


def _choose(typed: "Mapping[str, Json]") -> str:
    """A topic by its ARN or as topic:NAME; a name that ends in .fifo is one, as no bus needs to be called so."""
    asked = str(typed["bus"])
    topic = asked.startswith("topic:") or asked.split(":")[2:3] == ["sns"] or asked.endswith(".fifo")
    return "events-archive-topic" if topic else "events-archive"


def register(group: typer.Typer) -> None:
    """Add the command."""
    options = inputs_of_several(
        "events-archive",
        "events-archive-topic",
        choose=_choose,
        renamed={"events-archive-topic": {"bus": "topic"}},
    )
    runs_playbook(group, "events archive", playbook="events-archive", says=SAYS, epilog=EXAMPLES, options=options)
