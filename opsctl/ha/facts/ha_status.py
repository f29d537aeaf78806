"""The fact behind `make-ha status`: whether a group's recovery, or a standby's failover, would work now."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.ha.ha_pair import Pair
from opsctl.ha.health import check_health
from opsctl.ha.health_finding import HealthFinding
from opsctl.ha.health_pair import built_by, check_pair
from opsctl.ha.own_group import own
from opsctl.ha.status_reads import group_reads, pair_reads
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class HaStatusResult(Value):
    """Everything that recovery needs, each with how it stands; `works` when nothing is wrong or unknown.

    `failed_over` is the instance that has taken over, once it has and there is no other standby.
    """

    group: str
    mode: Literal["asg", "standby"]
    works: bool
    failed_over: str = ""
    findings: tuple[HealthFinding, ...]


class HaStatus(Fact):
    """Read a group or a standby that make-ha built, and judge whether it would recover now; changes nothing."""

    name: ClassVar[str] = "ha.status"
    Result: ClassVar[type[Value]] = HaStatusResult

    group: str = Field(description="Name of the group, or of the standby.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read what there is, then everything that it needs, at once."""
        owned = yield from own(self.group, about)
        if isinstance(owned, Pair):
            known, unknown = yield from _answers(partial(pair_reads, owned))
            findings = (*check_pair(owned, known, about.now, about.commands), *unknown)
            failed_over = _failed_over(owned, known)
        else:
            known, unknown = yield from _answers(partial(group_reads, self.group, owned))
            findings, failed_over = (*check_health(owned, known, about.now, about.commands), *unknown), ""
        return HaStatusResult(
            group=self.group,
            mode="standby" if isinstance(owned, Pair) else "asg",
            works=all(one.state == "ok" for one in findings),
            failed_over=failed_over,
            findings=findings,
        )


def _failed_over(pair: Pair, known: dict[str, Json]) -> str:
    return str(pair.primary["InstanceId"]) if pair.primary and pair.took_over_at(built_by(known)) else ""


def _answers(
    reads_of: Callable[[dict[str, Json]], dict[str, Read]],
) -> Fetching[tuple[dict[str, Json], list[HealthFinding]]]:
    """Read in two rounds; what is not there is empty, and what could not be read a finding."""
    known: dict[str, Json] = {}
    unknown: list[HealthFinding] = []
    for _ in range(2):
        reads = reads_of(known)
        answers = yield list(reads.values())
        for (name, read), one in zip(reads.items(), answers, strict=True):
            if one.refusal is None:
                known[name] = one.value
            elif one.refusal.kind is RefusalKind.MISSING:
                known[name] = {}
            else:
                words = f"could not be read: {one.refusal.code} at {read.api}"
                unknown.append(HealthFinding(check=name, state="unknown", finding=words))
    return known, unknown
