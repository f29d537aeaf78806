"""What a recovery drill came to, as lines of text and as a Markdown report."""

from datetime import UTC, datetime

from opsctl.model.spans import seconds_after
from opsctl.model.value import Json
from opsctl.render.inert import markdown
from opsctl.render.job_view import JobView

STAGES = {
    "call": "T0, the call",
    "out_of_service": "out of service",
    "alarm_on": "alarm on",
    "decided": "failover decided",
    "launched": "replacement launched or started",
    "hook_entered": "launch hook entered",
    "volumes_attached": "volumes attached",
    "address_moved": "address moved",
    "in_service": "in service",
    "first_bad_probe": "first bad probe",
    "first_good_probe": "first good probe",
}
WAYS = {"replace": "replaced", "unhealthy": "reported as failed", "stop": "stopped"}
SOURCES = {
    "opsctl": "opsctl's own journal",
    "AWS": "AWS's own time",
    "handler": "the handler's log",
    "seen": "when opsctl saw it, a few seconds late at most unless it says since when",
}
PROVES = (
    "The stamp is a tag, so it proves which volume came back, or of which it is a copy. What is in the files it "
    "does not prove: the guest's disk cannot be reached from outside."
)
_GAP_S = 15


class HaDrillView(JobView):
    """Shows a drill: its stages and the data in the run's report, every moment in a file of its own."""

    unproved = "not as it should be"

    @classmethod
    def shows(cls, found: dict[str, Json]) -> bool:
        """Tell whether the drill has come to its end."""
        return "milestones" in found and "timeline" in found

    def lines(self) -> list[str]:
        """List the stages, what became of the data, and what is stuck."""
        return drill_lines(self.found)

    def file(self, run_id: str) -> tuple[str, str] | None:
        """Return where the Markdown report was asked for, and the report."""
        path = self.found["report"]
        return (path, markdown_drill(self.found, run_id)) if path else None


def drill_lines(found: dict[str, Json]) -> list[str]:
    """List the stages with the seconds since T0, what became of the data, and what is stuck."""
    lines = [f"{after:>8}  {stage}" for stage, after, _ in _stages(found)]
    if found["probe"] and found["milestones"]["first_bad_probe"] is None:
        lines.append("the probe never failed while it was asked, every few seconds")
    lines += [f"data of {one['device']}: {one['says']}" for one in found["data"]]
    lines += [_stamp(found)] if found["marker"]["value"] and found["recovered"] else []
    lines += [f"now: {line}" for line in found.get("afterwards", [])]
    return lines + ([f"stuck: {found['stuck']}", f"to do: {found['todo']}"] if found["stuck"] else [])


def markdown_drill(found: dict[str, Json], run_id: str) -> str:
    """Return the whole report: verdict, stages, data, stamp and every moment."""
    took = found["recovery_s"]
    verdict = f"Recovered after {took:.0f} s" if took is not None else "Not recovered"
    if took is not None and not found["in_time"]:
        verdict += f", later than the {found['within_s']} s allowed"
    began = _utc(found["milestones"]["call"])
    lines = [
        f"# Drill of {markdown(found['group'])}",
        "",
        f"**{verdict}.** {markdown(found['old'])} in {markdown(found['old_zone'])} was "
        + WAYS[found["by"]]
        + f" at {began}"
        + (f"; {markdown(found['new'])} in {markdown(found['new_zone'])} took over." if found["new"] else "."),
        "",
        "| stage | after T0 | at |",
        "|---|---|---|",
        *(f"| {stage} | {after.strip()} | {at} |" for stage, after, at in _stages(found)),
        "",
        "## Data",
        "",
        *(f"- {markdown(one['device'])}: {markdown(one['says'])}" for one in found["data"]),
        *([] if found["data"] else ["The group has no data volumes."]),
    ]
    if found["marker"]["value"]:
        lines += ["", f"{markdown(_stamp(found))}. {PROVES}"]
    if found["probe"]:
        never = "; it never failed while it was asked" if found["milestones"]["first_bad_probe"] is None else ""
        lines += ["", f"Probed: {markdown(found['probe'])}{never}."]
    if found.get("afterwards"):
        lines += ["", "## Now", "", *(f"- {markdown(line)}" for line in found["afterwards"])]
    if found["stuck"]:
        lines += ["", "## Stuck", "", f"{markdown(found['stuck'])}.", "", f"To do: {markdown(found['todo'])}."]
    lines += ["", "## Timeline", "", "| after T0 | at | what | known by |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(found)]
    lines += ["", *(f"- {name}: {what}" for name, what in SOURCES.items())]
    return "\n".join([*lines, "", f"Run {markdown(run_id)}.", ""])


def _stages(found: dict[str, Json]) -> list[tuple[str, str, str]]:
    marks = found["milestones"]
    known = [(words, marks[name]) for name, words in STAGES.items() if marks.get(name) is not None]
    known.sort(key=lambda one: float(one[1]))
    return [(words, seconds_after(at, marks["call"]), _utc(at)) for words, at in known]


def _rows(found: dict[str, Json]) -> list[tuple[str, str, str, str]]:
    start = found["milestones"]["call"]
    rows = []
    for one in found["timeline"]:
        late = one["source"] == "seen" and one["at"] - one["not_before"] > _GAP_S
        since = f", not before {_utc(one['not_before'])}" if late else ""
        rows.append(
            (seconds_after(one["at"], start), _utc(one["at"]), markdown(one["says"]), f"{one['source']}{since}")
        )
    return rows


def _stamp(found: dict[str, Json]) -> str:
    where = ", ".join(found["marker"]["found_on"]) or "no volume of the new instance"
    return f"stamp {found['marker']['value']}: found on {where}"


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
