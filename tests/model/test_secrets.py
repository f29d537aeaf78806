"""What stands under the name of a secret is masked, and nothing that only tells of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.model.secrets import MASK, is_secret_name, masked

SECRETS = """password Password dbPassword DB_PASSWORD db-password MasterUserPassword PGPASSWORD passwd pwd
passphrase secret ClientSecret SecretString clientSecretValue MYSQLSECRET token AuthToken sessionToken GITHUB_TOKEN
HECToken Credentials basicAuthCredentials api_key APIKey apikey SecretAccessKey aws_secret_access_key PreSharedKey
PresharedKey privateKey streamKey PreSignedUrl"""
PLAIN = """AccessKeyId SecretArn MasterUserSecretStatus KmsKeyId Key PublicKey NextToken nextForwardToken LockToken
UpdateToken ChangeToken ClientRequestToken CreationToken HttpTokens PasswordLastUsed PasswordPolicy TokenEndpoint
TokenType CredentialProviderArn secretName PartitionKey Url QueueUrl Name Tokenizer Passenger Secretary"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_a_value_under_the_name_of_a_secret_is_masked(name: str) -> None:
    assert masked({name: "hunter2", "list": [{name: "hunter2"}]}) == {name: MASK, "list": [{name: MASK}]}


@pytest.mark.parametrize("name", PLAIN.split())
def test_a_value_that_only_tells_of_a_secret_or_opens_nothing_is_shown(name: str) -> None:
    assert not is_secret_name(name)
    assert masked({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([{"name": "DB_PASSWORD", "value": "x"}], [{"name": "DB_PASSWORD", "value": MASK}]),
        ([{"Key": "api-token", "Value": "x"}], [{"Key": "api-token", "Value": MASK}]),
        ({"ParameterKey": "Secret", "ParameterValue": "x"}, {"ParameterKey": "Secret", "ParameterValue": MASK}),
        ({"name": "password", "valueFrom": "arn:x"}, {"name": "password", "valueFrom": "arn:x"}),
        ({"passwords": ["a", "b"]}, {"passwords": [MASK, MASK]}),
        (
            {"credentials": {"Username": "u", "Password": "p"}},
            {"credentials": {"Username": "u", "Password": MASK}},
        ),
        ({"DATABASE_URL": "postgres://u:hunter2@db/x"}, {"DATABASE_URL": f"postgres://u:{MASK}@db/x"}),
        ({"url": "https://example.com:443/a@b"}, {"url": "https://example.com:443/a@b"}),
        ({"password": ""}, {"password": ""}),
        ({"password": None, "token": 1, "secret": True}, {"password": None, "token": 1, "secret": True}),
    ],
)
def test_names_reach_lists_pairs_and_urls_and_nothing_else(value: object, shown: object) -> None:
    assert masked(value) == shown


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_masking_twice_changes_nothing_more_and_keeps_the_shape(value: object) -> None:
    once = masked(value)
    assert masked(once) == once
    assert type(once) is type(value)
