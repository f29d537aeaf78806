"""The wire trusts what the SDK trusts: each rule is compared with a client of boto3 in the same environment."""

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest

from opsctl.aws import http_direct
from opsctl.aws.account import LiveAccount, identify
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.sqs_wire import SqsWire
from opsctl.model.errors import AwsRefused, InvalidInput, OutcomeUnknown
from opsctl.model.reads import RefusalKind
from opsctl.model.run import Identity
from tests.kit.ports import FakeClock
from tests.kit.tls_server import Authority, authority, says_nothing, tls_server

REGION = "us-east-1"
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*BUNDLES, "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def clients_to(endpoint: str) -> Clients:
    return Clients(Connection(region=REGION, endpoint_url=endpoint), "run-1")


def sdks_client(endpoint: str) -> Any:
    return boto3.Session().client("sqs", region_name=REGION, endpoint_url=endpoint)


def sdks_verify(endpoint: str) -> object:
    return sdks_client(endpoint)._endpoint.http_session._verify


def in_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: str) -> None:
    (tmp_path / "config").write_text(f"[default]\nca_bundle = {bundle}\n")


@pytest.mark.parametrize("aws", ["", "/aws.pem"])
@pytest.mark.parametrize("requests", ["", "/requests.pem"])
@pytest.mark.parametrize("profile", ["", "/profile.pem"])
def test_the_bundle_is_the_one_that_the_sdk_chooses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aws: str, requests: str, profile: str
) -> None:
    for name, value in zip(BUNDLES, (aws, requests), strict=True):
        if value:
            monkeypatch.setenv(name, value)
    if profile:
        in_profile(monkeypatch, tmp_path, profile)
    bundle, source = clients_to("http://127.0.0.1:1").bundle
    assert bundle == sdks_verify("http://127.0.0.1:1")
    named = {aws: "AWS_CA_BUNDLE", profile: "ca_bundle of the profile", requests: "REQUESTS_CA_BUNDLE"}
    assert bundle is True or source == named[str(bundle)]


@pytest.mark.parametrize("variable", BUNDLES)
def test_a_server_of_a_companys_own_ca_is_reached_by_both(
    monkeypatch: pytest.MonkeyPatch, company: Authority, variable: str
) -> None:
    monkeypatch.setenv(variable, str(company.bundle))
    with tls_server(company, says_nothing) as endpoint:
        assert sdks_client(endpoint).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert SqsWire(clients_to(endpoint), REGION).call("ListQueues", {}) == {}


def test_the_strictness_of_newer_pythons_default_is_not_taken_over(
    monkeypatch: pytest.MonkeyPatch, company: Authority
) -> None:
    """Python 3.13's `create_default_context` sets the flag, the SDK's context does not."""
    default = ssl.create_default_context

    def of_3_13(*args: Any, **more: Any) -> ssl.SSLContext:
        context = default(*args, **more)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    monkeypatch.setattr(ssl, "create_default_context", of_3_13)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company.bundle))
    with tls_server(company, says_nothing) as endpoint:
        assert SqsWire(clients_to(endpoint), REGION).call("ListQueues", {}) == {}


def test_a_connection_is_made_with_the_sdks_settings(monkeypatch: pytest.MonkeyPatch, company: Authority) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    with tls_server(company, says_nothing) as endpoint:
        client = sdks_client(endpoint)
        client.list_queues()
        (pool,) = client._endpoint.http_session._manager.pools._container.values()
        connection = pool.pool.get()
        theirs = connection.sock
        wire = SqsWire(clients_to(endpoint), REGION)
        wire.call("ListQueues", {})
        ours = wire._local.line[0]._socket
        for told in ("options", "minimum_version", "maximum_version", "verify_flags", "verify_mode"):
            assert getattr(ours.context, told) == getattr(theirs.context, told), told
        assert ours.context.get_ciphers() == theirs.context.get_ciphers()
        assert ours.context.get_ca_certs() == theirs.context.get_ca_certs()
        assert ours.context.post_handshake_auth == theirs.context.post_handshake_auth
        assert (ours.version(), ours.cipher(), ours.selected_alpn_protocol()) == (
            theirs.version(),
            theirs.cipher(),
            theirs.selected_alpn_protocol(),
        )
        connection.close()


def test_a_tls_connection_that_rested_is_used_again_while_it_lives(
    monkeypatch: pytest.MonkeyPatch, company: Authority
) -> None:
    """Session tickets, which come unasked for, are no sign that it was closed."""
    monkeypatch.setattr(http_direct, "_SEEN_AFTER_S", 0.0)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company.bundle))
    with tls_server(company, says_nothing) as endpoint:
        wire = SqsWire(clients_to(endpoint), REGION)
        wire.call("ListQueues", {})
        first = wire._local.line[0]._socket
        wire.call("ListQueues", {})
        assert wire._local.line[0]._socket is first


