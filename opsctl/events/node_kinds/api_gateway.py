"""APIs of API Gateway: each method or route that hands a request on to a service is an edge.

Sources: API Gateway API (GetResources with embedded methods, GetStages; GetIntegrations, GetRoutes); API Gateway
guide, "Control access to a REST API", "Lambda permissions"; PutEvents answers 200 with a count of failed entries.
"""

from collections.abc import Iterator

from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Form, Hop, ReadResource, Waypoint
from opsctl.events.integration_targets import Here, IntegrationTarget, target_of_http, target_of_rest
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.events.selections import RouteSelection
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json

SERVICE = "apigateway.amazonaws.com"
_COUNTED = {"events:PutEvents": "FailedEntryCount", "kinesis:PutRecords": "FailedRecordCount"}
_OF_SERVICES = ("AWS", "AWS_PROXY")


def resources_of(api: str) -> Read:
    """Read every method of a REST API with its integration."""
    return read_of("apigateway", "GetResources", restApiId=api, embed=["methods"], limit=500)


def integrations_of(api: str) -> Read:
    """Read the integrations of an HTTP or WebSocket API."""
    return read_of("apigatewayv2", "GetIntegrations", ApiId=api)


def read_rest(place: Waypoint, about: Context) -> Fetching[ReadResource]:
    """Read a REST API with its stages, and every method."""
    api = place.arn.rpartition("/")[2]
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("API", read_of("apigateway", "GetRestApi", restApiId=api)),
            ("methods", resources_of(api)),
            ("stages", read_of("apigateway", "GetStages", restApiId=api)),
        ]
    )
    stages = [str(one["stageName"]) for one in items_of(found["stages"], "item")]
    asked = _Api(api, stages, here_of(about))
    routes = [
        (f"{method} {one.get('path', '')}", integration, target)
        for one in items_of(found["methods"], "items")
        for method, told_of in (one.get("resourceMethods") or {}).items()
        if (integration := told_of.get("methodIntegration") or {}).get("type") in _OF_SERVICES
        if (target := target_of_rest(integration, asked.here)) is not None
    ]
    told.unknown += [_open(route, target) for route, _, target in routes if not target.arn]
    every = [
        f"{method} {one.get('path', '')}"
        for one in items_of(found["methods"], "items")
        for method in one.get("resourceMethods") or {}
    ]
    hops = [
        asked.hop(
            route, target, str(integration.get("credentials") or ""), _unchecked(integration, target)
        ).model_copy(
            update={
                "takes": RouteSelection(route=route, others=tuple(every)),
                "makes": "proxy-1" if integration.get("type") == "AWS_PROXY" else "result",
            }
        )
        for route, integration, target in routes
        if target.arn
    ]
    return _stop(place, "REST API", str((found["API"] or {}).get("name", api)), told, hops)


def read_http(place: Waypoint, about: Context) -> Fetching[ReadResource]:
    """Read an HTTP or WebSocket API: its routes, and the integrations behind them."""
    api = place.arn.rpartition("/")[2]
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("API", read_of("apigatewayv2", "GetApi", ApiId=api)),
            ("integrations", integrations_of(api)),
            ("routes", read_of("apigatewayv2", "GetRoutes", ApiId=api)),
            ("stages", read_of("apigatewayv2", "GetStages", ApiId=api)),
        ]
    )
    stages = [str(one["StageName"]) for one in items_of(found["stages"], "Items")]
    asked = _Api(api, stages, here_of(about))
    integrations = {str(one["IntegrationId"]): one for one in items_of(found["integrations"], "Items")}
    routes = [
        (str(route.get("RouteKey", "")), integration, target)
        for route in items_of(found["routes"], "Items")
        if (integration := integrations.get(str(route.get("Target", "")).removeprefix("integrations/")))
        if (target := target_of_http(integration, asked.here)) is not None
    ]
    told.unknown += [_open(route, target) for route, _, target in routes if not target.arn]
    every = [str(one.get("RouteKey", "")) for one in items_of(found["routes"], "Items")]
    hops = [
        asked.hop(route, target, str(integration.get("CredentialsArn") or ""), unchecked=False).model_copy(
            update={"takes": RouteSelection(route=route, others=tuple(every)), "makes": _payload(integration)}
        )
        for route, integration, target in routes
        if target.arn
    ]
    return _stop(place, "HTTP API", str((found["API"] or {}).get("Name", api)), told, hops)


