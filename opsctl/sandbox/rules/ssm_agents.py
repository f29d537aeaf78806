"""Agents of Systems Manager, which moto lacks: an instance is listed when its role lets the agent register.

Source: Systems Manager user guide (instance permissions: an agent registers and stays online by
UpdateInstanceInformation, which AmazonSSMManagedInstanceCore allows) and the API model of
DescribeInstanceInformation: a running agent is Online, that of a stopped instance ConnectionLost.
"""

from typing import Any

from opsctl.sandbox.engine.callers import grants_of_role
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion

_REGISTER = "ssm:UpdateInstanceInformation"


def install() -> None:
    """Add the call."""
    from moto.ssm.responses import SimpleSystemManagerResponse

    SimpleSystemManagerResponse.describe_instance_information = _describe


def _describe(self: Any) -> Any:
    from moto.core.responses import ActionResult
    from moto.ec2.models import ec2_backends

    wanted = {one["Key"]: one["Values"] for one in self._get_param("Filters", [])}
    ids = set(wanted.get("InstanceIds", []))
    ec2 = ec2_backends[self.current_account][self.region]
    listed = [
        _agent(one)
        for one in ec2.all_instances()
        if one.state in ("running", "stopped") and (not ids or one.id in ids) and _may_register(ec2, one)
    ]
    return ActionResult({"InstanceInformationList": listed})


def _agent(instance: Any) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online" if instance.state == "running" else "ConnectionLost",
        "PlatformType": "Windows" if instance.platform == "windows" else "Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
    }


def _may_register(ec2: Any, instance: Any) -> bool:
    """Whether the role of its instance profile allows what agents do."""
    association = ec2.iam_instance_profile_associations.get(instance.id)
    asked = PolicyQuestion(_REGISTER, "*")
    return any(
        grants_of_role(ec2.account_id, role).judge(asked) is PolicyDecision.ALLOWED
        for role in (association.iam_instance_profile.roles if association else ())
    )
