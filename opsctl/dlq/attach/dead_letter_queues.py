"""Finds the queue that is to take dead letters, which may not exist yet, and who uses it."""

import json

from opsctl.dlq.attach.failing_sources import sources_of
from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.consumers import mappings_of
from opsctl.resources.queue_facts import get_queue_url, parse_queue, queue_attributes


class DeadLetterQueue(Value):
    """A queue to take dead letters. `url` is empty while there is none of that name.

    `permission` and `allowed` are those of its RedriveAllowPolicy; `users` are the names of the queues whose dead
    letters it takes already.
    """

    name: str
    arn: str
    url: str = ""
    key: str = ""
    retention_s: int = 0
    policy: str = ""
    permission: str = ""
    allowed: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    moves_to: str = ""
    unknown: tuple[str, ...] = ()


def find_dead_letter_queue(name: str, about: Context) -> Fetching[DeadLetterQueue]:
    """Look a queue up by its name; it is no fault that there is none.

    Raises:
        FactUnknown: it may not be read.
    """
    arn = f"arn:{about.identity.partition}:sqs:{about.region}:{about.account}:{name}"
    answer = yield from fetch(get_queue_url(name))
    if answer.refusal is not None:
        if answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
        return DeadLetterQueue(name=name, arn=arn)
    url = str(answer.value["QueueUrl"])
    attributes, sources, mappings = yield [queue_attributes(url), sources_of(url), mappings_of(arn)]
    if attributes.refusal is not None:
        raise FactUnknown(attributes.refusal)
    facts = parse_queue(url, attributes.value)
    told = attributes.value["Attributes"]
    allow: dict[str, Json] = json.loads(told.get("RedriveAllowPolicy") or "{}")
    return DeadLetterQueue(
        name=name,
        arn=facts.arn,
        url=url,
        key=facts.key,
        retention_s=facts.retention_s,
        policy=told.get("Policy") or "",
        permission=facts.redrive_allow,
        allowed=tuple(allow.get("sourceQueueArns") or ()),
        users=tuple(sorted(one.rpartition("/")[2] for one in (sources.value or {}).get("queueUrls") or [])),
        consumers=tuple(
            one["FunctionArn"].rpartition(":function:")[2]
            for one in (mappings.value or {}).get("EventSourceMappings") or []
        ),
        moves_to=facts.dead_letter_arn,
        unknown=tuple(str(one.refusal) for one in (sources, mappings) if not one.known),
    )
