"""The queues of a fan-out as SNS will meet them: type, policy, key, size, and what is subscribed already."""

import json
from collections.abc import Sequence

from opsctl.events.kms_keys import KeyFacts, what_key_refuses
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Context
from opsctl.model.value import Value, fingerprint
from opsctl.resources.queue_facts import QueueFacts, find_queue, policy_full, queue_attributes
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on
from opsctl.resources.sns_filters import FilterPolicy

SERVICE = "sns.amazonaws.com"
TOPIC_MAX_BYTES = 262_144


class FannedQueue(Value):
    """A queue that is to get what a topic gets.

    `open` tells that its policy lets SNS in for the topic already, `statements` how many that policy has,
    `undelivered` what the dead-letter queue of its subscription is called.
    """

    name: str
    arn: str
    url: str
    fifo: bool
    key: str = ""
    max_bytes: int = 0
    filter: str = ""
    undelivered: str = ""
    open: bool = False
    statements: int = 0
    subscription: str = ""


def find_queues(
    names: Sequence[str], filters: dict[str, str], topic: str, about: Context
) -> Fetching[list[FannedQueue]]:
    """Find each queue by name, URL or ARN; InvalidInput where there is none, or a filter is for no queue."""
    found = yield from gather([find_queue(name, about, source="queues") for name in dict.fromkeys(names)])
    strangers = sorted(set(filters) - {one.name for one in found})
    if strangers:
        names = ", ".join(strangers)
        raise InvalidInput.one(f"there is a filter for {names}, which is no queue here", source="filters")
    answers = yield [queue_attributes(one.url) for one in found]
    policies = [str(((one.value or {}).get("Attributes") or {}).get("Policy") or "") for one in answers]
    return [
        _queue(one, policy, filters.get(one.name, ""), topic, about.account)
        for one, policy in zip(found, policies, strict=True)
    ]


def _queue(facts: QueueFacts, policy: str, filter_: str, topic: str, account: str) -> FannedQueue:
    call = ServiceCall(
        service=SERVICE, action="sqs:SendMessage", resource=facts.arn, source_arn=topic, account=account
    )
    return FannedQueue(
        name=facts.name,
        arn=facts.arn,
        url=facts.url,
        fifo=facts.fifo,
        key=facts.key,
        max_bytes=facts.max_bytes,
        filter=filter_,
        undelivered=undelivered_name(facts.name),
        open=verdict_on(policy, call) is PolicyAnswer.YES,
        statements=facts.statements,
    )


def undelivered_name(queue: str) -> str:
    """The name of the dead-letter queue of a queue's subscription; FIFO for a FIFO queue (recorded answers).

    What is too long for a queue's name is cut, and told apart by a mark.
    """
    suffix = _UNDELIVERED + (".fifo" if queue.endswith(".fifo") else "")
    whole = f"{queue.removesuffix('.fifo')}{suffix}"
    if len(whole) <= _NAME_AT_MOST:
        return whole
    suffix = f"-{fingerprint(queue)[7:15]}{suffix}"
    return f"{whole[: _NAME_AT_MOST - len(suffix)]}{suffix}"


def filters_of(texts: Sequence[str], scope: str) -> dict[str, str]:
    """Read `QUEUE=JSON` texts into filter policies by the queue's name.

    Raises:
        InvalidInput: one has no queue, or SNS would refuse its policy.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, policy = text.partition("=")
        if not sign or not name:
            raise InvalidInput.one(f"{text!r} is not QUEUE=JSON", source="filters")
        try:
            FilterPolicy(policy, scope=scope)
            told = json.loads(policy)
        except (ValueError, RecursionError) as fault:
            raise InvalidInput.one(f"the filter of {name} is refused: {fault}", source="filters") from None
        if not isinstance(told, dict) or len(told) > _KEYS:
            raise InvalidInput.one(f"the filter of {name} is an object of at most {_KEYS} names", source="filters")
        found[name] = json.dumps(told, sort_keys=True)
    return found


_KEYS = 5
_UNDELIVERED, _NAME_AT_MOST = "-undelivered", 80


def why_refused(queue: FannedQueue, *, fifo_topic: bool, topic: str, key: KeyFacts | None, account: str) -> str:
    """Say why SNS will never deliver to a queue; empty when it will."""
    if queue.fifo and not fifo_topic:
        return f"{queue.name} is a FIFO queue, and the topic is not: take one that ends in .fifo"
    if not queue.open and (full := policy_full(queue.name, queue.statements)):
        return full
    if key is not None:
        refused, _ = what_key_refuses(key, service=SERVICE, on_behalf_of=topic, account=account)
        if refused:
            return f"{queue.name}: {refused}; use SSE-SQS, or a key of your own that lets {SERVICE} use it"
    return ""
