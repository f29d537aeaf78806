"""The fast way to SQS: JSON 1.0 by hand, on the user's own credentials, endpoint, CA bundle and proxy."""

import json
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.httpsession import URLLib3Session

from opsctl.aws.clients import Clients
from opsctl.aws.http_direct import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    AnswerLost,
    DirectConnection,
    HttpAnswer,
    NotSent,
)
from opsctl.aws.route import route_of
from opsctl.aws.sigv4 import Signer, SigningKeys
from opsctl.aws.translate import kind_of, may_be_done, never_sent, refusal_of, words_of
from opsctl.aws.trust import tls_context
from opsctl.model.errors import AwsRefused, InvalidInput, OutcomeUnknown
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json

_BEFORE_A_CALL = (BotoCoreError, ClientError, OSError, ValueError)
"""What getting credentials and an endpoint raises: the SDK's faults, a missing file, a program's bad answer."""

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_decode = json.JSONDecoder().decode


class _Connection(Protocol):
    def post(self, headers: dict[str, str], body: bytes) -> HttpAnswer: ...


class SqsWire:
    """Implements the `Wire` port for SQS in one region; each thread has a connection of its own."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients = clients
        self._agent = clients.agent
        self._region = region
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._local = threading.local()
        self._date = b""

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        """Make one call; see the port."""
        try:
            connection, signer = self._local.line
        except AttributeError:
            connection, signer = self._local.line = self._opened(operation)
        body = _encode(params).encode()
        try:
            keys = SigningKeys(*self._clients.keys())
        except _BEFORE_A_CALL as fault:
            raise AwsRefused(refusal_of(fault, f"sqs.{operation}")) from fault
        headers = signer.headers(keys, body, f"AmazonSQS.{operation}", time.time())
        headers["User-Agent"] = self._agent
        try:
            answer = connection.post(headers, body)
        except NotSent as fault:
            raise _refused(operation, RefusalKind.UNREACHABLE, fault.code, str(fault)) from fault
        except AnswerLost as fault:
            raise OutcomeUnknown(f"sqs.{operation} was sent and its answer was lost: {fault}") from fault
        self._date = answer.date or self._date
        if answer.status != 200:
            raise _fault(operation, answer)
        try:
            told = _decode(answer.body.decode()) if answer.body else {}
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise OutcomeUnknown(f"the answer to sqs.{operation} cannot be read")
        return told

    def server_time(self) -> float:
        """The service's clock by the `Date` of its last answer."""
        return parsedate_to_datetime(self._date.decode("latin-1")).timestamp() if self._date else 0.0

    def _opened(self, operation: str) -> tuple[_Connection, Signer]:
        """Return a connection for the calling thread; where it goes is found out once."""
        try:
            with self._lock:
                if self._line is None:
                    self._line = _line(self._clients, self._region)
        except _BEFORE_A_CALL as fault:
            raise AwsRefused(refusal_of(fault, f"sqs.{operation}")) from fault
        except InvalidInput as fault:
            raise _refused(operation, RefusalKind.DENIED, "Configuration", fault.summary) from fault
        return self._line.connect(), self._line.signer


class _Line(NamedTuple):
    """How connections are made, and what signs for them."""

    connect: Callable[[], _Connection]
    signer: Signer


def _line(clients: Clients, region: str) -> _Line:
    client = clients.get("sqs", region)
    route = route_of(client, "list_queues")
    signer = Signer(route.service, route.region, route.authority, route.path)
    # As the SDK does, by the URL that it had before its rules.
    proxies = clients.proxies(str(client.meta.endpoint_url))
    if proxies.get("https" if route.secure else "http"):
        verify, _ = clients.bundle
        return _Line(lambda: _ProxyConnection(route.url, proxies, verify), signer)
    tls = tls_context(*clients.bundle) if route.secure else None
    return _Line(lambda: DirectConnection(route, tls), signer)


class _ProxyConnection:
    """A connection through the user's HTTP proxy: slower, and everything about proxies is the SDK's."""

    def __init__(self, url: str, proxies: dict[str, str], verify: str | bool) -> None:
        self._url = url
        self._session = URLLib3Session(
            verify=verify, proxies=proxies, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S), max_pool_connections=1
        )

    def post(self, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Send one request; see DirectConnection.post."""
        request = AWSPreparedRequest("POST", self._url, headers, body, False)
        try:
            answer: Any = self._session.send(request)
            return HttpAnswer(answer.status_code, answer.content, str(answer.headers.get("date", "")).encode())
        except (HTTPClientError, NoConnection) as fault:
            name = type(fault).__name__
            if never_sent(fault):
                raise NotSent(name, words_of(fault)) from fault
            raise AnswerLost(f"{name}: {fault}") from fault


def _fault(operation: str, answer: HttpAnswer) -> AwsRefused | OutcomeUnknown:
    """Sort an answer that is no success."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = str(told.get("__type", "")).rpartition("#")[2]
    named = code or f"HTTP{answer.status}"
    message = str(told.get("message") or told.get("Message") or named)
    if may_be_done(code, answer.status):
        return OutcomeUnknown(f"sqs.{operation} failed on the server's side ({named}): {message}")
    return _refused(operation, kind_of(code, answer.status), named, message)


def _refused(operation: str, kind: RefusalKind, code: str, message: str) -> AwsRefused:
    return AwsRefused(Refusal(kind=kind, code=code, message=message, api=f"sqs.{operation}"))
