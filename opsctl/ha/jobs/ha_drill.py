"""Watches a group or a standby recover, measures it, and goes on after an interruption as if there was none."""

from typing import ClassVar

from pydantic import AliasChoices, Field

from opsctl.ha.drill.observation import Observation, log_read, moment, observation_of, reads_of
from opsctl.ha.drill.outcome import Subject, lacks, losses, milestones, stuck, successor, unseen
from opsctl.ha.drill.pair import (
    pair_afterwards,
    pair_milestones,
    pair_observation_of,
    pair_observation_reads,
    pair_stuck,
)
from opsctl.ha.drill.timeline import DrillTimeline, Moment, begin, lines_of, looked, probed
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Answer, Read
from opsctl.model.spans import span
from opsctl.model.value import Json

POLL_S = 3.0
LOG_POLL_S = 6.0
_EARLIER_S = 60


class HaDrill(Job):
    """Look at the group again and again until everything is back or its time is over; it changes nothing.

    What was seen is kept after every look, so a resumed drill knows the same T0 and every moment so far.
    """

    name: ClassVar[str] = "ha.drill"

    subject: Subject
    region: str
    call: str = Field(description="The API whose call began the drill, as `service.Operation`.")
    since: float = Field(description="What AWS dates before this belongs to the past.")
    run_of_standby: str = Field(
        "",
        validation_alias=AliasChoices("run_of_standby", "run_of_twin"),
        description="The run that launched the standby, where there is one.",
    )
    log_group: str
    within_s: int
    probe: str = ""
    report: str = Field("", description="File for the report as Markdown; whoever shows the result writes it.")

    def run(self, tools: Tools) -> JobResult:
        """Watch until everything is back, the time is over, or somebody asks to stop."""
        timeline = self._timeline(tools)
        log_at = 0.0
        while True:
            with_log = tools.clock.now() - log_at >= LOG_POLL_S
            log_at = tools.clock.now() if with_log else log_at
            observation = self._look(tools, timeline, with_log=with_log)
            timeline = self._take(tools, timeline, observation)
            recovered = self._recovered(timeline, observation)
            late = tools.clock.now() - timeline.called_at >= self.within_s
            if recovered or late or tools.stopping() or not observation.exists:
                break
            tools.progress(f"drill of {self.subject.group}: {self._line(tools, timeline, observation)}")
            tools.clock.sleep(POLL_S)
        if recovered or late:
            observation = self._look(tools, timeline, with_log=True)
            timeline = self._take(tools, timeline, observation)
        return self._result(tools, timeline, observation)

    def _timeline(self, tools: Tools) -> DrillTimeline:
        """Return the timeline so far: what an earlier process kept, else its beginning, by the journal."""
        kept = tools.checkpoint.recall("story")
        if kept is not None:
            looked_at = tools.checkpoint.recall("looked_at")
            return DrillTimeline.model_validate(kept).model_copy(update={"looked_at": float(looked_at)})
        now = tools.clock.now()
        called_at = tools.called_at(self.call) or now
        timeline = begin(called_at, min(called_at, now), self.subject.instance, self.subject.by)
        self._tell(tools, timeline, list(timeline.moments))
        return timeline

    def _look(self, tools: Tools, timeline: DrillTimeline, *, with_log: bool) -> Observation:
        group, standby = self.subject.group, self.subject.standby_instance
        reads = pair_observation_reads(group) if standby else reads_of(group)
        if with_log:
            reads["log"] = log_read(self.log_group, timeline.called_at - _EARLIER_S)
        answers: dict[str, Answer] = {name: tools.aws.read(read) for name, read in reads.items()}
        return (
            pair_observation_of(answers, self.since, self.subject)
            if standby
            else observation_of(answers, self.since)
        )

    def _stuck(self, tools: Tools, timeline: DrillTimeline, observation: Observation) -> tuple[str, str]:
        return (pair_stuck if self.subject.standby_instance else stuck)(
            timeline, observation, self.subject, tools.commands
        )

    def _take(self, tools: Tools, timeline: DrillTimeline, observation: Observation) -> DrillTimeline:
        now = tools.clock.now()
        after, new = looked(timeline, observation, now, self.subject.instance)
        if self.probe:
            after, more = probed(after, tools.probe(self.probe), now)
            new += more
        if new or tools.checkpoint.recall("story") is None or after.probe != timeline.probe:
            tools.checkpoint.remember("story", after.model_dump(mode="json"))
        tools.checkpoint.remember("looked_at", now)
        self._tell(tools, after, sorted(new, key=lambda one: one.at))
        return after

    def _tell(self, tools: Tools, timeline: DrillTimeline, new: list[Moment]) -> None:
        for line in lines_of(timeline, new):
            tools.progress(f"{line}\n")

    def _recovered(self, timeline: DrillTimeline, observation: Observation) -> bool:
        if not successor(observation, self.subject):
            return False
        if lacks(observation, self.subject) or unseen(observation, self.subject):
            return False
        return not self.probe or timeline.probe == ""

    def _line(self, tools: Tools, timeline: DrillTimeline, observation: Observation) -> str:
        passed = tools.clock.now() - timeline.called_at
        what, _ = self._stuck(tools, timeline, observation)
        left = self.within_s - passed
        return f"{what} (at most {span(left)} more, {span(passed)} have passed)"

    def _result(self, tools: Tools, timeline: DrillTimeline, observation: Observation) -> JobResult:
        marks = (pair_milestones if self.subject.standby_instance else milestones)(
            timeline, observation, self.subject
        )
        back = self._recovered(timeline, observation)
        ends = [marks.in_service, marks.address_moved, marks.volumes_attached, marks.first_good_probe]
        end = max((one for one in ends if one is not None), default=None) if back else None
        took = None if end is None else round(end - marks.call, 1)
        in_time = took is not None and took <= self.within_s
        interrupted = not back and observation.exists and tools.clock.now() - timeline.called_at < self.within_s
        lost = losses(
            observation, self.subject, self._snapshots(tools, observation), marks.out_of_service or marks.call
        )
        what, todo = ("", "") if back else self._stuck(tools, timeline, observation)
        details: dict[str, Json] = {
            "group": self.subject.group,
            "by": self.subject.by,
            "old": self.subject.instance,
            "old_zone": self.subject.zone,
            "new": (new := successor(observation, self.subject)),
            "new_zone": next((one.zone for one in observation.seats or () if one.instance == new), ""),
            "recovered": back,
            "in_time": in_time,
            "within_s": self.within_s,
            "recovery_s": took,
            "milestones": marks.model_dump(mode="json"),
            "data": [one.model_dump(mode="json") for one in lost],
            "marker": {"value": self.subject.marker, "found_on": self._marked(observation)},
            "probe": self.probe,
            "timeline": [
                one.model_dump(mode="json", exclude={"key"})
                for one in sorted(timeline.moments, key=lambda one: one.at)
            ],
            "afterwards": pair_afterwards(self.subject, new, self.run_of_standby, tools.commands)
            if self.subject.standby_instance and new
            else [],
            "stuck": what,
            "todo": todo,
            "report": self.report,
        }
        return JobResult(
            says=_says(took, what, self.within_s, interrupted=interrupted),
            complete=not interrupted,
            certain=in_time,
            hint=todo or "see in the timeline what took so long",
            details=details,
        )

    def _marked(self, observation: Observation) -> list[str]:
        new = successor(observation, self.subject)
        return [
            one.volume
            for one in observation.disks or ()
            if new and one.instance == new and self.subject.marker and self.subject.marker in one.tags.values()
        ]

    def _snapshots(self, tools: Tools, observation: Observation) -> dict[str, float]:
        """Return when the snapshots were begun of which the present volumes were made."""
        old = set(self.subject.volumes.values())
        ids = sorted({one.snapshot for one in observation.disks or () if one.snapshot and one.volume not in old})
        if not ids:
            return {}
        answer = tools.aws.read(Read(service="ec2", operation="DescribeSnapshots", params={"SnapshotIds": ids}))
        if answer.refusal is not None:
            return {}
        return {one["SnapshotId"]: moment(one["StartTime"]) for one in answer.value.get("Snapshots", [])}


def _says(took: float | None, what: str, within_s: int, *, interrupted: bool) -> str:
    if took is not None:
        late = "" if took <= within_s else f", later than the {span(within_s)} allowed"
        return f"recovered after {took:.0f} s{late}"
    if interrupted:
        return f"stopped watching before it had recovered: {what}"
    return f"not recovered after {span(within_s)}: {what}"
