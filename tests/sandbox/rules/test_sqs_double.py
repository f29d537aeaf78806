"""The SQS double of the tests and the sandbox's SQS give the same answers to the same calls.

Whatever they differ in is decided by AWS's documentation and by answers recorded from AWS, never by one of them.
"""

import os
import random
from collections import defaultdict
from typing import Any

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import set_conditions
from tests.kit.memory_sqs import MemorySqs
from tests.kit.moto_account import client, fresh_world, server
from tests.kit.queues import queue
from tests.kit.samples import number_for

STEPS, AT_MOST = 80, 10
SEED = "OPSCTL_SQS_SEED"
_STRAY = "no-handle-of-anybody"


class _Standing(HandClock):
    """Time that others let pass: who waits here does not."""

    def sleep(self, seconds: float) -> None:
        """Wait for nothing."""


class _Both:
    """Makes each call of both, and compares what they answer; ids and receipt handles are known by number.

    A FIFO queue may choose between groups, so at most ten messages are kept, which one receive can show.
    """

    def __init__(self, name: str, seed: int, clock: _Standing) -> None:
        self.random = random.Random(seed)  # noqa: S311 - operations, no secret
        self.clock = clock
        self.fifo = name.endswith(".fifo")
        self.memory = MemorySqs(clock)
        self.name = name
        attributes = {"VisibilityTimeout": "30"}
        self.url = queue(name, **attributes)
        self.memory.make(name, **attributes)
        self.ids: dict[str, int] = {}
        self.known: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.handles: list[tuple[str, str]] = []
        self.story: list[str] = []

    def step(self) -> None:
        """One call, or some time."""
        happen = self.random.choice(
            (self.send, self.send, self.receive, self.receive, self.delete, self.hide, self.wait, self.count)
        )
        happen()

    def send(self) -> None:
        """A few messages, some of them again."""
        if self._held() > AT_MOST - 3:
            return
        entries: list[Json] = []
        for number in range(self.random.randint(1, 3)):
            entry = {"Id": str(number), "MessageBody": f"b{self.random.randint(0, 99)}"}
            if self.fifo:
                entry["MessageGroupId"] = self.random.choice("abc")
                entry["MessageDeduplicationId"] = f"d{self.random.randint(0, 14)}"
            entries.append(entry)
        ours, theirs = self._call("SendMessageBatch", Entries=entries)
        for one, other in zip(ours["Successful"], theirs["Successful"], strict=True):
            self._same("id sent", self._named(0, one["MessageId"]), self._named(1, other["MessageId"]))
            self._same("digest", one["MD5OfMessageBody"], other["MD5OfMessageBody"])

    def receive(self) -> None:
        """All that is to be had, sometimes by an attempt that was made before."""
        params: dict[str, Json] = {"VisibilityTimeout": self.random.choice((0, 5, 30, 400))}
        if self.fifo and self.random.random() < 0.4:
            params["ReceiveRequestAttemptId"] = f"attempt{self.random.randint(0, 2)}"
        ours, theirs = self._call(
            "ReceiveMessage",
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            **params,
        )
        first, second = (self._by_group(n, one.get("Messages", [])) for n, one in enumerate((ours, theirs)))
        self._same("received", _shown(first), _shown(second))
        for group, several in first.items():
            for one, other in zip(several, second[group], strict=True):
                self.handles.append((one["ReceiptHandle"], other["ReceiptHandle"]))

    def delete(self) -> None:
        """By handles of now, of before, and of nobody."""
        pairs = self._some_handles()
        entries = [
            [{"Id": str(n), "ReceiptHandle": pair[which]} for n, pair in enumerate(pairs)] for which in (0, 1)
        ]
        self._each("DeleteMessageBatch", *entries)

    def hide(self) -> None:
        """For another while, or show."""
        pairs, seconds = self._some_handles(), self.random.choice((0, 7, 60))
        entries = [
            [
                {"Id": str(n), "ReceiptHandle": pair[which], "VisibilityTimeout": seconds}
                for n, pair in enumerate(pairs)
            ]
            for which in (0, 1)
        ]
        self._each("ChangeMessageVisibilityBatch", *entries)

    def wait(self) -> None:
        """Seconds, sometimes minutes."""
        seconds = self.random.choice((1, 5, 30, 299, 301))
        self.story.append(f"wait {seconds}")
        self.clock.move_to(self.clock.now() + seconds)

    def count(self) -> None:
        """What there is by SQS's counts."""
        ours, theirs = self._call("GetQueueAttributes", AttributeNames=["All"])
        names = [f"ApproximateNumberOfMessages{one}" for one in ("", "NotVisible", "Delayed")]
        self._same("counts", *([one["Attributes"][name] for name in names] for one in (ours, theirs)))

    def _held(self) -> int:
        return len(self.memory.queues[self.name].messages)

    def _some_handles(self) -> list[tuple[str, str]]:
        several = [*dict.fromkeys(self.handles[-12:]), (_STRAY, _STRAY)]
        return self.random.sample(several, min(len(several), self.random.randint(1, 4)))

    def _each(self, operation: str, ours: list[Json], theirs: list[Json]) -> None:
        answers = (
            self.memory.call(operation, {"QueueUrl": self.url, "Entries": ours}),
            self._aws(operation, Entries=theirs),
        )
        self.story.append(f"{operation} {[one['ReceiptHandle'] for one in ours]}")
        told = [
            {
                one["Id"]: one.get("Code", "done")
                for kind in ("Successful", "Failed")
                for one in answer.get(kind, [])
            }
            for answer in answers
        ]
        self._same(operation, *told)

    def _call(self, operation: str, **params: Any) -> tuple[dict[str, Json], dict[str, Json]]:
        self.story.append(f"{operation} {params}")
        return self.memory.call(operation, {"QueueUrl": self.url, **params}), self._aws(operation, **params)

    def _aws(self, operation: str, **params: Any) -> dict[str, Json]:
        sqs = client("sqs")
        method = {sqs.meta.method_to_api_mapping[name]: name for name in sqs.meta.method_to_api_mapping}[operation]
        answer: dict[str, Json] = getattr(sqs, method)(QueueUrl=self.url, **params)
        return answer

    def _named(self, which: int, id_: str) -> str:
        known = self.known[which]
        return known.setdefault(id_, f"m{len(known)}")

    def _by_group(self, which: int, messages: list[Json]) -> dict[str, list[Json]]:
        found = defaultdict(list)
        for one in messages:
            found[one["Attributes"].get("MessageGroupId", "")].append(
                one | {"as": self._named(which, one["MessageId"])}
            )
        return found

    def _same(self, what: str, ours: Any, theirs: Any) -> None:
        assert ours == theirs, f"{what}: double {ours}, sandbox {theirs}; after\n" + "\n".join(self.story)


def _shown(groups: dict[str, list[Json]]) -> dict[str, list[tuple[str, str, str, str]]]:
    return {
        group: [
            (
                one["as"],
                one["Body"],
                one["Attributes"]["ApproximateReceiveCount"],
                one["Attributes"].get("MessageDeduplicationId", ""),
            )
            for one in several
        ]
        for group, several in sorted(groups.items())
    }


@pytest.mark.parametrize("name", ["plain", "ordered.fifo"], ids=["standard", "fifo"])
def test_the_double_and_the_sandbox_give_the_same_answers_to_the_same_calls(name: str) -> None:
    seed = int(os.environ.get(SEED) or number_for(__name__))
    server()
    clock = _Standing()
    with fresh_world() as world:
        set_conditions(world.account, clock=clock)
        both = _Both(name, seed, clock)
        try:
            for _ in range(STEPS):
                both.step()
        except AssertionError as fault:
            fault.add_note(f"once more: {SEED}={seed} pytest {__file__}")
            raise