def test_a_tls_connection_that_was_closed_while_it_rested_is_not_sent_into(
    monkeypatch: pytest.MonkeyPatch, company: Authority
) -> None:
    monkeypatch.setattr(http_direct, "_SEEN_AFTER_S", 0.0)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company.bundle))
    closed = threading.Event()

    def answers_and_leaves(secure: ssl.SSLSocket, request: bytes) -> None:
        says_nothing(secure, request)
        secure.close()
        closed.set()

    with tls_server(company, answers_and_leaves) as endpoint:
        wire = SqsWire(clients_to(endpoint), REGION)
        wire.call("SendMessage", {})
        assert closed.wait(5)
        assert wire.call("SendMessage", {}) == {}


def test_a_server_of_a_foreign_ca_is_refused_and_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch, company: Authority, stranger: Authority
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    seen: list[bytes] = []
    with (
        tls_server(stranger, lambda _, request: seen.append(request)) as endpoint,
        pytest.raises(AwsRefused) as told,
    ):
        SqsWire(clients_to(endpoint), REGION).call("SendMessage", {})
    assert (told.value.refusal.kind, told.value.refusal.code) == (RefusalKind.UNREACHABLE, "SSLError")
    assert seen == []


def test_a_certificate_for_another_host_is_refused(monkeypatch: pytest.MonkeyPatch, company: Authority) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    with tls_server(company, says_nothing) as endpoint, pytest.raises(AwsRefused) as told:
        SqsWire(clients_to(endpoint.replace("127.0.0.1", "localhost")), REGION).call("SendMessage", {})
    assert told.value.refusal.code == "SSLError"


@pytest.mark.parametrize("variable", [*BUNDLES, "ca_bundle"])
@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("no pem", "no file of certificates")])
def test_a_bundle_that_cannot_be_read_is_named_and_nothing_else_is_blamed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None, why: str
) -> None:
    bundle = tmp_path / "corporate.pem"
    if content is not None:
        bundle.write_text(content)
    if variable in BUNDLES:
        monkeypatch.setenv(variable, str(bundle))
    else:
        in_profile(monkeypatch, tmp_path, str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(InvalidInput) as told:
        identify(clients_to("https://sts.us-east-1.amazonaws.com"), 0)
    assert str(bundle) in told.value.summary
    assert why in told.value.summary
    assert variable in told.value.diagnostics[0].where.source
    assert "127.0.0.1" not in told.value.summary


def test_an_unreadable_bundle_is_no_matter_where_no_tls_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/none.pem")
    with pytest.raises(AwsRefused) as told:
        SqsWire(clients_to("http://127.0.0.1:1"), REGION).call("SendMessage", {})
    assert told.value.refusal.code == "EndpointConnectionError"


def test_a_bundle_that_goes_away_during_a_run_is_named(
    monkeypatch: pytest.MonkeyPatch, company: Authority, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.pem"
    copy.write_bytes(company.bundle.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(copy))
    clients = clients_to("https://127.0.0.1:1")
    clients.get("sqs", REGION)
    copy.unlink()
    with pytest.raises(AwsRefused) as told:
        SqsWire(clients, REGION).call("SendMessage", {})
    assert told.value.refusal.kind is RefusalKind.DENIED
    assert str(copy) in told.value.refusal.message


def breaks_tls(secure: ssl.SSLSocket, _request: bytes) -> None:
    """Answer with what is no TLS, on the connection under it."""
    with socket.socket(fileno=secure.detach()) as plain:
        plain.sendall(b"HTTP/1.1 500 Oops, from a box in between\r\n\r\n")
    # OpenSSL still knows the descriptor by its number, which the next connection may be given.
    raise ConnectionAbortedError("nothing more is read here")


def test_tls_that_breaks_after_the_request_leaves_the_outcome_unknown_in_both_ways(
    monkeypatch: pytest.MonkeyPatch, company: Authority
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    me = Identity(account="123456789012", arn="arn:aws:iam::123456789012:root", region=REGION)
    with tls_server(company, breaks_tls) as endpoint:
        clients = clients_to(endpoint)
        with pytest.raises(OutcomeUnknown):
            SqsWire(clients, REGION).call("SendMessage", {})
        with pytest.raises(OutcomeUnknown):
            LiveAccount(clients, me, FakeClock()).write(
                "sqs", "PurgeQueue", {"QueueUrl": "https://sqs/123456789012/q"}, None
            )


def test_tls_that_is_not_agreed_was_not_sent_in_both_ways(
    monkeypatch: pytest.MonkeyPatch, company: Authority, stranger: Authority
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    me = Identity(account="123456789012", arn="arn:aws:iam::123456789012:root", region=REGION)
    with tls_server(stranger, says_nothing) as endpoint, pytest.raises(AwsRefused) as told:
        LiveAccount(clients_to(endpoint), me, FakeClock()).write(
            "sqs", "PurgeQueue", {"QueueUrl": "https://sqs/123456789012/q"}, None
        )
    assert (told.value.refusal.kind, told.value.refusal.code) == (RefusalKind.UNREACHABLE, "SSLError")
