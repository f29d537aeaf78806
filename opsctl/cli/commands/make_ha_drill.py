"""`opsctl make-ha drill`: proves that recovery works, and measures it."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

EPILOG = """Examples:

  opsctl make-ha drill ha-legacy-web --dry-run

  opsctl make-ha drill ha-legacy-web --report drill.md --probe https://www.example.com/health

  opsctl make-ha drill ha-legacy-web --other-zone --within 2h --confirm ha-legacy-web --yes

Exit code 0: recovered in time; 3: a guard refused; 6: not recovered in time, and the result says what is stuck.
Interrupted, opsctl resume RUN goes on watching the same drill.
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("drill", epilog=EPILOG)(spliced(drill))


def drill(
    *,
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="Name of the group or standby that make-ha built.")
    ],
    by: Annotated[
        str,
        typer.Option(help="Group: replace, or unhealthy: say that it has failed. Standby: stop. auto chooses."),
    ] = "auto",
    other_zone: Annotated[
        bool, typer.Option("--other-zone", help="Let the replacement be launched in another zone.")
    ] = False,
    within: Annotated[str, typer.Option(help="The time in which it has to recover.")] = "30m",
    snapshot_within: Annotated[
        str, typer.Option(help="Age of the oldest snapshot that is recent enough.")
    ] = "24h",
    probe: Annotated[str, typer.Option(help="URL whose first good answer counts as well.")] = "",
    report: Annotated[Path | None, typer.Option(help="Write the report here as Markdown.")] = None,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Replace or stop the instance of GROUP, watch it recover, and measure how long that takes and what is lost.

    A group's instance ends; a standby's is stopped and its twin takes its place for good. So this asks for the
    group's name. Choose a quiet hour.
    """
    from opsctl.cli.front import Order, run_playbook

    refuse_bad_file(report, "--report")
    given = {
        "group": group,
        "by": by,
        "other_zone": other_zone,
        "within": within,
        "snapshot_within": snapshot_within,
        "probe": probe,
        "report": str(report.absolute()) if report else "",
    }
    sources = {name: f"--{name.replace('_', '-')}" for name in given} | {"group": "GROUP"}
    run_playbook(Order("make-ha drill", account, show), "make-ha-drill", given, sources, planning, applying)
