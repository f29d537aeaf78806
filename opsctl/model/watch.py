"""What was seen of an address while its block was watched, as data for every renderer."""

from typing import Literal

from opsctl.model.value import Value


class Seen(Value):
    """What one source saw at one place of what was watched.

    `refused` and `passed` are how many: requests at a web ACL, records of connections in a flow log. `passed_late`
    are those of `passed` that came when the block had had time to spread. `counted` is what a rule that only
    counts has met. `estimated` tells that they are worked out from a sample. Times are UTC, RFC 3339.
    """

    at: str
    source: Literal["samples", "log", "flows"]
    by: str
    unit: str = "requests"
    refused: int = 0
    passed: int = 0
    passed_late: int = 0
    counted: int = 0
    first: str = ""
    last: str = ""
    last_passed: str = ""
    estimated: bool = False
    examples: tuple[str, ...] = ()
    note: str = ""


class RuleCount(Value):
    """How often a rule of ours refused anybody, as CloudWatch counts it."""

    at: str
    rule: str
    metric: str
    value: int


class Unwatched(Value):
    """What could not be looked at, or not all of it: what, why, and what to do about it."""

    what: str
    why: str
    todo: str = ""


class WatchReport(Value):
    """What came of watching addresses from `began` to `ended` (UTC).

    `stopped` tells that somebody ended it before its time. `late_s` is how late the slowest source may be.
    """

    addresses: tuple[str, ...]
    target: str
    began: str
    ended: str
    seconds: int
    stopped: bool = False
    seen: tuple[Seen, ...] = ()
    counted: tuple[RuleCount, ...] = ()
    unwatched: tuple[Unwatched, ...] = ()
    late_s: int = 0

    @property
    def refused(self) -> int:
        """How many were refused: at each place what its best source says, not what each of them adds."""
        return sum(self.refused_at.values())

    @property
    def refused_at(self) -> dict[tuple[str, str], int]:
        """How many were refused by place and unit, where there were any."""
        told: dict[tuple[str, str], dict[str, int]] = {}
        for one in self.seen:
            sources = told.setdefault((one.at, one.unit), {})
            sources[one.source] = sources.get(one.source, 0) + one.refused
        return {key: max(sources.values()) for key, sources in told.items() if any(sources.values())}

    @property
    def passing(self) -> tuple[Seen, ...]:
        """What saw the addresses pass when the block had had time to spread."""
        return tuple(one for one in self.seen if one.passed_late)

    @property
    def nothing(self) -> bool:
        """Whether the addresses were not seen anywhere."""
        return not any(one.refused or one.passed or one.counted for one in self.seen)
