"""Decides where addresses or countries have to be blocked for a target."""

from typing import ClassVar

from pydantic import Field

from opsctl.blocking.acl_quota import quota_of_all
from opsctl.hops.affected import completed
from opsctl.hops.ways import ways_to
from opsctl.model.errors import InvalidInput
from opsctl.model.looking import Looking
from opsctl.model.run import Context, Lookup
from opsctl.model.value import Value
from opsctl.topology.asked import Asked, LayerChoice, Mode
from opsctl.topology.deciding import decision_of, judge_ways, points_of
from opsctl.topology.decision import Decision
from opsctl.topology.layers import Home


class BlockDecision(Lookup):
    """Choose, on every way in to a target, the places where a block works, and say why others do not.

    Looked up again after the change it is the proof: every way says whether the addresses are dropped.
    """

    name: ClassVar[str] = "block.decision"
    Result: ClassVar[type[Value]] = Decision

    target: str = Field(description="Host name, URL, load balancer, distribution, instance or address.")
    addresses: tuple[str, ...] = Field((), description="Addresses or CIDR blocks, IPv4 and IPv6.")
    layer: LayerChoice = Field("auto", description="Which layers may be used.")
    countries: tuple[str, ...] = Field((), description="Countries to refuse, ISO 3166-1 alpha-2.")
    mode: Mode = Field("block", description="What AWS WAF is to do with the addresses.")
    own_rule: bool = Field(False, description="Block also where something drops the addresses already.")

    def look(self, about: Context) -> Looking[Value]:
        """Explore, judge every way in, and find out who else each point of enforcement hits."""
        try:
            asked = Asked.of(self.addresses, self.countries, self.layer, self.mode, own_rule=self.own_rule)
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None
        web, survey = yield from ways_to(self.target, about)
        acls = [acl for node in web.nodes if node.nacl and node.entrance for acl in node.nacl.acls]
        quota = yield from quota_of_all(acls, len(asked.addresses), about.region)
        home = Home(account=about.account, region=about.region, acl_rules=quota.rules, acl_doubt=quota.doubt)
        judged = judge_ways(web, asked, home)
        points, unknown = yield from completed(points_of(judged), web, survey)
        return decision_of(self.target, web, judged, points, unknown, asked, home)
