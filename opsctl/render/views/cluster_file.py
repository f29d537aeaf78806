"""A ParallelCluster file as text and Markdown: what is wrong at which line, the edit, what to do."""

from collections.abc import Sequence

from opsctl.render.inert import markdown, visible
from opsctl.render.page import Page
from opsctl.tune.pcluster.checked import ClusterChecked, Noticed
from opsctl.tune.pcluster.legacy import LegacyFile, LegacySetting

_STYLE = {"error": "bold red", "warning": "bold yellow", "unknown": "yellow", "note": "dim"}
_UPDATE = (
    "A cluster that runs takes changes of Efa and PlacementGroup with its compute fleet stopped (pcluster "
    "update-compute-fleet --status STOP_REQUESTED), or with SlurmSettings.QueueUpdateStrategy set; then pcluster "
    "update-cluster, with --dryrun true first."
)


def render_cluster(found: ClusterChecked, *, width: int, colour: bool) -> str:
    """Return what was found, worst first, the difference, and how it is taken back or applied."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    for line in _schema(found):
        page.item(line)
    for fault in found.refused:
        page.blank()
        page.line(f"{'error':<7} {fault.where}", _STYLE["error"])
        page.item(fault.summary)
    for one in found.findings:
        page.blank()
        page.line(f"{one.level:<7} {one.id}  {found.file}:{one.line}", _STYLE[one.level])
        page.item(f"{one.what}.")
        page.item(_what_is_done(found, one))
    for repair in found.repairs:
        if repair.left:
            page.blank()
            page.item(f"{repair.says}: {repair.left}. Edit it by hand.", "yellow", indent=0)
    if found.diff:
        page.blank()
        for line in found.diff.splitlines():
            page.command(line, indent=0)
    for line in _closing(found):
        page.blank()
        page.item(line, indent=0)
    if found.written:
        page.blank()
        page.command(f"undo: {found.undo}", indent=0)
    return page.text()


def heading_of(found: ClusterChecked) -> str:
    """Say what the file is, and how it stands."""
    queues = f"{len(found.queues)} queue{'s' if len(found.queues) != 1 else ''}"
    counted = [
        f"{number} {level}{'s' if number != 1 and level != 'unknown' else ''}"
        for level in _STYLE
        if (number := sum(one.level == level for one in found.findings))
    ]
    return (
        f"{found.file}: ParallelCluster 3, {found.scheduler}, {queues}: {', '.join(counted) or 'nothing to mend'}"
    )


def _what_is_done(found: ClusterChecked, one: Noticed) -> str:
    if one.mended:
        return "mended" if found.written else "mended by the edit below"
    return f"to do: {one.fix}"


def _schema(found: ClusterChecked) -> list[str]:
    lines = [*found.unknown]
    if found.schema_version:
        verdict = "refuses" if found.refused else "takes"
        verdict += " the file as it is mended" if found.diff else " the file"
        lines.append(f"The schema of aws-parallelcluster {found.schema_version} {verdict}.")
    else:
        lines.append(
            "Keys that are not about EFA and placement are not judged: with opsctl-aws[pcluster] installed, "
            "ParallelCluster's own schema is asked about all of them."
        )
    return lines


def _closing(found: ClusterChecked) -> list[str]:
    if found.written:
        return [f"Written; as it was it is kept in {found.backup}.", _UPDATE]
    if found.diff:
        return ["Nothing is written yet: --write makes the edit, and keeps the file as it is beside it."]
    return []


def markdown_cluster(found: ClusterChecked) -> str:
    """Return the findings as a table, and the difference as a block."""
    lines = [f"## {markdown(heading_of(found))}", "", *(f"- {markdown(line)}" for line in _schema(found))]
    rows = [[one.level, one.id, str(one.line), one.what, _what_is_done(found, one)] for one in found.findings] + [
        ["error", "schema", str(one.where.line), one.summary, ""] for one in found.refused
    ]
    lines += _table(("level", "finding", "line", "what", "to do"), rows)
    for repair in found.repairs:
        if repair.left:
            lines += ["", f"- {markdown(f'{repair.says}: {repair.left}. Edit it by hand.')}"]
    if found.diff:
        lines += [
            "",
            "````diff",
            *(visible(line).replace("````", "``` `") for line in found.diff.splitlines()),
            "````",
        ]
    for line in _closing(found):
        lines += ["", markdown(line)]
    if found.written:
        lines += ["", f"undo: {markdown(found.undo)}"]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    shown = ["| " + " | ".join(markdown(cell) for cell in row) + " |" for row in rows]
    return ["", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *shown]


_LEGACY_NEXT = (
    "Version 2 is retired. pcluster3-config-converter, which comes with aws-parallelcluster 3, makes a version 3 "
    "file of this one; check that with this command then."
)


def render_legacy(found: LegacyFile, *, width: int, colour: bool) -> str:
    """Return each setting of a version 2 file with what it becomes, and what is wrong with it."""
    page = Page(width, colour=colour)
    page.line(_legacy_heading(found), "bold")
    for line in found.wrong:
        page.item(line, "bold yellow")
    page.blank()
    for one in found.settings:
        page.command(f"{one.line:>4}  [{one.section}] {one.key} = {one.value}", indent=0)
        page.item(_becomes(one), indent=6)
    page.blank()
    page.item(_LEGACY_NEXT, indent=0)
    return page.text()


def markdown_legacy(found: LegacyFile) -> str:
    """Return the settings of a version 2 file as a table."""
    lines = [f"## {markdown(_legacy_heading(found))}", "", *(f"- {markdown(line)}" for line in found.wrong)]
    rows = [[str(one.line), one.section, f"{one.key} = {one.value}", _becomes(one)] for one in found.settings]
    lines += _table(("line", "section", "setting", "becomes"), rows)
    return "\n".join([*lines, "", _LEGACY_NEXT]) + "\n"


def _becomes(one: LegacySetting) -> str:
    return f"becomes {one.part}: {one.becomes}" if one.part else f"becomes {one.becomes}"


def _legacy_heading(found: LegacyFile) -> str:
    return f"{found.file}: ParallelCluster 2, cluster {found.cluster}, {found.scheduler or 'no scheduler'}"
