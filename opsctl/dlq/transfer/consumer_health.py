"""How the functions that consume do, before and since a moment, by their own metrics."""

from collections.abc import Sequence
from typing import NamedTuple

from opsctl.model.ports import Aws
from opsctl.resources.consumers import LOOK_BACK_S, function_metrics_between, sums_of

_WORSE_BY = 0.1
_MINUTE_S = 60


class ConsumerHealth:
    """Compares invocations, errors and throttles since a moment with the quarter of an hour before it.

    CloudWatch knows them a minute or two later, in whole minutes.
    """

    def __init__(self, aws: Aws, region: str, functions: Sequence[str], since: float) -> None:
        self._aws = aws
        self._region = region
        self._functions = functions
        self._since = int(since // _MINUTE_S * _MINUTE_S)
        self._before: dict[str, _Sums] = {}

    def invoked(self, now: float) -> int:
        """How often the functions were invoked since, all together."""
        return sum(self._sums(name, self._since, _after(now)).invoked for name in self._functions)

    def worse(self, now: float) -> str:
        """Return what got worse, in words, or nothing."""
        for name in self._functions:
            since = self._sums(name, self._since, _after(now))
            if name not in self._before:
                self._before[name] = self._sums(name, self._since - LOOK_BACK_S, self._since)
            before = self._before[name]
            if since.failed and since.share > before.share + _WORSE_BY:
                return (
                    f"errors of function {name} rise: {since.failed} of {since.invoked} invocations failed since "
                    f"the canary was sent, {before.failed} of {before.invoked} in the 15 minutes before"
                )
            if since.throttled > max(since.invoked, before.throttled):
                return f"function {name} is throttled: {since.throttled} times since the canary was sent"
        return ""

    def _sums(self, name: str, start: int, end: int) -> "_Sums":
        read = function_metrics_between(name, start, end).model_copy(update={"region": self._region})
        answer = self._aws.read(read)
        sums = sums_of(answer.value) if answer.value is not None else {}
        return _Sums(*(int(sums.get(metric, 0)) for metric in ("invocations", "errors", "throttles")))


def _after(now: float) -> int:
    return int(now // _MINUTE_S + 1) * _MINUTE_S


class _Sums(NamedTuple):
    invoked: int
    failed: int
    throttled: int

    @property
    def share(self) -> float:
        return self.failed / self.invoked if self.invoked else float(bool(self.failed))
