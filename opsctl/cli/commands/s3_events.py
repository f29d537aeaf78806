"""`opsctl s3-events`: a bucket's event notifications, without losing what others have there."""

import typer

from opsctl.cli.commands import s3_events_resend, s3_events_restore, s3_events_show
from opsctl.cli.playbook_options import Given
from opsctl.cli.playbook_runs import runs_playbook

ADD = """Have a bucket notify one more queue, topic or function.

S3 replaces the whole configuration and has no lock for it: it is read again just before it is written, what others
have there is written back as it was, and looked for afterwards.
"""
ADD_EXAMPLES = """Examples:

  opsctl s3-events add shop-avatars --to arn:aws:sqs:us-east-1:123456789012:thumbnail-requests --dry-run

  opsctl s3-events add shop-avatars --to arn:aws:sns:us-east-1:123456789012:order-mails --suffix .pdf
"""
REMOVE = """Take notifications of a bucket away by their ids; all others stay.

Events that come while a notification is away are not told later.
"""
REMOVE_EXAMPLES = """Examples:

  opsctl s3-events remove shop-uploads --id old-thumbnailer --dry-run
"""
SWITCH = """Have EventBridge tell what one notification of a bucket tells, to the same destination.

Makes a rule with a dead-letter queue, has the bucket send everything to EventBridge, and takes the notification
away. With --overlap objects are told twice for a while; with --cutover some may be lost, and are listed. S3
follows within about five minutes, which are waited for.
"""
SWITCH_EXAMPLES = """Examples:

  opsctl s3-events switch-to-eventbridge shop-uploads --id NTBkYjU3Y2UtM2Zk --overlap --dry-run

  opsctl s3-events switch-to-eventbridge shop-uploads --id NTBkYjU3Y2UtM2Zk --cutover --as-records
"""


def _one_way(given: Given) -> None:
    if bool(given.values["overlap"]) == bool(given.values["cutover"]):
        raise typer.BadParameter(
            "give one of --overlap (objects may come twice) and --cutover (some may be missed, and are listed)",
            param_hint="--overlap",
        )


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="s3-events",
        help="Edit a bucket's event notifications without losing what others have there.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    s3_events_show.register(group)
    runs_playbook(group, "s3-events add", playbook="s3-events-add", says=ADD, epilog=ADD_EXAMPLES)
    runs_playbook(group, "s3-events remove", playbook="s3-events-remove", says=REMOVE, epilog=REMOVE_EXAMPLES)
    s3_events_restore.register(group)
    runs_playbook(
        group,
        "s3-events switch-to-eventbridge",
        playbook="s3-events-switch",
        says=SWITCH,
        epilog=SWITCH_EXAMPLES,
        check=_one_way,
    )
    s3_events_resend.register(group)
    app.add_typer(group)
