"""Which instances can be sent a script, and which system they have, as Systems Manager tells."""

from collections.abc import Sequence

from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching
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
    answers = (yield describe_agents(instances, region)) if instances else []
    found: dict[str, GuestAgent] = {}
    for answer in answers:
        if answer.refusal is not None:
            raise FactUnknown(answer.refusal)
        for one in answer.value.get("InstanceInformationList", []):
            system = f"{one.get('PlatformName', '')} {one.get('PlatformVersion', '')}".strip()
            found[one["InstanceId"]] = GuestAgent(online=one.get("PingStatus") == "Online", system=system)
    return found
