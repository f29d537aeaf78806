"""What the SDK raises, translated once."""

import ssl

import boto3
import pytest
from botocore import exceptions as sdk
from botocore.exceptions import UnknownServiceError
from botocore.parsers import ResponseParserError, create_parser
from botocore.retries.standard import ThrottledRetryableChecker

from opsctl.aws.translate import kind_of, may_be_done, raise_for_write, refusal_of
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import RefusalKind


def client_error(code: str, status: int = 400, operation: str = "CreateNetworkAclEntry") -> sdk.ClientError:
    return sdk.ClientError(
        {
            "Error": {"Code": code, "Message": f"{code} it is"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "req-7",
                "HTTPHeaders": {},
                "HostId": "",
                "RetryAttempts": 0,
            },
        },
        operation,
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnauthorizedOperation", RefusalKind.DENIED),
        ("AccessDenied", RefusalKind.DENIED),
        ("AccessDeniedException", RefusalKind.DENIED),
        ("ExpiredToken", RefusalKind.DENIED),
        ("RequestLimitExceeded", RefusalKind.THROTTLED),
        ("Throttling", RefusalKind.THROTTLED),
        ("ThrottlingException", RefusalKind.THROTTLED),
        ("TooManyRequestsException", RefusalKind.THROTTLED),
        ("OverLimit", RefusalKind.THROTTLED),
        ("InvalidSignatureException", RefusalKind.DENIED),
        ("RequestTimeTooSkewed", RefusalKind.DENIED),
        ("RequestExpired", RefusalKind.DENIED),
        ("InvalidSecurity", RefusalKind.DENIED),
        ("InvalidSecurityGroupID.NotFound", RefusalKind.MISSING),
        ("InvalidSecurityGroupIDException", RefusalKind.INVALID),
        ("InvalidAddress", RefusalKind.MISSING),
        ("RequestTimeout", RefusalKind.UNREACHABLE),
        ("RequestTimeoutException", RefusalKind.UNREACHABLE),
        ("NetworkAclEntryAlreadyExists", RefusalKind.CONFLICT),
        ("WAFOptimisticLockException", RefusalKind.CONFLICT),
        ("WAFDuplicateItemException", RefusalKind.CONFLICT),
        ("PreconditionFailed", RefusalKind.CONFLICT),
        ("Resource.AlreadyAssociated", RefusalKind.CONFLICT),
        ("InvalidNetworkAclEntry.NotFound", RefusalKind.MISSING),
        ("WAFNonexistentItemException", RefusalKind.MISSING),
        ("NoSuchDistribution", RefusalKind.MISSING),
        ("NetworkAclEntryLimitExceeded", RefusalKind.INVALID),
        ("WAFInvalidParameterException", RefusalKind.INVALID),
    ],
)
def test_error_codes_of_real_accounts_are_sorted(code: str, kind: RefusalKind) -> None:
    """The codes are those of recorded answers and of the services' error lists."""
    assert kind_of(code) is kind


@pytest.mark.parametrize(
    "code",
    [one for one in ThrottledRetryableChecker._THROTTLED_ERROR_CODES if one != "LimitExceededException"],
)
def test_what_the_sdk_retries_as_throttling_is_throttling(code: str) -> None:
    """But `LimitExceededException`, which most services say of a quota that no waiting changes."""
    assert kind_of(code) is RefusalKind.THROTTLED


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("", 429, RefusalKind.THROTTLED),
        ("429", 429, RefusalKind.THROTTLED),
        ("SomethingNew", 429, RefusalKind.THROTTLED),
        ("AccessDenied", 429, RefusalKind.DENIED),
        ("408", 408, RefusalKind.UNREACHABLE),
        ("SnapStartTimeoutException", 408, RefusalKind.INVALID),
        ("403", 403, RefusalKind.DENIED),
        ("PurgeQueueInProgress", 403, RefusalKind.INVALID),
        ("400", 400, RefusalKind.INVALID),
    ],
)
def test_a_status_speaks_for_a_code_that_says_nothing(code: str, status: int, kind: RefusalKind) -> None:
    """The SDK calls the status the code when an answer has none."""
    assert kind_of(code, status) is kind
    assert refusal_of(client_error(code or str(status), status), "lambda.Invoke").kind is kind


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("code", "done"),
    [
        ("", True),
        ("ServiceUnavailable", True),
        ("SlowDown", False),
        ("RequestLimitExceeded", False),
        ("InsufficientInstanceCapacity", False),
        ("InsufficientHostCapacity", False),
        ("InsufficientSomething", True),
    ],
)
def test_an_error_of_the_server_leaves_it_open_unless_the_code_is_of_throttling_or_capacity(
    code: str, status: int, done: bool
) -> None:
    assert may_be_done(code, status) is done


def test_a_refusal_carries_code_request_id_and_api() -> None:
    refusal = refusal_of(client_error("AccessDenied"), "ec2.CreateNetworkAclEntry")
    assert str(refusal) == (
        "access denied at ec2.CreateNetworkAclEntry (AccessDenied, request req-7): AccessDenied it is"
    )


def test_a_server_side_failure_of_a_read_is_unreadable_and_not_an_empty_answer() -> None:
    assert refusal_of(client_error("InternalError", 500), "wafv2.GetIPSet").kind is RefusalKind.UNREADABLE


