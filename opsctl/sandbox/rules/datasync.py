"""AWS DataSync: agents, which moto lacks. Source: API model of DataSync, CreateAgent and ListAgents."""

import json
import uuid
from typing import Any


def install() -> None:
    """Add the calls."""
    from moto.datasync.responses import DataSyncResponse

    DataSyncResponse.create_agent = _create_agent
    DataSyncResponse.list_agents = _list_agents


def _agents(self: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = self.datasync_backend.__dict__.setdefault("opsctl_agents", [])
    return found


def _create_agent(self: Any) -> str:
    """An agent that was activated answers, so it is ONLINE."""
    number = f"agent-0{uuid.uuid4().hex[:16]}"
    arn = f"arn:aws:datasync:{self.region}:{self.current_account}:agent/{number}"
    name = self._get_param("AgentName")
    _agents(self).append({"AgentArn": arn, "Status": "ONLINE"} | ({"Name": name} if name else {}))
    return json.dumps({"AgentArn": arn})


def _list_agents(self: Any) -> str:
    return json.dumps({"Agents": sorted(_agents(self), key=lambda one: one["AgentArn"])})
