"""An endpoint of AWS Verified Access."""

import re

from opsctl.block import managed_services
from opsctl.block.elbv2 import region_of_arn
from opsctl.block.managed_services import AccessEndpoint
from opsctl.block.node_kinds.protected_service import ProtectedService, Served
from opsctl.block.topology.graph import Link
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal

_BEHIND = "Verified Access ends the connection: the client's address is only in a header"


class VerifiedAccess(ProtectedService):
    """Gate: the regional web ACL of its Verified Access instance, which all endpoints of that share."""

    kind = "verified_access"
    title = "Verified Access endpoint"
    domains = re.compile(r"\.verified-access\.(?P<region>[a-z0-9-]+)\.amazonaws\.com$")
    looked_in = "Verified Access endpoints"
    mark = ":verified-access-endpoint/"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by id, ARN or endpoint domain."""
        identifier = text.rpartition("/")[2]
        if identifier.startswith("vae-"):
            region = region_of_arn(text) or survey.about.region
            return Naming(places=(Place(kind=self.kind, id=identifier, region=region),))
        found = yield from super().named(text, survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its endpoint domain."""
        match = self.domains.search(name)
        if match is None:
            return Naming()
        found = yield from _endpoints(match["region"], survey)
        if isinstance(found, str):
            return Naming(unknown=(found,))
        region = match["region"]
        places = [Place(kind=self.kind, id=one.id, region=region) for one in found if one.domain == name]
        return Naming(places=tuple(places))

    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Read its instance and the load balancer behind it."""
        found = yield from _endpoints(place.region, survey)
        if isinstance(found, str):
            return found
        it = next((one for one in found if one.id == place.id), None)
        if it is None:
            return f"cannot tell what {place.id} is: no such endpoint of Verified Access is described"
        identity = survey.about.identity
        owner = f"arn:{identity.partition}:ec2:{place.region}:{identity.account}"
        return Served(
            name=it.application or it.id,
            arn=f"{owner}:verified-access-instance/{it.instance}",
            hosts=tuple(name for name in (it.application, it.domain) if name),
            remarks=(f"its web ACL is that of {it.instance}, for all endpoints of it",),
            links=_links(it),
        )


def _links(it: AccessEndpoint) -> tuple[Link, ...]:
    if not it.balancer:
        return ()
    kind = "nlb" if ":loadbalancer/net/" in it.balancer else "alb"
    to = Place(kind=kind, id=it.balancer, region=region_of_arn(it.balancer))
    return (Link(to=to, client="header", why=_BEHIND),)


def _endpoints(region: str, survey: Survey) -> Fetching[tuple[AccessEndpoint, ...] | str]:
    read = managed_services.describe_access_endpoints(region)
    found = yield from survey.ask(read, managed_services.parse_access_endpoints)
    return cannot_tell("which Verified Access endpoint this is", found) if isinstance(found, Refusal) else found
