"""Shows the ways in to a target."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.asked import Asked
from opsctl.block.deciding import decision_of, judge_ways
from opsctl.block.decision import SERVICES, Decision
from opsctl.block.layers.verdict import Home
from opsctl.block.target_paths import paths_to
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class TopologyWaysIn(Fact):
    """Find every way from the internet to a target, and what is left of a client's address on each."""

    name: ClassVar[str] = "topology.ways_in"
    Result: ClassVar[type[Value]] = Decision
    services: ClassVar[tuple[str, ...]] = SERVICES

    target: str = Field(description="Host name, URL, load balancer, distribution, API, instance or address.")

    def read(self, about: Context) -> Fetching[Value]:
        """Explore the account from the target; nothing is decided."""
        web, _ = yield from paths_to(self.target, about)
        reached_by = about.identity.reached_by
        home, nothing = Home(account=about.account, region=about.region, reached_by=reached_by), Asked()
        return decision_of(self.target, web, judge_ways(web, nothing, home), (), (), nothing, home)
