"""Finds the instances whose bandwidth is weighted otherwise than it should be."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.tune.actions.tune_bandwidth_weighting import Weighting
from opsctl.tune.efa_reads import targets_of
from opsctl.tune.selection import Selection


class WeightingFound(Value):
    """The instances to change, and as lines those whose type does not have that weighting."""

    instances: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()


class TuneWeighting(Fact):
    """Find the instances whose bandwidth is not weighted as it should be; with `keep` nothing is read."""

    name: ClassVar[str] = "tune.weighting"
    Result: ClassVar[type[Value]] = WeightingFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    weighting: Weighting | str = Field("keep", description="default, vpc-1, ebs-1; keep: as it is.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the instances, then their types."""
        if self.weighting == "keep":
            return WeightingFound()
        targets = yield from targets_of(Selection(instances=self.instances).reads(about.region), about.region)
        without = [one for one in targets if self.weighting not in ("default", *one.of.weightings)]
        return WeightingFound(
            instances=tuple(one.instance.id for one in targets if one.instance.weighting != self.weighting),
            unsupported=tuple(f"{one.instance.title}: {one.of.name} has no such weighting" for one in without),
        )
