"""The fast way to SQS: signed as AWS wants it, honest about what became of a call."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from opsctl.aws import http_direct
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.sigv4 import Signer, SigningKeys
from opsctl.aws.sqs_wire import SqsWire
from opsctl.dlq.transfer.digests import attributes_digest, body_digest
from opsctl.dlq.transfer.wire_calls import ask
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import RefusalKind
from tests.aws.test_translate import client_error
from tests.kit.moto_account import client, fresh_world, server

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


@pytest.mark.parametrize("token", ["", "a-session-token"])
@pytest.mark.parametrize("host", ["sqs.us-east-1.amazonaws.com", "127.0.0.1:4566"])
def test_a_signature_is_the_one_the_sdk_makes(monkeypatch: pytest.MonkeyPatch, token: str, host: str) -> None:
    body = '{"QueueUrl":"é"}'.encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=headers)
    auth = SigV4Auth(Credentials("AKID", "secret", token or None), "sqs", REGION)
    auth.add_auth(request)
    stamp = request.headers["X-Amz-Date"]
    import datetime

    moment = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC).timestamp()
    ours = Signer("sqs", REGION, host).headers(
        SigningKeys("AKID", "secret", token), body, "AmazonSQS.SendMessage", moment
    )
    assert ours["Authorization"] == request.headers["Authorization"]


def wire_to(endpoint: str) -> SqsWire:
    return SqsWire(Clients(Connection(region=REGION, endpoint_url=endpoint), "run-1"), REGION)


def test_messages_pass_with_their_digests_and_a_user_agent_names_the_run() -> None:
    with fresh_world():
        url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
        wire = wire_to(server().endpoint)
        attributes = {"b": {"DataType": "Binary", "BinaryValue": base64.b64encode(b"\x00\xff").decode()}}
        entry = {"Id": "a", "MessageBody": "é", "MessageAttributes": attributes}
        (sent,) = wire.call("SendMessageBatch", {"QueueUrl": url, "Entries": [entry]})["Successful"]
        assert sent["MD5OfMessageBody"] == body_digest("é")
        assert sent["MD5OfMessageAttributes"] == attributes_digest(attributes)
        got = wire.call("ReceiveMessage", {"QueueUrl": url, "MessageAttributeNames": ["All"]})["Messages"]
        assert got[0]["MessageAttributes"]["b"]["BinaryValue"] == attributes["b"]["BinaryValue"]
        assert any("run/run-1" in agent and agent.startswith("opsctl/") for agent in server().agents)


def test_a_refusal_carries_awss_code() -> None:
    with fresh_world(), pytest.raises(AwsRefused) as refused:
        wire_to(server().endpoint).call("ReceiveMessage", {"QueueUrl": "https://x/123456789012/none"})
    assert refused.value.refusal.kind is RefusalKind.MISSING


def test_nothing_listening_means_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(AwsRefused) as refused:
        wire_to(f"http://127.0.0.1:{port}").call("SendMessage", {})
    assert refused.value.refusal.kind is RefusalKind.UNREACHABLE


@contextmanager
def answering(
    *answers: bytes, seen: list[bytes] | None = None, after: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """A server that gives each request the next answer, verbatim, and closes after one without the word `keep`.

    It notes the heads of requests in `seen`, and calls `after` when it has closed.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection = None
        for answer in answers:
            if connection is None:
                connection, _ = listener.accept()
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            if seen is not None:
                seen.append(head)
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            connection.sendall(answer)
            if b"keep" not in answer:
                connection.close()
                connection = None
                after()
        if connection is not None:
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(5)
        listener.close()


def http(status: int, body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), *headers, b"", body])


SIGNED = b'{"__type": "com.amazon.coral.service#InvalidSignatureException", '


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        http(200, b'{"a": 1}')[:-3],
        http(200, b"not json"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"nonsense\r\n\r\n",
        http(500, b'{"__type": "com.amazonaws.sqs#InternalFailure"}'),
        http(502, b"<html>"),
        http(503, b""),
        http(503, b'{"__type": "com.amazonaws.sqs#ServiceUnavailable"}'),
        http(504, b""),
    ],
)
def test_an_answer_that_is_lost_or_broken_leaves_the_outcome_unknown(answer: bytes) -> None:
    with answering(answer) as endpoint, pytest.raises(OutcomeUnknown):
        wire_to(endpoint).call("SendMessage", {})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(503, b'{"__type": "com.amazonaws.sqs#RequestThrottled"}'), RefusalKind.THROTTLED),
        (http(403, b'{"__type": "com.amazonaws.sqs#OverLimit"}'), RefusalKind.THROTTLED),
        (http(429, b""), RefusalKind.THROTTLED),
        (http(429, b'{"__type": "com.amazonaws.sqs#NeverHeardOf"}'), RefusalKind.THROTTLED),
        (http(408, b""), RefusalKind.UNREACHABLE),
        (http(408, b'{"__type": "com.amazon.coral.service#RequestTimeoutException"}'), RefusalKind.UNREACHABLE),
        (http(403, b"<html>the company's proxy says no"), RefusalKind.DENIED),
        (http(407, b""), RefusalKind.DENIED),
        (http(404, b""), RefusalKind.MISSING),
        (
            http(400, SIGNED + b'"message": "Signature expired: 20261130T100000Z is now earlier than"}'),
            RefusalKind.DENIED,
        ),
        (http(400, SIGNED + b'"message": "Signature not yet current: 20261130T100000Z"}'), RefusalKind.DENIED),
        (http(403, b'{"__type": "com.amazon.coral.service#ExpiredTokenException"}'), RefusalKind.DENIED),
        (
            http(403, b'{"__type": "com.amazon.coral.service#MissingAuthenticationTokenException"}'),
            RefusalKind.DENIED,
        ),
        (http(403, b'{"__type": "com.amazon.coral.service#IncompleteSignatureException"}'), RefusalKind.DENIED),
        (http(400, b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow"}'), RefusalKind.THROTTLED),
        (http(400, b'{"__type": "com.amazon.coral.service#AccessDenied"}'), RefusalKind.DENIED),
        (http(403, b'{"__type": "InvalidClientTokenId"}'), RefusalKind.DENIED),
        (http(400, b'{"__type": "x#KmsAccessDenied", "message": "no key"}'), RefusalKind.DENIED),
        (http(400, b'{"__type": "com.amazonaws.sqs#InvalidMessageContents"}'), RefusalKind.INVALID),
        (http(400, b""), RefusalKind.INVALID),
    ],
)
def test_a_refusal_is_sorted_by_its_code(answer: bytes, kind: RefusalKind) -> None:
    with answering(answer) as endpoint, pytest.raises(AwsRefused) as refused:
        wire_to(endpoint).call("SendMessage", {})
    assert refused.value.refusal.kind is kind


