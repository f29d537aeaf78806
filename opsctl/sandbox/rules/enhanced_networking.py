"""Adapters: EnaSupport and SriovNetSupport of instances.

Source: API model of EC2 (ModifyInstanceAttribute) and EC2 user guide, enhanced networking: attributes change on a
stopped instance only, one a call; the VF cannot be turned off.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault


def install() -> None:
    """Put the rules around moto's instances."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    Instance.ena_support = property(_ena)
    EC2Response.modify_instance_attribute = _adapter(EC2Response.modify_instance_attribute)


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
