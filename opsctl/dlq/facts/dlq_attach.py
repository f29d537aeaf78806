"""Finds what is missing between a source and a dead-letter queue."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.dlq.attach import attachment as judging
from opsctl.dlq.attach.attachment import Attachment
from opsctl.dlq.attach.dead_letter_queue_calls import policy_without_others_of_ours
from opsctl.dlq.attach.dead_letter_queues import DeadLetterQueue, find_dead_letter_queue
from opsctl.dlq.attach.failing_sources import FailingSource, find_source
from opsctl.dlq.attach.role_calls import are_allowed, list_policies, policy_name, simulations
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.dead_letter_reads import describe_key, key_policy
from opsctl.resources.queue_facts import queue_name_of
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo|[A-Za-z0-9_-]{1,80}")


class DlqAttach(Fact):
    """Find a queue, function, subscription, rule target or schedule, and what it lacks for a dead-letter queue.

    The queue need not exist. A source that has a dead-letter queue keeps it unless another one is asked for.
    """

    name: ClassVar[str] = "dlq.attach"
    Result: ClassVar[type[Value]] = Attachment

    source: str = Field(
        description="A queue, function:NAME, subscription ARN, rule:[BUS/]NAME[#TARGET], schedule:[GROUP/]NAME."
    )
    queue: str = Field("", description="The dead-letter queue: name, URL or ARN; SOURCE-dlq by default.")
    max_receive: int = Field(0, ge=0, le=1000, description="Receives of a message before it goes there; 0 is 5.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the source, the queue and whoever delivers; five rounds at most."""
        source = yield from find_source(self.source, about, source="source")
        if self.max_receive and source.kind != "queue":
            raise InvalidInput.one(f"{source.says} has no maxReceiveCount: only queues have", source="max_receive")
        name = self._queue_name(source, about)
        queue = yield from find_dead_letter_queue(name, about)
        if queue.arn == source.arn:
            raise InvalidInput.one(f"{source.says} cannot be its own dead-letter queue", source="queue")
        max_receive = judging.receives_of(source, queue, self.max_receive)
        key_arn, key_faults, key_denied, unknown = yield from _key(source, queue, about)
        missing = yield from _role_is_missing(source, queue, key_arn)
        return Attachment(
            source=source,
            queue=queue,
            max_receive=max_receive,
            allow_missing=judging.allow_is_missing(source, queue),
            policy_missing=bool(source.service) and _policy_verdict(source, queue, about) is not PolicyAnswer.YES,
            role_missing=missing,
            key_arn=key_arn if source.role else "",
            serves=source.serves,
            another=judging.another(source, queue),
            unfit=(*judging.unfit(source, queue), *key_faults),
            working=tuple(f"function {one} takes messages from {queue.name}" for one in queue.consumers),
            key_denied=key_denied,
            few=judging.few(source, max_receive),
            notes=judging.notes(source, queue),
            unknown=tuple(dict.fromkeys([*source.unknown, *queue.unknown, *unknown])),
        )

    def _queue_name(self, source: FailingSource, about: Context) -> str:
        suffix = ".fifo" if source.fifo else ""
        here = f":sqs:{about.region}:{about.account}:"
        if self.queue:
            name = queue_name_of(self.queue, about, "queue")
        elif here in source.current:
            name = source.current.rpartition(":")[2]
        else:
            name = f"{source.slug}-dlq{suffix}"
        if name.endswith(".fifo") != source.fifo:
            kind = "a FIFO queue, so its name ends in .fifo" if source.fifo else "a standard queue, not FIFO"
            raise InvalidInput.one(f"the dead-letter queue of {source.says} must be {kind}", source="queue")
        if not _NAME.fullmatch(name):
            hint = "name one with --dlq"
            raise InvalidInput.one(f"{name!r} cannot be a queue's name", source="queue", hint=hint)
        return name


def _policy_verdict(source: FailingSource, queue: DeadLetterQueue, about: Context) -> PolicyAnswer:
    call = ServiceCall(
        service=source.service,
        action="sqs:SendMessage",
        resource=queue.arn,
        source_arn=source.sender,
        account=about.account,
    )
    return verdict_on(policy_without_others_of_ours(queue.policy, source), call)


def _key(
    source: FailingSource, queue: DeadLetterQueue, about: Context
) -> Fetching[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """The customer's key of the queue, why it can never work, who may not use it, and what could not be read."""
    if not queue.key or source.kind == "queue":
        return "", (), (), ()
    never = (f"{queue.name} is encrypted with an AWS managed key, which {source.service} cannot use",)
    if queue.key.endswith("alias/aws/sqs"):
        return "", never if source.service else (), (), ()
    described = yield from fetch(describe_key(queue.key))
    if described.refusal is not None:
        return "", (), (), (str(described.refusal),)
    key = described.value["KeyMetadata"]
    if key.get("KeyManager") == "AWS":
        return "", never if source.service else (), (), ()
    if not source.service:
        return key["Arn"], (), (), ()
    policy = yield from fetch(key_policy(key["Arn"]))
    if policy.refusal is not None:
        return key["Arn"], (), (), (str(policy.refusal),)
    verdicts = {
        verdict_on(
            policy.value["Policy"],
            ServiceCall(
                service=source.service,
                action=action,
                resource=key["Arn"],
                source_arn=source.sender,
                account=about.account,
            ),
        )
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
    }
    denied = (f"the policy of key {key['Arn']} does not let {source.service} use it",)
    unsure = (f"whether key {key['Arn']} lets {source.service} use it depends on conditions in the key policy",)
    if PolicyAnswer.NO in verdicts:
        return key["Arn"], (), denied, ()
    return key["Arn"], (), (), unsure if PolicyAnswer.UNSURE in verdicts else ()


def _role_is_missing(source: FailingSource, queue: DeadLetterQueue, key_arn: str) -> Fetching[bool]:
    """Whether the role needs our policy: not when it may send without what opsctl gave it for other sources."""
    if not source.role:
        return False
    simulated = simulations(source.role, queue.arn, key_arn)
    answers = yield [list_policies(source.role), *simulated]
    names = (answers[0].value or {}).get("PolicyNames") or []
    if policy_name(queue.name, source.arn) in names:
        return False
    return not are_allowed(list(answers[1:])) or any(one.startswith(f"opsctl-dlq-{queue.name}-") for one in names)
