"""Each way in which a first contact fails has a message of its own and the command that helps."""

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as sdk

from opsctl.aws.account import identify
from opsctl.aws.clients import Clients, Connection
from opsctl.model.errors import AwsRefused, InvalidInput, OpsctlError

NOW = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)
CONFIG = """\
[profile plain]
region = eu-west-1
[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Responder
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
[profile old-sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Responder
[profile by-sso]
role_arn = arn:aws:iam::123456789012:role/responder
source_profile = sso
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/responder
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/alice
[profile nowhere]
role_arn = arn:aws:iam::123456789012:role/responder
source_profile = gone
[profile login]
login_session = arn:aws:iam::123456789012:user/alice
[profile program]
credential_process = /bin/false
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with profiles, and nothing of the caller's own."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(CONFIG, encoding="utf-8")
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / ".aws/config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def contact(profile: str, ask: Any = lambda _: None) -> OpsctlError:
    with pytest.raises((AwsRefused, InvalidInput)) as told:
        identify(Clients(Connection(profile=profile, region="eu-west-1"), "test", ask), NOW.timestamp())
    assert isinstance(told.value, OpsctlError)
    return told.value


@pytest.mark.parametrize(
    ("profile", "summary", "hint"),
    [
        ("", "no AWS credentials: none in the environment", "name a profile by --profile"),
        ("plain", "profile plain has no credentials", "aws configure sso --profile plain"),
        ("plian", "the profile 'plian' is in no configuration file", "did you mean plain?"),
        ("sso", "profile sso is not signed in, or no longer", "aws sso login --profile sso"),
        ("old-sso", "profile old-sso is not signed in, or no longer", "aws sso login --profile old-sso"),
        ("by-sso", "profile by-sso is not signed in, or no longer", "aws sso login --profile sso"),
        ("mfa", "profile mfa: a code of an MFA device is needed, and", "opsctl doctor --profile mfa"),
        ("nowhere", 'profile nowhere: The source_profile "gone" referenced', "mend it in"),
        ("login", "profile login is signed in by `aws login`", "pip install 'opsctl-aws[login]'"),
        ("program", "profile program: what gives its credentials did not", "aws configure list --profile program"),
    ],
)
def test_what_this_machine_finds_out_by_itself(home: Path, profile: str, summary: str, hint: str) -> None:
    error = contact(profile)
    assert error.summary.startswith(summary)
    assert error.hint.startswith(hint)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x"], ids=["nothing", "short", "long", "letter"])
def test_what_is_no_code_is_not_sent(home: Path, typed: str) -> None:
    error = contact("mfa", lambda _: f"{typed}\n")
    assert "no code of an MFA device" in error.summary
    assert typed not in error.summary or not typed


def answered(code: str, message: str, operation: str, date: datetime = NOW) -> sdk.ClientError:
    """What the SDK raises for an answer of AWS."""
    headers = {"date": format_datetime(date, usegmt=True)}
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": "r-1", "HTTPHeaders": headers},
    }
    return sdk.ClientError(answer, operation)


EARLIER = datetime(2026, 11, 30, 20, 42, tzinfo=UTC)
AT_ASSUME_ROLE = "access denied at sts.AssumeRole (AccessDenied, request r-1)"
WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code."
UNKNOWN_KEY = "The security token included in the request is invalid."
WRONG_SECRET = "The request signature we calculated does not match the signature you provided."
NOT_AUTHORIZED = "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: r"


@pytest.mark.parametrize(
    ("fault", "summary", "hint"),
    [
        (
            answered("AccessDenied", NOT_AUTHORIZED, "AssumeRole"),
            f"the role cannot be assumed: {AT_ASSUME_ROLE}: {NOT_AUTHORIZED}",
            "the role has to trust the caller (aws sts get-caller-identity --profile keys)",
        ),
        (
            answered("AccessDenied", WRONG_CODE, "AssumeRole"),
            f"the code was not accepted: {AT_ASSUME_ROLE}: {WRONG_CODE}",
            "wait for the device's next code",
        ),
        (
            answered("ForbiddenException", "No access", "GetRoleCredentials"),
            "IAM Identity Center does not give you the role of profile mfa: access denied at sso.Get",
            "aws sso login --profile keys",
        ),
        (
            answered("SignatureDoesNotMatch", "Signature not yet current", "GetCallerIdentity", EARLIER),
            "this machine's clock is 18 min ahead of AWS's: access denied at sts.GetCallerIdentity",
            "set the clock",
        ),
        (
            answered("ExpiredToken", "The security token included in the request is expired", "GetCallerIdentity"),
            "the credentials have expired: access denied at sts.GetCallerIdentity (ExpiredToken",
            "aws sso login --profile keys",
        ),
        (
            answered("InvalidClientTokenId", UNKNOWN_KEY, "GetCallerIdentity"),
            "AWS does not know this access key, or not in eu-west-1: access denied",
            "aws configure list --profile mfa",
        ),
        (
            answered("SignatureDoesNotMatch", WRONG_SECRET, "GetCallerIdentity"),
            "the secret key does not belong to the access key: access denied",
            "aws configure list --profile mfa",
        ),
        (
            sdk.EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com/"),
            "no connection: Could not connect to the endpoint URL",
            "check network, VPN and proxy",
        ),
        (
            answered("Throttling", "Rate exceeded", "GetCallerIdentity"),
            "throttled at sts.GetCallerIdentity (Throttling, request r-1): Rate exceeded",
            "",
        ),
    ],
    ids=["role", "code", "sso-role", "clock", "expired", "key", "secret", "connection", "its-own-words"],
)
def test_what_aws_answers_is_told_in_its_own_words_with_what_helps(
    home: Path, fault: Exception, summary: str, hint: str
) -> None:
    clients = Clients(Connection(profile="mfa", region="eu-west-1"), "test")
    error = clients.explained(fault, "sts.GetCallerIdentity", NOW.timestamp())
    assert error.summary.startswith(summary)
    assert error.hint.startswith(hint)
    assert isinstance(error, AwsRefused)


def test_a_region_that_nobody_knows_is_not_taken_for_a_broken_network(home: Path) -> None:
    clients = Clients(Connection(profile="keys", region="eu-wset-1"), "test")
    fault = sdk.EndpointConnectionError(endpoint_url="https://sts.eu-wset-1.amazonaws.com/")
    error = clients.explained(fault, "sts.GetCallerIdentity", NOW.timestamp())
    assert error.summary.startswith("eu-wset-1 is no region that the installed SDK knows")
    assert error.hint == "did you mean --region eu-west-1?"


def test_expired_credentials_of_the_environment_are_not_signed_in_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients = Clients(Connection(region="eu-west-1"), "test")
    fault = answered("ExpiredToken", "expired", "GetCallerIdentity")
    assert (
        clients.explained(fault, "sts.GetCallerIdentity", NOW.timestamp()).hint == "export new ones, or unset them"
    )
