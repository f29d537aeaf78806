"""Bytes inside JSON: `{"$base64": "<text>"}`, decoded just before the call that takes them."""

import base64
import hashlib

from opsctl.model.value import Json

MARK = "$base64"


def binary(data: bytes) -> dict[str, str]:
    """Make the JSON value of some bytes."""
    return {MARK: base64.b64encode(data).decode()}


def is_binary(value: Json) -> bool:
    """Tell whether a value stands for bytes."""
    return isinstance(value, dict) and set(value) == {MARK}


def with_bytes(value: Json) -> Json:
    """Return a value with every binary member as bytes; raises ValueError when one is not base64."""
    if is_binary(value):
        return base64.b64decode(value[MARK], validate=True)
    if isinstance(value, dict):
        return {name: with_bytes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    return value


def binary_words(value: Json) -> str:
    """Say how many bytes a binary value is, and which."""
    data = base64.b64decode(value[MARK])
    return f"({len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]})"
