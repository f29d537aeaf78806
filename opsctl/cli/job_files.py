"""Writes the files that jobs have to show for themselves where they were asked for."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.model.report import Report


def save_files(report: "Report") -> None:
    """Write what each job of a run has to write about itself; a failure to is told, no more."""
    from opsctl.model.commands import local_command
    from opsctl.render.job_view import view_of

    for result in report.changes:
        view = view_of(report.plan.change(result.change_id), result)
        asked = view and view.file(report.run_id)
        if not asked:
            continue
        path, text = asked
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as fault:
            again = local_command("show", report.run_id)
            sys.stderr.write(f"error: the report cannot be written: {fault}; {again} has it\n")
        else:
            sys.stderr.write(f"the report is in {path}\n")
