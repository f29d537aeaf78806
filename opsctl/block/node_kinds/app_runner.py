"""A service of AWS App Runner."""

import re

from opsctl.block import managed_services
from opsctl.block.managed_services import AppRunnerService
from opsctl.block.node_kinds.protected_service import ProtectedService, Served
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal


class AppRunner(ProtectedService):
    """Gate: a regional web ACL. Address rules do not work for private services (App Runner guide, WAF)."""

    kind = "app_runner"
    title = "App Runner service"
    domains = re.compile(r"\.(?P<region>[a-z0-9-]+)\.awsapprunner\.com$")
    looked_in = "App Runner services"
    mark = ":apprunner:"

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name."""
        match = self.domains.search(name)
        if match is None:
            return Naming()
        found = yield from _services(match["region"], survey)
        if isinstance(found, str):
            return Naming(unknown=(found,))
        return Naming(places=tuple(self.place(one.arn) for one in found if one.host == name))

    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Read its name, and whether the internet leads there."""
        found = yield from _services(place.region, survey)
        if isinstance(found, str):
            return found
        it = next((one for one in found if one.arn == place.id), None)
        if it is None:
            return f"cannot tell what {place.id} is: no such App Runner service is listed"
        read = managed_services.describe_service(it.arn, place.region)
        public = yield from survey.ask(read, managed_services.parse_is_public)
        if isinstance(public, Refusal):
            unknown = (cannot_tell(f"whether App Runner service {it.name} is public", public),)
            return Served(name=it.name, arn=it.arn, hosts=(it.host,), unknown=unknown)
        private = "" if public else _PRIVATE
        return Served(name=it.name, arn=it.arn, hosts=(it.host,), shut=private)


_PRIVATE = (
    "the service is private: only VPC endpoints lead to it, and AWS WAF's address rules do not see clients there:"
    " narrow the security group of the VPC endpoint"
)


def _services(region: str, survey: Survey) -> Fetching[tuple[AppRunnerService, ...] | str]:
    found = yield from survey.ask(managed_services.list_services(region), managed_services.parse_services)
    return cannot_tell("which App Runner service this is", found) if isinstance(found, Refusal) else found
