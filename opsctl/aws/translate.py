"""Translates what the SDK raises, once, into refusals and lost outcomes."""

import re

from botocore import exceptions as sdk

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refusal, Refused

_DENIED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError", "Forbidden")
_CREDENTIALS = (
    "ExpiredToken",
    "InvalidClientTokenId",
    "UnrecognizedClient",
    "AuthFailure",
    "SignatureDoesNotMatch",
    "OptInRequired",
)
_THROTTLED = ("Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown", "PriorRequestNotComplete")
_CONFLICT = (
    "AlreadyExists",
    "AlreadyAssociated",
    "OptimisticLock",
    "PreconditionFailed",
    "InvalidIfMatchVersion",
    "DuplicateItem",
    "ConditionalCheckFailed",
    "Conflict",
    "InUse",
    "NameExists",
    "AssociatedItem",
)
_MISSING = ("NotFound", "NoSuch", "NonexistentItem", "NonExistent", "DoesNotExist", "EntityNotFound")
_NOT_THERE = "AutoScalingGroup name not found"
"""Auto Scaling has no code of its own for a group that does not exist."""

_WRONG_VALUE = re.compile(r", value: .*(?=, type: <)", re.DOTALL)
"""The SDK repeats a parameter of the wrong type, which may be what somebody's message says."""

_ANSWER_FOLLOWS, _LONGEST = "Further retries may succeed", 500
"""How botocore's parsers introduce the body, see `botocore.parsers`."""

_NEVER_SENT = (
    sdk.EndpointConnectionError,
    sdk.ConnectTimeoutError,
    sdk.ProxyConnectionError,
    sdk.SSLError,
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.TokenRetrievalError,
    sdk.UnauthorizedSSOTokenError,
    sdk.SSOTokenLoadError,
    sdk.NoRegionError,
    sdk.InvalidRegionError,
)


def kind_of(code: str) -> Refused:
    """Sort an AWS error code; a code nobody knows is `invalid`, which is never retried."""
    for kind, marks in (
        (Refused.DENIED, _DENIED + _CREDENTIALS),
        (Refused.THROTTLED, _THROTTLED),
        (Refused.CONFLICT, _CONFLICT),
        (Refused.MISSING, _MISSING),
    ):
        if any(mark.lower() in code.lower() for mark in marks):
            return kind
    return Refused.INVALID


def refusal_of(fault: Exception, api: str) -> Refusal:
    """Say what an SDK exception means for a call that only reads."""
    if isinstance(fault, sdk.ClientError):
        error = fault.response.get("Error", {})
        metadata = fault.response.get("ResponseMetadata", {})
        code = str(error.get("Code", "")) or "Unknown"
        message = str(error.get("Message", "")).strip() or code
        kind = Refused.UNREADABLE if _server_side(fault) else kind_of(code)
        if kind is Refused.INVALID and code == "ValidationError" and _NOT_THERE in message:
            kind = Refused.MISSING
        return Refusal(
            kind=kind,
            code=code,
            message=message,
            api=api,
            request_id=str(metadata.get("RequestId", "")),
        )
    name = type(fault).__name__
    if isinstance(fault, sdk.ParamValidationError):
        return Refusal(kind=Refused.INVALID, code=name, message=_WRONG_VALUE.sub("", str(fault)), api=api)
    if isinstance(fault, (sdk.HTTPClientError, *_NEVER_SENT)):
        return Refusal(kind=Refused.UNREACHABLE, code=name, message=str(fault), api=api)
    return Refusal(kind=Refused.UNREADABLE, code=name, message=_without_answer(str(fault)), api=api)


def _without_answer(text: str) -> str:
    """What the SDK says of an answer that it cannot parse, without the answer, which it repeats whole."""
    return text.partition(_ANSWER_FOLLOWS)[0].rstrip(" .")[:_LONGEST]


def raise_for_write(fault: Exception, api: str) -> None:
    """Raise what an SDK exception means for a mutating call.

    Raises:
        AwsRefused: AWS answered no, or the call never left.
        OutcomeUnknown: the call may have been carried out.
    """
    refusal = refusal_of(fault, api)
    never_sent = isinstance(fault, (*_NEVER_SENT, sdk.ParamValidationError))
    if never_sent or (isinstance(fault, sdk.ClientError) and not _server_side(fault)):
        raise AwsRefused(refusal) from fault
    raise OutcomeUnknown(
        f"{api} was sent and its answer was lost: {refusal.message}",
        "the proof tells whether it happened: a resume asks it",
    ) from fault


def _server_side(fault: sdk.ClientError) -> bool:
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(fault.response.get("Error", {}).get("Code", ""))
    return int(status) >= 500 and kind_of(code) is not Refused.THROTTLED
