"""`opsctl events api-calls`: calls of AWS's API as events."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Have calls of SERVICE's API, as CloudTrail logs them, handed to a queue or topic.

Makes a rule on the default bus, the permission at the destination, and a dead-letter queue. A trail has to log the
calls in this region, which is looked at first; calls that only read need --reads.
"""
EXAMPLES = """Examples:

  opsctl events api-calls iam --call CreateUser --call CreateAccessKey --to orders --dry-run

  opsctl events api-calls s3 --call DeleteBucket --to topic:oncall
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "events api-calls", playbook="events-api-calls", says=SAYS, epilog=EXAMPLES)
