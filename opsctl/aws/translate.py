"""Translates what the SDK raises, once, into refusals and lost outcomes.

One rule for both ways to AWS, the SDK's and `sqs_wire`, is here: what a status and a code say of a call, and
which faults of a connection leave no doubt that nothing was sent.
"""

import re
import ssl
from collections.abc import Iterator
from importlib.metadata import version
from traceback import walk_tb

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from opsctl.aws.role_cache import NobodyToAskError, NoCodeError
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json

_DENIED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError", "Forbidden")
_CREDENTIALS = (
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "UnauthorizedException",
    "UnrecognizedClient",
    "AuthFailure",
    "SignatureDoesNotMatch",
    "OptInRequired",
)
_THROTTLED = (
    "Throttl",
    "RequestLimitExceeded",
    "TooManyRequests",
    "SlowDown",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceeded",
    "TransactionInProgress",
)
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
_WHOLE_CODES = {
    # Part of the name of many another: of InvalidSecurityGroupID.NotFound, for one.
    "InvalidSecurity": RefusalKind.DENIED,
    # SQS only: the URL is that of no queue.
    "InvalidAddress": RefusalKind.MISSING,
    # SQS only: as many messages are in flight as it allows, which passes.
    "OverLimit": RefusalKind.THROTTLED,
    # AWS's common errors: "reading the request timed out", so it was never whole there.
    "RequestTimeout": RefusalKind.UNREACHABLE,
    "RequestTimeoutException": RefusalKind.UNREACHABLE,
}
_BARE_STATUS = {
    401: RefusalKind.DENIED,
    403: RefusalKind.DENIED,
    404: RefusalKind.MISSING,
    407: RefusalKind.DENIED,
    408: RefusalKind.UNREACHABLE,
    429: RefusalKind.THROTTLED,
}
"""What a status says by itself (RFC 9110, RFC 6585) when there is no code, as from a proxy."""

_NO_CAPACITY = re.compile(r"Insufficient\w*Capacity")
"""EC2 API reference, server error codes: nothing was made; seen with status 500 at StartInstances and RunInstances
(aws/aws-sdk-ruby#568, hashicorp/terraform-provider-aws#37730)."""

_TOO_MANY = 429
_NOT_THERE = "AutoScalingGroup name not found"
"""Auto Scaling has no code of its own for a group that does not exist."""

_WRONG_VALUE = re.compile(r", value: .*(?=, type: <)", re.DOTALL)
"""The SDK repeats a parameter of the wrong type, which may be what somebody's message says."""

_ANSWER_FOLLOWS, _LONGEST = "Further retries may succeed", 500
"""How botocore's parsers introduce the body, see `botocore.parsers`."""

_NO_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.TokenRetrievalError,
    sdk.UnauthorizedSSOTokenError,
    sdk.SSOTokenLoadError,
    sdk.LoginError,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.InvalidConfigError,
    sdk.ProfileNotFound,
    NobodyToAskError,
    NoCodeError,
)
_FOR_CREDENTIALS = {
    "AssumeRole": "sts",
    "AssumeRoleWithWebIdentity": "sts",
    "CreateOAuth2Token": "signin",
    "CreateToken": "sso-oidc",
    "GetRoleCredentials": "sso",
}
"""What the SDK calls by itself to sign another call: see the fetchers of `botocore.credentials` and `tokens`."""

NO_CONNECTION = (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError)
_NO_ENDPOINT = (sdk.BaseEndpointResolverError, sdk.EndpointProviderError, sdk.InvalidRegionError)


def kind_of(code: str, status: int = 0) -> RefusalKind:
    """Sort an AWS error code; one that nobody knows is `invalid`, which is never retried.

    A status speaks when there is no code (the SDK then calls the status the code), and 429 for a code that is
    not sorted by itself, as in the SDK's own retries.
    """
    if code in _WHOLE_CODES:
        return _WHOLE_CODES[code]
    if not code or code == str(status):
        return _BARE_STATUS.get(status, RefusalKind.INVALID)
    for kind, marks in (
        (RefusalKind.DENIED, _DENIED + _CREDENTIALS),
        (RefusalKind.THROTTLED, _THROTTLED),
        (RefusalKind.CONFLICT, _CONFLICT),
        (RefusalKind.MISSING, _MISSING),
    ):
        if any(mark.lower() in code.lower() for mark in marks):
            return kind
    return RefusalKind.THROTTLED if status == _TOO_MANY else RefusalKind.INVALID


def may_be_done(code: str, status: int) -> bool:
    """Tell whether a call that got this answer may have been carried out all the same.

    A server's error says that something broke, not what was done until then: a 503 too, which a proxy also
    answers when the server went away before it had answered. Only a code that is one of throttling is certain, or
    one of EC2's for want of capacity, which it answers with status 500.
    """
    certain = kind_of(code, status) is RefusalKind.THROTTLED or _NO_CAPACITY.fullmatch(code) is not None
    return status >= 500 and not certain


def made_for_credentials(fault: Exception, api: str = "") -> str:
    """Return the call that failed when it was made only to sign `api`, which was then never sent; else nothing."""
    operation = str(getattr(fault, "operation_name", ""))
    if operation not in _FOR_CREDENTIALS or operation == api.partition(".")[2]:
        return ""
    return f"{_FOR_CREDENTIALS[operation]}.{operation}"


