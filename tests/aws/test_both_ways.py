"""The wire and the SDK's way make the same of what happens to a call: was it carried out, and why not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import pytest

from opsctl.aws.account import LiveAccount
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.sqs_wire import SqsWire
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refusal, RefusalKind
from tests.kit.ports import IDENTITY, FakeClock

REGION = "us-east-1"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
UNKNOWN = "unknown"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


@contextmanager
def always(answer: bytes) -> Iterator[str]:
    """A server, or a proxy, that answers every first request of a connection in the same way and closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    data = connection.recv(65536)
                    while data.startswith(b"POST") and not data.endswith(b"}"):
                        data += connection.recv(65536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def by_the_wire(endpoint: str, region: str = REGION) -> Refusal | None:
    wire = SqsWire(Clients(Connection(region=region, endpoint_url=endpoint), "run-1"), region)
    return outcome(lambda: wire.call("PurgeQueue", {"QueueUrl": QUEUE}))


def by_the_sdk(endpoint: str, region: str = REGION) -> Refusal | None:
    clients = Clients(Connection(region=region, endpoint_url=endpoint), "run-1")
    account = LiveAccount(clients, IDENTITY, FakeClock())
    return outcome(lambda: account.write("sqs", "PurgeQueue", {"QueueUrl": QUEUE}, None))


def outcome(call: Callable[[], Any]) -> Refusal | None:
    """The refusal, or None for an unknown outcome."""
    try:
        call()
    except AwsRefused as refused:
        return refused.refusal
    except OutcomeUnknown:
        return None
    raise AssertionError("it was carried out")


def answer(status: int, code: str = "") -> bytes:
    body = b'{"__type":"com.amazonaws.sqs#%s"}' % code.encode() if code else b""
    head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (status, len(body)) + body


ANSWERS: dict[str, tuple[bytes, RefusalKind | str]] = {
    "no answer": (b"", UNKNOWN),
    "half of the first line": (b"HTTP/1.1 2", UNKNOWN),
    "500": (answer(500, "InternalFailure"), UNKNOWN),
    "502 of a proxy": (answer(502), UNKNOWN),
    "503": (answer(503, "ServiceUnavailable"), UNKNOWN),
    "503 of a proxy": (answer(503), UNKNOWN),
    "503 of throttling": (answer(503, "ThrottlingException"), RefusalKind.THROTTLED),
    "403 of throttling": (answer(403, "RequestThrottled"), RefusalKind.THROTTLED),
    "too many in flight": (answer(403, "OverLimit"), RefusalKind.THROTTLED),
    "429": (answer(429), RefusalKind.THROTTLED),
    "429 of an unknown code": (answer(429, "SomethingNew"), RefusalKind.THROTTLED),
    "408": (answer(408), RefusalKind.UNREACHABLE),
    "408 of AWS": (answer(408, "RequestTimeoutException"), RefusalKind.UNREACHABLE),
    "an expired token": (answer(403, "ExpiredTokenException"), RefusalKind.DENIED),
    "a signature that is not accepted": (answer(400, "InvalidSignatureException"), RefusalKind.DENIED),
    "a request that is too old": (answer(400, "RequestExpired"), RefusalKind.DENIED),
    "403 of a proxy": (answer(403), RefusalKind.DENIED),
    "a queue that is not there": (answer(400, "QueueDoesNotExist"), RefusalKind.MISSING),
    "a wrong parameter": (answer(400, "InvalidAttributeValue"), RefusalKind.INVALID),
    "400 of a proxy": (answer(400), RefusalKind.INVALID),
}


@pytest.mark.parametrize("way", [by_the_wire, by_the_sdk])
@pytest.mark.parametrize(("told", "means"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_means_the_same(
    way: Callable[[str], Refusal | None], told: bytes, means: RefusalKind | str
) -> None:
    with always(told) as endpoint:
        refusal = way(endpoint)
    assert (refusal.kind if refusal else UNKNOWN) == means


@pytest.mark.parametrize("way", [by_the_wire, by_the_sdk])
class TestNothingWasSent:
    """What never reached a server is certain, by the SDK's own name for it."""

    def test_when_the_server_refuses(self, way: Callable[[str], Refusal]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        refusal = way(f"http://127.0.0.1:{port}")
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "EndpointConnectionError")

    def test_when_the_name_is_unknown(
        self, way: Callable[[str], Refusal], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(*_: object, **__: object) -> NoReturn:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        refusal = way("https://nowhere.invalid")
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "EndpointConnectionError")

    def test_when_no_connection_comes_in_time(
        self, way: Callable[[str], Refusal], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def late(*_: object) -> NoReturn:
            raise TimeoutError("timed out")

        monkeypatch.setattr(socket.socket, "connect", late)
        refusal = way("http://127.0.0.1:4566")
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "ConnectTimeoutError")

    def test_when_plain_http_is_spoken_where_tls_is_expected(self, way: Callable[[str], Refusal]) -> None:
        with always(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as endpoint:
            refusal = way(endpoint.replace("http:", "https:"))
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "SSLError")

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable"),
            (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "407 Proxy Auth"),
        ],
        ids=["503", "407"],
    )
    def test_when_a_proxy_makes_no_tunnel(
        self, way: Callable[[str], Refusal], monkeypatch: pytest.MonkeyPatch, told: bytes, words: str
    ) -> None:
        with always(told) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            refusal = way("https://sqs.us-east-1.amazonaws.com")
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "ProxyConnectionError")
        assert words in refusal.message

    def test_when_a_proxy_ends_the_tunnel_before_tls_is_agreed(
        self, way: Callable[[str], Refusal], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with always(b"HTTP/1.1 200 OK\r\n\r\n") as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            refusal = way("https://sqs.us-east-1.amazonaws.com")
        assert (refusal.kind, refusal.code) == (RefusalKind.UNREACHABLE, "SSLError")


@pytest.mark.parametrize("way", [by_the_wire, by_the_sdk])
def test_an_endpoint_that_the_sdk_does_not_know_is_no_answer_of_a_service(
    way: Callable[[str, str], Refusal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some partitions have no dual-stack endpoints."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    refusal = way("", "us-isof-south-1")
    assert (refusal.kind, refusal.code) == (RefusalKind.INVALID, "EndpointVariantError")
    assert "dualstack" in refusal.message


@pytest.mark.parametrize("way", [by_the_wire, by_the_sdk])
def test_a_server_that_does_not_answer_in_time_may_have_carried_it_out(
    way: Callable[[str], Refusal | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody takes the connection, so the request lies in its buffer; reading times out at once."""

    def late(*_: object) -> NoReturn:
        raise TimeoutError("timed out")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(socket.socket, "recv", late)
        monkeypatch.setattr(socket.socket, "recv_into", late)
        assert way(f"http://127.0.0.1:{listener.getsockname()[1]}") is None
