"""Launches an instance of a group from its launch template, as Auto Scaling does."""

from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.scaling_model import Group
from opsctl.sandbox.rules.encryption import group_may_use, key_by_default

GROUP_TAG = "aws:autoscaling:groupName"


class Failed(Exception):
    """A launch that did not succeed, with EC2's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def template_data(ec2: Any, template: dict[str, str]) -> dict[str, Any]:
    """The data of the version of a launch template that a group uses."""
    found = ec2.get_launch_template(template["LaunchTemplateId"])
    data: dict[str, Any] = found.get_version(template.get("Version") or "$Default").data
    return data


def launched_by(ec2: Any, template: dict[str, str]) -> dict[str, str]:
    """The version that an instance was launched by: $Latest and $Default are other ones tomorrow."""
    found = ec2.get_launch_template(template["LaunchTemplateId"])
    return template | {"Version": str(found.get_version(template.get("Version") or "$Default").number)}


def launch_instance(ec2: Any, group: Group, subnet: str) -> Any:
    """Launch into a subnet and return moto's instance.

    Raises:
        Failed: EC2 does not launch it.
    """
    from moto.core.exceptions import ServiceException

    try:
        data = template_data(ec2, group.template)
        image = next(iter(ec2.describe_images(ami_ids=[data.get("ImageId")])), None)
        if image is None or image.state != "available":
            raise Failed("InvalidAMIID.Unavailable", f"The image id '[{data.get('ImageId')}]' is not available.")
        place = _place(ec2, group, data)
        instance = _run(ec2, group, subnet, data, image)
        instance.placement.group_name = place
    except ServiceException as refused:
        raise Failed(str(refused.code), str(refused.message)) from None
    profile = data.get("IamInstanceProfile") or {}
    if profile:
        ec2.associate_iam_instance_profile(instance.id, profile.get("Name"), profile.get("Arn"))
    instance.add_tags(group_tags(group))
    return instance


def _place(ec2: Any, group: Group, data: dict[str, Any]) -> str | None:
    """The placement group of the launch, if there is one that takes the type."""
    from opsctl.sandbox.rules.placement_groups import groups_of, takes

    name: str | None = group.settings.get("PlacementGroup")
    if name is None:
        return None
    if name not in groups_of(ec2):
        raise Failed("InvalidPlacementGroup.Unknown", f"The placement group '{name}' is unknown.")
    takes(ec2, groups_of(ec2)[name], data.get("InstanceType", "t3.micro"))
    return name


def group_tags(group: Group) -> dict[str, str]:
    """The tags a group puts on its instances; they win over the template's."""
    ours = {tag["Key"]: tag.get("Value", "") for tag in group.tags if tag.get("PropagateAtLaunch")}
    return ours | {GROUP_TAG: group.name}


def _run(ec2: Any, group: Group, subnet: str, data: dict[str, Any], image: Any) -> Any:
    specs = {one["ResourceType"]: one.get("Tags", []) for one in data.get("TagSpecifications") or []}
    nics = [dict(nic) for nic in data.get("NetworkInterfaces") or []]
    primary = next((nic for nic in nics if int(nic.get("DeviceIndex", 0)) == 0), {})
    groups = primary.get("Groups") or data.get("SecurityGroupIds") or []
    for nic in nics:
        # Secondary interfaces land in the primary's subnet (fact 9).
        nic["SubnetId"] = subnet
    from opsctl.sandbox.rules.bandwidth_weighting import require_weighting, weight
    from opsctl.sandbox.rules.network_interfaces import become_adapters, take_places

    weighting = (data.get("NetworkPerformanceOptions") or {}).get("BandwidthWeighting")
    if weighting:
        require_weighting(ec2, data.get("InstanceType", "t3.micro"), weighting)

    places = take_places(ec2, data.get("InstanceType", "t3.micro"), nics)
    several = nics if len(nics) > 1 else []
    more = {"nics": nics} if several else {"subnet_id": subnet}
    mappings = _mappings(ec2, data, image)
    reservation = ec2.run_instances(
        data["ImageId"],
        1,
        data.get("UserData"),
        [],
        instance_type=data.get("InstanceType", "t3.micro"),
        is_instance_type_default=False,
        region_name=group.region,
        key_name=data.get("KeyName"),
        security_group_ids=list(groups),
        associate_public_ip=primary.get("AssociatePublicIpAddress"),
        tags={"volume": {tag["Key"]: tag["Value"] for tag in specs.get("volume", [])}},
        launch_template={key: value for key, value in group.template.items() if key != "LaunchTemplateName"},
        metadata_options=data.get("MetadataOptions") or {},
        ebs_optimized=bool(data.get("EbsOptimized")),
        monitoring_state="enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
        block_device_mappings=mappings,
        **more,
    )
    launched = reservation.instances[0]
    become_adapters(launched, nics, places)
    if weighting:
        weight(launched, weighting)
    return launched


def _mappings(ec2: Any, data: dict[str, Any], image: Any) -> list[dict[str, Any]]:
    """The image's devices, with the template's said over them; `NoDevice` leaves one out."""
    devices: dict[str, dict[str, Any]] = {}
    for mapping in image.block_device_mappings:
        root = mapping["DeviceName"] == image.root_device_name
        devices[mapping["DeviceName"]] = dict(mapping["Ebs"]) | ({"DeleteOnTermination": True} if root else {})
    for mapping in data.get("BlockDeviceMappings") or []:
        if mapping.get("NoDevice") is not None:
            devices.pop(mapping["DeviceName"], None)
        elif "Ebs" in mapping:
            devices[mapping["DeviceName"]] = devices.get(mapping["DeviceName"], {}) | mapping["Ebs"]
    bad, default = conditions(ec2.account_id).faults.bad_keys, key_by_default(ec2)
    for key in {str(one.get("KmsKeyId") or default) for one in devices.values()} - {""}:
        if key in bad or not group_may_use(ec2, key):
            raise Failed("Client.InternalError", "Client.InternalError: Client error on launch.")
    return [{"DeviceName": name, "Ebs": ebs} for name, ebs in devices.items()]
