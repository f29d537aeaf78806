"""Carries out a command of the aws CLI that opsctl printed, by the SDK, in the moto account."""

import json
import shlex
from typing import Any

from opsctl.model.value import Json
from tests.kit.moto_account import client


def carry_out(command: str) -> None:
    """Make the call of a command; what the shell and the CLI would refuse fails here too."""
    aws, service, verb, *words = shlex.split(command)
    assert aws == "aws", command
    made = client(service)
    method = verb.replace("-", "_")
    shape = made.meta.service_model.operation_model(made.meta.method_to_api_mapping[method]).input_shape
    members = {_flag(name): (name, member) for name, member in shape.members.items()}
    params: dict[str, Json] = {}
    while words:
        flag = words.pop(0)
        if flag in ("--region", "--endpoint-url"):
            words.pop(0)
            continue
        name, member = members[flag.removeprefix("--")]
        params[name] = True if member.type_name == "boolean" else _value(words.pop(0), member)
    getattr(made, method)(**params)


def _flag(name: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")


def _value(text: str, member: Any) -> Json:
    if member.type_name == "integer":
        return int(text)
    if member.type_name in ("map", "structure"):
        return json.loads(text) if text.startswith("{") else dict(one.split("=", 1) for one in text.split(","))
    return [text] if member.type_name == "list" else text
