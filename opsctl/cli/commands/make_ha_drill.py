"""`opsctl make-ha drill`: proves that recovery works, and measures it."""

import typer

from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.playbook_options import Given
from opsctl.cli.playbook_runs import runs_playbook

SAYS = """\
Replace or stop the instance of GROUP, watch it recover, and measure how long that takes and what is lost.

A group's instance ends; in mode standby the primary is stopped and the standby takes its place for good. So
this asks for the group's name. Choose a quiet hour.
"""
EPILOG = """Examples:

  opsctl make-ha drill ha-legacy-web --dry-run

  opsctl make-ha drill ha-legacy-web --report drill.md --probe https://www.example.com/health

  opsctl make-ha drill ha-legacy-web --other-zone --within 2h --confirm ha-legacy-web --yes

Exit code 0: recovered in time; 3: a guard refused; 6: not recovered in time, and the result says what is stuck.
After an interruption, opsctl resume RUN continues the same drill.
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(
        group, "make-ha drill", playbook="make-ha-drill", says=SAYS, epilog=EPILOG, check=_refuse_bad_report
    )


def _refuse_bad_report(given: Given) -> None:
    refuse_bad_file(given.path("report"), "--report")
