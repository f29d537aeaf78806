"""Keeps an instance's volumes when it is terminated."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_instance_calls import (
    delete_on_termination_is,
    describe_instance,
    has_devices,
    is_alive,
    set_delete_on_termination,
)


class Ec2KeepVolumes(Action):
    """Turn DeleteOnTermination off for devices of an instance; undo turns it on again, if it still has them.

    On another instance that has the volumes by then it stays off: that is how AWS attaches a volume, and no data
    is to die with an instance that the plan has never seen. Devices that need no change give none.
    """

    name: ClassVar[str] = "ec2.keep_volumes"

    instance: str = Field(description="Id of the instance.")
    devices: tuple[str, ...] = Field(description="Device names, such as /dev/sdf.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstanceAttribute for the devices that would be lost."""
        answer = yield from require(describe_instance(self.instance))
        found = answer["Reservations"][0]["Instances"][0].get("BlockDeviceMappings", [])
        doomed = [
            one["DeviceName"]
            for one in found
            if one["DeviceName"] in self.devices and one.get("Ebs", {}).get("DeleteOnTermination")
        ]
        if not doomed:
            return []
        return [
            Change(
                **dict(set_delete_on_termination(self.instance, doomed, delete=False)),
                id=self.instance,
                title=f"Turn off DeleteOnTermination of {', '.join(doomed)} of {self.instance}",
                why="Otherwise AWS deletes these volumes and their data when the instance is terminated.",
                expect=(
                    delete_on_termination_is(self.instance, doomed, delete=True),
                    is_alive(self.instance),
                ),
                proof=Proof(
                    configured=(delete_on_termination_is(self.instance, doomed, delete=False),), within_s=60
                ),
                undo=set_delete_on_termination(self.instance, doomed, delete=True),
                undo_only_if=(is_alive(self.instance), has_devices(self.instance, doomed)),
            )
        ]
