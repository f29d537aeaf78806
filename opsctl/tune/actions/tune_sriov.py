"""Switches the Intel 82599 Virtual Function of instances on, for good."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.tune.attribute_calls import has_vf, is_stopped, set_attribute


class TuneSriov(Action):
    """Switch the 82599 VF on at stopped instances, one call each. AWS has no way to switch it off again."""

    name: ClassVar[str] = "tune.sriov"

    instances: tuple[str, ...] = Field(description="Ids of the instances; they have to have the ixgbevf driver.")
    why: str = Field(
        "Without it the instance uses an emulated device: a fraction of what its type has.", description="Why."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstanceAttribute for each."""
        yield []
        return [
            Change(
                **dict(set_attribute(one, "SriovNetSupport", "simple")),
                id=one,
                title=f"Switch the 82599 VF on at {one}",
                why=self.why,
                expect=(has_vf(one, on=False), is_stopped(one)),
                proof=Proof(configured=(has_vf(one, on=True),), within_s=60),
                undo=Irreversible(because="AWS has no way to switch the VF off; its image has it off"),
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(one,),
                    note="Without the driver in the guest the instance cannot be reached when it runs again.",
                ),
                goes_back=REFUSED_BEFORE_START,
            )
            for one in self.instances
        ]
