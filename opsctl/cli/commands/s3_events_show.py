"""`opsctl s3-events show`: what a bucket notifies, and what is wrong with it."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl s3-events show shop-uploads

  opsctl s3-events show shop-uploads --query result.document > uploads-notifications.json
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("show", epilog=EPILOG)(spliced(show_bucket))


def show_bucket(
    *,
    bucket: Annotated[str, typer.Argument(metavar="BUCKET", help="Name of the bucket.")],
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show a bucket's event notifications: to what, for which objects, and which of them S3 can no longer deliver.

    Reads only. The document in the JSON is the whole configuration, as a backup.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.events.facts.s3_notifications import BucketNotifications, S3Notifications
    from opsctl.render.views.s3_notifications import markdown_notifications, render_notifications

    order = Order("s3-events show", account, show)
    fact = S3Notifications(bucket=bucket)
    found = look_at(order, fact, BucketNotifications, "reading notifications", {"bucket": "BUCKET"})
    show_found(order, Outcome.LISTED, found, text=render_notifications, markdown=markdown_notifications)
