"""Reading and writing through the SDK: what is sent again, what is not, and what is never guessed."""

import os
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from opsctl.aws.account import CachedReader, LiveAccount, alias_of, identify
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.whole import unknown_members
from opsctl.model.errors import AwsRefused, InvalidInput, OutcomeUnknown
from opsctl.model.reads import Answer, Read, RefusalKind
from tests.aws.test_translate import client_error
from tests.kit.ports import IDENTITY, FakeClock


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any; returns an empty folder."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


API = ("wafv2", "UpdateIPSet", {"Name": "x"}, "us-east-1")


class Scripted:
    """A client whose calls raise or answer in turn."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0

    def can_paginate(self, _method: str) -> bool:
        return False

    def list_ip_sets(self, **params: object) -> object:
        return self.update_ip_set(**params)

    def list_account_aliases(self) -> object:
        return self.update_ip_set()

    def update_ip_set(self, **_params: object) -> object:
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def account(client: Any, clock: FakeClock) -> LiveAccount:
    clients = Clients(Connection(region="us-east-1"), "test")
    clients.get = lambda *_args, **_kwargs: client  # type: ignore[method-assign] # the port has one method
    return LiveAccount(clients, IDENTITY, clock)


@pytest.mark.parametrize(
    ("answer", "alias"),
    [({"AccountAliases": ["shop"]}, "shop"), ({"AccountAliases": []}, ""), (client_error("AccessDenied"), "")],
)
def test_an_account_without_an_alias_or_leave_to_read_it_has_none(answer: object, alias: str) -> None:
    clients = Clients(Connection(region="us-east-1"), "test")
    clients.get = lambda *_args, **_kwargs: Scripted(answer)  # type: ignore[method-assign] # as above
    assert alias_of(clients) == alias


def test_a_throttled_write_is_sent_again_after_a_pause() -> None:
    client, clock = (
        Scripted(client_error("ThrottlingException"), client_error("SlowDown", 503), {"ok": 1}),
        FakeClock(),
    )
    assert account(client, clock).write(*API) == {"ok": 1}
    assert client.calls == 3
    assert len(clock.slept) == 2


def test_throttling_without_end_is_a_refusal_after_bounded_attempts() -> None:
    client = Scripted(*[client_error("ThrottlingException")] * 50)
    with pytest.raises(AwsRefused, match="throttled"):
        account(client, FakeClock()).write(*API)
    assert client.calls < 10


@pytest.mark.parametrize(
    "fault", [sdk.ReadTimeoutError(endpoint_url="https://waf"), client_error("InternalError", 500)]
)
def test_a_write_whose_answer_is_lost_is_not_sent_again(fault: Exception) -> None:
    client = Scripted(fault, {"ok": 1})
    with pytest.raises(OutcomeUnknown):
        account(client, FakeClock()).write(*API)
    assert client.calls == 1


def test_a_denied_write_is_certain_and_not_sent_again() -> None:
    client = Scripted(client_error("AccessDeniedException"))
    with pytest.raises(AwsRefused, match="access denied"):
        account(client, FakeClock()).write(*API)
    assert client.calls == 1


def test_reading_refuses_operations_that_are_not_known_to_read() -> None:
    with pytest.raises(InvalidInput, match="not on the list of operations that only read"):
        account(Scripted(), FakeClock()).read(Read(service="wafv2", operation="UpdateIPSet"))


def test_a_throttled_read_is_asked_again_and_in_the_end_refused() -> None:
    read = Read(service="wafv2", operation="ListIPSets", params={"Limit": 1})
    client, clock = Scripted(*[client_error("ThrottlingException")] * 3, {"IPSets": []}), FakeClock()
    assert account(client, clock).read(read).value == {"IPSets": []}
    assert len(clock.slept) == 3
    client = Scripted(*[client_error("ThrottlingException")] * 50)
    refusal = account(client, FakeClock()).read(read).refusal
    assert refusal is not None
    assert refusal.kind is RefusalKind.THROTTLED
    assert client.calls < 10


class Counting:
    """An account that counts."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def read(self, read: Read) -> Answer:
        self.reads.append(read.api)
        return Answer(value=read.params)


def test_each_distinct_read_is_made_once_in_a_run() -> None:
    counting = Counting()
    reader = CachedReader(counting.read)
    one, other = Read(service="ec2", operation="DescribeVpcs"), Read(service="ec2", operation="DescribeSubnets")
    assert len(reader.read_many([one, other, one])) == 3
    reader.read_many([one])
    assert sorted(counting.reads) == ["ec2.DescribeSubnets", "ec2.DescribeVpcs"]
    assert reader.rounds == 1


def test_a_member_the_sdk_does_not_know_is_found_before_it_is_dropped() -> None:
    """An older SDK lacks MonetizationConfig and would write the web ACL back without it."""
    import boto3

    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    wafv2 = boto3.client("wafv2", **keys)
    body = (
        b'{"WebACL": {"Name": "a", "FutureConfig": {}, "Rules": [{"Name": "r", "NewThing": 1}]}, "LockToken": "t"}'
    )
    assert unknown_members(wafv2, "GetWebACL", body) == ["WebACL.FutureConfig", "WebACL.Rules[].NewThing"]
    cloudfront = boto3.client("cloudfront", **keys)
    xml = b"<DistributionConfig><Comment>a</Comment><Future/><Aliases><Quantity>0</Quantity></Aliases>"
    xml += b"</DistributionConfig>"
    assert unknown_members(cloudfront, "GetDistributionConfig", xml) == ["Future"]


