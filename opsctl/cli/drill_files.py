"""Writes the reports of drills where they were asked for."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.model.report import Report


def save_drills(report: "Report") -> None:
    """Write the Markdown report of each drill of a run that has one to write; a failure to is told, no more."""
    from opsctl.model.commands import local_command
    from opsctl.render.views.ha_drill import drill_of, markdown_drill

    for result in report.changes:
        found = drill_of(result)
        if found is None or not found["report"]:
            continue
        try:
            Path(found["report"]).write_text(markdown_drill(found, report.run_id), encoding="utf-8")
        except OSError as fault:
            again = local_command("show", report.run_id)
            sys.stderr.write(f"error: the report cannot be written: {fault}; {again} has it\n")
        else:
            sys.stderr.write(f"the report is in {found['report']}\n")
