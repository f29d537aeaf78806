"""Switches the Elastic Network Adapter of instances on."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import is_alive
from opsctl.tune.attribute_calls import has_ena, is_stopped, set_attribute


class TuneEna(Action):
    """Switch ENA on at stopped instances, one call each. Undo switches it off."""

    name: ClassVar[str] = "tune.ena"

    instances: tuple[str, ...] = Field(description="Ids of the instances; they have to have the driver.")
    why: str = Field(
        "Without ENA the instance uses an emulated device: a fraction of what its type has.", description="Why."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstanceAttribute for each."""
        yield []
        return [
            Change(
                **dict(set_attribute(one, "EnaSupport", True)),
                id=one,
                title=f"Switch ENA on at {one}",
                why=self.why,
                expect=(has_ena(one, on=False), is_stopped(one)),
                proof=Proof(configured=(has_ena(one, on=True),), within_s=60),
                undo=set_attribute(one, "EnaSupport", False),
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(one,),
                    note="Without the driver in the guest the instance cannot be reached when it runs again.",
                ),
                undo_only_if=(is_alive(one),),
                goes_back=REFUSED_BEFORE_START,
            )
            for one in self.instances
        ]
