"""What of an instance changes only while it is stopped: its type, its placement group, and its ENA queues.

Source: API model of EC2 (ModifyInstanceAttribute: `InvalidInstanceAttributeValue` for a type that is not valid;
ModifyInstancePlacement: stopped, an empty GroupName takes it out of its group; NetworkInfo of a type:
FlexibleEnaQueuesSupport, MaximumEnaQueueCount) and EC2 user guide: change the instance type (compatibility),
enhanced networking (a type that needs ENA does not start without), troubleshooting a launch (`Unsupported`).
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules import placement_groups
from opsctl.sandbox.rules.network_interfaces import check_queues, network_of


def install() -> None:
    """Put the rules around moto's instances and interfaces."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_network_interfaces import Attachment
    from moto.ec2.responses import EC2Response

    EC2Response.modify_instance_attribute = _typed(EC2Response.modify_instance_attribute)
    EC2Response.modify_instance_placement = _place
    EC2Response.modify_network_interface_attribute = _queued(EC2Response.modify_network_interface_attribute)
    EC2Backend.start_instances = _fitting(EC2Backend.start_instances)
    Attachment.__init__ = _with_queues(Attachment.__init__)


def _stopped(ec2: Any, id_: str) -> Any:
    instance = ec2.get_instance(id_)
    if instance.state != "stopped":
        raise fault("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    return instance


def _typed(method: Callable[..., Any]) -> Callable[..., Any]:
    def modified(self: Any) -> Any:
        kind = self._get_param("InstanceType.Value")
        if kind is not None:
            _stopped(self.ec2_backend, self._get_param("InstanceId"))
            if not self.ec2_backend.describe_instance_types(filters={"instance-type": [kind]}):
                raise fault("InvalidInstanceAttributeValue", f"Invalid value '{kind}' for InstanceType.")
        return method(self)

    return modified


def _place(self: Any) -> Any:
    from moto.core.responses import ActionResult

    instance = _stopped(self.ec2_backend, self._get_param("InstanceId"))
    name = self._get_param("GroupName")
    if name is None:
        raise fault("MissingParameter", "Specify affinity, host id, tenancy, or placement group.")
    if name:
        placement_groups.admit(self.ec2_backend, name, instance.instance_type)
    instance.placement.group_name = name
    partition = self._get_param("PartitionNumber")
    instance.placement.partition_number = int(partition) if partition else None
    return ActionResult({"Return": True})


def _queued(method: Callable[..., Any]) -> Callable[..., Any]:
    def modified(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        attachment = self._get_param("Attachment") or {}
        count, default = attachment.get("EnaQueueCount"), attachment.get("DefaultEnaQueueCount")
        if count is None and default is None:
            return method(self)
        nic = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if nic.instance is None or attachment.get("AttachmentId") != nic.attachment_id:
            raise fault("InvalidAttachmentID.NotFound", f"Interface {nic.id} has no such attachment.")
        _stopped(self.ec2_backend, nic.instance.id)
        if count is not None:
            kind = nic.instance.instance_type
            check_queues(network_of(self.ec2_backend, kind), kind, 0, int(count))
        self.error_on_dryrun()
        nic.opsctl_queues = int(count) if count is not None else None
        return EmptyResult()

    return modified


def _with_queues(method: Callable[..., None]) -> Callable[..., None]:
    def made(self: Any, eni: Any) -> None:
        method(self, eni)
        self.ena_queue_count = getattr(eni, "opsctl_queues", None)

    return made


def _fitting(method: Callable[..., Any]) -> Callable[..., Any]:
    """An instance starts only with a type that its system is made for."""

    def started(self: Any, instance_ids: list[str]) -> Any:
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state == "stopped":
                _fits(self, instance)
        return method(self, instance_ids)

    return started


def _fits(ec2: Any, instance: Any) -> None:
    kind = instance.instance_type
    known = ec2.describe_instance_types(instance_types=[kind])[0]
    if network_of(ec2, kind).get("EnaSupport") == "required" and not instance.ena_support:
        raise fault(
            "InvalidParameterCombination",
            f"Enhanced networking with the Elastic Network Adapter (ENA) is required for the '{kind}' instance "
            f"type. Ensure that your instance '{instance.id}' is enabled for ENA.",
        )
    architectures = known.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    if architectures and instance.architecture and instance.architecture not in architectures:
        raise fault(
            "Unsupported",
            "The requested configuration is currently not supported. Please check the documentation.",
        )
