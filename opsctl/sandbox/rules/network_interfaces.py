"""Network interfaces: cards and devices, Elastic Fabric Adapters, ENA Express, and what an attachment keeps.

Sources: API model of EC2 (CreateNetworkInterface: an efa-only interface has no address;
ModifyNetworkInterfaceAttribute: one attribute a call, UDP only after ENA Express; RunInstances: a public
address is asked for with one interface only; NetworkInfo of a type: cards, kinds and most interfaces,
MaximumEfaInterfaces, EnaSrdSupported) and EC2 user guide: an EFA is attached and detached on a stopped
instance only, at most one to a card (EFA, network cards); primary interfaces stay (network interface
attachments); ENA Express belongs to an attachment; with more than one interface a start brings no new public
address (instance addressing). Wording of the refusals: public reports of them, as collected in the facts
about tuning.
"""

from collections.abc import Callable, Mapping
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.engine.guest_network import A_CARD

EFA_KINDS = ("efa", "efa-only")
_ATTRIBUTES = ("Attachment", "EnaSrdSpecification", "Groups", "SourceDestCheck", "Description")


def install() -> None:
    """Put the rules around moto's interfaces."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_network_interfaces import Attachment, NetworkInterface
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    Attachment.__init__ = _whole_attachment(Attachment.__init__)
    Instance.attach_eni = _at_card(Instance.attach_eni)
    Instance.detach_eni = _forgets(Instance.detach_eni)
    NetworkInterface.association = property(_owned(NetworkInterface.association.fget))
    NetworkInterface.get_filter_value = _with_kind(NetworkInterface.get_filter_value)
    NetworkInterface.check_auto_public_ip = _alone(NetworkInterface.check_auto_public_ip)
    EC2Response.run_instances = _with_adapters(EC2Response.run_instances)
    EC2Response.create_network_interface = _of_kind(EC2Response.create_network_interface)
    EC2Response.attach_network_interface = _fits(EC2Response.attach_network_interface)
    EC2Response.detach_network_interface = _may_go(EC2Response.detach_network_interface)
    EC2Backend.delete_network_interface = _with_its_tags(EC2Backend.delete_network_interface)
    EC2Backend._delete_security_group = _with_its_tags(EC2Backend._delete_security_group)
    EC2Response.delete_network_interface = _unused(EC2Response.delete_network_interface)
    EC2Response.modify_network_interface_attribute = _modified(EC2Response.modify_network_interface_attribute)


def network_of(ec2: Any, kind: str) -> dict[str, Any]:
    """Return the NetworkInfo of an instance type."""
    found: dict[str, Any] = ec2.describe_instance_types(instance_types=[kind])[0].get("NetworkInfo", {})
    return found


def _whole_attachment(method: Callable[..., None]) -> Callable[..., None]:
    def made(self: Any, eni: Any) -> None:
        method(self, eni)
        self.network_card_index, self.device_index = divmod(eni.device_index, A_CARD)
        self.ena_srd_specification = getattr(eni, "opsctl_ena_srd", None)

    return made


def _at_card(method: Callable[..., str]) -> Callable[..., str]:
    """An attachment made anew has ENA Express off; its id is told once it is made."""

    def attached(self: Any, eni: Any, device_index: int) -> str:
        eni.opsctl_ena_srd = None
        return method(self, eni, device_index)

    return attached


def _forgets(method: Callable[..., None]) -> Callable[..., None]:
    def detached(self: Any, eni: Any) -> None:
        method(self, eni)
        eni.opsctl_ena_srd = None
        eni.delete_on_termination = False

    return detached


def _alone(method: Callable[..., None]) -> Callable[..., None]:
    def checked(self: Any) -> None:
        instance = getattr(self, "instance", None)
        if instance is None or len(instance.nics) == 1:
            method(self)

    return checked


def _owned(method: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Who owns a public address: an Elastic IP is the account's, another one Amazon's (API model, IpOwnerId)."""

    def association(self: Any) -> dict[str, Any]:
        found = method(self)
        if found and "allocationId" not in found:
            found["ipOwnerId"] = "amazon"
        return found

    return association


def _with_kind(method: Callable[..., Any]) -> Callable[..., Any]:
    """Interfaces can be found by their kind (API model of DescribeNetworkInterfaces, filter interface-type)."""

    def value(self: Any, filter_name: str, *args: Any) -> Any:
        return self.interface_type if filter_name == "interface-type" else method(self, filter_name, *args)

    return value


def _with_adapters(method: Callable[..., Any]) -> Callable[..., Any]:
    """Interfaces are of the kind that the launch asks for, at the cards that it names."""

    def run(self: Any) -> Any:
        asked = self._get_param("NetworkInterfaces", [])
        places = take_places(self.ec2_backend, self._get_param("InstanceType", "m1.small"), asked)
        answer = method(self)
        for instance in answer.result.instances:
            become_adapters(instance, asked, places)
        return answer

    return run


