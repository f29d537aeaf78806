"""EC2: launch templates."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_specifications


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
