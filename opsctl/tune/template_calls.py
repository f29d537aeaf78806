"""EC2: versions of launch templates. Source: EC2 API reference, CreateLaunchTemplateVersion and its deletion."""

from collections.abc import Sequence

from opsctl.model.changes import Check, EditSpec, Element, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json

_DATA = "LaunchTemplateData"
_ANSWERED = {"MetadataOptions": "MetadataOptions.State", "Operator": "Operator"}
"""What AWS answers of a version and takes back in none."""


def versions_of(template: str, *versions: str) -> Read:
    """Read versions of a launch template, by its id; all of them where none is named."""
    params: dict[str, Json] = {"LaunchTemplateId": template}
    if versions:
        params["Versions"] = list(versions)
    return Read(service="ec2", operation="DescribeLaunchTemplateVersions", params=params)


def create_version(
    template: str,
    source: str,
    data: Json,
    description: str,
    token: str,
    *,
    interfaces: Sequence[Json] = (),
    weighting: str = "keep",
) -> Instruction:
    """Create a version like another one, but with these interfaces, and with this bandwidth weighting.

    The whole of the other is carried over when the call is made, user data included, which so stands in no plan.
    An instance's security groups stand at its interfaces then: both at once are refused at every launch. Without
    interfaces those of the other stay.
    """
    gone = [path for name, path in _ANSWERED.items() if name in data]
    elements: list[Element] = []
    if interfaces:
        elements.append(Element(op="set", at=f"{_DATA}.NetworkInterfaces", value=list(interfaces)))
        gone = ["SecurityGroupIds", "SecurityGroups", *gone]
    if weighting != "keep":
        options: Json = {"BandwidthWeighting": weighting}
        elements.append(Element(op="set", at=f"{_DATA}.NetworkPerformanceOptions", value=options))
    elements += [Element(op="unset", at=f"{_DATA}.{path}") for path in gone]
    return Instruction(
        kind="edit",
        service="ec2",
        operation="CreateLaunchTemplateVersion",
        params={"LaunchTemplateId": template, "VersionDescription": description, "ClientToken": token},
        edit=EditSpec(
            read=versions_of(template, source),
            carry={_DATA: f"LaunchTemplateVersions[0].{_DATA}"},
            elements=tuple(elements),
        ),
    )


def delete_version(template: str, version: Json) -> Instruction:
    """Delete one version."""
    params = {"LaunchTemplateId": template, "Versions": [version]}
    return Instruction(kind="call", service="ec2", operation="DeleteLaunchTemplateVersions", params=params)


def version_number(template: str, description: str) -> Query:
    """The number of the version with that description, as text."""
    query = f"LaunchTemplateVersions[?VersionDescription=='{description}'] | [0].VersionNumber"
    return Query(read=versions_of(template), query=f"{query} | @ && to_string(@)")


def version_exists(template: str, description: str, *, there: bool) -> Check:
    """The template has a version with that description, or has none."""
    return Check(
        read=versions_of(template),
        query=f"LaunchTemplateVersions[?VersionDescription=='{description}'].VersionNumber",
        op="present" if there else "empty",
        says=f"launch template {template} has {'a' if there else 'no'} version of this plan",
    )


def is_not_default(template: str, description: str) -> Check:
    """The version with that description is not the template's default, which cannot be deleted."""
    return Check(
        read=versions_of(template),
        query=f"LaunchTemplateVersions[?VersionDescription=='{description}' && DefaultVersion].VersionNumber",
        op="empty",
        says=f"the version of this plan is not the default of {template}",
    )


def no_group_launches_by(template: str, change: str) -> Check:
    """No Auto Scaling group launches by that version."""
    of = f"AutoScalingGroups[?LaunchTemplate.LaunchTemplateId=='{template}'].LaunchTemplate.Version"
    return Check(
        read=Read(service="autoscaling", operation="DescribeAutoScalingGroups"),
        query=of,
        op="excludes",
        value=[reference(change, "version")],
        says=f"no Auto Scaling group launches by the version of {template} that this plan made",
    )