def take_places(ec2: Any, kind: str, asked: list[dict[str, Any]]) -> "_Places":
    """Refuse interfaces that a launch of a type does not get, and number them as moto keeps them: by one index."""
    seen = _Places(network_of(ec2, kind) if asked else {}, kind)
    if len(asked) > 1 and any(str(nic.get("AssociatePublicIpAddress")).lower() == "true" for nic in asked):
        raise fault(
            "InvalidParameterCombination",
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network "
            "interfaces.",
        )
    for nic in asked:
        card, device = int(nic.get("NetworkCardIndex") or 0), int(nic["DeviceIndex"])
        seen.take(nic.get("InterfaceType") or "interface", card, device)
        _express(nic.get("EnaSrdSpecification"), seen)
        if nic.get("EnaQueueCount") is not None:
            check_queues(seen.info, kind, card, int(nic["EnaQueueCount"]))
        nic["DeviceIndex"] = card * A_CARD + device
    return seen


def become_adapters(instance: Any, asked: list[dict[str, Any]], places: "_Places") -> None:
    """Give the interfaces of an instance that was launched the kinds that were asked for."""
    for nic in asked:
        made = instance.nics[nic["DeviceIndex"]]
        _becomes(made, nic.get("InterfaceType"))
        made.opsctl_ena_srd = _express(nic.get("EnaSrdSpecification"), places)
        if nic.get("EnaQueueCount") is not None:
            made.opsctl_queues = int(nic["EnaQueueCount"])


def check_queues(info: Mapping[str, Any], kind: str, card: int, count: int) -> None:
    """Refuse a number of ENA queues that an interface of a type cannot have."""
    if info.get("FlexibleEnaQueuesSupport") != "supported":
        raise fault("UnsupportedOperation", f"The instance type {kind} does not support flexible ENA queues.")
    cards = {one["NetworkCardIndex"]: one for one in info["NetworkCards"]}
    most = cards.get(card, {}).get("MaximumEnaQueueCountPerInterface", 0)
    if not 1 <= count <= most:
        raise fault(
            "InvalidParameterValue", f"Value ({count}) for parameter enaQueueCount is invalid: at most {most}."
        )


class _Places:
    """What is at the cards and devices of an instance of a type."""

    def __init__(self, info: Mapping[str, Any], kind: str) -> None:
        self.kind, self.info = kind, info
        self.cards = {one["NetworkCardIndex"]: one for one in info.get("NetworkCards", [])}
        self.taken: dict[tuple[int, int], str] = {}

    def take(self, interface: str, card: int, device: int, of: str = "") -> None:
        """Put an interface there, or refuse it as AWS does."""
        if interface in EFA_KINDS and not self.info.get("EfaSupported"):
            raise fault("UnsupportedOperation", f"EFA interfaces are not supported on {self.kind}")
        if (card, device) in self.taken:
            where = f"Instance '{of}'" if of else "The instance"
            raise fault(
                "InvalidParameterValue",
                f"{where} already has an interface attached at device index '{device}'.",
            )
        if interface in EFA_KINDS:
            self._takes_efa(card)
        if self.cards and card not in self.cards:
            raise fault("InvalidParameterValue", f"Network card index {card} is not valid for {self.kind}.")
        here = sum(at == card for at, _ in self.taken)
        most = self.cards.get(card, {}).get("MaximumNetworkInterfaces", here + 1)
        if here >= most:
            raise fault("AttachmentLimitExceeded", f"Network card {card} of {self.kind} exceeds the limit {most}.")
        self.taken[card, device] = interface

    def _takes_efa(self, card: int) -> None:
        kinds = self.cards[card].get("InterfaceTypes", EFA_KINDS) if card in self.cards else ()
        have = [at for (at, _), kind in self.taken.items() if kind in EFA_KINDS]
        most = self.info.get("EfaInfo", {}).get("MaximumEfaInterfaces", 1)
        limit = int("efa-only" in kinds)
        if card in have or not limit or len(have) >= most:
            raise fault(
                "AttachmentLimitExceeded",
                f"Network card {card} of {self.kind} exceeds the limit {limit} of EFA interfaces; {most} in all.",
            )


def _places_of(self: Any, instance: Any) -> _Places:
    places = _Places(network_of(self.ec2_backend, instance.instance_type), instance.instance_type)
    for index, nic in instance.nics.items():
        places.taken[divmod(index, A_CARD)] = nic.interface_type
    return places


