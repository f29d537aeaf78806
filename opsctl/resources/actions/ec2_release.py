"""Releases the capacity that a plan has reserved."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Irreversible, Proof, Risk
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.actions.ec2_reserve import ACTIVE_WITHIN_S
from opsctl.resources.actions.ec2_start import NOTHING_BACK
from opsctl.resources.ec2_capacity_calls import (
    CapacityWanted,
    cancel_reservation,
    create_reservation,
    is_reserved,
    reservation_of,
)


class Ec2Release(Action):
    """Cancel the Capacity Reservations that `ec2.reserve` made of the same `capacity`; what runs in them runs on.

    Undo reserves the capacity again, before it stops what an undo of the rest has to stop.
    """

    name: ClassVar[str] = "ec2.release"

    capacity: tuple[CapacityWanted, ...] = Field(description="What was reserved, as for `ec2.reserve`.")
    final: bool = Field(False, description="As for `ec2.start`: an undo stops nothing, and needs no capacity.")
    of: str = Field("", description="Id of the plan that reserved it; this one by default.")
    why: str = Field("They run again, and a reservation costs as much as they do.", description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CancelCapacityReservation for each."""
        yield []
        return [self._release(one, self.of or about.plan_id, about.plan_id) for one in self.capacity]

    def _release(self, wanted: CapacityWanted, plan_id: str, own_id: str) -> Change:
        again = create_reservation(wanted, plan_id, f"{own_id}-{wanted.name}-undo")
        return Change(
            **dict(cancel_reservation(wanted.name)),
            id=wanted.name,
            title=f"Release capacity for {wanted.says}",
            why=self.why,
            expect=(is_reserved(wanted, plan_id, active=True),),
            proof=Proof(configured=(is_reserved(wanted, plan_id, active=False),), within_s=ACTIVE_WITHIN_S),
            undo=Irreversible(because=NOTHING_BACK) if self.final else again,
            undo_risk=Risk(note="It costs what as many instances cost, until the undo has released it."),
            outputs={"reservation": reservation_of(wanted, plan_id)},
        )
