"""What every emptying of a cache does: slice after slice, with a pause and a look between."""

from abc import abstractmethod

from pydantic import Field

from opsctl.caches.origin_load import OriginHealth, health_of
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.sentences import first_few
from opsctl.model.spans import span
from opsctl.model.value import Json

POLL_S = 10.0
_GOES_ON = "look at the origin; resume goes on with the next slice"


class SlicedFlush(Job):
    """Empties a cache in slices. Run again, it goes on with the first slice that is not done.

    Between two slices it waits, and looks at the origin where that can be seen, and at alarms that were named. An
    origin that has become worse since the begin, or an alarm that rings or cannot be read, ends it.
    """

    region: str
    every_s: int = Field(description="Seconds between two slices.")
    watch: tuple[str, ...] = Field((), description="Names of alarms that end it when they ring.")

    @abstractmethod
    def slices_of(self, tools: Tools) -> int:
        """Return how many slices there are, as far as is known."""

    @abstractmethod
    def empty(self, tools: Tools, number: int) -> str:
        """Empty one slice; returns nothing where that has taken effect, else what is left to say and to do."""

    @abstractmethod
    def finish(self, tools: Tools) -> tuple[str, dict[str, Json]]:
        """Return what there is to say at the end, and the details."""

    def origin(self, tools: Tools) -> Read | None:
        """Return the read of the origin's health; None where nobody can tell."""
        return None

    def run(self, tools: Tools) -> JobResult:
        """Go through the slices that are not done."""
        done = int(tools.checkpoint.recall("done") or 0)
        before = self._health_before(tools)
        while done < self.slices_of(tools):
            self._pause(tools)
            if tools.stopping():
                return self._result(tools, done, hint="resume goes on with the next slice")
            if why := self._ringing(tools) or (self._worse(tools, before) if done else ""):
                return self._result(tools, done, f"stopped: {why}", hint=_GOES_ON)
            if (slices := self.slices_of(tools)) > 1:
                tools.progress(f"slice {done + 1} of {slices}")
            if why := self.empty(tools, done):
                return self._result(tools, done, why, hint="mend what it says; resume goes on with it")
            done += 1
            tools.checkpoint.remember("done", done)
            tools.checkpoint.remember("next", tools.clock.now() + self.every_s)
        return self._result(tools, done)

    def _pause(self, tools: Tools) -> None:
        """Wait until the next slice may begin, also where an earlier process had begun to wait."""
        until = float(tools.checkpoint.recall("next") or 0)
        while tools.clock.now() < until and not tools.stopping():
            tools.progress(f"next slice in {span(until - tools.clock.now())}")
            tools.clock.sleep(min(POLL_S, until - tools.clock.now()))

    def _ringing(self, tools: Tools) -> str:
        if not self.watch:
            return ""
        answer = tools.aws.read(describe_alarms(self.watch, self.region))
        if answer.refusal is not None:
            return f"the alarms could not be read: {answer.refusal}"
        rings = [name for name, state in states_of(answer.value).items() if state == "ALARM"]
        return f"alarm {first_few(rings, 3)} rings" if rings else ""

    def _health_before(self, tools: Tools) -> OriginHealth:
        known = tools.checkpoint.recall("origin")
        if known is None:
            known = self._health(tools).model_dump()
            tools.checkpoint.remember("origin", known)
        return OriginHealth.model_validate(known)

    def _worse(self, tools: Tools, before: OriginHealth) -> str:
        now = self._health(tools)
        if self.origin(tools) is not None and now == OriginHealth():
            tools.checkpoint.remember("unseen", True)
        return now.worse_than(before)

    def _health(self, tools: Tools) -> OriginHealth:
        read = self.origin(tools)
        return OriginHealth() if read is None else health_of(tools.aws.read(read))

    def _result(self, tools: Tools, done: int, why: str = "", hint: str = "") -> JobResult:
        count = self.slices_of(tools)
        said, details = self.finish(tools)
        if tools.checkpoint.recall("unseen"):
            unseen = "CloudWatch had no figures of the origin between them, so nobody watched it"
            said = f"{said}; {unseen}" if said else unseen
        parts = [f"{done} of {count} slice{'s' * (count != 1)} emptied", *filter(None, (said, why))]
        whole = done == count
        return JobResult(says="; ".join(parts), complete=whole, hint="" if whole else hint, details=details)


def describe_alarms(names: tuple[str, ...], region: str | None = None) -> Read:
    """Read alarms of both kinds by their names."""
    params = {"AlarmNames": list(names), "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    return Read(service="cloudwatch", operation="DescribeAlarms", params=params, region=region)


def states_of(answer: Json) -> dict[str, str]:
    """The state of each alarm of an answer."""
    told = [*(answer.get("MetricAlarms") or []), *(answer.get("CompositeAlarms") or [])]
    return {str(one["AlarmName"]): str(one.get("StateValue", "")) for one in told}
