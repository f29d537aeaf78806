"""The weighting between network and EBS, which moto lacks: set at an instance, and told by DescribeInstances.

Source: API model of EC2 (ModifyInstanceNetworkPerformanceOptions, BandwidthWeightings of a type). Neither says
that the instance has to be stopped, nor by which code a type without it is refused.
"""

from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules.network_interfaces import network_of


def install() -> None:
    """Add the call, and what it sets."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    Instance.network_performance_options = property(_options)
    EC2Response.modify_instance_network_performance_options = _modify


def _options(self: Any) -> dict[str, str]:
    return {"BandwidthWeighting": self.__dict__.get("opsctl_weighting", "default")}


def _modify(self: Any) -> Any:
    from moto.core.responses import ActionResult

    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    asked = self._get_param("BandwidthWeighting")
    known = network_of(self.ec2_backend, instance.instance_type).get("BandwidthWeightings", [])
    if asked not in known:
        raise fault(
            "InvalidParameterValue",
            f"The bandwidth weighting '{asked}' is not supported for instance type {instance.instance_type}.",
        )
    self.error_on_dryrun()
    instance.__dict__.pop("opsctl_weighting", None)
    if asked != "default":
        instance.opsctl_weighting = asked
    return ActionResult({"InstanceId": instance.id, "BandwidthWeighting": asked})
