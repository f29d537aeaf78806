"""Why dead letters are there, as data: causes, the consumers behind them, what was seen and what is unknown."""

from typing import Literal

from opsctl.dlq.grouping import CauseGroup
from opsctl.model.value import Value

Existence = Literal["there", "gone", "unknown"]


class MappingFacts(Value):
    """An event source mapping: what takes from where, and how its last attempt went, in Lambda's words."""

    id: str
    source: str
    state: str
    reason: str = ""
    last_result: str = ""
    batch_size: int = 0

    @property
    def off(self) -> bool:
        """Whether nothing is taken by it."""
        return self.state not in ("", "Enabled", "Enabling", "Updating", "Creating")


class Measured(Value):
    """A function's metrics in a span of time; `longest_ms` and `at_once` are the highest, None is unknown.

    Without `figures` CloudWatch has none: the function was not invoked, or they are not there yet.
    """

    start: str
    end: str
    figures: bool
    invoked: int
    failed: int
    throttled: int
    longest_ms: float | None = None
    at_once: int | None = None


class ConsumerFacts(Value):
    """What was to take the letters. `asked` names it with the alias or version; empty values are not known.

    `changed` is when its code or configuration was last changed, `changed_what` and `changed_by` what and by whom.
    `around` measures the time of the letters, `since` the time after the newest. `reserved` None: no reservation,
    or unknown. `unknown` says what could not be read, and why.
    """

    asked: str
    name: str
    arn: str
    existence: Existence = "unknown"
    version: str = ""
    runtime: str = ""
    state: str = ""
    timeout_s: int = 0
    memory_mb: int = 0
    reserved: int | None = None
    changed: str = ""
    changed_what: str = ""
    changed_by: str = ""
    log_group: str = ""
    around: Measured | None = None
    since: Measured | None = None
    mappings: tuple[MappingFacts, ...] = ()
    unknown: tuple[str, ...] = ()


class SaidOften(Value):
    """A line that a log has so many times, but for ids and numbers: its newest example, and when."""

    count: int
    kind: str
    text: str
    place: str
    first: str
    last: str


class LogFacts(Value):
    """What a consumer's log says of one cause: where and how was searched, and the lines, most frequent first.

    `by` is `requests` when the invocations that the letters name were found, else `errors`: lines that look like
    one at that time, which may be of other invocations. `whole` tells whether all of that time was searched.
    """

    consumer: str
    group: str
    start: str
    end: str
    by: Literal["requests", "errors"]
    lines: tuple[SaidOften, ...] = ()
    memory_full: bool = False
    whole: bool = True
    unknown: tuple[str, ...] = ()


class CauseWhy(Value):
    """One cause: its letters, who was to take them, what its code means, what its consumers logged.

    `signs` are what was seen that can explain it, the strongest first; none is no proof that all is well.
    `consumers` are the names of `ConsumerFacts`; `no_consumer` says why there is none.
    """

    group: CauseGroup
    consumers: tuple[str, ...] = ()
    no_consumer: str = ""
    explained: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    logs: tuple[LogFacts, ...] = ()
    unknown: tuple[str, ...] = ()


class Explained(Value):
    """Everything that was found out; `fixes` are commands that mend what was seen, each with what it does."""

    causes: tuple[CauseWhy, ...] = ()
    consumers: tuple[ConsumerFacts, ...] = ()
    fixes: dict[str, str] = {}
    unknown: tuple[str, ...] = ()