def targets_in(answer: Json, here: Here) -> set[str]:
    """The ARNs to which an API sends, by an answer of `resources_of` or `integrations_of`."""
    rest = [
        target_of_rest(told.get("methodIntegration") or {}, here)
        for one in items_of(answer, "items")
        for told in (one.get("resourceMethods") or {}).values()
    ]
    found = [*rest, *(target_of_http(one, here) for one in items_of(answer, "Items"))]
    return {one.arn for one in found if one is not None and one.arn}


class _Api:
    """An API with its stages, for whose requests an edge is made."""

    def __init__(self, api: str, stages: list[str], here: Here) -> None:
        self._api = api
        self._stages = stages
        self.here = here

    def hop(self, route: str, target: IntegrationTarget, credentials: str, unchecked: bool) -> Hop:
        """The edge of a method or route; a function is invoked by its own policy unless a role is given."""
        by_policy = target.action == "lambda:InvokeFunction" and not credentials
        why = tuple(self._doubts(credentials, by_policy=by_policy))
        verdict: Verdict = "unknown" if why else "delivers"
        role = credentials if ":role/" in credentials else ""
        count = _COUNTED.get(target.action, "")
        lost = f"an entry fails: the caller gets 200 unless {count} of the answer is looked at" if count else ""
        return Hop(
            to=Waypoint(arn=target.arn),
            by=f"route {route}",
            verdict=verdict,
            why=why,
            causes=("api-gateway-200",) if unchecked else (),
            service=SERVICE if by_policy and not why else "",
            on_behalf_of=self._execution(route, self._stages[0]) if by_policy and self._stages else "",
            also_for=tuple(self._execution(route, one) for one in self._stages[1:]) if by_policy else (),
            role=role,
            calls=target.action,
            retry="none: the caller gets the error",
            lost=lost,
            makes="result",
        )

    def _doubts(self, credentials: str, *, by_policy: bool) -> Iterator[str]:
        if by_policy and not self._stages:
            yield "the function's policy was not evaluated: the API has no stage"
        elif not by_policy and not credentials:
            yield "it has no role: who calls is in no setting"
        elif credentials and ":role/" not in credentials:
            yield "it is sent by the credentials of whoever calls the API"

    def _execution(self, route: str, stage: str) -> str:
        """The ARN of a request to a stage, as a function's policy sees it."""
        method, _, path = route.partition(" ")
        what = f"{method}{path}" if path else method
        return self.here.arn("execute-api", f"{self._api}/{stage}/{what}")


def _payload(integration: Json) -> Form:
    """The form in which an HTTP API calls a function; what other integrations send is decided by parameters."""
    if integration.get("IntegrationType") != "AWS_PROXY" or integration.get("IntegrationSubtype"):
        return "result"
    return "proxy-2" if integration.get("PayloadFormatVersion") == "2.0" else "proxy-1-http"


def _unchecked(integration: Json, target: IntegrationTarget) -> bool:
    """Whether no response of an integration looks at how many entries failed."""
    count = _COUNTED.get(target.action)
    if count is None:
        return False
    responses = (integration.get("integrationResponses") or {}).values()
    return not any(
        count in str(template) for one in responses for template in (one.get("responseTemplates") or {}).values()
    )


def _open(route: str, target: IntegrationTarget) -> str:
    return f"{route}: where {target.action} sends to is decided by the request or a template"


def here_of(about: Context) -> Here:
    """The account and Region in which an API names what it sends to."""
    return Here(about.identity.partition, about.region, about.account)


def _stop(place: Waypoint, kind: str, name: str, told: ResourceAnswers, hops: list[Hop]) -> ReadResource:
    notes = () if hops or told.unknown or "API" in told.missing else ("no route hands events on to a service",)
    return ReadResource(
        node=DeliveryNode(
            arn=place.arn,
            kind=kind,
            name=name,
            notes=notes,
            unknown=tuple(told.unknown),
            exists="API" not in told.missing,
        ),
        hops=tuple(hops),
    )
