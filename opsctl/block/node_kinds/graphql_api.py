"""A GraphQL API of AWS AppSync."""

import re
from collections.abc import Callable

from opsctl.block import appsync
from opsctl.block.appsync import DomainName, GraphqlApi
from opsctl.block.node_kinds.edge_names import is_known_elsewhere, is_no_distribution
from opsctl.block.node_kinds.protected_service import ProtectedService, Served
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import normal_name

_OWN = re.compile(r"\.appsync(-realtime)?-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$")


class GraphqlApiKind(ProtectedService):
    """Gate: a regional web ACL. Of real-time connections it sees the registration alone (AppSync guide)."""

    kind = "graphql_api"
    title = "AppSync API"
    domains = re.compile(rf"({_OWN.pattern[:-1]}|\.cloudfront\.net)$")
    looked_in = "AppSync APIs"
    mark = ":appsync:"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN or host name, or by a custom domain where nothing of the account says what that is."""
        found = yield from super().named(text, survey)
        name = normal_name(text)
        if found.places or found.unknown or "." not in name or name.startswith("arn:") or is_address(name):
            return found
        elsewhere = yield from is_known_elsewhere(name, survey)
        if elsewhere:
            return found
        custom = yield from _custom(lambda one: one.name == name, survey.about.region, survey)
        return Naming(weak=tuple(self.place(arn) for arn in custom[0]), unknown=custom[1])

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by the name of its endpoint, or of its custom domain's."""
        if own := _OWN.search(name):
            found = yield from _apis(own["region"], survey)
            if isinstance(found, str):
                return Naming(unknown=(found,))
            return Naming(places=tuple(self.place(one.arn) for one in found if name in one.hosts))
        edge = yield from is_no_distribution(name, survey)
        if not edge:
            return Naming()
        arns, unknown = yield from _custom(lambda one: one.endpoint == name, survey.about.region, survey)
        return Naming(places=tuple(self.place(arn) for arn in arns), unknown=unknown)

    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Find it among all APIs of its region."""
        found = yield from _apis(place.region, survey)
        if isinstance(found, str):
            return found
        api = next((one for one in found if one.arn == place.id), None)
        if api is None:
            return f"cannot tell what {place.id} is: no such API is listed"
        return Served(
            name=api.name,
            arn=api.arn,
            hosts=api.hosts,
            shut="the API is private: only VPC endpoints lead to it" if api.private else "",
            remarks=("of real-time connections AWS WAF sees only the registration: open ones stay",),
        )


def _apis(region: str, survey: Survey) -> Fetching[tuple[GraphqlApi, ...] | str]:
    found = yield from survey.ask(appsync.list_graphql_apis(region), appsync.parse_apis)
    return cannot_tell("which AppSync API this is", found) if isinstance(found, Refusal) else found


def _custom(
    wanted: Callable[[DomainName], bool], region: str, survey: Survey
) -> Fetching[tuple[list[str], tuple[str, ...]]]:
    """Return the ARNs of the APIs that a custom domain leads to, and what could not be read."""
    listed = yield from survey.ask(appsync.list_domain_names(region), appsync.parse_domain_names)
    if isinstance(listed, Refusal):
        return [], (cannot_tell("whether it is a custom domain of AppSync", listed),)
    names = [one.name for one in listed if wanted(one)]
    reads = [appsync.get_api_association(name, region) for name in names]
    answers = yield from survey.ask_each(reads, appsync.parse_association)
    unknown = tuple(
        cannot_tell(f"which API custom domain {name} leads to", one)
        for name, one in zip(names, answers, strict=True)
        if isinstance(one, Refusal)
    )
    ids = {one for one in answers if not isinstance(one, Refusal)}
    if not ids:
        return [], unknown
    apis = yield from _apis(region, survey)
    if isinstance(apis, str):
        return [], (*unknown, apis)
    return [one.arn for one in apis if one.id in ids], unknown
