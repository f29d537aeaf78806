"""Lets an empty Auto Scaling group launch its instance."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.recovery.package import PrivateRecord
from opsctl.ha.undo.ec2_handback_calls import addresses_of
from opsctl.ha.undo.launch import Belongings, belongings_of, give_back, give_up_launch
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.asg_calls import (
    detach_instances,
    group_has_instance,
    group_is_empty,
    group_is_in_service,
    instances_of,
    set_sizes,
)
from opsctl.resources.asg_undo_steps import none_is_kept, one_is_in_service
from opsctl.resources.ec2_instance_calls import describe_instance

LAUNCH_HOOK = "opsctl-launch"
LAUNCHED_WITHIN_S = 48 * 3600
"""A launch hook holds an instance for up to 48 hours, and a first snapshot may take many of them."""
_NOTE = (
    "The data volumes and the address move from the old instance to the new one. Undo before the new "
    "instance is in service terminates it and moves everything back; a later undo leaves the new "
    "instance running and the old one stopped."
)


class AsgLaunch(Action):
    """Set an empty group's desired capacity to one and wait until the new instance is in service.

    Undo detaches that instance, alive, if it is in service. If not, it is ended, and `replaces` gets its volumes
    and addresses back; only when the data has moved on to copies of them, undo waits for the new instance. What
    holds the data, and which instances were the group's, is told by make-ha's tags `opsctl:ha*`.
    """

    name: ClassVar[str] = "asg.launch"
    outputs: ClassVar[tuple[str, ...]] = ("instances",)

    group: str = Field(description="Name of the group; empty.")
    replaces: str = Field("", description="Id of the instance whose address and volumes move to the new one.")
    devices: tuple[str, ...] = Field(
        (), description="Device names of the data volumes that move, such as /dev/sdf."
    )
    hooks: tuple[str, ...] = Field(
        (), description="Lifecycle hooks of the group, in the order an undo deletes them."
    )
    record: dict[str, Json] = Field(
        {}, description="Private DNS record that moves as well: zone_id, name and ttl."
    )
    why: str = Field(description="Why a new instance is wanted.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        old = (yield from self._old()) if self.replaces else None
        return [
            Change(
                **dict(set_sizes(self.group, DesiredCapacity=1)),
                id="launch",
                title=f"Launch the first instance of {self.group}",
                why=self.why,
                expect=(group_is_empty(self.group),),
                proof=Proof(
                    configured=(group_has_instance(self.group),),
                    effective=(group_is_in_service(self.group),),
                    within_s=LAUNCHED_WITHIN_S,
                ),
                undo=detach_instances(self.group, "launch"),
                undo_first=(
                    *none_is_kept(self.group, about.commands),
                    *(give_up_launch(self.group, self.hooks, old) if old else ()),
                    one_is_in_service(
                        self.group,
                        about.commands,
                        status=("make-ha", "status", self.group),
                        launch_hook=LAUNCH_HOOK,
                    ),
                    *(give_back(self.group, old) if old else ()),
                ),
                risk=Risk(
                    severity=Severity.SEVERE if self.replaces else Severity.MEDIUM,
                    affects=(self.replaces,) if self.replaces else (),
                    note=_NOTE if self.replaces else "",
                ),
                outputs={"instances": instances_of(self.group)},
            )
        ]

    def _old(self) -> Fetching[Belongings]:
        """Read what the old instance has now."""
        found = yield from require(describe_instance(self.replaces))
        addresses = yield from require(addresses_of(self.replaces))
        record = PrivateRecord.model_validate(self.record) if self.record else None
        instance = found["Reservations"][0]["Instances"][0]
        return belongings_of(instance, self.devices, addresses.get("Addresses", []), record)
