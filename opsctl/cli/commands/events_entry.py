"""`opsctl events entry`: events that come over HTTP."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Make an HTTP entry that puts what it is sent on BUS, and fails when the event did not get there.

A REST API of API Gateway with one method, POST /events: callers sign with IAM, or bring a token of a Cognito user
pool; its role may put events on this bus alone. PutEvents answers 200 also when an entry failed; this answers with
an error.
"""
EXAMPLES = """Examples:

  opsctl events entry orders-bus --source shop.orders --detail-type OrderPaid --dry-run

  opsctl events entry orders-bus --source partner --detail-type parcel --api parcels --rate 10 --burst 20
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "events entry", playbook="events-entry", says=SAYS, epilog=EXAMPLES)
