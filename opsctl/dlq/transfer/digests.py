"""The MD5 digests with which SQS shows that a message arrived unaltered.

Source: Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes".
"""

import base64
import hashlib

from opsctl.model.value import Json


def body_digest(body: str) -> str:
    """Return the digest of a message body, in hex."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def attributes_digest(attributes: dict[str, Json]) -> str:
    """Return the digest of message attributes as they stand in JSON (binary values in base64), in hex."""
    parts = []
    for name in sorted(attributes):
        value = attributes[name]
        kind = value["DataType"]
        if kind.startswith("Binary"):
            mark, data = b"\x02", base64.b64decode(value["BinaryValue"])
        else:
            mark, data = b"\x01", value["StringValue"].encode()
        parts += [_measured(name.encode()), _measured(kind.encode()), mark, _measured(data)]
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()


def intact(message: Json) -> bool:
    """Tell whether a received message is what SQS says it is."""
    if message.get("MD5OfBody") != body_digest(message["Body"]):
        return False
    attributes = message.get("MessageAttributes")
    return not attributes or message.get("MD5OfMessageAttributes") == attributes_digest(attributes)


def _measured(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
