"""What several kinds of nodes ask of API Gateway: which API, which custom domain, and where a domain leads."""

from collections.abc import Callable, Sequence

from opsctl.block import apigateway, cloudfront
from opsctl.block.apigateway import ApiDomain, Mapping, PlainApi, RestApi
from opsctl.block.topology.graph import Link
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal

FindApi = Callable[[str, str, Survey], Fetching[PlainApi | RestApi | str | None]]
"""Finds an API by its identifier and region; a text says why nobody can tell."""


def rest_api(identifier: str, region: str, survey: Survey) -> Fetching[RestApi | str | None]:
    """Find a REST API; a text says why nobody can tell."""
    found = yield from survey.ask(apigateway.get_rest_apis(region), apigateway.parse_rest_apis)
    if isinstance(found, Refusal):
        return cannot_tell(f"what API {identifier} is", found)
    return next((one for one in found if one.id == identifier), None)


def plain_api(identifier: str, region: str, survey: Survey) -> Fetching[PlainApi | str | None]:
    """Find an HTTP or a WebSocket API; a text says why nobody can tell."""
    found = yield from survey.ask(apigateway.get_apis(region), apigateway.parse_apis)
    if isinstance(found, Refusal):
        return cannot_tell(f"what API {identifier} is", found)
    return next((one for one in found if one.id == identifier), None)


def named_by_host(
    name: str,
    kind: str,
    find: Callable[[str, str, Survey], Fetching[PlainApi | RestApi | str | None]],
    survey: Survey,
) -> Fetching[Naming]:
    """Return the node of the API whose own host name this is, where `find` knows it."""
    host = apigateway.HOST.match(name)
    if host is None:
        return Naming()
    found = yield from find(host["api"], host["region"], survey)
    if isinstance(found, str):
        return Naming(unknown=(found,))
    place = Place(kind=kind, id=host["api"], region=host["region"])
    return Naming(places=(place,) if found else ())


def links_of(domain: ApiDomain, region: str, survey: Survey) -> Fetching[tuple[list[Link], tuple[str, ...]]]:
    """Return where requests of a custom domain go, and what could not be read of it."""
    mappings, unknown = yield from _mappings(domain, region, survey)
    yield from survey.prefetch([apigateway.get_rest_apis(region)] if mappings else [])
    links: list[Link] = []
    for one in mappings:
        api = yield from rest_api(one.api, region, survey)
        if isinstance(api, str):
            unknown = (*unknown, api)
        elif api is None:
            links.append(Link(to=Place(kind="http_api", id=one.api, region=region)))
        else:
            stages, missing = yield from stages_of(api.id, region, survey)
            unknown = (*unknown, *missing)
            links += [stage for stage in stages if one.stage in ("", stage.to.id.partition("/")[2])]
    return list(dict.fromkeys(links)), tuple(dict.fromkeys(unknown))


def stages_of(api: str, region: str, survey: Survey) -> Fetching[tuple[list[Link], tuple[str, ...]]]:
    """Return links to all stages of a REST API, and what could not be read."""
    found = yield from survey.ask(apigateway.get_stages(api, region), apigateway.parse_stages)
    if isinstance(found, Refusal):
        return [], (cannot_tell(f"which stages API {api} has", found),)
    return [Link(to=Place(kind="rest_stage", id=f"{api}/{one.name}", region=region)) for one in found], ()


def fetched_domains(stage: Place, survey: Survey) -> Fetching[list[ApiDomain]]:
    """Return the custom domains that lead to a stage and that distributions fetch from.

    Where other domains lead is not asked, one call each: the web ACL of the stage sees their requests as well.
    """
    listed = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    origins = set() if isinstance(listed, Refusal) else {at.domain for one in listed for at in one.origins}
    if not origins:
        return []
    found = yield from survey.ask(apigateway.get_domain_names(stage.region), apigateway.parse_domain_names)
    domains = () if isinstance(found, Refusal) else found
    kept = []
    for one in (one for one in domains if _is_origin(one, origins)):
        links, _ = yield from links_of(one, stage.region, survey)
        kept += [one] if any(link.to == stage for link in links) else []
    return kept


def _is_origin(domain: ApiDomain, origins: set[str]) -> bool:
    if {domain.name, domain.endpoint} & origins:
        return True
    return domain.name.startswith("*.") and any(one.partition(".")[2] == domain.name[2:] for one in origins)


def _mappings(
    domain: ApiDomain, region: str, survey: Survey
) -> Fetching[tuple[Sequence[Mapping], tuple[str, ...]]]:
    reads = [apigateway.get_mappings(domain, region)]
    found = yield from survey.ask_each(reads, apigateway.parse_mappings)
    if domain.rules:
        rules = apigateway.list_routing_rules(domain, region)
        found += yield from survey.ask_each([rules], apigateway.parse_routing_rules)
    unknown = tuple(
        cannot_tell(f"where custom domain {domain.name} leads", one) for one in found if isinstance(one, Refusal)
    )
    return [one for part in found if not isinstance(part, Refusal) for one in part], unknown
