"""What the SDK raises, translated once."""

import boto3
import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError, create_parser

from opsctl.aws.translate import kind_of, raise_for_write, refusal_of
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refused


def client_error(code: str, status: int = 400) -> sdk.ClientError:
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
        "CreateNetworkAclEntry",
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnauthorizedOperation", Refused.DENIED),
        ("AccessDenied", Refused.DENIED),
        ("AccessDeniedException", Refused.DENIED),
        ("ExpiredToken", Refused.DENIED),
        ("RequestLimitExceeded", Refused.THROTTLED),
        ("Throttling", Refused.THROTTLED),
        ("ThrottlingException", Refused.THROTTLED),
        ("TooManyRequestsException", Refused.THROTTLED),
        ("NetworkAclEntryAlreadyExists", Refused.CONFLICT),
        ("WAFOptimisticLockException", Refused.CONFLICT),
        ("WAFDuplicateItemException", Refused.CONFLICT),
        ("PreconditionFailed", Refused.CONFLICT),
        ("Resource.AlreadyAssociated", Refused.CONFLICT),
        ("InvalidNetworkAclEntry.NotFound", Refused.MISSING),
        ("WAFNonexistentItemException", Refused.MISSING),
        ("NoSuchDistribution", Refused.MISSING),
        ("NetworkAclEntryLimitExceeded", Refused.INVALID),
        ("WAFInvalidParameterException", Refused.INVALID),
    ],
)
def test_error_codes_of_real_accounts_are_sorted(code: str, kind: Refused) -> None:
    """The codes are those of recorded answers and of the services' error lists."""
    assert kind_of(code) is kind


def test_a_refusal_carries_code_request_id_and_api() -> None:
    refusal = refusal_of(client_error("AccessDenied"), "ec2.CreateNetworkAclEntry")
    assert str(refusal) == (
        "access denied at ec2.CreateNetworkAclEntry (AccessDenied, request req-7): AccessDenied it is"
    )


def test_a_server_side_failure_of_a_read_is_unreadable_and_not_an_empty_answer() -> None:
    assert refusal_of(client_error("InternalError", 500), "wafv2.GetIPSet").kind is Refused.UNREADABLE


@pytest.mark.parametrize(
    "fault",
    [
        sdk.ReadTimeoutError(endpoint_url="https://ec2"),
        sdk.ConnectionClosedError(endpoint_url="https://ec2"),
        client_error("InternalError", 500),
        client_error("ServiceUnavailable", 503),
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
        sdk.ParamValidationError(report="RuleNumber"),
        client_error("UnauthorizedOperation", 403),
    ],
)
def test_a_write_that_was_refused_or_never_left_is_certain(fault: Exception) -> None:
    with pytest.raises(AwsRefused):
        raise_for_write(fault, "ec2.CreateNetworkAclEntry")


def test_a_group_that_does_not_exist_is_missing_though_auto_scaling_calls_it_a_validation_error() -> None:
    def fault(message: str) -> sdk.ClientError:
        return sdk.ClientError(
            {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeLifecycleHooks"
        )

    gone = fault("AutoScalingGroup name not found - null")
    assert refusal_of(gone, "autoscaling.DescribeLifecycleHooks").kind is Refused.MISSING
    wrong = fault("Max bound, 0, must be greater than or equal to desired capacity, 1")
    assert refusal_of(wrong, "autoscaling.UpdateAutoScalingGroup").kind is Refused.INVALID


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
    assert refusal.kind is Refused.UNREADABLE
    assert "invalid XML received" in refusal.message
    assert "hunter2" not in refusal.message
    with pytest.raises(OutcomeUnknown) as lost:
        raise_for_write(fault.value, "ec2.CreateTags")
    assert "hunter2" not in str(lost.value)
