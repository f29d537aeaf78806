"""Which calls count as reads: every operation of the installed models that is named like one has its class."""

import re
import warnings
from pathlib import Path

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.readonly import (
    NAMED_LIKE_A_READ,
    ONLY_WITH,
    READS_BY_NAME,
    is_read_only,
    listed_reads,
    not_reads,
    why_no_read,
)
from tests.kit.read_operations import reads_file, unknown_reads

# A read whose name has one of these was looked at by itself before it came onto the list.
SUSPICIOUS = re.compile(r"Test|Check|Secret|Credential|Token|Password|PrivateKey|Signed|Url|URL|Link$")
LOOKED_AT = Path(__file__).with_name("looked_at.txt")

ACT = (
    "apigateway.TestInvokeAuthorizer",
    "apigateway.TestInvokeMethod",
    "cognito-identity.GetId",
    "cognito-idp.GetUserAttributeVerificationCode",
    "dms.TestConnection",
    "elasticache.TestFailover",
    "elasticache.TestMigration",
    "events.TestEventPattern",
    "frauddetector.GetEventPrediction",
    "glue.TestConnection",
    "lambda.CheckpointDurableExecution",
    "license-manager.CheckInLicense",
    "license-manager.CheckoutBorrowLicense",
    "license-manager.CheckoutLicense",
    "lightsail.TestAlarm",
    "route53.TestDNSAnswer",
    "s3.SelectObjectContent",
    "sqs.ReceiveMessage",
    "stepfunctions.GetActivityTask",
    "stepfunctions.TestState",
    "transfer.TestConnection",
    "transfer.TestIdentityProvider",
    "waf.GetChangeToken",
)
HAND_OUT = (
    "codeartifact.GetAuthorizationToken",
    "cognito-identity.GetCredentialsForIdentity",
    "cognito-identity.GetOpenIdToken",
    "cognito-idp.DescribeUserPoolClient",
    "dynamodb.GetItem",
    "dynamodb.Query",
    "dynamodb.Scan",
    "ec2.DescribeVpnConnections",
    "ec2.GetConsoleOutput",
    "ec2.GetPasswordData",
    "ecr-public.GetAuthorizationToken",
    "ecr.GetAuthorizationToken",
    "eks.DescribeEksAnywhereSubscription",
    "kms.Decrypt",
    "kms.GetParametersForImport",
    "lambda.GetLayerVersion",
    "lightsail.GetInstanceAccessDetails",
    "redshift.GetClusterCredentials",
    "redshift.GetClusterCredentialsWithIAM",
    "s3.GetObject",
    "s3control.GetDataAccess",
    "secretsmanager.BatchGetSecretValue",
    "secretsmanager.GetRandomPassword",
    "secretsmanager.GetSecretValue",
    "sso.GetRoleCredentials",
    "sts.AssumeRole",
    "sts.GetFederationToken",
    "sts.GetSessionToken",
)


def test_every_operation_of_the_models_that_is_named_like_a_read_has_a_class() -> None:
    """A newer SDK brings operations that nobody has looked at: they are no reads, and are named here."""
    new = unknown_reads()
    assert not any(is_read_only(api.partition(".")[0], api.partition(".")[2]) for api in new)
    if new:
        told = f"{len(new)} operations named like a read have no class and are refused: {', '.join(new[:20])}"
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(told, stacklevel=1)


def test_an_operation_of_a_newer_sdk_is_no_read_until_somebody_looked_at_it() -> None:
    assert why_no_read("ec2", "DescribeSomethingNew") == "is not on the list of operations that only read"
    assert not is_read_only("newservice", "ListThings")


def test_nothing_is_both_a_read_and_none() -> None:
    assert not listed_reads() & not_reads().keys()


def test_what_is_listed_as_no_read_is_an_operation_that_is_named_like_one() -> None:
    assert all(NAMED_LIKE_A_READ.match(api.partition(".")[2]) for api in not_reads())


def test_a_read_is_named_like_one_or_listed_by_name_with_a_reason() -> None:
    odd = {api for api in listed_reads() if not NAMED_LIKE_A_READ.match(api.partition(".")[2])}
    assert odd == READS_BY_NAME.keys()
    assert all(READS_BY_NAME.values())


def test_the_list_is_what_its_own_command_writes() -> None:
    """But for what a newer SDK has and the list has not: that is refused, and told above."""
    new = set(unknown_reads())
    written = {
        f"{line.split()[0]}.{operation}"
        for line in reads_file()
        if not line.startswith("#")
        for operation in line.split()[1:]
    }
    assert written - new == listed_reads()


