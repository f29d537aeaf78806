"""What is in one queue of the sandbox, and who may have it when: at a cost that does not grow with it.

moto looks through all messages of a queue for each one that is sent, received or deleted.
Times are milliseconds since the epoch, as in moto's messages.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

HOSTS = 3
"""The servers that a queue is kept on; how many AWS has is not told."""
SAMPLED_BELOW = 1000
DEDUPLICATED_MS = 300_000
ATTEMPT_MS = 300_000


class Counted(NamedTuple):
    """How many messages there are, as GetQueueAttributes tells them apart."""

    visible: int
    in_flight: int
    delayed: int


class Received(NamedTuple):
    """What a receive found: messages to hand out, and those received too often already."""

    given: list[Any]
    spent: list[Any]


@dataclass(eq=False)
class Line:
    """Messages of which each is to be had after those before it: a group of a FIFO queue, or a single message."""

    turn: int
    is_group: bool
    messages: dict[Any, None] = field(default_factory=dict)
    offered: bool = False

    def head(self) -> Any:
        """The first message, or nothing."""
        return next(iter(self.messages), None)


@dataclass
class Attempt:
    """A receive that may be asked for again: when, and each message with its receipt handle and time-out."""

    at: float
    messages: list[tuple[Any, str, float | None]]


class Contents:
    """The messages of a queue; whoever asks says what time it is, and time only goes forward."""

    def __init__(self) -> None:
        self.handles: dict[str, Any] = {}
        """The messages by every receipt handle they were ever given out with."""
        self.gone: set[str] = set()
        """The receipt handles of messages that are no longer here."""
        self.looked_at = 0
        """How many messages were looked at for receives so far."""
        self._lines: dict[Any, Line] = {}
        self._groups: dict[Any, Line] = {}
        self._free: list[tuple[int, Line]] = []
        self._hidden: dict[Any, float] = {}
        self._delayed: set[Any] = set()
        self._wakes: list[tuple[float, int, Any]] = []
        self._oldest: list[tuple[float, int, Any]] = []
        self._turns = itertools.count()
        self._order = itertools.count()
        self._sent: dict[tuple[Any, Any], tuple[float, Any]] = {}
        self._attempts: dict[str, Attempt] = {}
        self._short_polls = 0
        self._counted: tuple[float, Counted] | None = None

    def __iter__(self) -> Iterator[Any]:
        """All messages, in the order they came."""
        return iter(list(self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, message: Any) -> bool:
        return message in self._lines

    def visible(self) -> list[Any]:
        """The messages that are neither in flight nor delayed."""
        return [one for one in self._lines if one not in self._hidden]

    def anything(self) -> bool:
        """Tell whether somebody could have a message."""
        while self._free and not self._is_to_be_had(self._free[0][1]):
            heapq.heappop(self._free)[1].offered = False
        return bool(self._free)

    def counts(self) -> Counted:
        """How many there are."""
        delayed = len(self._delayed)
        return Counted(len(self._lines) - len(self._hidden), len(self._hidden) - delayed, delayed)

    def told(self) -> Counted:
        """How many there are as SQS tells: as it counted last."""
        return self.counts() if self._counted is None else self._counted[1]

    def settle(self, now: float, retention: float, lag: float) -> None:
        """Let happen what was due: a count every `lag`, time-outs that end, messages that are kept no longer.

        To be called before anything changes: what was counted is what there was then.
        """
        if not lag:
            self._counted = None
        if lag and (self._counted is None or self._counted[0] != now // lag):
            self._wake(now // lag * lag)
            self._counted = (now // lag, self.counts())
        self._wake(now)
        while self._oldest and self._oldest[0][0] + retention <= now:
            message = heapq.heappop(self._oldest)[2]
            if message in self._lines:
                self.remove(message)

    def add(self, message: Any, now: float, group: Any = None) -> None:
        """Put a message in; with a group it is had after the others of it."""
        line = self._groups.get(group) if group is not None else None
        if line is None:
            line = Line(next(self._turns), group is not None)
            if group is not None:
                self._groups[group] = line
        line.messages[message] = None
        self._lines[message] = line
        heapq.heappush(self._oldest, (message.sent_timestamp, next(self._order), message))
        if message.delayed_until > now:
            self._delayed.add(message)
            self._hide(message, message.delayed_until)
        self._offer(line)

    def remove(self, message: Any) -> None:
        """Take a message out; its receipt handles are known to be of one that is gone."""
        line = self._lines.pop(message)
        del line.messages[message]
        self._hidden.pop(message, None)
        self._delayed.discard(message)
        if line.is_group and not line.messages:
            self._groups.pop(message.group_id, None)
        for handle in filter(None, message.all_receipt_handles):
            if self.handles.pop(handle, None) is not None:
                self.gone.add(handle)
        self._offer(line)

    def hide(self, message: Any, until: float, now: float) -> None:
        """Let nobody have a message until then; a moment that is past shows it again."""
        message.visible_at = until
        if until > now:
            self._hide(message, until)
        else:
            self._hidden.pop(message, None)
            self._offer(self._lines[message])

    def is_in_flight(self, message: Any) -> bool:
        """Tell whether somebody has a message in hand."""
        return message in self._hidden and message not in self._delayed

    def clear(self) -> None:
        """Take everything out; what was sent is no duplicate any more (as AWS was seen to do)."""
        for message in self:
            self.remove(message)
        self._sent.clear()

    def take(
        self, now: float, until: float, count: int, *, short: bool, is_spent: Callable[[Any], bool]
    ) -> Received:
        """Take up to so many messages, hidden until then.

        A short poll of few messages asks all hosts but one, another one each time (ReceiveMessage: "only the
        messages on the sampled machines are returned"). A group gives as many as it can before another one gives
        any (SQS guide, FIFO delivery logic), and comes last afterwards, as AWS was seen to do.
        """
        silent = self._silent_host() if short and len(self._lines) - len(self._hidden) < SAMPLED_BELOW else None
        found, passed = Received([], []), []
        while len(found.given) < count and self.anything():
            line = heapq.heappop(self._free)[1]
            passed.append(line)
            if silent is not None and not line.is_group and line.turn % HOSTS == silent:
                self.looked_at += 1
                continue
            self._take_from(line, count, is_spent, found)
        for message in found.given:
            self.hide(message, until, now)
        for message in found.spent:
            self.remove(message)
        for line in passed:
            line.offered = False
            if line.is_group:
                line.turn = next(self._turns)
            self._offer(line)
        return found

    def duplicate_of(self, message: Any, scope: Any, now: float) -> Any:
        """The message of the last five minutes with the same deduplication id; nothing, and remember this one."""
        for key, (sent, _) in list(itertools.islice(self._sent.items(), 2)):
            if sent + DEDUPLICATED_MS <= now:
                del self._sent[key]
        key = (scope, message.deduplication_id)
        sent, known = self._sent.get(key, (0.0, None))
        if known is not None and now - sent < DEDUPLICATED_MS:
            return known
        self._sent.pop(key, None)
        self._sent[key] = (now, message)
        return None

    def keep_attempt(self, name: str, messages: list[Any], now: float) -> None:
        """Remember what a receive gave."""
        self._attempts.pop(name, None)
        while self._attempts and next(iter(self._attempts.values())).at + ATTEMPT_MS <= now:
            del self._attempts[next(iter(self._attempts))]
        given = [(one, one.receipt_handle, self._hidden.get(one)) for one in messages]
        self._attempts[name] = Attempt(now, given)

    def repeated(self, name: str, until: float, now: float) -> list[Any] | None:
        """What a receive gave, hidden until then instead; nothing when that cannot be had again."""
        attempt = self._attempts.get(name)
        if attempt is None or not attempt.messages or attempt.at + ATTEMPT_MS <= now:
            return None
        for message, handle, hidden in attempt.messages:
            if message.receipt_handle != handle or hidden is None or self._hidden.get(message) != hidden:
                return None
        messages = [message for message, _, _ in attempt.messages]
        for message in messages:
            self.hide(message, until, now)
        attempt.messages = [(one, one.receipt_handle, self._hidden.get(one)) for one in messages]
        return messages

    def _take_from(self, line: Line, count: int, is_spent: Callable[[Any], bool], found: Received) -> None:
        for message in line.messages:
            self.looked_at += 1
            if message in self._hidden or len(found.given) == count:
                return
            (found.spent if is_spent(message) else found.given).append(message)

    def _silent_host(self) -> int:
        self._short_polls += 1
        return self._short_polls % HOSTS

    def _is_to_be_had(self, line: Line) -> bool:
        head = line.head()
        return head is not None and head not in self._hidden

    def _offer(self, line: Line) -> None:
        if not line.offered and self._is_to_be_had(line):
            line.offered = True
            heapq.heappush(self._free, (line.turn, line))

    def _hide(self, message: Any, until: float) -> None:
        self._hidden[message] = until
        heapq.heappush(self._wakes, (until, next(self._order), message))

    def _wake(self, now: float) -> None:
        while self._wakes and self._wakes[0][0] <= now:
            until, _, message = heapq.heappop(self._wakes)
            if self._hidden.get(message) == until:
                del self._hidden[message]
                self._delayed.discard(message)
                self._offer(self._lines[message])
