"""The MD5 digests with which SQS shows that a message arrived unaltered.

Source: Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes".
"""

import base64
import hashlib
import struct

from opsctl.model.value import Json


def body_digest(body: str) -> str:
    """Return the digest of a message body, in hex."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def attributes_digest(attributes: dict[str, Json]) -> str:
    """Return the digest of message attributes as they stand in JSON (binary values in base64), in hex."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        digest.update(_measured(name.encode()) + _measured(value["DataType"].encode()))
        if value["DataType"].startswith("Binary"):
            digest.update(b"\x02" + _measured(base64.b64decode(value["BinaryValue"])))
        else:
            digest.update(b"\x01" + _measured(value["StringValue"].encode()))
    return digest.hexdigest()


def intact(message: Json) -> bool:
    """Tell whether a received message is what SQS says it is."""
    if message.get("MD5OfBody") != body_digest(message["Body"]):
        return False
    attributes = message.get("MessageAttributes")
    return not attributes or message.get("MD5OfMessageAttributes") == attributes_digest(attributes)


def _measured(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
