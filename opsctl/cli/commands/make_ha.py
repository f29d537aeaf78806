"""`opsctl make-ha`: puts a lone instance under recovery."""

from typing import Annotated

import typer

from opsctl.cli.commands import make_ha_drill, make_ha_status
from opsctl.cli.first_word import FirstWordGroup
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

EPILOG = """Examples:

  opsctl make-ha legacy-web --dry-run

  opsctl make-ha legacy-web --accept root-disk --rpo 1h --allow-data-loss 2h

  opsctl make-ha i-0123456789abcdef0 --mode recover --topic arn:aws:sns:eu-west-1:123456789012:ops --yes

What is lost with a replacement has to be accepted by name: the dry run says which --accept it needs.
"""


def register(app: typer.Typer) -> None:
    """Add the group: its first word is an instance, unless it is one of the subcommands."""
    group = typer.Typer(
        name="make-ha",
        cls=FirstWordGroup,
        help="Make a lone instance come back by itself: opsctl make-ha INSTANCE [OPTIONS], the same as "
        "opsctl make-ha instance INSTANCE.",
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("instance", epilog=EPILOG)(spliced(make_ha))
    make_ha_status.register(group)
    make_ha_drill.register(group)
    app.add_typer(group)


def make_ha(
    *,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="Id or Name tag of the instance.")],
    mode: Annotated[str, typer.Option(help="auto, asg, recover or standby.")] = "auto",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Launch a new instance; the old one is stopped and loses its volumes.")
    ] = False,
    reboot: Annotated[bool, typer.Option("--reboot", help="Reboot the instance for a consistent image.")] = False,
    group: Annotated[str, typer.Option(help="Name of the group; ha- and the instance's name by default.")] = "",
    subnet: Annotated[
        list[str] | None, typer.Option(help="Subnet for replacements; repeatable, in two zones or more.")
    ] = None,
    topic: Annotated[str, typer.Option(help="ARN of the SNS topic to notify; one is made by default.")] = "",
    rpo: Annotated[
        str, typer.Option(help="Time between snapshots of the data volumes, such as 1h; 0s: none.")
    ] = "0s",
    snapshots: Annotated[
        str, typer.Option(help="Who takes them: handler, or dlm for a policy of Data Lifecycle Manager.")
    ] = "handler",
    keep_snapshots: Annotated[int, typer.Option(help="How many snapshots of each volume are kept.")] = 48,
    allow_data_loss: Annotated[
        str, typer.Option(help="Age of the oldest snapshot that may replace lost volumes; 0s: never.")
    ] = "0s",
    record: Annotated[str, typer.Option(help="Private DNS record that follows the instance: ZONE_ID/NAME.")] = "",
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Look at INSTANCE, plan its recovery, ask, build it and prove it.

    A group of one over several zones by default; where that is not possible, CloudWatch alarms that recover it.
    """
    from opsctl.cli.front import Order, run_playbook

    given = {
        "instance": instance,
        "mode": mode,
        "fresh": fresh,
        "reboot": reboot,
        "group": group,
        "subnets": list(subnet or []),
        "topic": topic,
        "rpo": rpo,
        "snapshots": snapshots,
        "keep_snapshots": keep_snapshots,
        "allow_data_loss": allow_data_loss,
        "record": record,
    }
    sources = {name: f"--{name.replace('_', '-')}" for name in given}
    sources |= {"instance": "INSTANCE", "subnets": "--subnet"}
    run_playbook(Order("make-ha", account, show), "make-ha", given, sources, planning, applying)