def test_every_read_with_a_suspicious_name_was_looked_at() -> None:
    """Add a name to looked_at.txt only after reading what the operation answers."""
    suspicious = sorted(api for api in listed_reads() if SUSPICIOUS.search(api.partition(".")[2]))
    assert suspicious == LOOKED_AT.read_text(encoding="utf-8").split()


@pytest.mark.parametrize("api", [*ACT, *HAND_OUT])
def test_what_acts_or_hands_out_secrets_is_no_read(api: str) -> None:
    service, _, operation = api.partition(".")
    assert why_no_read(service, operation)


def test_no_operation_that_is_named_for_what_it_does_is_a_read() -> None:
    acting = re.compile(
        r"(Test|Checkout|CheckOut|Invoke|Start|Create|Delete|Put|Update|Decrypt|Receive|Assume|Send|Run)[A-Z]"
    )
    assert not [api for api in listed_reads() if acting.match(api.partition(".")[2])]


@pytest.mark.parametrize(
    ("api", "params", "read"),
    [
        ("ssm.GetParameter", {"Name": "/prod/key"}, True),
        ("ssm.GetParameter", {"Name": "/prod/key", "WithDecryption": False}, True),
        ("ssm.GetParameter", {"Name": "/prod/key", "WithDecryption": True}, False),
        ("ssm.GetParameter", {"Name": "/prod/key", "WithDecryption": "=inputs.decrypt"}, False),
        ("ssm.GetParameter", {"Name": "/prod/key", "WithDecryption": "true"}, False),
        ("ssm.GetParameter", {"Name": "/prod/key", "WithDecryption": 1}, False),
        ("ssm.GetParameters", {"Names": ["/prod/key"], "WithDecryption": True}, False),
        ("ssm.GetParametersByPath", {"Path": "/", "WithDecryption": True}, False),
        ("ssm.GetParameterHistory", {"Name": "/prod/key", "WithDecryption": True}, False),
        ("apigateway.GetApiKey", {"apiKey": "abc"}, True),
        ("apigateway.GetApiKey", {"apiKey": "abc", "includeValue": True}, False),
        ("apigateway.GetApiKeys", {"includeValues": True}, False),
        ("glue.GetConnection", {"Name": "db"}, False),
        ("glue.GetConnection", {"Name": "db", "HidePassword": True}, True),
        ("glue.GetConnections", {"HidePassword": "=inputs.hide"}, False),
        ("logs.FilterLogEvents", {"logGroupName": "g"}, True),
        ("logs.FilterLogEvents", {"logGroupName": "g", "unmask": True}, False),
    ],
)
def test_a_parameter_that_asks_for_the_secret_makes_it_no_read(
    api: str, params: dict[str, object], read: bool
) -> None:
    service, _, operation = api.partition(".")
    assert is_read_only(service, operation, params) is read


@pytest.mark.parametrize(
    ("api", "why"),
    [
        ("ssm.GetParameter", "hands out the secret decrypted unless WithDecryption is false"),
        ("glue.GetConnection", "hands out the connection's password unless HidePassword is true"),
        ("apigateway.GetApiKey", "hands out the key itself unless includeValue is false"),
    ],
)
def test_what_a_parameter_makes_of_a_read_is_said_with_how_it_stays_one(api: str, why: str) -> None:
    service, _, operation = api.partition(".")
    name = ONLY_WITH[api][0]
    assert why_no_read(service, operation, {name: "x"}) == why
    assert why_no_read(service, operation, {name: "false" not in why}) == ""


def test_what_is_no_read_is_said_with_its_reason() -> None:
    for api, begins in (
        ("secretsmanager.GetSecretValue", "hands out what is to be kept secret: "),
        ("s3.GetObject", "hands out what is stored, not how the account is set up: "),
        ("elasticache.TestFailover", "is not on the list"),
    ):
        service, _, operation = api.partition(".")
        assert why_no_read(service, operation).startswith(begins)
    kinds = {kind for kind, _ in not_reads().values()}
    assert kinds == {"secret", "acts", "contents"}
    assert not [why for _, why in not_reads().values() if why.endswith(": ") or "{" in why]


def test_the_parameters_that_decide_are_parameters_of_reads() -> None:
    models = InstalledModels()
    for api, (name, allowed, what) in ONLY_WITH.items():
        service, _, operation = api.partition(".")
        assert name in models.input_shape(service, operation)["properties"], api
        assert api in listed_reads()
        assert allowed
        assert what
