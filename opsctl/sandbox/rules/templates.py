"""Launch templates: what AWS refuses in one, and the shape in which it derives one from an instance.

Source: EC2 API reference, and the sample answer of GetLaunchTemplateData that AWS publishes.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault

_TAGGED = ("instance", "volume", "network-interface", "spot-instances-request")


def install() -> None:
    """Put the rules around moto's launch templates."""
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.responses import EC2Response

    EC2Response.create_launch_template = _created(EC2Response.create_launch_template)
    EC2Response.create_launch_template_version = _once(_checked(EC2Response.create_launch_template_version))
    EC2Response.delete_launch_template_versions = _delete_versions
    LaunchTemplate.create_version = _numbered(LaunchTemplate.create_version)
    LaunchTemplate.get_version = _by_number(LaunchTemplate.get_version)
    LaunchTemplate.default_version = lambda self: self.get_version(self.default_version_number)
    EC2Response.get_launch_template_data = _data_of_instance


def _check(data: dict[str, Any]) -> None:
    for spec in data.get("TagSpecifications") or []:
        if spec["ResourceType"] not in _TAGGED:
            raise fault("InvalidParameterValue", f"'{spec['ResourceType']}' is not a valid taggable resource type")
        for tag in spec.get("Tags") or []:
            if tag["Key"].lower().startswith("aws:"):
                raise fault(
                    "InvalidParameterValue",
                    f"Tag keys starting with 'aws:' are reserved for internal use: {tag['Key']}",
                )


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    def checked(self: Any) -> Any:
        _check(self._get_param("LaunchTemplateData", {}))
        return method(self)

    return checked


def _once(method: Callable[..., Any]) -> Callable[..., Any]:
    """A token makes one version only; what a source has and the request has not is the source's."""

    def created(self: Any) -> Any:
        tokens = self.ec2_backend.__dict__.setdefault("opsctl_template_tokens", {})
        token, source = self._get_param("ClientToken"), self._get_param("SourceVersion")
        if token in tokens:
            return tokens[token]
        if source:
            like = _template(self).get_version(source).data
            self.params["LaunchTemplateData"] = {**like, **self._get_param("LaunchTemplateData", {})}
        answer = method(self)
        if token:
            tokens[token] = answer
        return answer

    return created


def _numbered(method: Callable[..., Any]) -> Callable[..., Any]:
    """The number of a version that was deleted is never given again."""

    def created(self: Any, data: Any, description: str) -> Any:
        made = method(self, data, description)
        made.number = self.opsctl_versions = max(made.number, self.__dict__.get("opsctl_versions", 0) + 1)
        return made

    return created


def _by_number(method: Callable[..., Any]) -> Callable[..., Any]:
    def found(self: Any, num: Any) -> Any:
        if str(num).startswith("$"):
            return method(self, num)
        known = next((one for one in self.versions if str(one.number) == str(num)), None)
        return known or method(self, len(self.versions) + 1)

    return found


def _template(self: Any) -> Any:
    name = self._get_param("LaunchTemplateName")
    ec2 = self.ec2_backend
    return (
        ec2.get_launch_template_by_name(name)
        if name
        else ec2.get_launch_template(self._get_param("LaunchTemplateId"))
    )


def _delete_versions(self: Any) -> Any:
    """The default version is never deleted; what was not is told in the answer, not by an error."""
    from moto.core.responses import ActionResult

    template, gone, left = _template(self), [], []
    self.error_on_dryrun()
    for number in self._get_param("Versions", []):
        told = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
        found = next((one for one in template.versions if one.number == int(number)), None)
        if found is None or template.is_default(found):
            code = "launchTemplateVersionDoesNotExist" if found is None else "unexpectedError"
            left.append({**told, "ResponseError": {"Code": code, "Message": f"Version {number} stays."}})
            continue
        template.versions.remove(found)
        gone.append(told)
    answer = {
        "SuccessfullyDeletedLaunchTemplateVersions": gone,
        "UnsuccessfullyDeletedLaunchTemplateVersions": left,
    }
    return ActionResult(answer)


