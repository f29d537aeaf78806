"""A Classic Load Balancer, recognised so that it is named and not taken for something else."""

from opsctl.block import elbv2
from opsctl.block.node_kinds import balancers
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import Blind
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import plain_target


class ClassicLoadBalancer(Blind):
    """AWS WAF does not know it; the network ACLs of its subnets would, but opsctl does not plan for it."""

    kind = "classic_load_balancer"
    title = "Classic load balancer"
    domains = balancers.DOMAINS
    reason = (
        "this is a Classic load balancer: opsctl does not support it; replace it with an Application "
        "Load Balancer, or put CloudFront with WAF in front"
    )

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its DNS name."""
        name = plain_target(text)
        if not balancers.DOMAINS.search(name):
            return Naming()
        found = yield from self.behind(name, survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its DNS name; it is looked for only when no newer load balancer answers that name."""
        region = balancers.region_of(name)
        newer = yield from survey.ask(elbv2.describe_load_balancers(region), elbv2.parse_load_balancers)
        if isinstance(newer, Refusal) or any(balancers.is_name_of(name, it) for it in newer):
            return Naming()
        classic = yield from survey.ask(elbv2.describe_classic_load_balancers(region), elbv2.parse_classic_names)
        if isinstance(classic, Refusal):
            return Naming(unknown=(cannot_tell(f"whether {name} is a Classic load balancer", classic),))
        if name not in classic:
            return Naming()
        return Naming(places=(Place(kind=self.kind, id=name, region=region),))
