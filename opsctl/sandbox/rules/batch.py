"""AWS Batch: compute environments whose infrastructure can be updated, and when.

Source: Batch API reference, UpdateComputeEnvironment and ComputeResourceUpdate: launch template, security groups,
placement group and subnets are infrastructure; an update of those needs the service-linked role and an allocation
strategy other than BEST_FIT, which is also the one where none is named.
"""

from collections.abc import Callable
from typing import Any

_INFRASTRUCTURE = ("launchTemplate", "placementGroup", "securityGroupIds", "subnets")
_LINKED = "/aws-service-role/batch.amazonaws.com/"


def install() -> None:
    """Put the rules around moto's compute environments, whose update forgets what it is given."""
    from moto.batch.models import BatchBackend

    BatchBackend.update_compute_environment = _updated(BatchBackend.update_compute_environment)


def _updated(method: Callable[..., Any]) -> Callable[..., Any]:
    def updated(
        self: Any, compute_environment_name: str, state: Any, compute_resources: Any, service_role: Any
    ) -> Any:
        named = self.get_compute_environment(compute_environment_name)
        asked = {name: value for name, value in (compute_resources or {}).items() if name in _INFRASTRUCTURE}
        if named is not None and asked:
            _may_update(named)
        answer = method(self, compute_environment_name, state, compute_resources, service_role)
        if asked:
            named.compute_resources = {**named.compute_resources, **asked}
        return answer

    return updated


def _may_update(environment: Any) -> None:
    from moto.batch.exceptions import ClientException

    if _LINKED not in environment.service_role:
        raise ClientException(
            "To update the compute environment's infrastructure, the AWSServiceRoleForBatch service-linked role "
            "must be used."
        )
    if environment.compute_resources.get("allocationStrategy", "BEST_FIT") == "BEST_FIT":
        raise ClientException("BEST_FIT isn't supported when updating a compute environment's infrastructure.")
