"""What a request asks for, read by the SDK's models: the service, the operation and its parameters."""

import io
import re
from dataclasses import dataclass
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.door import Claim

_SIGNED_AS = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "es": "opensearch",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""The SDK's services that sign under another name (`signingName` and `endpointPrefix` of its models)."""
_BY_PREFIX = {"AWSEventsV2": "eventbridgev2"}
"""The SDK's services that speak RPC with CBOR, by the `targetPrefix` of their models."""
CBOR = "smithy-rpc-v2-cbor"
_RPC = re.compile(r"/service/(?P<prefix>[^/]+)/operation/(?P<operation>[^/]+)")
_CLASSIC = "2012-06-01"
"""The API version that tells the older load balancers from the newer."""


@dataclass(frozen=True)
class Call:
    """One call of a caller."""

    account: str
    region: str
    service: str
    operation: str
    protocol: str
    params: dict[str, Json]

    @property
    def api(self) -> str:
        """As `service.Operation`."""
        return f"{self.service}.{self.operation}"


def call_of(environ: dict[str, Any], claim: Claim, account: str) -> Call | None:
    """Read a call and leave the request as it was; None when it is no call of a service that the SDK knows."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.parse import PROTOCOL_PARSERS
    from moto.core.request import Request, determine_request_protocol
    from moto.core.routing import get_service_router
    from moto.core.utils import get_service_model
    from werkzeug.exceptions import HTTPException

    body = _body(environ)
    if speaks_cbor(environ):
        return _of_cbor(environ, body, claim, account)
    request = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    service = _SIGNED_AS.get(claim.service, claim.service)
    if service == "elbv2" and request.values.get("Version") == _CLASSIC:
        service = "elb"
    if service == "apigateway" and request.path.startswith("/v2/"):
        service = "apigatewayv2"
    try:
        model = get_service_model(service)
        operation, from_path = get_service_router(service).match(request)
    except (UnknownServiceError, HTTPException, NotImplementedError, LookupError):
        return None
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)](operation)
    params = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": from_path,
        }
    )
    return Call(account, claim.region, service, operation.name, str(model.protocol), dict(params))


def speaks_cbor(environ: dict[str, Any]) -> bool:
    """Whether a request is RPC with CBOR (Smithy RPC v2 CBOR: the header tells)."""
    return str(environ.get("HTTP_SMITHY_PROTOCOL", "")) == "rpc-v2-cbor"


def _of_cbor(environ: dict[str, Any], body: bytes, claim: Claim, account: str) -> Call | None:
    """Read such a call by the SDK's own reader of answers: both directions have one form."""
    from botocore.parsers import create_parser
    from moto.core.utils import get_service_model

    asked = _RPC.fullmatch(environ.get("PATH_INFO", ""))
    service = _BY_PREFIX.get(asked["prefix"]) if asked else None
    if asked is None or service is None:
        return None
    model = get_service_model(service)
    if asked["operation"] not in model.operation_names:
        return None
    operation = model.operation_model(asked["operation"])
    told = create_parser(CBOR).parse(
        {"status_code": 200, "headers": {}, "body": body or b"\xa0"}, operation.input_shape
    )
    params = {name: value for name, value in told.items() if name != "ResponseMetadata"}
    return Call(account, claim.region, service, operation.name, CBOR, params)


def _body(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    body: bytes = stream.read(int(length)) if length else b""
    if not length and environ.get("wsgi.input_terminated"):
        body = stream.read()
    environ["wsgi.input"] = io.BytesIO(body)
    return body
