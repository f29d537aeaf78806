"""Sends one marked message through a topic or bus, and takes it out of every queue of the fan-out again."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.events.canary_messages import MARK_NAME, CanarySend
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.spans import span
from opsctl.model.value import Json, Value
from opsctl.resources.queue_facts import get_queue_url

HIDDEN_S = 20
"""How long what is received stays hidden should the run be killed just then."""
OTHERS_AT_MOST = 10
WAIT_S = 1
POLL_S, POLL_AT_MOST_S, POLL_GROWTH = 2.0, 10.0, 1.5
SeenState = Literal["waited for", "seen", "not delivered", "not tried"]


class CanaryQueue(Value):
    """A queue that is to get the message, and the dead-letter queue of its subscription or target.

    `copies` is how many of what is sent come to it.
    """

    name: str
    url: str
    undelivered: str = ""
    copies: int = 1


class FanoutCanary(Job):
    """Send, then look into each queue and its dead-letter queue until the message was seen there, and delete it.

    What else is received is held until the end and released then, so that it is received once and not at every
    look: SQS moves what was received too often into the dead-letter queue. A queue with more than a few messages
    is not looked into. Run again, it looks for what was sent before it sends anew; what is sent anew comes to the
    queues as well in which it was seen before, and is taken out of those too.
    """

    name: ClassVar[str] = "fanout.canary"

    mark: str = Field(description="What tells the message from all others.")
    service: Literal["sns", "events"]
    sends: tuple[CanarySend, ...]
    queues: tuple[CanaryQueue, ...]
    untried: tuple[str, ...] = Field((), description="Queues, each with why no simple message reaches it.")
    within_s: int = 90

    def run(self, tools: Tools) -> JobResult:
        """Send once, and look."""
        looking, resumed = _Looking(self, tools), tools.checkpoint.recall("sent") is not None
        if resumed:
            # It may have been sent before the run was stopped.
            looking.look()
        if not resumed or (looking.waited_for() and not tools.stopping()):
            refused = self._send(tools)
            if refused:
                return JobResult(says=f"it was not sent: {refused}", complete=False)
            looking.owe()
            looking.look()
        return looking.result()

    def _send(self, tools: Tools) -> str:
        """Send, and say why it was not. That it may have been sent is on disk before."""
        tools.checkpoint.remember("sent", True)
        for one in self.sends:
            try:
                told = tools.aws.write(self.service, one.operation, dict(one.params), None)
            except AwsRefused as refused:
                tools.checkpoint.remember("sent", None)
                return refused.summary
            except OutcomeUnknown:
                continue
            failed = [
                entry.get("ErrorMessage") for entry in (told or {}).get("Entries") or [] if "ErrorCode" in entry
            ]
            if failed:
                tools.checkpoint.remember("sent", None)
                return str(failed[0])
        return ""


class _Looking:
    """Looks into queues for one message."""

    def __init__(self, job: FanoutCanary, tools: Tools) -> None:
        self._job = job
        self._tools = tools
        untried = {one.partition(":")[0] for one in job.untried}
        known = tools.checkpoint.recall("seen") or {}
        # What could not be delivered was taken out; where that was mended, what is sent anew is waited for.
        kept = {name: state for name, state in known.items() if state != "not delivered"}
        self._states: dict[str, SeenState] = {
            one.name: "not tried" if one.name in untried else kept.get(one.name, "waited for")
            for one in job.queues
        }
        gone = {name for name, state in known.items() if state != "waited for"} | untried
        self._owed = {one.name: one.copies for one in job.queues if one.name not in gone}
        self._others: dict[str, int] = {}
        self._dead: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._held: dict[str, list[dict[str, Json]]] = {}
        self._until = 0.0

    def owe(self) -> None:
        """Wait, after it was sent, for as many in each queue as come to it, wherever it was seen before."""
        for one in self._job.queues:
            if self._states[one.name] != "not tried":
                self._owed[one.name] = one.copies

    def look(self) -> None:
        """Look until the message was taken out everywhere, time is over, or somebody interrupts."""
        deadline, every_s = self._tools.clock.now() + self._job.within_s, POLL_S
        self._until = deadline
        try:
            self._look(deadline, every_s)
        finally:
            self._release()

    def _look(self, deadline: float, every_s: float) -> None:
        while (owing := self._owing()) and not self._tools.stopping():
            left_s = deadline - self._tools.clock.now()
            if left_s <= 0:
                return
            names = ", ".join(one.name for one in owing)
            self._tools.progress(f"looking for the canary in {names} (at most {span(left_s)})")
            for queue in owing:
                self._look_into(queue)
            if self._owing():
                self._tools.clock.sleep(min(every_s, left_s))
                every_s = min(every_s * POLL_GROWTH, POLL_AT_MOST_S)

    def _look_into(self, queue: CanaryQueue) -> None:
        if self._others.get(queue.name, 0) > OTHERS_AT_MOST:
            self._refused[queue.name] = f"it has more than {OTHERS_AT_MOST} messages, which would all be received"
        elif count := self._take(queue.name, queue.url):
            self._note(queue.name, "seen", count)
        elif queue.undelivered and (count := self._take(queue.undelivered, self._url(queue.undelivered))):
            self._note(queue.name, "not delivered", count)

    def _owing(self) -> list[CanaryQueue]:
        """The queues to which more is to come."""
        return [one for one in self._job.queues if self._owed.get(one.name, 0) > 0]

    def _note(self, name: str, state: SeenState, count: int) -> None:
        self._owed[name] -= count
        self._states[name] = state
        self._tools.checkpoint.remember(
            "seen", {one: told for one, told in self._states.items() if told != "not tried"}
        )

    def _url(self, name: str) -> str:
        if name not in self._dead:
            answer = self._tools.aws.read(get_queue_url(name))
            self._dead[name] = str((answer.value or {}).get("QueueUrl", ""))
        return self._dead[name]

    def _take(self, name: str, url: str) -> int:
        """How often the message was in a queue, and is deleted now; all else is released."""
        if not url:
            return 0
        params: dict[str, Json] = {
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": HIDDEN_S,
            "WaitTimeSeconds": WAIT_S,
            "MessageAttributeNames": ["All"],
        }
        try:
            told = self._tools.aws.write("sqs", "ReceiveMessage", params, None)
        except (AwsRefused, OutcomeUnknown) as fault:
            self._refused[name] = fault.summary
            return 0
        taken = 0
        for message in (told or {}).get("Messages") or []:
            handle: dict[str, Json] = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
            if self._is_ours(message):
                self._tools.aws.write("sqs", "DeleteMessage", handle, None)
                taken += 1
            elif MARK_NAME in json.dumps(message, default=str):
                # Another run's, which looks for it just now.
                self._tools.aws.write("sqs", "ChangeMessageVisibility", handle | {"VisibilityTimeout": 0}, None)
            else:
                self._others[name] = self._others.get(name, 0) + 1
                self._hold(name, handle)
        return taken

    def _hold(self, name: str, handle: dict[str, Json]) -> None:
        """Keep a message of others out of the way until the end, so that no further look receives it again."""
        left_s = max(int(self._until - self._tools.clock.now()), 0) + HIDDEN_S
        with suppress(AwsRefused, OutcomeUnknown):
            self._tools.aws.write("sqs", "ChangeMessageVisibility", handle | {"VisibilityTimeout": left_s}, None)
        self._held.setdefault(name, []).append(handle)

    def _release(self) -> None:
        """Give back what was held."""
        for handles in self._held.values():
            while handles:
                with suppress(AwsRefused, OutcomeUnknown):
                    released = handles.pop() | {"VisibilityTimeout": 0}
                    self._tools.aws.write("sqs", "ChangeMessageVisibility", released, None)

    def _is_ours(self, message: Json) -> bool:
        """Raw, the mark is an attribute; in an envelope or an event it is in the body."""
        return self._job.mark in json.dumps([message.get("Body"), message.get("MessageAttributes")])

    def waited_for(self) -> list[str]:
        """The queues in which it was not seen so far."""
        return [name for name, state in self._states.items() if state == "waited for"]

    def result(self) -> JobResult:
        """What became of the message in each queue."""
        says = "; ".join([*self._lines(), *self._job.untried])
        details: dict[str, Json] = {"queues": dict(self._states), "others_received": dict(self._others)}
        missing = [name for name, state in self._states.items() if state not in ("seen", "not tried")]
        if not missing:
            return JobResult(says=says, complete=True, details=details)
        trace = self._tools.commands.opsctl("events", "trace", f"queue:{missing[0]}", "--back")
        why = f"{trace} says what stands in the way"
        hint = f"resume looks again, and sends another; {why}"
        return JobResult(
            says=says, complete=False, certain=bool(self._tools.stopping()), hint=hint, details=details
        )

    def _lines(self) -> Iterator[str]:
        for state, words in _WORDS.items():
            names = [name for name, found in self._states.items() if found == state]
            if names:
                yield f"{', '.join(names)}: {words}"
        left = [one.name for one in self._owing() if self._states[one.name] == "seen"]
        if left:
            yield f"{', '.join(left)}: one more was sent and not seen; a consumer may have taken it"
        for name, why in self._refused.items():
            yield f"{name} could not be looked into: {why}"
        for name, count in self._others.items():
            yield f"{name}: {count} other messages were received meanwhile, and released"


_WORDS: dict[SeenState, str] = {
    "seen": "it arrived, and was taken out again",
    "not delivered": "it could not be delivered, and was taken out of the dead-letter queue",
    "waited for": "it was not seen in time; a consumer may have taken it",
}
