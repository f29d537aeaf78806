"""Turns an instance into launch template data, by naming what is carried; everything else is left behind.

Never carried: interface and subnet ids, addresses, the zone, a cluster placement group, hibernation, `aws:` tags,
data volumes, and the state of MetadataOptions (EC2 API reference, GetLaunchTemplateData and its sample output).
"""

from opsctl.ha.inventory import Inventory
from opsctl.ha.performance import interface_performance, launch_performance
from opsctl.ha.tags import GROUP_TAG
from opsctl.model.value import Json
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.marks import tag_list


def template_of(inventory: Inventory, group: str) -> dict[str, Json]:
    """Return LaunchTemplateData without the image and the user data, which are known only when applying."""
    data: dict[str, Json] = {
        "InstanceType": inventory.type,
        "NetworkInterfaces": [_interface(inventory)],
        "TagSpecifications": _tags(inventory, group),
        "Monitoring": {"Enabled": inventory.instance.get("Monitoring", {}).get("State") in ("enabled", "pending")},
    }
    if inventory.instance.get("EbsOptimized"):
        data["EbsOptimized"] = True
    if inventory.instance.get("KeyName"):
        data["KeyName"] = inventory.instance["KeyName"]
    profile = (inventory.instance.get("IamInstanceProfile") or {}).get("Arn")
    if profile:
        data["IamInstanceProfile"] = {"Arn": profile}
    return data | _options(inventory) | launch_performance(inventory.instance)


def _interface(inventory: Inventory) -> dict[str, Json]:
    primary = inventory.interfaces[0] if inventory.interfaces else {}
    groups = [one["GroupId"] for one in primary.get("Groups") or inventory.instance.get("SecurityGroups") or []]
    interface: dict[str, Json] = {"DeviceIndex": 0, "Groups": groups, "DeleteOnTermination": True}
    # Until the Elastic IP is moved, last, a replacement needs another way out. An instance without a public
    # address must not get one from a subnet that hands them out.
    public = inventory.instance.get("PublicIpAddress") or any(
        one.device_index == 0 for one in inventory.elastic_ips
    )
    interface["AssociatePublicIpAddress"] = bool(public)
    count = len(primary.get("Ipv6Addresses") or [])
    if count:
        interface["Ipv6AddressCount"] = count
    return interface | interface_performance(primary)


def _tags(inventory: Inventory, group: str) -> list[Json]:
    root = {k: v for k, v in parse_tags(inventory.root_volume).items() if not k.startswith(("aws:", "opsctl:"))}
    found: list[Json] = [{"ResourceType": "network-interface", "Tags": tag_list({GROUP_TAG: group})}]
    if root:
        found.append({"ResourceType": "volume", "Tags": tag_list(root)})
    return found


def _options(inventory: Inventory) -> dict[str, Json]:
    instance = inventory.instance
    found: dict[str, Json] = {}
    metadata = {k: v for k, v in (instance.get("MetadataOptions") or {}).items() if k != "State"}
    if metadata:
        found["MetadataOptions"] = metadata
    placement = _placement(inventory)
    if placement:
        found["Placement"] = placement
    licences = [
        {"LicenseConfigurationArn": one["LicenseConfigurationArn"]} for one in instance.get("Licenses") or []
    ]
    if licences:
        found["LicenseSpecifications"] = licences
    cpu = _cpu_options(inventory)
    if cpu:
        found["CpuOptions"] = cpu
    if (instance.get("EnclaveOptions") or {}).get("Enabled"):
        found["EnclaveOptions"] = {"Enabled": True}
    burst = (inventory.answers.get("credits") or {}).get("InstanceCreditSpecifications") or [{}]
    if burst[0].get("CpuCredits"):
        found["CreditSpecification"] = {"CpuCredits": burst[0]["CpuCredits"]}
    names = {k: v for k, v in (instance.get("PrivateDnsNameOptions") or {}).items() if v not in (None, "")}
    if names:
        found["PrivateDnsNameOptions"] = names
    if inventory.attribute("termination-protection", "DisableApiTermination"):
        found["DisableApiTermination"] = True
    return found


def _cpu_options(inventory: Inventory) -> dict[str, Json]:
    """What somebody chose for it, often for a licence by the core; the type's own defaults are left to AWS."""
    told, usual = inventory.instance.get("CpuOptions") or {}, inventory.type_info.get("VCpuInfo") or {}
    pairs = (("CoreCount", "DefaultCores"), ("ThreadsPerCore", "DefaultThreadsPerCore"))
    found: dict[str, Json] = {}
    if usual and any(told.get(ours, usual.get(theirs)) != usual.get(theirs) for ours, theirs in pairs):
        found = {ours: told[ours] for ours, _ in pairs if ours in told}
    if told.get("AmdSevSnp") == "enabled":
        found["AmdSevSnp"] = "enabled"
    return found


def _placement(inventory: Inventory) -> dict[str, Json]:
    told = inventory.instance.get("Placement") or {}
    found: dict[str, Json] = {}
    if told.get("Tenancy") == "dedicated":
        found["Tenancy"] = "dedicated"
    groups = (inventory.answers.get("placement-group") or {}).get("PlacementGroups", [])
    if groups and groups[0].get("Strategy") in ("spread", "partition"):
        found["GroupName"] = told["GroupName"]
    return found
