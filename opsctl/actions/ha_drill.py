"""Watches a group recover and measures it."""

from typing import ClassVar

from pydantic import Field

from opsctl.drill.facts import HaDrillFacts
from opsctl.drill.sight import log_read, reads_of
from opsctl.drill.verdict import Subject
from opsctl.jobs.ha_drill import HaDrill
from opsctl.model.changes import Change, Grant, Irreversible, Proof
from opsctl.model.looking import Looking
from opsctl.model.run import Action, Context
from opsctl.services.asg_drill_calls import SET_HEALTH, TERMINATE


class HaDrillAction(Action):
    """Watch until a group has recovered from the replacement of its instance, and measure how long each part took.

    It changes nothing. Interrupted and resumed it goes on with the same drill.
    """

    name: ClassVar[str] = "ha.drill"

    drill: HaDrillFacts = Field(description="The group, as the lookup `ha.drill` found it.")
    by: str = Field("replace", description="What began it: replace or unhealthy.")
    within_s: int = Field(1800, ge=1, description="The time in which it has to recover.")
    probe: str = Field("", description="URL whose first good answer counts as well; none when empty.")
    report: str = Field("", description="File for the report as Markdown; none when empty.")

    def plan(self, about: Context) -> Looking[list[Change]]:
        """Plan one job."""
        yield []
        job = HaDrill(
            subject=Subject(
                group=self.drill.group,
                instance=self.drill.instance,
                zone=self.drill.zone,
                by=self.by,
                volumes={one.device: one.volume for one in self.drill.volumes},
                addresses=self.drill.addresses,
                marker=self.drill.marker,
            ),
            region=about.region,
            call=SET_HEALTH if self.by == "unhealthy" else TERMINATE,
            since=self.drill.since,
            log_group=self.drill.log_group,
            within_s=self.within_s,
            probe=self.probe,
            report=self.report,
        )
        reads = [*reads_of(self.drill.group).values(), log_read(self.drill.log_group, 0)]
        apis = [(one.service, one.operation) for one in reads] + [("ec2", "DescribeSnapshots")]
        return [
            Change(
                kind="job",
                service="opsctl",
                operation=job.name,
                params=job.model_dump(mode="json"),
                grants=tuple(
                    Grant(service=service, operation=operation, params={"logGroupName": self.drill.log_group})
                    for service, operation in apis
                ),
                id=self.drill.group,
                title=f"Watch {self.drill.group} recover",
                why="What was not tried does not work; this measures how long it takes and what is lost.",
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="watching changes nothing"),
            )
        ]
