"""What EC2 asks IAM about a call: every resource of it, those that it makes, and their tags.

Source: Service Authorization Reference, Amazon EC2; EC2 user guide, "Grant permission to tag resources during
creation". `Describe*` knows no resources.
"""

import re
from collections.abc import Iterator
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.calls import Call
from opsctl.sandbox.engine.policies import PolicyQuestion

_KINDS = {
    "acl": "network-acl",
    "ami": "image",
    "cr": "capacity-reservation",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "pg": "placement-group",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
_ID = re.compile(rf"({'|'.join(_KINDS)})-[0-9a-f]{{8,}}")
_NO_RESOURCES = (
    "Tags",
    "TagSpecifications",
    "Filters",
    "ExcludeDataVolumeIds",
    "UserData",
    "Description",
    # Of a template IAM asks about the template alone; what it names is asked about at a launch.
    "LaunchTemplateData",
)
_MAKES = {
    "AllocateAddress": ("elastic-ip",),
    "CopyImage": ("image",),
    "CopySnapshot": ("snapshot",),
    "CreateCapacityReservation": ("capacity-reservation",),
    "CreateImage": ("image", "snapshot"),
    "CreateLaunchTemplate": ("launch-template",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSnapshot": ("snapshot",),
    "CreateSnapshots": ("snapshot",),
    "CreateSubnet": ("subnet",),
    "CreateVolume": ("volume",),
    "CreateVpc": ("vpc",),
    "RunInstances": ("instance", "network-interface", "volume"),
}
_OF_A_GROUP = ("CreatePlacementGroup", "DeletePlacementGroup", "ModifyInstancePlacement")
_WITHOUT_ACCOUNT = ("image", "snapshot")


def asks_of_ec2(call: Call) -> Iterator[PolicyQuestion]:
    """Every question of one call, each of which has to be answered with yes."""
    action = f"ec2:{call.operation}"
    resources = () if call.operation.startswith("Describe") else tuple(dict.fromkeys(_resources(call)))
    given = _given_tags(call)
    makes = _MAKES.get(call.operation, ())
    for kind in makes:
        yield PolicyQuestion(action, _arn(call, kind, "*"), _requested(given.get(kind, {})))
    group = call.params.get("GroupName") if call.operation in _OF_A_GROUP else None
    if group:
        yield PolicyQuestion(
            action, _arn(call, "placement-group", group), _requested(given.get("placement-group", {}))
        )
    for identifier in resources:
        yield PolicyQuestion(action, _arn_of(call, identifier), _about(call, identifier))
    if not resources and not makes and not group:
        yield PolicyQuestion(action, "*", _attributes(call))
    for kind, tags in given.items():
        created = {"ec2:createaction": [call.operation]}
        yield PolicyQuestion("ec2:CreateTags", _arn(call, kind, "*"), created | _requested(tags))


def _resources(call: Call) -> Iterator[str]:
    """The resources that a call names, and those that it reaches through them."""
    backend = _backend(call)
    for identifier in _ids(call.params):
        yield identifier
        if call.operation in ("AssociateAddress", "ModifyNetworkInterfaceAttribute"):
            interface = backend.enis.get(identifier)
            if interface is not None and interface.instance is not None:
                yield interface.instance.id
    if call.operation == "DetachNetworkInterface":
        of = [one for one in backend.enis.values() if one.attachment_id == call.params.get("AttachmentId")]
        yield from (each for one in of for each in (one.id, one.instance.id))
    if call.operation == "CreateSnapshots":
        yield from _volumes_of(backend, call.params.get("InstanceSpecification") or {})


def _volumes_of(backend: Any, wanted: dict[str, Json]) -> Iterator[str]:
    instance = backend.get_instance_by_id(wanted.get("InstanceId"))
    left_out = wanted.get("ExcludeDataVolumeIds") or []
    if instance is None:
        return
    for device, block in instance.get_block_device_mapping:
        is_root = device == instance.root_device_name
        if block.volume_id not in left_out and not (is_root and wanted.get("ExcludeBootVolume")):
            yield block.volume_id


def _ids(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        if _ID.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in _NO_RESOURCES:
                yield from _ids(one)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)


def _about(call: Call, identifier: str) -> dict[str, list[str]]:
    tags = _backend(call).tags.get(identifier) or {}
    context = {
        f"{prefix}:resourcetag/{key}".lower(): [value] for key, value in tags.items() for prefix in ("aws", "ec2")
    }
    if call.operation in ("CreateTags", "DeleteTags"):
        context |= _requested({one["Key"]: one.get("Value", "") for one in call.params.get("Tags") or []})
    # Of an interface's attribute the interface is asked, not the instance that has it.
    if not (identifier.startswith("i-") and call.operation == "ModifyNetworkInterfaceAttribute"):
        context |= _attributes(call)
    return context


def _attributes(call: Call) -> dict[str, list[str]]:
    """Which attributes a Modify or Reset is about, and what they shall be."""
    if not re.fullmatch(r"(Modify|Reset)\w+Attribute", call.operation):
        return {}
    set_to = {
        name: value for name, value in call.params.items() if name != "DryRun" and not _ID.fullmatch(str(value))
    }
    named = [str(set_to["Attribute"])] if "Attribute" in set_to else list(set_to)
    context = {"ec2:attribute": [one[:1].upper() + one[1:] for one in named]}
    for name, value in set_to.items():
        plain = value.get("Value") if isinstance(value, dict) else value
        if isinstance(plain, str | bool | int):
            text = str(plain).lower() if isinstance(plain, bool) else str(plain)
            context[f"ec2:attribute/{name}".lower()] = [text]
    return context


def _given_tags(call: Call) -> dict[str, dict[str, str]]:
    """The tags that a creation gives, by kind of resource."""
    found: dict[str, dict[str, str]] = {}
    for one in call.params.get("TagSpecifications") or []:
        tags = {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags") or []}
        found.setdefault(one["ResourceType"], {}).update(tags)
    return found


def _requested(tags: dict[str, str]) -> dict[str, list[str]]:
    if not tags:
        return {}
    asked = {f"aws:requesttag/{key}".lower(): [value] for key, value in tags.items()}
    return asked | {"aws:tagkeys": list(tags)}


def _arn_of(call: Call, identifier: str) -> str:
    return _arn(call, _KINDS[identifier.partition("-")[0]], identifier)


def _arn(call: Call, kind: str, name: str) -> str:
    account = "" if kind in _WITHOUT_ACCOUNT else call.account
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{name}"


def _backend(call: Call) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[call.account][call.region]
