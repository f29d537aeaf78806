"""Reserves capacity for instances that are about to be stopped and started."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.spans import utc
from opsctl.resources.ec2_capacity_calls import (
    REFUSED_BEFORE_START,
    CapacityWanted,
    cancel_reservation,
    create_reservation,
    is_reserved,
    reservation_of,
)

ACTIVE_WITHIN_S = 600
"""AWS: a new reservation may be described as pending for up to five minutes."""
ENDS_AFTER = timedelta(hours=24)


class Ec2Reserve(Action):
    """Create an On-Demand Capacity Reservation for each of `capacity`; AWS refuses it where it has no room.

    AWS ends it after a day, whatever becomes of the run. Undo cancels it. `ec2.release` of the same capacity
    cancels it when all is well.
    """

    name: ClassVar[str] = "ec2.reserve"

    capacity: tuple[CapacityWanted, ...] = Field(description="What is reserved, as a fact names it.")
    why: str = Field(description="What it is reserved for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateCapacityReservation for each."""
        yield []
        end = utc(datetime.fromtimestamp(about.now, UTC) + ENDS_AFTER)
        return [self._reserve(one, about.plan_id, end) for one in self.capacity]

    def _reserve(self, wanted: CapacityWanted, plan_id: str, end: str) -> Change:
        return Change(
            **dict(create_reservation(wanted, plan_id, f"{plan_id}-{wanted.name}", end)),
            id=wanted.name,
            title=f"Reserve capacity for {wanted.says}",
            why=self.why,
            expect=(is_reserved(wanted, plan_id, active=False),),
            proof=Proof(configured=(is_reserved(wanted, plan_id, active=True),), within_s=ACTIVE_WITHIN_S),
            undo=cancel_reservation(wanted.name),
            risk=Risk(note="It costs as much as the instances, until it is released, after a day at the latest."),
            outputs={"reservation": reservation_of(wanted, plan_id)},
            goes_back=REFUSED_BEFORE_START,
        )