@pytest.mark.parametrize(
    "fault",
    [
        sdk.ReadTimeoutError(endpoint_url="https://ec2"),
        sdk.ConnectionClosedError(endpoint_url="https://ec2"),
        client_error("InternalError", 500),
        client_error("ServiceUnavailable", 503),
        sdk.SSLError(endpoint_url="https://ec2", error=ssl.SSLError(1, "bad record mac")),
        sdk.HTTPClientError(error=OSError(5, "Input/output error")),
    ],
)
def test_a_write_whose_answer_is_lost_is_an_unknown_outcome(fault: Exception) -> None:
    with pytest.raises(OutcomeUnknown):
        raise_for_write(fault, "ec2.CreateNetworkAclEntry")


@pytest.mark.parametrize(
    "fault",
    [
        sdk.EndpointConnectionError(endpoint_url="https://ec2"),
        sdk.ConnectTimeoutError(endpoint_url="https://ec2"),
        sdk.NoCredentialsError(),
        sdk.ProxyConnectionError(proxy_url="http://proxy:3128", error="503"),
        sdk.SSLError(endpoint_url="https://ec2", error=ssl.SSLCertVerificationError(1, "self-signed")),
        sdk.UnauthorizedSSOTokenError(),
        FileNotFoundError(2, "No such file or directory", "/var/run/token"),
        client_error("RequestThrottled", 503),
        client_error("InsufficientInstanceCapacity", 500),
        sdk.ParamValidationError(report="RuleNumber"),
        client_error("UnauthorizedOperation", 403),
    ],
)
def test_a_write_that_was_refused_or_never_left_is_certain(fault: Exception) -> None:
    with pytest.raises(AwsRefused):
        raise_for_write(fault, "ec2.CreateNetworkAclEntry")


@pytest.mark.parametrize(
    "fault",
    [
        sdk.NoCredentialsError(),
        sdk.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
        FileNotFoundError(2, "No such file or directory", "/opt/get-keys"),
    ],
)
def test_credentials_that_cannot_be_had_are_not_blamed_on_the_network(fault: Exception) -> None:
    refusal = refusal_of(fault, "sts.GetCallerIdentity")
    assert refusal.kind is RefusalKind.DENIED
    assert refusal.message == f"on this machine: {fault}"


def test_a_group_that_does_not_exist_is_missing_though_auto_scaling_calls_it_a_validation_error() -> None:
    def fault(message: str) -> sdk.ClientError:
        return sdk.ClientError(
            {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeLifecycleHooks"
        )

    gone = fault("AutoScalingGroup name not found - null")
    assert refusal_of(gone, "autoscaling.DescribeLifecycleHooks").kind is RefusalKind.MISSING
    wrong = fault("Max bound, 0, must be greater than or equal to desired capacity, 1")
    assert refusal_of(wrong, "autoscaling.UpdateAutoScalingGroup").kind is RefusalKind.INVALID


def test_a_parameter_of_the_wrong_type_is_named_and_not_repeated() -> None:
    client = boto3.client("lambda", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with pytest.raises(sdk.ParamValidationError) as caught:
        client.invoke(FunctionName="f", Payload={"card": "first, type: <4111"})
    refusal = refusal_of(caught.value, "lambda.Invoke")
    assert "4111" not in refusal.message
    assert "parameter Payload" in refusal.message


def test_an_answer_that_cannot_be_parsed_is_not_repeated() -> None:
    """It may be whole pages of names, tags and values, and the journal keeps messages."""
    parser = create_parser("ec2")
    shape = boto3.Session()._session.get_service_model("ec2").operation_model("DescribeTags").output_shape
    with pytest.raises(ResponseParserError) as fault:
        parser.parse({"status_code": 200, "headers": {}, "body": b"<a>\x1b hunter2</a>"}, shape)
    refusal = refusal_of(fault.value, "ec2.DescribeTags")
    assert refusal.kind is RefusalKind.UNREADABLE
    assert "invalid XML received" in refusal.message
    assert "hunter2" not in refusal.message
    assert str(refusal).startswith("ec2.DescribeTags: not supported here, or not answered by AWS: ")
    assert "\n" not in str(refusal)
    with pytest.raises(OutcomeUnknown) as lost:
        raise_for_write(fault.value, "ec2.CreateTags")
    assert "hunter2" not in str(lost.value)


def test_a_service_that_the_sdk_lacks_is_told_without_the_names_of_all_others() -> None:
    with pytest.raises(UnknownServiceError) as fault:
        boto3.Session().client("eventbridgev9", region_name="us-east-1")
    said = str(refusal_of(fault.value, "eventbridgev9.ListEventBuses"))
    assert said.endswith("does not know eventbridgev9: upgrade boto3")
    assert "dynamodb" not in said


@pytest.mark.parametrize(
    ("operation", "own"),
    [
        ("AssumeRole", "sts.AssumeRole"),
        ("GetRoleCredentials", "sso.GetRoleCredentials"),
        ("CreateToken", "sso-oidc.CreateToken"),
    ],
)
def test_a_call_that_only_signs_another_is_told_by_its_own_name_and_leaves_nothing_open(
    operation: str, own: str
) -> None:
    fault = client_error("InternalFailure", 500, operation)
    assert refusal_of(fault, "ec2.CreateNetworkAclEntry").api == own
    with pytest.raises(AwsRefused):
        raise_for_write(fault, "ec2.CreateNetworkAclEntry")
    with pytest.raises(OutcomeUnknown):
        raise_for_write(fault, own)
