"""Makes an image of an instance and waits until it can be launched. Source: EC2 API reference, CreateImage."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described, tag_specifications, with_mark

KEPT = (
    "the image stays: an instance launched from it can be attached to a group only while it exists; "
    "deregister it when nothing uses it"
)
_CRASH_CONSISTENT = "No reboot: the image is crash-consistent; data only in memory is not in it."
_REBOOTS = "The instance is rebooted while the image is taken, so that its file systems are consistent."


class Ec2Image(Action):
    """Make an image of an instance, by default without a reboot, and wait until it is available.

    Devices named in `exclude` are left out of it. The image stays when the run is undone.
    """

    name: ClassVar[str] = "ec2.image"
    outputs: ClassVar[tuple[str, ...]] = ("image_id",)

    instance: str = Field(description="Id of the instance.")
    image_name: str = Field(description="Name of the image; 3 to 128 characters, not in use yet.")
    reboot: bool = Field(False, description="Reboot the instance for a consistent image.")
    exclude: tuple[str, ...] = Field((), description="Device names of volumes that are not imaged.")
    tags: dict[str, str] = Field({}, description="Tags of the image and its snapshots.")
    why: str = Field(description="What the image is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateImage and the wait for it."""
        yield []
        name = self.image_name
        made = create_image(
            self.instance,
            name,
            described(about.plan_id, f"image of {self.instance}"),
            reboot=self.reboot,
            exclude=self.exclude,
            tags=with_mark(about.plan_id, self.tags),
        )
        created = Change(
            **dict(made),
            id="create",
            title=f"Create an image of {self.instance} {'with' if self.reboot else 'without'} a reboot",
            why=self.why,
            expect=(image_exists(name, there=False),),
            proof=Proof(configured=(image_exists(name, there=True),), within_s=120),
            undo=Irreversible(because=KEPT),
            risk=Risk(
                severity=Severity.SEVERE if self.reboot else Severity.LOW,
                affects=(self.instance,) if self.reboot else (),
                note=_REBOOTS if self.reboot else _CRASH_CONSISTENT,
            ),
            outputs={"image_id": Query(read=own_images_named(name), query="Images[0].ImageId")},
        )
        waiting = Change(
            **dict(Instruction(kind="wait", service="ec2", operation="DescribeImages")),
            id="available",
            title="Wait until the image is available",
            why="A launch template with a pending image cannot launch instances.",
            expect=(image_has_not_failed(name),),
            proof=Proof(configured=(image_is_available(name),), within_s=IMAGE_WITHIN_S),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=("create",),
        )
        return [created, waiting]


IMAGE_WITHIN_S = 24 * 3600
"""AWS: most images take minutes, a first snapshot of a large volume up to 24 hours."""


def own_images_named(name: str) -> Read:
    """Read this account's images of a name; a pending image is among them."""
    filters = [{"Name": "name", "Values": [name]}]
    return Read(service="ec2", operation="DescribeImages", params={"Owners": ["self"], "Filters": filters})


def create_image(
    instance: str, name: str, description: str, *, reboot: bool, exclude: Sequence[str], tags: Mapping[str, str]
) -> Instruction:
    """Make an image; excluded devices are neither imaged nor made again at each launch."""
    params: dict[str, Json] = {
        "InstanceId": instance,
        "Name": name,
        "Description": description,
        "NoReboot": not reboot,
        "TagSpecifications": tag_specifications(tags, "image", "snapshot"),
    }
    if exclude:
        params["BlockDeviceMappings"] = [{"DeviceName": device, "NoDevice": ""} for device in exclude]
    return Instruction(kind="call", service="ec2", operation="CreateImage", params=params)


def image_exists(name: str, *, there: bool) -> Check:
    """An image of that name has been begun, or none has."""
    return Check(
        read=own_images_named(name),
        query="Images[0].ImageId",
        op="present" if there else "empty",
        says=f"an image {name!r} exists" if there else f"there is no image {name!r}",
    )


def image_is_available(name: str) -> Check:
    """The image can be launched."""
    return Check(
        read=own_images_named(name),
        query="Images[0].State",
        op="equals",
        value="available",
        says=f"image {name!r} is available",
    )


def image_has_not_failed(name: str) -> Check:
    """The image is not in a state that it never leaves."""
    return Check(
        read=own_images_named(name),
        query="Images[].State",
        op="excludes",
        value=["failed", "error", "invalid", "deregistered"],
        says=f"image {name!r} has not failed",
    )
