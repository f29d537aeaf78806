"""The document of a REST API with one method, which puts what it is sent on a bus as one event; pure.

Sources: API Gateway guide, "OpenAPI extensions" (x-amazon-apigateway-integration, -authtype), "Mapping template
reference" (`$input.body`; escaped single quotes are no JSON and have to be turned back), "Override your API's
request and response parameters and status codes"; PutEvents (EventBridge API): success with failed entries.
"""

from opsctl.model.value import Json, Value

PATH = "/events"
STAGE = "v1"
_TYPE = "application/json"
FAILED_STATUS = {"ThrottlingException": "429", "InternalException": "503", "InternalFailure": "503"}
"""The answers that say that the same event may be sent again."""
WRONG_STATUS = ("InvalidArgument", "MalformedDetail")
"""The codes of an event that would be refused again; whatever else fails is not the caller's to mend: 502."""


class EntryWish(Value):
    """What an API is to put on a bus, who may call it, and as which role it puts."""

    api: str
    description: str
    bus_arn: str
    role_arn: str
    source: str
    detail_type: str
    user_pool: str = ""


def entry_document(wish: EntryWish, *, partition: str, region: str) -> dict[str, Json]:
    """The OpenAPI document of the API."""
    scheme = "pool" if wish.user_pool else "sigv4"
    answers = ["200", "400", "429", "502", "503"]
    method = {
        "responses": {one: {"description": _MEANS[one]} for one in answers},
        "security": [{scheme: []}],
        "x-amazon-apigateway-integration": _integration(wish, partition, region),
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": wish.api, "description": wish.description, "version": "1"},
        "paths": {PATH: {"post": method}},
        "components": {"securitySchemes": {scheme: _scheme(wish.user_pool)}},
    }


_MEANS = {
    "200": "EventBridge has the event",
    "400": "EventBridge refused the event",
    "429": "too many at once",
    "502": "the event did not get to the bus",
    "503": "EventBridge failed",
}


def _scheme(user_pool: str) -> dict[str, Json]:
    header = {"type": "apiKey", "name": "Authorization", "in": "header"}
    if not user_pool:
        return {**header, "x-amazon-apigateway-authtype": "awsSigv4"}
    authorizer = {"type": "cognito_user_pools", "providerARNs": [user_pool]}
    return {
        **header,
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": authorizer,
    }


def integration_uri(partition: str, region: str) -> str:
    """The action that the method calls."""
    return f"arn:{partition}:apigateway:{region}:events:action/PutEvents"


def _integration(wish: EntryWish, partition: str, region: str) -> dict[str, Json]:
    return {
        "type": "aws",
        "httpMethod": "POST",
        "uri": integration_uri(partition, region),
        "credentials": wish.role_arn,
        "passthroughBehavior": "never",
        "requestParameters": {
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
            "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
        },
        "requestTemplates": {_TYPE: _request(wish)},
        "responses": {
            "200": {"statusCode": "200", "responseTemplates": {_TYPE: _answer()}},
            # Without this the errors of PutEvents itself would be answered with the only status there is.
            "default": {"statusCode": "502", "responseTemplates": {_TYPE: _ERROR}},
        },
    }


def _request(wish: EntryWish) -> str:
    """One entry; the body is its detail, to the letter."""
    body = """$util.escapeJavaScript($input.body).replaceAll("\\\\'", "'")"""
    named = f'"Source": "{wish.source}", "DetailType": "{wish.detail_type}", "EventBusName": "{wish.bus_arn}"'
    return f'{{"Entries": [{{{named}, "Detail": "{body}"}}]}}'


_ERROR = (
    "#set($type = $input.path('$.__type'))\n"
    '#if("$!type" != "" && $type.contains("Throttling"))\n#set($context.responseOverride.status = 429)\n'
    '#elseif("$!type" != "" && $type.contains("Validation"))\n#set($context.responseOverride.status = 400)\n#end\n'
    '{"message": "The event did not get to the bus.", "code": "$!type"}\n'
)
"""PutEvents itself failed: 502, but for too many at once and for an event that it would refuse again."""
_CODE = "$input.path('$.Entries[0].ErrorCode')"


def _answer() -> str:
    """200 when no entry failed, and that is said in so many words; otherwise what the caller can do."""
    wrong = " || ".join(f'"$code" == "{one}"' for one in WRONG_STATUS)
    again = "".join(
        f'#elseif("$code" == "{code}")\n#set($context.responseOverride.status = {status})\n'
        for code, status in FAILED_STATUS.items()
    )
    return (
        "#set($failed = $input.path('$.FailedEntryCount'))\n"
        f"#set($code = {_CODE})\n"
        '#if("$failed" == "0")\n'
        '{"eventId": "$input.path(\'$.Entries[0].EventId\')"}\n'
        "#else\n"
        f"#if({wrong})\n#set($context.responseOverride.status = 400)\n"
        f"{again}"
        "#else\n#set($context.responseOverride.status = 502)\n#end\n"
        '{"message": "The event did not get to the bus.", "code": "$!code"}\n'
        "#end\n"
    )
