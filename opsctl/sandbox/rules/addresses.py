"""Elastic IPs move by AWS's rules. Source: EC2 API reference, threads quoted in section 5 of the facts."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault


def install() -> None:
    """Put the rules around moto's addresses."""
    from moto.ec2.models.elastic_ip_addresses import ElasticAddress
    from moto.ec2.responses import EC2Response

    EC2Response.associate_address = _associate
    EC2Response.disassociate_address = _known(EC2Response.disassociate_address)
    ElasticAddress.private_ip_address = property(_private_address)


def _private_address(address: Any) -> str | None:
    if address.eni is None:
        return None
    return str(getattr(address, "associated_with", None) or address.eni.private_ip_address)


def _associate(self: Any) -> Any:
    """With a running or stopped instance; a taken address moves only when it may; idempotent."""
    from moto.core.responses import ActionResult

    backend = self.ec2_backend
    eni = _interface(self)
    private = self._get_param("PrivateIpAddress") or eni.private_ip_address
    if private not in {one["PrivateIpAddress"] for one in eni.private_ip_addresses}:
        raise fault("InvalidParameterValue", f"{private} is not an address of {eni.id}")
    address = _address(self)
    if eni.instance is not None and eni.instance.state == "pending":
        raise fault(
            "IncorrectInstanceState",
            f"The pending-instance-creation instance to which '{eni.id}' is attached is not in a valid state for "
            "this operation",
        )
    if eni.instance is not None and eni.instance.state not in ("running", "stopping", "stopped"):
        raise fault(
            "IncorrectInstanceState", f"The instance to which '{eni.id}' is attached is not in a valid state"
        )
    here = (eni, private)
    if address.eni is not None and (address.eni, address.private_ip_address) == here:
        return ActionResult({"AssociationId": address.association_id})
    others = [one for one in backend.addresses if one.eni is eni and one.private_ip_address == private]
    if not self._get_bool_param("AllowReassociation", False) and (address.eni is not None or others):
        taken = address.association_id or others[0].association_id
        raise fault(
            "Resource.AlreadyAssociated",
            f"resource {address.allocation_id} is already associated with associate-id {taken}",
        )
    self.error_on_dryrun()
    for one in [*others, *([address] if address.eni is not None else [])]:
        backend.disassociate_address(association_id=one.association_id)
    made = backend.associate_address(
        instance=eni.instance, eni=eni, allocation_id=address.allocation_id, reassociate=True
    )
    address.associated_with = private
    return ActionResult({"AssociationId": made.association_id})


def _interface(self: Any) -> Any:
    backend = self.ec2_backend
    instance_id, eni_id = self._get_param("InstanceId"), self._get_param("NetworkInterfaceId")
    if eni_id:
        return backend.get_network_interface(eni_id)
    if not instance_id:
        raise fault("MissingParameter", "Either instance ID or network interface id must be specified")
    instance = backend.get_instance(instance_id)
    if len(instance.nics) > 1:
        raise fault(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance_id}'. Please specify an interface ID "
            "for the operation instead.",
        )
    return instance.nics[0]


def _address(self: Any) -> Any:
    allocation, public = self._get_param("AllocationId"), self._get_param("PublicIp")
    if allocation:
        return self.ec2_backend.address_by_allocation([allocation])[0]
    if public:
        return self.ec2_backend.address_by_ip([public])[0]
    raise fault("MissingParameter", "Either public IP or allocation id must be specified")


def _known(method: Callable[..., Any]) -> Callable[..., Any]:
    """An association that is not there any more is named in the error."""

    def disassociated(self: Any) -> Any:
        known = {one.association_id for one in self.ec2_backend.addresses}
        association = self._get_param("AssociationId")
        if association and association not in known:
            raise fault("InvalidAssociationID.NotFound", f"The association ID '{association}' does not exist")
        return method(self)

    return disassociated
