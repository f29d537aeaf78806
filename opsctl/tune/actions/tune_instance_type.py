"""Makes stopped instances ones of another type."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import is_alive
from opsctl.tune.attribute_calls import is_of_type, is_stopped, set_attribute
from opsctl.tune.machine_reads import read_machines


class TuneInstanceType(Action):
    """Change the type of stopped instances, one call each. Undo changes it back."""

    name: ClassVar[str] = "tune.instance_type"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    type: str = Field(description="The type that they become.")
    why: str = Field("The type has the network that is wished.", description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstanceAttribute for each that is of another type."""
        machines = yield from read_machines(self.instances, about.region)
        return [
            Change(
                **dict(set_attribute(one.id, "InstanceType", self.type)),
                id=one.id,
                title=f"Change the type of {one.id} from {one.type} to {self.type}",
                why=self.why,
                expect=(is_of_type(one.id, one.type), is_stopped(one.id)),
                proof=Proof(configured=(is_of_type(one.id, self.type),), within_s=60),
                undo=set_attribute(one.id, "InstanceType", one.type),
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(one.id,),
                    note="The price changes, and what the guest is set up for may not fit.",
                ),
                undo_only_if=(is_alive(one.id),),
                goes_back=REFUSED_BEFORE_START,
            )
            for one in machines
            if one.type != self.type
        ]
