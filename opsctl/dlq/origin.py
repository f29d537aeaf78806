"""The source queue of a dead letter, and where it is kept while SQS itself does not record it.

SQS alone sets DeadLetterQueueSourceArn, and a message that is sent back to its dead-letter queue is a new one.
So its source queue goes along in a message attribute. Whoever may send to the queue can write that attribute: it
chooses among the sources that the plan names, and nothing else. It is taken out before a message goes to a
consumer.
"""

import re

from opsctl.model.value import Json

ATTRIBUTE = "opsctl-origin"
ATTRIBUTES_AT_MOST = 10
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]{1,80}(\.fifo)?")


def source_queue(message: Json) -> str:
    """The ARN of the queue in which a message failed, by SQS or else by the attribute; empty when neither says."""
    told = str((message.get("Attributes") or {}).get("DeadLetterQueueSourceArn", ""))
    kept = str(((message.get("MessageAttributes") or {}).get(ATTRIBUTE) or {}).get("StringValue", ""))
    return told or (kept if _QUEUE.fullmatch(kept) else "")


def marked(message: Json) -> Json:
    """Return a message with its source queue in the attribute; as it is where there is none, or no room for it."""
    source, attributes = source_queue(message), message.get("MessageAttributes") or {}
    if not source or ATTRIBUTE in attributes or len(attributes) >= ATTRIBUTES_AT_MOST:
        return message
    return _with(message, {**attributes, ATTRIBUTE: {"DataType": "String", "StringValue": source}})


def unmarked(message: Json) -> Json:
    """Return a message without the attribute, as its sender sent it."""
    attributes = message.get("MessageAttributes") or {}
    if ATTRIBUTE not in attributes:
        return message
    return _with(message, {name: value for name, value in attributes.items() if name != ATTRIBUTE})


def _with(message: Json, attributes: dict[str, Json]) -> Json:
    """The digest that SQS told is of the attributes as they were."""
    kept = {name: value for name, value in message.items() if name != "MD5OfMessageAttributes"}
    return {**kept, "MessageAttributes": attributes}
