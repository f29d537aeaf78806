"""Agents of Systems Manager, which moto lacks: an instance is listed when its role lets the agent register.

Source: Systems Manager user guide (instance permissions: an agent registers and stays online by
UpdateInstanceInformation, which AmazonSSMManagedInstanceCore allows) and the API model of
DescribeInstanceInformation: a running agent is Online, that of a stopped instance ConnectionLost; a page has ten
where nobody asks for more.
"""

from typing import Any

from opsctl.sandbox.engine.callers import grants_of_role
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.guest import guest_of
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion
from opsctl.sandbox.engine.sent_commands import online

_REGISTER = "ssm:UpdateInstanceInformation"
_PAGE = 10
_PLATFORMS = {"amzn": "Amazon Linux", "ubuntu": "Ubuntu"}
"""What an agent calls a system, by the ID of its os-release."""


def install() -> None:
    """Add the call."""
    from moto.ssm.responses import SimpleSystemManagerResponse

    SimpleSystemManagerResponse.describe_instance_information = _describe


def page_of(self: Any, items: list[Any], most: int) -> tuple[list[Any], dict[str, str]]:
    """The items of a page, and the token of the next one where there is one."""
    start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or most)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more


def managed(ec2: Any, instance: Any) -> bool:
    """Whether an agent of an instance has registered."""
    return instance.state in ("running", "stopping", "stopped", "pending") and _may_register(ec2, instance)


def platform_of(instance: Any) -> str:
    """The platform that an agent tells."""
    return "Windows" if instance.platform == "windows" else "Linux"


def _describe(self: Any) -> Any:
    from moto.core.responses import ActionResult
    from moto.ec2.models import ec2_backends

    wanted = {one["Key"]: one["Values"] for one in self._get_param("Filters", [])}
    ids = set(wanted.get("InstanceIds", []))
    ec2 = ec2_backends[self.current_account][self.region]
    listed = [
        _agent(ec2, one)
        for one in ec2.all_instances()
        if one.state in ("running", "stopped") and (not ids or one.id in ids) and _may_register(ec2, one)
    ]
    page, more = page_of(self, listed, _PAGE)
    return ActionResult({"InstanceInformationList": page, **more})


def _agent(ec2: Any, instance: Any) -> dict[str, Any]:
    system = guest_of(ec2, instance).system
    name, version = (_PLATFORMS.get(system.id, "Linux"), system.version)
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online" if online(conditions(ec2.account_id), instance) else "ConnectionLost",
        "PlatformType": platform_of(instance),
        **({"PlatformName": name, "PlatformVersion": version} if platform_of(instance) == "Linux" else {}),
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
