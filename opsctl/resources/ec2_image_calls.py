"""EC2: making an image of an instance, and launch templates. Source: EC2 API reference, CreateImage."""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_specifications

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


def templates_named(name: str) -> Read:
    """Read the launch template of a name; a filter finds nothing where a name would be an error."""
    filters = [{"Name": "launch-template-name", "Values": [name]}]
    return Read(service="ec2", operation="DescribeLaunchTemplates", params={"Filters": filters})


def create_template(name: str, data: Json, description: str, token: str, tags: Mapping[str, str]) -> Instruction:
    """Create a launch template with its first version."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="CreateLaunchTemplate",
        params={
            "ClientToken": token,
            "LaunchTemplateName": name,
            "VersionDescription": description,
            "LaunchTemplateData": data,
            "TagSpecifications": tag_specifications(tags, "launch-template"),
        },
    )


def delete_template(name: str) -> Instruction:
    """Delete a launch template with all its versions."""
    return Instruction(
        kind="call", service="ec2", operation="DeleteLaunchTemplate", params={"LaunchTemplateName": name}
    )


def template_is_absent(name: str) -> Check:
    """No launch template has that name."""
    return Check(
        read=templates_named(name),
        query="LaunchTemplates[].LaunchTemplateId",
        op="empty",
        says=f"there is no launch template {name}",
    )


def template_is_ours(name: str, plan_id: str) -> Check:
    """The launch template of that name was made by this plan."""
    return Check(
        read=templates_named(name),
        query=f"LaunchTemplates[0].Tags[?Key=='{PLAN_TAG}'].Value | [0]",
        op="equals",
        value=plan_id,
        says=f"launch template {name} is this plan's",
    )
