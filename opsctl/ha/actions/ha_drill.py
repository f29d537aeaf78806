"""Watches a group or a standby recover and measures it."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.drill.observation import log_read, reads_of
from opsctl.ha.drill.outcome import Subject
from opsctl.ha.drill.pair import pair_observation_reads
from opsctl.ha.drill.start import HaDrillFacts
from opsctl.ha.jobs.ha_drill import HaDrill
from opsctl.model.changes import Change, Grant, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_member_calls import SET_HEALTH, TERMINATE

CALLS = {"replace": TERMINATE, "unhealthy": SET_HEALTH, "stop": "ec2.StopInstances"}
"""The API whose call is the failure, by how it is brought about."""


class HaDrillAction(Action):
    """Watch until a group or a standby has recovered from the loss of its instance, and measure each part of it.

    It changes nothing. Interrupted and resumed it goes on with the same drill.
    """

    name: ClassVar[str] = "ha.drill"

    drill: HaDrillFacts = Field(description="The group or standby, as the fact `ha.drill` found it.")
    within_s: int = Field(1800, ge=1, description="The time within which it has to recover.")
    probe: str = Field("", description="URL that has to answer with success as well; empty: none.")
    report: str = Field("", description="File for the report as Markdown; empty: none.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield []
        job = HaDrill(
            subject=Subject(
                group=self.drill.group,
                instance=self.drill.instance,
                zone=self.drill.zone,
                by=self.drill.by,
                standby_instance=self.drill.standby_instance,
                volumes={one.device: one.volume for one in self.drill.volumes},
                addresses=self.drill.addresses,
                marker=self.drill.marker,
            ),
            region=about.region,
            call=CALLS[self.drill.by],
            run_of_standby=self.drill.run_of_standby,
            since=self.drill.since,
            log_group=self.drill.log_group,
            within_s=self.within_s,
            probe=self.probe,
            report=self.report,
        )
        looks = (
            pair_observation_reads(self.drill.group) if self.drill.standby_instance else reads_of(self.drill.group)
        )
        reads = [*looks.values(), log_read(self.drill.log_group, 0)]
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
                why=(
                    "A recovery that was never tested cannot be relied on; this measures recovery time and "
                    "data loss."
                ),
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="watching changes nothing", only_reads=True),
            )
        ]
