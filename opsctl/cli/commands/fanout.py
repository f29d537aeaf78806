"""`opsctl fanout`: one message to several queues, by a topic."""

import typer

from opsctl.cli.commands import fanout_migrate
from opsctl.cli.playbook_runs import runs_playbook

CREATE = """Have TOPIC hand each message to several queues.

Makes the topic if it is not there, lets it in at each queue, and subscribes each with everything in one call and a
dead-letter queue of its own. What SNS would drop without a word is refused before.
"""
CREATE_EXAMPLES = """Examples:

  opsctl fanout create orders --queue billing --queue shipping --dry-run

  opsctl fanout create orders --queue audit --raw-delivery --filter "audit=$(cat paid.json)" --yes

  opsctl fanout create orders.fifo --queue billing.fifo --queue shipping.fifo
"""
ADD = """Subscribe more queues to a topic, as create does; the other subscriptions stay."""
ADD_EXAMPLES = """Examples:

  opsctl fanout add orders --queue audit --dry-run
"""
REMOVE = """Take queues off a topic; the other subscriptions stay.

What is published while a queue is off does not reach it, and is not sent later.
"""
REMOVE_EXAMPLES = """Examples:

  opsctl fanout remove orders --queue audit --dry-run
"""
ROUTE = """Have BUS hand its events to several queues, each by a rule with a pattern of its own.

For when the filters of a topic do not choose enough. Makes a rule, the permission and the target for each queue,
with a dead-letter queue of its own; a queue without a pattern gets every event.
"""
ROUTE_EXAMPLES = """Examples:

  opsctl fanout route orders-bus --queue billing --pattern 'billing={"detail-type": ["paid"]}' --dry-run

  opsctl fanout route orders-bus --queue audit.fifo --group orders
"""
FINISH = """Take away a producer's right to send to the queues of TOPIC itself, once it publishes.

Takes sqs:SendMessage on these queues out of the role's inline policies, statement by statement, and leaves all
else. What a managed policy or a wildcard allows is refused, for others would lose it too; so is a producer that
still sends, as far as CloudWatch tells.
"""
FINISH_EXAMPLES = """Examples:

  opsctl fanout finish orders --producer checkout --dry-run
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="fanout",
        help="Hand one message to several queues by a topic, and lose none.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    runs_playbook(group, "fanout create", playbook="fanout-create", says=CREATE, epilog=CREATE_EXAMPLES)
    runs_playbook(
        group,
        "fanout add",
        playbook="fanout-create",
        says=ADD,
        epilog=ADD_EXAMPLES,
        always={"existing": True},
    )
    runs_playbook(group, "fanout remove", playbook="fanout-remove", says=REMOVE, epilog=REMOVE_EXAMPLES)
    runs_playbook(group, "fanout route", playbook="fanout-route", says=ROUTE, epilog=ROUTE_EXAMPLES)
    fanout_migrate.register(group)
    runs_playbook(group, "fanout finish", playbook="fanout-finish", says=FINISH, epilog=FINISH_EXAMPLES)
    app.add_typer(group)
