"""Notices members of an answer that the installed SDK does not know and would drop on write-back."""

import json
import threading
from typing import Any
from xml.etree import ElementTree as Xml

from opsctl.model.value import Json

_LAST = threading.local()


def watch(client: Any) -> None:
    """Remember from now on, for this thread, the raw body of a client's next answer."""
    _LAST.body = b""
    client.meta.events.register("before-parse.*.*", _remember, unique_id="opsctl-raw-body")


def last_body() -> bytes:
    """The raw body of the last answer in this thread, since `watch`."""
    body = getattr(_LAST, "body", b"")
    return body if isinstance(body, bytes) else b""


def _remember(response_dict: dict[str, Any], **_: Any) -> None:
    _LAST.body = response_dict.get("body", b"")


def unknown_members(client: Any, operation: str, body: bytes) -> list[str]:
    """Return the dotted paths of members in a raw answer that the service model does not have."""
    service = client.meta.service_model
    shape = service.operation_model(operation).output_shape
    if shape is None or not body:
        return []
    # A service may speak several protocols: the first of its model need not be the one that the SDK chose.
    if "json" in service.resolved_protocol:
        return _in_json(shape, json.loads(body), "")
    payload = shape.serialization.get("payload")
    # Its own answer, already authenticated and parsed by the SDK; defused parsing adds nothing here.
    root = Xml.fromstring(body)  # noqa: S314
    if wrapper := shape.serialization.get("resultWrapper"):
        # The query protocol (SNS, IAM) puts the answer into a member of its own, beside what is about the request.
        root = next((one for one in root if one.tag.rpartition("}")[2] == wrapper), Xml.Element(wrapper))
    found = _in_xml(shape.members[payload] if payload else shape, root, "")
    # EC2's protocol puts the id of the request beside the members of the answer.
    return [one for one in found if one != "requestId" or service.resolved_protocol != "ec2"]


def _in_json(shape: Any, value: Json, path: str) -> list[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        found = []
        for name, item in value.items():
            here = f"{path}.{name}".strip(".")
            found += _in_json(names[name], item, here) if name in names else [here]
        return found
    if shape.type_name == "list" and isinstance(value, list):
        return [text for item in value for text in _in_json(shape.member, item, f"{path}[]")]
    if shape.type_name == "map" and isinstance(value, dict):
        return [text for item in value.values() for text in _in_json(shape.value, item, f"{path}.*")]
    return []


def _in_xml(shape: Any, node: Xml.Element, path: str) -> list[str]:
    if shape.type_name == "list":
        member = shape.member
        return [text for child in node for text in _in_xml(member, child, f"{path}[]")]
    if shape.type_name != "structure":
        return []
    names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    found = []
    for child in node:
        name = child.tag.rpartition("}")[2]
        here = f"{path}.{name}".strip(".")
        if name not in names:
            found.append(here)
        elif names[name].serialization.get("flattened"):
            # Its items stand in its place, each under the list's own name (S3).
            found += _in_xml(names[name].member, child, f"{here}[]")
        else:
            found += _in_xml(names[name], child, here)
    return found
