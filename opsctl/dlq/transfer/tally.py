"""What has become of the messages seen so far; bounded, whatever their number."""

import threading
from collections import Counter, deque
from collections.abc import Sequence

from opsctl.dlq.dead_letter import dead_letter_of
from opsctl.dlq.transfer.aside import Aside
from opsctl.dlq.transfer.sending import Sent, Stayed
from opsctl.model.value import Json

NAMED_AT_MOST = 1000
HELD_AT_MOST = 110_000
TWICE = 2
_RECENT = 100_000


class Tally:
    """Counts, the messages we keep our hands off, and the names of those that stayed; used by several threads."""

    def __init__(self, moved_before: int, aside: Aside) -> None:
        self.lock = threading.Lock()
        self.moved = moved_before
        self.moved_here = 0
        self.parked_here = 0
        self.missed = 0
        self.stayed = 0
        self.came_back = 0
        self.newcomers = 0
        self.behind_newcomers = 0
        self.returned: list[str] = []
        self.reasons: dict[tuple[str, str], int] = {}
        self.named: list[tuple[str, str, str]] = []
        self.aside = aside
        self.new_ids: list[str] = []
        self._recent: set[int] = set()
        self._order: deque[int] = deque()

    @property
    def judged(self) -> int:
        """How many messages of those that were there at the start have been dealt with here."""
        return self.moved_here + self.parked_here + self.missed + self.stayed

    @property
    def arrived(self) -> int:
        """How many arrived after the start: those seen, and what SQS counts behind them, about."""
        return self.newcomers + self.behind_newcomers

    def miss(self, message: Json) -> None:
        """Count a message that the filter does not want."""
        with self.lock:
            self.missed += 1
        self.aside.put(message)

    def stay(self, stayed: Stayed) -> None:
        """Count and name a message that could not be sent."""
        with self.lock:
            self.stayed += 1
            self._name(stayed.message["MessageId"], stayed.code, stayed.reason)
        self.aside.put(stayed.message, old=True)

    def sent(self, came: Sent) -> None:
        """Remember under which ids the destination knows what it got."""
        if len(self.new_ids) < NAMED_AT_MOST:
            self.new_ids += came.new_ids
        self.expect(came.new_ids)

    def expect(self, new_ids: list[str]) -> None:
        """Recognise messages of these ids when they come back."""
        with self.lock:
            for new in new_ids:
                key = hash(new)
                if key not in self._recent:
                    self._recent.add(key)
                    self._order.append(key)
            while len(self._order) > _RECENT:
                self._recent.discard(self._order.popleft())

    def finished(self, count: int) -> None:
        """Count messages that were sent and deleted."""
        with self.lock:
            self.moved += count
            self.moved_here += count

    def parked_more(self, count: int) -> None:
        """Count messages that were parked and deleted."""
        with self.lock:
            self.parked_here += count

    def later(self, message: Json) -> None:
        """Count a message that entered the queue after we began: one of ours that came back, or a new failure."""
        with self.lock:
            if self.recognises(message):
                self.came_back += 1
                if len(self.returned) < NAMED_AT_MOST:
                    self.returned.append(message["MessageId"])
            else:
                self.newcomers += 1
        self.aside.put(message)

    def recognises(self, message: Json) -> bool:
        """Tell whether a message is one that was sent, and came back."""
        # SQS keeps a message's id; Lambda and EventBridge write a new message that names what failed.
        return not self._recent.isdisjoint((hash(message["MessageId"]), hash(dead_letter_of(message).request)))

    def _name(self, id_: str, code: str, reason: str) -> None:
        key = (code, reason[:200])
        if key in self.reasons or len(self.reasons) < NAMED_AT_MOST:
            self.reasons[key] = self.reasons.get(key, 0) + 1
        if len(self.named) < NAMED_AT_MOST:
            self.named.append((id_, code, reason[:200]))


def copies_of(doubtful: Sequence[str]) -> dict[str, int]:
    """How many of each message there may be at the most, of ids that are named as often as they were in doubt."""
    return {id_: 1 + count for id_, count in Counter(doubtful).items()}


def says_copies(copies: dict[str, int]) -> str:
    """Say of how many messages there may be several at the destination, and how many of one at the most."""
    most = max(copies.values())
    if most <= TWICE:
        return f"{len(copies):,} may be duplicated"
    more = sum(copies.values()) - len(copies)
    return (
        f"{len(copies):,} may be duplicated (at most {most} copies of one message, {more:,} extra copies in all)"
    )
