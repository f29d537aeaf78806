"""Watches a group or a standby recover, measures it, and goes on after an interruption as if there was none."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.drill.pair import pair_afterwards, pair_milestones, pair_sight_of, pair_sight_reads, pair_stuck
from opsctl.ha.drill.sight import Sight, log_read, moment, reads_of, sight_of
from opsctl.ha.drill.story import Moment, Story, begin, looked, probed
from opsctl.ha.drill.verdict import Subject, lacks, losses, milestones, stuck, successor, unseen
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Answer, Read
from opsctl.model.spans import seconds_after, span
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
    run_of_twin: str = Field("", description="The run that launched the twin, where the drill is of a standby.")
    log_group: str
    within_s: int
    probe: str = ""
    report: str = Field("", description="File for the report as Markdown; whoever shows the result writes it.")

    def run(self, tools: Tools) -> JobResult:
        """Watch until everything is back, the time is over, or somebody asks to stop."""
        story = self._story(tools)
        log_at = 0.0
        while True:
            with_log = tools.clock.now() - log_at >= LOG_POLL_S
            log_at = tools.clock.now() if with_log else log_at
            sight = self._look(tools, story, with_log=with_log)
            story = self._take(tools, story, sight)
            recovered = self._recovered(story, sight)
            late = tools.clock.now() - story.called_at >= self.within_s
            if recovered or late or tools.stopping() or not sight.exists:
                break
            tools.progress(f"drill of {self.subject.group}: {self._line(tools, story, sight)}")
            tools.clock.sleep(POLL_S)
        if recovered or late:
            sight = self._look(tools, story, with_log=True)
            story = self._take(tools, story, sight)
        return self._result(tools, story, sight)

    def _story(self, tools: Tools) -> Story:
        """Return the story so far: what an earlier process kept, else its beginning, by the journal."""
        kept = tools.checkpoint.recall("story")
        if kept is not None:
            looked_at = tools.checkpoint.recall("looked_at")
            return Story.model_validate(kept).model_copy(update={"looked_at": float(looked_at)})
        now = tools.clock.now()
        called_at = tools.called_at(self.call) or now
        story = begin(called_at, min(called_at, now), self.subject.instance, self.subject.by)
        self._tell(tools, story, list(story.moments))
        return story

    def _look(self, tools: Tools, story: Story, *, with_log: bool) -> Sight:
        group, twin = self.subject.group, self.subject.twin
        reads = pair_sight_reads(group) if twin else reads_of(group)
        if with_log:
            reads["log"] = log_read(self.log_group, story.called_at - _EARLIER_S)
        answers: dict[str, Answer] = {name: tools.aws.read(read) for name, read in reads.items()}
        return pair_sight_of(answers, self.since, self.subject) if twin else sight_of(answers, self.since)

    def _stuck(self, tools: Tools, story: Story, sight: Sight) -> tuple[str, str]:
        return (pair_stuck if self.subject.twin else stuck)(story, sight, self.subject, tools.commands)

    def _take(self, tools: Tools, story: Story, sight: Sight) -> Story:
        now = tools.clock.now()
        after, new = looked(story, sight, now, self.subject.instance)
        if self.probe:
            after, more = probed(after, tools.probe(self.probe), now)
            new += more
        if new or tools.checkpoint.recall("story") is None or after.probe != story.probe:
            tools.checkpoint.remember("story", after.model_dump(mode="json"))
        tools.checkpoint.remember("looked_at", now)
        self._tell(tools, after, sorted(new, key=lambda one: one.at))
        return after

    def _tell(self, tools: Tools, story: Story, new: list[Moment]) -> None:
        for one in new:
            tools.progress(f"{seconds_after(one.at, story.called_at):>9}  {one.source:<7} {one.says}\n")

    def _recovered(self, story: Story, sight: Sight) -> bool:
        if not successor(sight, self.subject):
            return False
        if lacks(sight, self.subject) or unseen(sight, self.subject):
            return False
        return not self.probe or story.probe == ""

    def _line(self, tools: Tools, story: Story, sight: Sight) -> str:
        passed = tools.clock.now() - story.called_at
        what, _ = self._stuck(tools, story, sight)
        left = self.within_s - passed
        return f"{what} (at most {left:.0f} s more, {passed:.0f} s have passed)"

    def _result(self, tools: Tools, story: Story, sight: Sight) -> JobResult:
        marks = (pair_milestones if self.subject.twin else milestones)(story, sight, self.subject)
        back = self._recovered(story, sight)
        ends = [marks.in_service, marks.address_moved, marks.volumes_attached, marks.first_good_probe]
        end = max((one for one in ends if one is not None), default=None) if back else None
        took = None if end is None else round(end - marks.call, 1)
        in_time = took is not None and took <= self.within_s
        interrupted = not back and sight.exists and tools.clock.now() - story.called_at < self.within_s
        lost = losses(sight, self.subject, self._snapshots(tools, sight), marks.out_of_service or marks.call)
        what, todo = ("", "") if back else self._stuck(tools, story, sight)
        details: dict[str, Json] = {
            "group": self.subject.group,
            "by": self.subject.by,
            "old": self.subject.instance,
            "old_zone": self.subject.zone,
            "new": (new := successor(sight, self.subject)),
            "new_zone": next((one.zone for one in sight.seats or () if one.instance == new), ""),
            "recovered": back,
            "in_time": in_time,
            "within_s": self.within_s,
            "recovery_s": took,
            "milestones": marks.model_dump(mode="json"),
            "data": [one.model_dump(mode="json") for one in lost],
            "marker": {"value": self.subject.marker, "found_on": self._marked(sight)},
            "probe": self.probe,
            "timeline": [
                one.model_dump(mode="json", exclude={"key"})
                for one in sorted(story.moments, key=lambda one: one.at)
            ],
            "afterwards": pair_afterwards(self.subject, new, self.run_of_twin, tools.commands)
            if self.subject.twin and new
            else [],
            "stuck": what,
            "todo": todo,
            "report": self.report,
        }
        return JobResult(
            says=_says(took, what, self.within_s, interrupted=interrupted),
            complete=not interrupted,
            certain=in_time,
            hint=todo or "look at the timeline for what took so long",
            details=details,
        )

    def _marked(self, sight: Sight) -> list[str]:
        new = successor(sight, self.subject)
        return [
            one.volume
            for one in sight.disks or ()
            if new and one.instance == new and self.subject.marker and self.subject.marker in one.tags.values()
        ]

    def _snapshots(self, tools: Tools, sight: Sight) -> dict[str, float]:
        """Return when the snapshots were begun of which the present volumes were made."""
        old = set(self.subject.volumes.values())
        ids = sorted({one.snapshot for one in sight.disks or () if one.snapshot and one.volume not in old})
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
