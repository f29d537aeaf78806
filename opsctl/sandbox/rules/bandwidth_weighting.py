"""The weighting between network and EBS, which moto lacks: set at an instance or its launch, and then told.

Source: API model of EC2 (NetworkPerformanceOptions of RunInstances and of an instance,
ModifyInstanceNetworkPerformanceOptions, BandwidthWeightings of a type). It does not say that the instance has to
be stopped, nor by which code a type without it is refused.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules.network_interfaces import network_of


def install() -> None:
    """Add the call, and what it sets."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    Instance.network_performance_options = property(_options)
    EC2Response.modify_instance_network_performance_options = _modify
    EC2Response.run_instances = _launched(EC2Response.run_instances)


def _options(self: Any) -> dict[str, str]:
    return {"BandwidthWeighting": self.__dict__.get("opsctl_weighting", "default")}


def _modify(self: Any) -> Any:
    from moto.core.responses import ActionResult

    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    asked = self._get_param("BandwidthWeighting")
    require_weighting(self.ec2_backend, instance.instance_type, asked)
    self.error_on_dryrun()
    weight(instance, asked)
    return ActionResult({"InstanceId": instance.id, "BandwidthWeighting": asked})


def _launched(method: Callable[..., Any]) -> Callable[..., Any]:
    """An instance has the weighting that its launch asks for, if its type has it."""

    def run(self: Any) -> Any:
        asked = self._get_param("NetworkPerformanceOptions.BandwidthWeighting")
        if asked:
            require_weighting(self.ec2_backend, self._get_param("InstanceType", "m1.small"), asked)
        answer = method(self)
        for instance in answer.result.instances if asked else ():
            weight(instance, asked)
        return answer

    return run


def require_weighting(ec2: Any, kind: str, asked: str) -> None:
    """Refuse a weighting that a type has not."""
    if asked not in network_of(ec2, kind).get("BandwidthWeightings", []):
        raise fault(
            "InvalidParameterValue",
            f"The bandwidth weighting '{asked}' is not supported for instance type {kind}.",
        )


def weight(instance: Any, asked: str) -> None:
    """Weight the bandwidth of an instance."""
    instance.__dict__.pop("opsctl_weighting", None)
    if asked != "default":
        instance.opsctl_weighting = asked
