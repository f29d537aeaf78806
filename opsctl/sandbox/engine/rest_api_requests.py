"""Requests to a deployed REST API: who may call, how often, and what an integration with EventBridge answers.

Source: API Gateway guide, "Control access to a REST API with IAM permissions", "Throttle requests", "Set up
integration responses", "Integration passthrough behaviors", "Gateway response types". A request's address is
`/restapis/ID/STAGE/_user_request_/PATH`, since a loopback endpoint has no host names.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple

from opsctl.model.value import Json
from opsctl.sandbox.engine.callers import caller_of, open_session
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.door import Claim, same
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion
from opsctl.sandbox.engine.velocity import render_template

ADDRESS = re.compile(r"/restapis/(\w+)/([\w-]+)/_user_request_(/.*|$)")
SERVICE = "apigateway.amazonaws.com"
Client = Callable[[str], Any]
"""Makes an SDK client of EventBridge for a key."""


class ApiAnswer(NamedTuple):
    """An answer to whoever called."""

    status: int
    body: str


class RequestRefused(Exception):
    """A request that gets no further than API Gateway itself."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.told = ApiAnswer(status, json.dumps({"message": message}))


@dataclass
class ApiRequests:
    """Answers requests to the APIs of the accounts, and remembers how many there were lately."""

    events_client: Client
    owner_key: str
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def answer(self, environ: dict[str, Any], start_response: Any, claim: Claim, account: str) -> Iterable[bytes]:
        """Answer one request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode(errors="replace")
        try:
            told = self._told(environ, claim, account, body)
        except RequestRefused as refused:
            told = refused.told
        start_response(f"{told.status} {HTTPStatus(told.status).phrase}", [("Content-Type", "application/json")])
        return [told.body.encode()]

    def _told(self, environ: dict[str, Any], claim: Claim, account: str, body: str) -> ApiAnswer:
        found = ADDRESS.fullmatch(environ.get("PATH_INFO", ""))
        if found is None:
            raise RequestRefused(403, "Missing Authentication Token")
        api, stage, path = found[1], found[2], found[3] or "/"
        verb = environ["REQUEST_METHOD"]
        settings, method = _deployed(account, claim.region, api, stage, path, verb)
        self._let_in(method, claim, account, f"{api}/{stage}/{verb}{path}")
        self._throttle(settings.method_settings.get("*/*") or {}, account, f"{api}/{stage}")
        return self._integrated(method, account, environ.get("CONTENT_TYPE") or "application/json", body)

    def _let_in(self, method: Any, claim: Claim, account: str, rest: str) -> None:
        """Every key has to be one of the sandbox; there are no tokens of user pools here."""
        caller = None if same(claim.key, self.owner_key) else caller_of(account, claim.key)
        if caller is None and not same(claim.key, self.owner_key):
            raise RequestRefused(403, "The security token included in the request is invalid.")
        if method.authorization_type not in (None, "NONE", "AWS_IAM"):
            raise RequestRefused(401, "Unauthorized")
        if caller is None or method.authorization_type != "AWS_IAM":
            return
        resource = f"arn:aws:execute-api:{claim.region}:{account}:{rest}"
        asked = PolicyQuestion("execute-api:Invoke", resource, caller.context)
        if caller.grants.judge(asked) is not PolicyDecision.ALLOWED:
            said = f"User: {caller.arn} is not authorized to perform: execute-api:Invoke on resource: {resource}"
            raise RequestRefused(403, said)

    def _throttle(self, settings: dict[str, Any], account: str, stage: str) -> None:
        """A token bucket: `burst` at once, filled again by `rate` a second."""
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        if rate is None or burst is None:
            return
        now = conditions(account).now()
        left, before = self.buckets.get(stage, (float(burst), now))
        left = min(float(burst), left + (now - before) * float(rate))
        if left < 1:
            raise RequestRefused(429, "Too Many Requests")
        self.buckets[stage] = (left - 1, now)

    def _integrated(self, method: Any, account: str, content_type: str, body: str) -> ApiAnswer:
        integration = method.method_integration
        if integration is None or not str(integration.uri).endswith(":events:action/PutEvents"):
            raise RequestRefused(501, "The sandbox sends requests on to EventBridge's PutEvents alone.")
        template = (integration.request_templates or {}).get(content_type.partition(";")[0].strip())
        if template is None and integration.passthrough_behaviour == "NEVER":
            raise RequestRefused(415, "Unsupported Media Type")
        sent = render_template(template, body)[0] if template is not None else body
        status, answer = self._put(account, str(integration.credentials or ""), sent)
        return _mapped(integration, status, json.dumps(answer))

    def _put(self, account: str, role: str, text: str) -> tuple[int, Json]:
        """Put events as the integration's role."""
        from botocore.exceptions import ClientError, ParamValidationError

        from opsctl.sandbox.rules.functions import assumable

        if not assumable(account, role, conditions(account).now(), SERVICE):
            raise RequestRefused(500, "Internal server error")
        session = open_session(account, role, "BackplaneAssumeRoleSession")
        try:
            told = self.events_client(session.access_key_id).put_events(**json.loads(text))
        except (ValueError, TypeError, ParamValidationError):
            return 400, {"__type": "SerializationException"}
        except ClientError as fault:
            return int(fault.response["ResponseMetadata"]["HTTPStatusCode"]), {
                "__type": fault.response["Error"]["Code"],
                "message": fault.response["Error"]["Message"],
            }
        return 200, {name: value for name, value in told.items() if name != "ResponseMetadata"}


def _deployed(account: str, region: str, api: str, stage: str, path: str, verb: str) -> tuple[Any, Any]:
    """The stage and the method of a request."""
    from moto.apigateway.models import apigateway_backends

    found = apigateway_backends[account][region].apis.get(api)
    settings = found.stages.get(stage) if found is not None else None
    resource = found.get_resource_for_path(path) if found is not None and settings is not None else None
    method = resource.resource_methods.get(verb) if resource is not None else None
    if method is None:
        raise RequestRefused(403, "Missing Authentication Token")
    return settings, method


def _mapped(integration: Any, status: int, text: str) -> ApiAnswer:
    """What the integration response whose pattern the status matches makes of an answer; the default is last."""
    responses = list((integration.integration_responses or {}).values())
    chosen = next(
        (one for one in responses if one.selection_pattern and re.fullmatch(one.selection_pattern, str(status))),
        next((one for one in responses if not one.selection_pattern), None),
    )
    if chosen is None:
        raise RequestRefused(500, "Internal server error")
    template = (chosen.response_templates or {}).get("application/json")
    body, overrides = render_template(template, text) if template else (text, {"responseOverride": {}})
    return ApiAnswer(int(overrides["responseOverride"].get("status") or chosen.status_code), body)
