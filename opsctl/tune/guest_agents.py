"""Which instances can be sent a script, and which system they have, as Systems Manager tells."""

from collections.abc import Sequence

from opsctl.model.fetching import Fetching, require_all
from opsctl.model.value import Value
from opsctl.resources.ssm_calls import describe_agents


class GuestAgent(Value):
    """An agent that is listed: whether it answers, and the name and version of the system that it tells."""

    online: bool = False
    system: str = ""


def read_agents(instances: Sequence[str], region: str) -> Fetching[dict[str, GuestAgent]]:
    """Read the agents of instances, by instance; one without an agent is not among them.

    Raises:
        FactUnknown: AWS refused the read.
    """
    found: dict[str, GuestAgent] = {}
    for answer in (yield from require_all(describe_agents(instances, region))):
        for one in answer.get("InstanceInformationList", []):
            system = f"{one.get('PlatformName', '')} {one.get('PlatformVersion', '')}".strip()
            found[one["InstanceId"]] = GuestAgent(online=one.get("PingStatus") == "Online", system=system)
    return found