def test_a_plan_is_bound_to_an_endpoint_only_when_it_is_not_awss_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two colleagues may reach one account through different endpoints of AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert Clients(Connection(region="us-east-1"), "test").endpoint == ""
    assert Clients(Connection(region="cn-north-1"), "test").endpoint == ""
    own = Connection(region="us-east-1", endpoint_url="http://127.0.0.1:5000")
    assert Clients(own, "test").endpoint == "http://127.0.0.1:5000"


def test_only_a_function_that_is_waited_for_may_take_a_quarter_of_an_hour() -> None:
    clients = Clients(Connection(region="us-east-1", endpoint_url="http://127.0.0.1:1"), "run")
    assert clients.get("lambda", None, writes=True).meta.config.read_timeout == 30
    assert clients.get("lambda", None, writes=True, waits=True).meta.config.read_timeout > 900


def test_an_operation_that_the_installed_sdk_lacks_is_a_refusal_and_not_a_crash() -> None:
    answer = account(Scripted(), FakeClock()).read(
        Read(service="autoscaling", operation="DescribeAccountSettings")
    )
    assert answer.refusal is not None
    assert (answer.refusal.kind, answer.refusal.code) == (RefusalKind.UNREADABLE, "UnknownOperation")
    assert "upgrade boto3" in answer.refusal.message


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
def test_a_file_that_the_sdk_passes_over_is_named_where_credentials_are_missed(
    no_credentials: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    file = no_credentials / "somewhere"
    monkeypatch.setenv(variable, str(file))
    with pytest.raises(AwsRefused) as told:
        identify(Clients(Connection(region="us-east-1"), "test"), 0)
    assert told.value.refusal.kind is RefusalKind.DENIED
    assert told.value.hint == f"{variable} names {file}, which is no file"


def test_a_credentials_file_that_may_not_be_read_is_named_where_a_profile_is_missed(
    no_credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = no_credentials / "credentials"
    file.touch()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setattr(os, "access", lambda path, _mode: path != file)
    with pytest.raises(InvalidInput, match="is in no configuration file") as told:
        Clients(Connection(region="us-east-1", profile="prod"), "test")
    assert told.value.hint == f"{file} may not be read by this user"


def test_nothing_is_said_of_files_when_there_is_nothing_to_say(
    no_credentials: Path,
) -> None:
    assert not list(no_credentials.iterdir())
    with pytest.raises(AwsRefused) as told:
        identify(Clients(Connection(region="us-east-1"), "test"), 0)
    assert told.value.hint == "aws configure sso makes a profile; --sandbox needs none"


def test_a_token_file_that_is_not_there_is_named_and_nothing_was_sent(
    no_credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod's token, for one; the SDK lets the fault of the file through as it is."""
    token = no_credentials / "token"
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod")
    clients = Clients(Connection(region="us-east-1"), "test")
    me = LiveAccount(clients, IDENTITY, FakeClock())
    with pytest.raises(AwsRefused) as told:
        me.write("sqs", "PurgeQueue", {"QueueUrl": "https://sqs/123456789012/q"}, None)
    assert told.value.refusal.kind is RefusalKind.DENIED
    assert str(token) in told.value.refusal.message
    answer = me.read(Read(service="sqs", operation="ListQueues"))
    assert answer.refusal is not None
    assert str(token) in answer.refusal.message


def test_an_answer_with_a_failed_entry_is_a_refusal() -> None:
    class Targets(Scripted):
        put_targets = Scripted.update_ip_set

    failed = {"TargetId": "opsctl", "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "busy"}
    client = Targets({"FailedEntryCount": 1, "FailedEntries": [failed]}, {"FailedEntryCount": 0})
    call = ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "opsctl", "Arn": "a"}]}, "us-east-1")
    with pytest.raises(AwsRefused) as caught:
        account(client, FakeClock()).write(*call)
    assert (caught.value.refusal.code, caught.value.refusal.message) == ("ConcurrentModificationException", "busy")
    assert account(client, FakeClock()).write(*call) == {"FailedEntryCount": 0}


@pytest.mark.parametrize("fault", [ResponseParserError("Invalid CBOR"), MemoryError(), AttributeError("bytes")])
def test_a_server_that_lacks_a_service_of_cbor_is_told_and_not_a_crash(fault: Exception) -> None:
    """What the SDK was seen to raise on the answers of two emulators."""

    class Buses(Scripted):
        list_event_buses = Scripted.update_ip_set

    api = "ListEventBuses"
    answer = account(Buses(fault), FakeClock()).read(Read(service="eventbridgev2", operation=api))
    assert answer.refusal is not None
    assert (answer.refusal.kind, answer.refusal.code) == (RefusalKind.UNREADABLE, "NotSupported")
    assert "not supported here" in answer.refusal.message
    if not isinstance(fault, ResponseParserError):
        with pytest.raises(type(fault)):
            account(Buses(fault), FakeClock()).read(Read(service="events", operation=api))
        with pytest.raises(OutcomeUnknown, match="not supported here"):
            account(Buses(fault), FakeClock()).write("eventbridgev2", api, {}, None)
        with pytest.raises(type(fault)):
            account(Buses(fault), FakeClock()).write("events", api, {}, None)