def never_sent(fault: Exception, api: str = "") -> bool:
    """Tell whether a fault that the SDK raised shows that the request never left this machine whole."""
    if made_for_credentials(fault, api):
        return True
    if isinstance(fault, sdk.SSLError):
        return _while_connecting(fault)
    return isinstance(fault, (*NO_CONNECTION, *_NO_CREDENTIALS, *_NO_ENDPOINT)) or _of_a_file(fault)


def _while_connecting(fault: sdk.SSLError) -> bool:
    """Whether TLS failed before there was a connection, and not when the request was under way."""
    return any(
        isinstance(cause, ssl.SSLCertVerificationError)
        or any(frame.f_code.co_name == "connect" for frame, _ in walk_tb(cause.__traceback__))
        for cause in _causes(fault.kwargs.get("error"))
    )


def _causes(fault: object) -> Iterator[BaseException]:
    """What a fault of the SDK's HTTP client was made of."""
    while isinstance(fault, BaseException):
        yield fault
        fault = fault.args[0] if fault.args else None


def _of_a_file(fault: Exception) -> bool:
    """Whether a file of this machine is at fault: a token, or a program that gives credentials."""
    return isinstance(fault, OSError) and not isinstance(fault, sdk.BotoCoreError) and bool(fault.filename)


def words_of(fault: Exception) -> str:
    """What the SDK says of a connection, and what a proxy said, which the SDK keeps to itself."""
    if not isinstance(fault, sdk.ProxyConnectionError):
        return str(fault)
    cause = getattr(fault.kwargs.get("error"), "original_error", None)
    return f"{fault}: {cause}" if cause else str(fault)


def refusal_of(fault: Exception, api: str) -> Refusal:
    """Say what an SDK exception means for a call that only reads."""
    api = made_for_credentials(fault, api) or api
    if isinstance(fault, sdk.ClientError):
        error = fault.response.get("Error", {})
        metadata = fault.response.get("ResponseMetadata", {})
        code = str(error.get("Code", "")) or "Unknown"
        message = str(error.get("Message", "")).strip() or code
        status = int(metadata.get("HTTPStatusCode", 0))
        kind = RefusalKind.UNREADABLE if may_be_done(code, status) else kind_of(code, status)
        if kind is RefusalKind.INVALID and code == "ValidationError" and _NOT_THERE in message:
            kind = RefusalKind.MISSING
        return Refusal(
            kind=kind,
            code=code,
            message=message,
            api=api,
            request_id=str(metadata.get("RequestId", "")),
        )
    name = type(fault).__name__
    if isinstance(fault, sdk.ParamValidationError):
        return Refusal(kind=RefusalKind.INVALID, code=name, message=_WRONG_VALUE.sub("", str(fault)), api=api)
    if isinstance(fault, _NO_ENDPOINT):
        return Refusal(kind=RefusalKind.INVALID, code=name, message=f"on this machine: {fault}", api=api)
    if isinstance(fault, _NO_CREDENTIALS) or _of_a_file(fault):
        return Refusal(kind=RefusalKind.DENIED, code=name, message=f"on this machine: {fault}", api=api)
    if isinstance(fault, (sdk.HTTPClientError, sdk.ConnectionError)):
        return Refusal(kind=RefusalKind.UNREACHABLE, code=name, message=words_of(fault), api=api)
    if isinstance(fault, sdk.UnknownServiceError):
        service = api.partition(".")[0]
        message = f"the installed SDK (boto3 {version('boto3')}) does not know {service}: upgrade boto3"
        return Refusal(kind=RefusalKind.UNREADABLE, code="UnknownService", message=message, api=api)
    if isinstance(fault, ResponseParserError):
        return not_supported(api, _without_answer(str(fault)))
    return Refusal(kind=RefusalKind.UNREADABLE, code=name, message=_without_answer(str(fault)), api=api)


def not_supported(api: str, why: str) -> Refusal:
    """Say that what answered a call does not know it: an emulator, a proxy, or a region that lacks a service."""
    message = f"not supported here, or not answered by AWS: {why}"
    return Refusal(kind=RefusalKind.UNREADABLE, code="NotSupported", message=message, api=api)


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
    if never_sent(fault, api) or isinstance(fault, sdk.ParamValidationError) or _answered_no(fault):
        raise AwsRefused(refusal) from fault
    raise OutcomeUnknown(
        f"{api} was sent and its answer was lost: {refusal.message}",
        "the proof tells whether it happened: a resume asks it",
    ) from fault


_BY_ENTRY = ("events.PutTargets", "events.RemoveTargets")


def raise_for_entries(answer: Json, api: str) -> None:
    """Raise the refusal of a call that was answered with success though an entry of it failed.

    PutTargets and RemoveTargets tell so in FailedEntryCount (EventBridge API). All of opsctl's have one entry.
    """
    if api not in _BY_ENTRY or not answer.get("FailedEntryCount"):
        return
    first = next(iter(answer.get("FailedEntries") or [{}]))
    code, message = (
        str(first.get("ErrorCode") or "FailedEntryCount"),
        str(first.get("ErrorMessage") or "it failed"),
    )
    raise AwsRefused(Refusal(kind=kind_of(code), code=code, message=message, api=api))


def _answered_no(fault: Exception) -> bool:
    if not isinstance(fault, sdk.ClientError):
        return False
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return not may_be_done(str(fault.response.get("Error", {}).get("Code", "")), int(status))