def _of_kind(method: Callable[..., Any]) -> Callable[..., Any]:
    """An EFA-only interface has no address; a token makes one interface only."""

    def created(self: Any) -> Any:
        kind, token = self._get_param("InterfaceType"), self._get_param("ClientToken")
        tokens = self.ec2_backend.__dict__.setdefault("opsctl_interface_tokens", {})
        if token in tokens:
            return tokens[token]
        addressed = ("PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "Ipv6Addresses")
        if kind == "efa-only" and any(self._get_param(name) for name in addressed):
            raise fault("InvalidParameterCombination", "An EFA-only network interface takes no IP addresses.")
        answer = method(self)
        _becomes(answer.result["NetworkInterface"], kind)
        if token:
            tokens[token] = answer
        return answer

    return created


def _becomes(nic: Any, kind: str | None) -> None:
    nic.interface_type = kind or nic.interface_type
    if kind == "efa-only":
        nic.private_ip_address, nic.private_ip_addresses = None, []


def _fits(method: Callable[..., Any]) -> Callable[..., Any]:
    def attached(self: Any) -> Any:
        nic = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        card, device = int(self._get_param("NetworkCardIndex") or 0), int(self._get_param("DeviceIndex"))
        places = _places_of(self, instance)
        places.take(nic.interface_type, card, device, of=instance.id)
        _can_meet(nic, instance)
        express = _express(self._get_param("EnaSrdSpecification"), places)
        self.params["DeviceIndex"] = card * A_CARD + device
        answer = method(self)
        nic.opsctl_ena_srd = express
        return answer

    return attached


def _can_meet(nic: Any, instance: Any) -> None:
    if nic.instance is not None:
        raise fault("InvalidNetworkInterface.InUse", f"Interface: [{nic.id}] in use.")
    if nic.subnet.availability_zone != instance.placement.zone:
        raise fault(
            "InvalidParameterCombination",
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        )
    if instance.state not in ("running", "stopped"):
        raise fault(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a valid state for this operation."
        )
    if nic.interface_type in EFA_KINDS and instance.state != "stopped":
        raise fault("IncorrectState", f"The instance '{instance.id}' must be stopped to attach an EFA interface.")


def _may_go(method: Callable[..., Any]) -> Callable[..., Any]:
    def detached(self: Any) -> Any:
        id_ = self._get_param("AttachmentId")
        nic = next((one for one in self.ec2_backend.enis.values() if one.attachment_id == id_), None)
        if nic is not None and nic.device_index == 0:
            raise fault("OperationNotPermitted", "The network interface at device index 0 cannot be detached.")
        if nic is not None and nic.interface_type in EFA_KINDS and nic.instance.state != "stopped":
            raise fault(
                "IncorrectState", f"The instance '{nic.instance.id}' must be stopped to detach an EFA interface."
            )
        return method(self)

    return detached


def _unused(method: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(self: Any) -> Any:
        nic = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if nic.instance is not None:
            raise fault("InvalidParameterValue", f"Network interface '{nic.id}' is currently in use.")
        return method(self)

    return deleted


def _with_its_tags(method: Callable[..., None]) -> Callable[..., None]:
    """DescribeTags knows nothing of what is gone."""

    def deleted(self: Any, *args: Any, **kwargs: Any) -> None:
        method(self, *args, **kwargs)
        self.tags.pop((*args, *kwargs.values())[-1], None)

    return deleted


def _modified(method: Callable[..., Any]) -> Callable[..., Any]:
    def modified(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        if sum(self._get_param(name) is not None for name in _ATTRIBUTES) > 1:
            raise fault("InvalidParameterCombination", "Fields for multiple attribute types specified")
        attachment, express = self._get_param("Attachment"), self._get_param("EnaSrdSpecification")
        if not (attachment or express):
            return method(self)
        nic = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if nic.instance is None or (attachment and attachment.get("AttachmentId") != nic.attachment_id):
            raise fault("InvalidAttachmentID.NotFound", f"Interface {nic.id} has no such attachment.")
        self.error_on_dryrun()
        if express:
            nic.opsctl_ena_srd = _express(express, _places_of(self, nic.instance))
        elif attachment.get("DeleteOnTermination") is not None:
            nic.delete_on_termination = str(attachment["DeleteOnTermination"]).lower() == "true"
        return EmptyResult()

    return modified


def _express(asked: Mapping[str, Any] | None, of: _Places) -> dict[str, Any] | None:
    """ENA Express as it is set, nothing when it is off; UDP needs it on, and both a type that has it."""
    if not asked or "true" not in str(asked).lower():
        return None
    on, udp = (str(one).lower() == "true" for one in (asked.get("EnaSrdEnabled"), _udp(asked)))
    if udp and not on:
        raise fault("InvalidParameterCombination", "EnaSrdUdpEnabled needs EnaSrdEnabled.")
    if on and not of.info.get("EnaSrdSupported"):
        raise fault("UnsupportedOperation", f"ENA Express is not supported on {of.kind}.")
    return {"EnaSrdEnabled": on, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": udp}}


def _udp(asked: Mapping[str, Any]) -> Any:
    return (asked.get("EnaSrdUdpSpecification") or {}).get("EnaSrdUdpEnabled")
