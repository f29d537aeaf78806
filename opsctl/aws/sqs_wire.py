"""The fast way to SQS: JSON 1.0 by hand, on the user's own credentials, endpoint, CA bundle and proxy."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.httpsession import URLLib3Session, get_cert_path

from opsctl.aws.clients import Clients
from opsctl.aws.http_direct import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    AnswerLost,
    DirectConnection,
    HttpAnswer,
    NotSent,
)
from opsctl.aws.sigv4 import Keys, Signer
from opsctl.aws.translate import kind_of
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refusal, Refused
from opsctl.model.value import Json

_UNAVAILABLE = 503
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_decode = json.JSONDecoder().decode


class _Connection(Protocol):
    def post(self, headers: dict[str, str], body: bytes) -> HttpAnswer: ...


class SqsWire:
    """Implements the `Wire` port for SQS in one region; each thread has a connection of its own."""

    def __init__(self, clients: Clients, region: str) -> None:
        url = str(clients.get("sqs", region).meta.endpoint_url)
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        path = parts.path or "/"
        proxies = clients.proxies(url)
        verify = clients.verify
        tls = _tls(verify) if secure and not proxies else None
        self._connect: Callable[[], _Connection] = (
            (lambda: _ProxyConnection(url, proxies, verify))
            if proxies
            else (lambda: DirectConnection(host, port, tls, parts.netloc, path))
        )
        self._keys = clients.keys
        self._agent = clients.agent
        self._signer = Signer("sqs", region, parts.netloc, path)
        self._local = threading.local()
        self._date = b""

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        """Make one call; see the port."""
        body = _encode(params).encode()
        try:
            keys = Keys(*self._keys())
        except BotoCoreError as fault:
            raise _refused(operation, Refused.DENIED, type(fault).__name__, str(fault)) from fault
        headers = self._signer.headers(keys, body, f"AmazonSQS.{operation}", time.time())
        headers["User-Agent"] = self._agent
        try:
            connection: _Connection = self._local.connection
        except AttributeError:
            connection = self._local.connection = self._connect()
        try:
            answer = connection.post(headers, body)
        except NotSent as fault:
            raise _refused(operation, Refused.UNREACHABLE, "EndpointConnectionError", str(fault)) from fault
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
            # Those that never reached a server are no HTTPClientError to the SDK.
            name = type(fault).__name__
            never = ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError")
            raise (NotSent if name in never else AnswerLost)(f"{name}: {fault}") from fault


def _tls(verify: str | bool) -> ssl.SSLContext:
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=get_cert_path(verify))


def _fault(operation: str, answer: HttpAnswer) -> AwsRefused | OutcomeUnknown:
    """Sort an answer that is no success: 503 was not carried out, other server errors may have been."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = str(told.get("__type", "")).rpartition("#")[2] or f"HTTP{answer.status}"
    message = str(told.get("message") or told.get("Message") or code)
    kind = kind_of(code)
    if kind is Refused.THROTTLED or answer.status == _UNAVAILABLE:
        return _refused(operation, Refused.THROTTLED, code, message)
    if answer.status >= 500:
        return OutcomeUnknown(f"sqs.{operation} failed on the server's side ({code}): {message}")
    return _refused(operation, kind, code, message)


def _refused(operation: str, kind: Refused, code: str, message: str) -> AwsRefused:
    return AwsRefused(Refusal(kind=kind, code=code, message=message, api=f"sqs.{operation}"))
