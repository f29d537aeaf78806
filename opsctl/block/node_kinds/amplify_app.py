"""An app of AWS Amplify Hosting."""

import re

from opsctl.block import managed_services
from opsctl.block.node_kinds.protected_service import ProtectedService, Served
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal, RefusalKind


class AmplifyApp(ProtectedService):
    """Gate: a web ACL of scope CLOUDFRONT, in us-east-1 (WAFV2 API reference, Scope), before all its branches."""

    kind = "amplify_app"
    title = "Amplify app"
    domains = re.compile(r"(^|\.)(?P<app>d[0-9a-z]+)\.amplifyapp\.com$")
    looked_in = "Amplify apps"
    mark = ":amplify:"
    scope = "CLOUDFRONT"

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name, which has its id; that it is here is told by its custom domains."""
        match = self.domains.search(name)
        if match is None:
            return Naming()
        region = survey.about.region
        found = yield from survey.ask(
            managed_services.list_domain_associations(match["app"], region),
            managed_services.parse_domain_associations,
        )
        if isinstance(found, Refusal):
            unknown = cannot_tell(f"whether Amplify app {match['app']} is in {region}", found)
            return Naming(unknown=() if found.kind is RefusalKind.MISSING else (unknown,))
        identity = survey.about.identity
        arn = f"arn:{identity.partition}:amplify:{region}:{identity.account}:apps/{match['app']}"
        return Naming(places=(self.place(arn),))

    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Read its custom domains."""
        app = place.id.rpartition("/")[2]
        found = yield from survey.ask(
            managed_services.list_domain_associations(app, place.region),
            managed_services.parse_domain_associations,
        )
        if isinstance(found, Refusal):
            return cannot_tell(f"what Amplify app {app} is", found)
        return Served(name=app, arn=place.id, hosts=(*found, f"{app}.amplifyapp.com"))