def _created(method: Callable[..., Any]) -> Callable[..., Any]:
    """A token makes one template only; the template's own tags are not its instances'."""

    def created(self: Any) -> Any:
        backend = self.ec2_backend
        tokens = backend.__dict__.setdefault("opsctl_template_tokens", {})
        token = self._get_param("ClientToken")
        if token in tokens:
            return tokens[token]
        _check(self._get_param("LaunchTemplateData", {}))
        answer = method(self)
        if token:
            tokens[token] = answer
        template = backend.get_launch_template(answer.result["LaunchTemplate"]["LaunchTemplateId"])
        data = template.versions[0].data
        specs = [one for one in data.get("TagSpecifications") or [] if one["ResourceType"] != "launch-template"]
        data.pop("TagSpecifications", None)
        if specs:
            data["TagSpecifications"] = specs
        return answer

    return created


def _data_of_instance(self: Any) -> Any:
    """The whole of an instance, with ids, addresses and empty texts that no template should carry."""
    from moto.core.responses import ActionResult

    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    options = instance.metadata_options
    tags = [{"Key": tag["key"], "Value": tag["value"]} for tag in instance.get_tags()]
    data: dict[str, Any] = {
        "EbsOptimized": bool(instance.ebs_optimized),
        "BlockDeviceMappings": [
            _device(self.ec2_backend, name, one) for name, one in instance.get_block_device_mapping
        ],
        "NetworkInterfaces": [_interface(index, nic) for index, nic in instance.nics.items()],
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "Monitoring": {"Enabled": instance.monitored},
        "Placement": {"AvailabilityZone": instance.placement.zone, "GroupName": "", "Tenancy": "default"},
        "DisableApiTermination": bool(instance.disable_api_termination),
        "DisableApiStop": bool(instance.disable_api_stop),
        "InstanceInitiatedShutdownBehavior": instance.instance_initiated_shutdown_behavior,
        "CreditSpecification": {"CpuCredits": "unlimited" if instance.instance_type[:2] == "t3" else "standard"},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": options.http_tokens,
            "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
            "HttpEndpoint": options.http_endpoint,
            "HttpProtocolIpv6": options.http_protocol_ipv6,
            "InstanceMetadataTags": options.instance_metadata_tags,
        },
        "EnclaveOptions": {"Enabled": False},
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default"},
    }
    if tags:
        data["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    if instance.key_name:
        data["KeyName"] = instance.key_name
    if instance.user_data:
        data["UserData"] = instance.user_data
    profile = self.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if profile:
        data["IamInstanceProfile"] = {"Arn": profile.iam_instance_profile.arn}
    return ActionResult({"LaunchTemplateData": data})


def _device(backend: Any, name: str, block: Any) -> dict[str, Any]:
    volume = backend.get_volume(block.volume_id)
    ebs = {
        "Encrypted": bool(volume.encrypted),
        "DeleteOnTermination": bool(block.delete_on_termination),
        "Iops": volume.iops,
        "KmsKeyId": volume.kms_key_id,
        "SnapshotId": volume.snapshot_id,
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type,
        "Throughput": volume.throughput,
    }
    return {"DeviceName": name, "Ebs": {key: value for key, value in ebs.items() if value is not None}}


def _interface(index: int, nic: Any) -> dict[str, Any]:
    addresses = [
        {"Primary": bool(one.get("Primary")), "PrivateIpAddress": one["PrivateIpAddress"]}
        for one in nic.private_ip_addresses
    ]
    return {
        "AssociatePublicIpAddress": bool(nic.public_ip),
        "DeleteOnTermination": bool(nic.delete_on_termination),
        "Description": nic.description or "",
        "DeviceIndex": index,
        "Groups": [group.id for group in nic.group_set],
        "InterfaceType": nic.interface_type,
        "Ipv6Addresses": [{"Ipv6Address": one} for one in nic.ipv6_addresses],
        "NetworkInterfaceId": nic.id,
        "PrivateIpAddress": nic.private_ip_address,
        "PrivateIpAddresses": addresses,
        "SubnetId": nic.subnet.id,
        "NetworkCardIndex": 0,
    }
