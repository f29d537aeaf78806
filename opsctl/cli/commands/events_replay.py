"""`opsctl events replay`: send what came during an outage again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from opsctl.cli.playbook_options import inputs_of_several
from opsctl.cli.playbook_runs import runs_playbook

if TYPE_CHECKING:
    from opsctl.model.value import Json

SAYS = """Send what came to a bus or a FIFO topic in a span of time again.

Of a --bus it goes to some rules, into one queue, or to all rules. The plan shows every rule of the bus, who would
get the events, and which targets do harm when they get one twice. --into makes a rule for one queue that takes
this replay alone, and takes it away in every outcome.

Of a FIFO --topic it goes to one subscription. With --to SNS delivers nothing new to it afterwards, so the last
change has it receive again. --into a queue that is not subscribed touches no other subscription.

A custom event bus, by its ARN, is replayed --into a queue by a --role.

Ctrl-C cancels a replay, and says what was sent already.
"""
EXAMPLES = """Examples:

  opsctl events replay --bus orders-bus --from 2026-11-30T10:00:00Z --to 2026-11-30T12:00:00Z --rule bill-orders

  opsctl events replay --bus orders-bus --from 2026-11-30T10:00:00Z --to 2026-11-30T12:00:00Z --into billing

  opsctl events replay --topic order-events.fifo --from 2026-11-30T10:00Z --queue ledger-orders.fifo
"""


def _choose(typed: "Mapping[str, Json]") -> str:
    if bool(typed["topic"]) == bool(typed["bus"]):
        raise typer.BadParameter("give one of --bus and --topic", param_hint="--bus")
    if typed["topic"]:
        return "events-replay-topic"
    return "events-replay-custom-bus" if "event-busv2/" in str(typed["bus"]) else "events-replay"


def register(group: typer.Typer) -> None:
    """Add the command."""
    options = inputs_of_several("events-replay", "events-replay-topic", "events-replay-custom-bus", choose=_choose)
    runs_playbook(group, "events replay", playbook="events-replay", says=SAYS, epilog=EXAMPLES, options=options)
