"""Moves stopped instances into a placement group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import is_alive
from opsctl.tune.attribute_calls import is_placed, is_stopped, place
from opsctl.tune.machine_reads import read_machines


class TunePlacement(Action):
    """Move stopped instances into a placement group, one call each. Undo moves them to where they were."""

    name: ClassVar[str] = "tune.placement"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    group: str = Field(description="Name of the placement group.")
    why: str = Field("Inside a cluster placement group a single flow has 10 Gbps, else 5.", description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstancePlacement for each that is elsewhere; it has no DryRun."""
        machines = yield from read_machines(self.instances, about.region)
        return [
            Change(
                **dict(place(one.id, self.group)),
                id=one.id,
                title=f"Move {one.id} into placement group {self.group}",
                why=self.why,
                expect=(is_placed(one.id, one.placement_group), is_stopped(one.id)),
                proof=Proof(configured=(is_placed(one.id, self.group),), within_s=60),
                undo=place(one.id, one.placement_group, one.partition),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    affects=(one.id,),
                    note="EC2 finds room for it only where the others of the group are.",
                ),
                undo_only_if=(is_alive(one.id),),
                goes_back=REFUSED_BEFORE_START,
            )
            for one in machines
            if one.placement_group != self.group
        ]
