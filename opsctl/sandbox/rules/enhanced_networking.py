"""Adapters: EnaSupport and SriovNetSupport of instances, and interfaces that are Elastic Fabric Adapters.

Source: API model of EC2 (NetworkInfo of a type, ModifyInstanceAttribute, InterfaceType of CreateNetworkInterface)
and EC2 user guide, enhanced networking and EFA: attributes change on a stopped instance only, one a call; the VF
cannot be turned off; an EFA goes to a type and a network card that take one, and not to a running instance.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault

_EFA = ("efa", "efa-only")


def install() -> None:
    """Put the rules around moto's instances and interfaces."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    Instance.ena_support = property(_ena)
    EC2Response.modify_instance_attribute = _adapter(EC2Response.modify_instance_attribute)
    EC2Response.run_instances = _with_adapters(EC2Response.run_instances)
    EC2Response.create_network_interface = _of_kind(EC2Response.create_network_interface)
    EC2Response.attach_network_interface = _fits(EC2Response.attach_network_interface)


def network_of(ec2: Any, kind: str) -> dict[str, Any]:
    """Return the NetworkInfo of an instance type."""
    found: dict[str, Any] = ec2.describe_instance_types(instance_types=[kind])[0].get("NetworkInfo", {})
    return found


def _ena(self: Any) -> bool:
    """Images have it unless it was switched off at the instance."""
    return bool(self.__dict__.get("opsctl_ena", True))


def _adapter(method: Callable[..., Any]) -> Callable[..., Any]:
    def modified(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        ena, vf = self._get_param("EnaSupport.Value"), self._get_param("SriovNetSupport.Value")
        if ena is None and vf is None:
            return method(self)
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if ena is not None and vf is not None:
            raise fault("InvalidParameterCombination", "Fields for multiple attribute types specified")
        if instance.state != "stopped":
            raise fault(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        if vf not in (None, "simple"):
            raise fault("InvalidParameterValue", f"Value ({vf}) for parameter sriovNetSupport is invalid.")
        self.error_on_dryrun()
        if vf is not None:
            instance.sriov_net_support = vf
        else:
            instance.opsctl_ena = str(ena).lower() == "true"
        return EmptyResult()

    return modified


def _with_adapters(method: Callable[..., Any]) -> Callable[..., Any]:
    """Interfaces are of the kind that the launch asks for, at the cards that it names."""

    def run(self: Any) -> Any:
        asked = self._get_param("NetworkInterfaces", [])
        kind = self._get_param("InstanceType", "m1.small")
        for nic in asked:
            if nic.get("InterfaceType") in _EFA:
                _takes_efa(self.ec2_backend, kind, int(nic.get("NetworkCardIndex") or 0))
        answer = method(self)
        for instance in answer.result.instances:
            for nic in asked:
                made = instance.nics[int(nic["DeviceIndex"])]
                made.interface_type = nic.get("InterfaceType") or made.interface_type
        return answer

    return run


def _of_kind(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any) -> Any:
        kind = self._get_param("InterfaceType")
        answer = method(self)
        if kind:
            answer.result["NetworkInterface"].interface_type = kind
        return answer

    return created


def _fits(method: Callable[..., Any]) -> Callable[..., Any]:
    def attached(self: Any) -> Any:
        nic = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if nic.interface_type in _EFA:
            _takes_efa(self.ec2_backend, instance.instance_type, int(self._get_param("NetworkCardIndex") or 0))
            if instance.state != "stopped":
                raise fault(
                    "IncorrectState", f"The instance '{instance.id}' must be stopped to attach an EFA interface."
                )
        return method(self)

    return attached


def _takes_efa(ec2: Any, kind: str, card: int) -> None:
    info = network_of(ec2, kind)
    cards = {one["NetworkCardIndex"]: one for one in info.get("NetworkCards", [])}
    if not info.get("EfaSupported"):
        raise fault("UnsupportedOperation", f"EFA interfaces are not supported on {kind}")
    if "efa-only" not in cards.get(card, {}).get("InterfaceTypes", []):
        raise fault(
            "AttachmentLimitExceeded",
            f"Network card index {card} exceeds the limit for instance type {kind}: it takes 0 EFA interfaces.",
        )