def test_a_connection_is_kept_and_chunks_are_put_together() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: keep\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
        b'5;ext=1\r\n{"a":\r\n3\r\n 1}\r\n0\r\nTrailer: x\r\n\r\n'
    )
    with answering(chunked, http(200, b'{"b": 2}', b"X: keep"), http(200, b"")) as endpoint:
        wire = wire_to(endpoint)
        assert wire.call("ReceiveMessage", {}) == {"a": 1}
        assert wire.server_time() == 1767225600
        assert wire.call("ReceiveMessage", {}) == {"b": 2}
        assert wire.call("ReceiveMessage", {}) == {}


def test_a_proxy_from_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(http(200, b'{"via": "proxy"}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        wire = wire_to("http://sqs.example.invalid")
        assert wire.call("ReceiveMessage", {}) == {"via": "proxy"}


def test_a_proxy_that_cannot_be_reached_means_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(AwsRefused) as told:
        wire_to("https://sqs.us-east-1.amazonaws.com").call("ReceiveMessage", {})
    assert told.value.refusal.kind is RefusalKind.UNREACHABLE
    assert told.value.refusal.code == "ProxyConnectionError"


def test_a_connection_that_the_server_closed_while_idle_is_not_sent_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says nothing of closing, as a balancer that reaches its limit of requests a connection."""
    monkeypatch.setattr(http_direct, "_SEEN_AFTER_S", 0.0)
    closed = threading.Event()
    with answering(http(200, b'{"first": 1}'), http(200, b'{"second": 2}'), after=closed.set) as endpoint:
        wire = wire_to(endpoint)
        assert wire.call("SendMessage", {}) == {"first": 1}
        assert closed.wait(5)
        assert wire.call("SendMessage", {}) == {"second": 2}


def test_a_word_that_came_while_idle_is_no_answer_to_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers say 408 before they close an idle connection."""
    monkeypatch.setattr(http_direct, "_SEEN_AFTER_S", 0.0)
    closed = threading.Event()
    early = http(200, b'{"first": 1}') + http(408, b"")
    with answering(early, http(200, b'{"second": 2}'), after=closed.set) as endpoint:
        wire = wire_to(endpoint)
        wire.call("SendMessage", {})
        assert closed.wait(5)
        assert wire.call("SendMessage", {}) == {"second": 2}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (NoCredentialsError(), RefusalKind.DENIED, "Unable to locate credentials"),
        (FileNotFoundError(2, "No such file or directory", "/run/token"), RefusalKind.DENIED, "/run/token"),
        (PermissionError(13, "Permission denied", "/opt/get-keys"), RefusalKind.DENIED, "/opt/get-keys"),
        (client_error("AccessDenied", 403), RefusalKind.DENIED, "AccessDenied it is"),
        (client_error("Throttling", 400), RefusalKind.THROTTLED, "Throttling it is"),
        (EndpointConnectionError(endpoint_url="https://sts"), RefusalKind.UNREACHABLE, "https://sts"),
    ],
    ids=["none", "token file", "program", "role denied", "role throttled", "sts unreachable"],
)
def test_credentials_that_cannot_be_had_mean_that_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, kind: RefusalKind, words: str
) -> None:
    with answering(http(200, b"", b"X: keep")) as endpoint:
        clients = Clients(Connection(region=REGION, endpoint_url=endpoint), "run-1")
        wire = SqsWire(clients, REGION)
        wire.call("ReceiveMessage", {})

        def failing() -> tuple[str, str, str]:
            raise fault

        monkeypatch.setattr(clients, "keys", failing)
        with pytest.raises(AwsRefused) as told:
            ask(wire, "SendMessage", {})
        assert told.value.refusal.kind is kind
        assert words in told.value.refusal.message


def test_credentials_are_asked_for_at_every_call_so_that_they_may_be_refreshed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = iter([("A1", "s", ""), ("A2", "s", "t")])
    seen: list[bytes] = []
    with answering(http(200, b"", b"X: keep"), http(200, b""), seen=seen) as endpoint:
        clients = Clients(Connection(region=REGION, endpoint_url=endpoint), "run-1")
        monkeypatch.setattr(clients, "keys", lambda: next(keys))
        wire = SqsWire(clients, REGION)
        wire.call("ReceiveMessage", {})
        wire.call("ReceiveMessage", {})
    assert b"Credential=A1/" in seen[0]
    assert b"X-Amz-Security-Token" not in seen[0]
    assert b"Credential=A2/" in seen[1]
    assert b"X-Amz-Security-Token: t\r\n" in seen[1]
