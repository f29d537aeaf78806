"""One kept-alive HTTP/1.1 connection, with the status line and headers read by hand.

The SDK's own pipeline costs several times the CPU of everything else in moving a message
(docs/decisions/0003); this is the part of HTTP that AWS's JSON protocol needs and nothing more.
"""

import socket
import ssl
import time
from contextlib import suppress
from typing import NamedTuple

from urllib3.util.wait import wait_for_read

from opsctl.aws.route import RequestRoute

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
_IDLE_AT_MOST_S = 4.0
_SEEN_AFTER_S = 0.02
_PIECE = 65536
_HEAD_AT_MOST = 65536


class NotSent(Exception):
    """The request never left; `code` is the name of the SDK's error for that."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AnswerLost(Exception):
    """The request was sent, and no whole answer came back."""


class HttpAnswer(NamedTuple):
    """Status, body, and the server's `Date` header."""

    status: int
    body: bytes
    date: bytes


class DirectConnection:
    """A connection to one host; used by one thread."""

    def __init__(self, route: RequestRoute, tls: ssl.SSLContext | None) -> None:
        self._route = route
        self._tls = tls
        self._start = f"POST {route.path} HTTP/1.1\r\nHost: {route.authority}\r\nContent-Length: "
        self._socket: socket.socket | None = None
        self._used = 0.0

    def post(self, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Send a request and read its answer.

        Raises:
            NotSent: no connection could be made; nothing was sent.
            AnswerLost: the connection failed later; the server may have acted.
        """
        rested = time.monotonic() - self._used
        if self._socket is None or (rested > _SEEN_AFTER_S and _gone(self._socket, rested)):
            self.close()
            self._socket = self._opened()
        lines = "".join([f"\r\n{name}: {value}" for name, value in headers.items()])
        head = f"{self._start}{len(body)}{lines}\r\n\r\n".encode("latin-1")
        try:
            self._socket.sendall(head + body)
            answer = self._read(self._socket)
        except (OSError, ValueError) as fault:
            self.close()
            raise AnswerLost(str(fault) or type(fault).__name__) from fault
        self._used = time.monotonic()
        return answer

    def __del__(self) -> None:
        """A thread that ends takes its connection with it."""
        self.close()

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._socket = None

    def _opened(self) -> socket.socket:
        at = f"{self._route.host}:{self._route.port}"
        try:
            made = socket.create_connection((self._route.host, self._route.port), timeout=CONNECT_TIMEOUT_S)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError as fault:
            raise NotSent("ConnectTimeoutError", f"{at}: no connection in {CONNECT_TIMEOUT_S} seconds") from fault
        except OSError as fault:
            raise NotSent("EndpointConnectionError", f"{at}: {fault}") from fault
        if self._tls is None:
            made.settimeout(READ_TIMEOUT_S)
            return made
        try:
            made = self._tls.wrap_socket(made, server_hostname=self._route.host.rstrip("."))
        except TimeoutError as fault:
            made.close()
            raise NotSent("ConnectTimeoutError", f"{at}: TLS not agreed in {CONNECT_TIMEOUT_S} seconds") from fault
        except OSError as fault:
            made.close()
            raise NotSent("SSLError", f"{at}: {fault}") from fault
        made.settimeout(READ_TIMEOUT_S)
        return made

    def _read(self, source: socket.socket) -> HttpAnswer:
        head, rest = _until(source, b"", b"\r\n\r\n")
        if not head.startswith(b"HTTP/1."):
            raise ValueError("no HTTP answer")
        low = head.lower()
        length = _value(head, low, b"\r\ncontent-length:")
        if length:
            size = int(length)
            body = _at_least(source, rest, size)
            if len(body) > size:
                # More than was asked for: what comes next on this connection would answer nothing.
                body = body[:size]
                self.close()
        elif b"chunked" in _value(low, low, b"\r\ntransfer-encoding:"):
            body = _chunks(source, rest)
        else:
            raise ValueError("the answer does not say how long it is")
        closing = _value(low, low, b"\r\nconnection:")
        if b"close" in closing or (low.startswith(b"http/1.0") and b"keep-alive" not in closing):
            self.close()
        return HttpAnswer(int(head[9:12]), body, _value(head, low, b"\r\ndate:"))


def _gone(open_: socket.socket, rested: float) -> bool:
    """Whether a server may have closed the connection: a request sent into it would be of unknown outcome.

    Between two answers nothing comes but the end, or a server's word that it waited too long (408).
    """
    return rested > _IDLE_AT_MOST_S or wait_for_read(open_, 0)


def _value(head: bytes, low: bytes, name: bytes) -> bytes:
    """Return a header's value from the head, given that head in lower case and the name with its marks."""
    at = low.find(name)
    if at < 0:
        return b""
    end = head.find(b"\r\n", at + 2)
    return head[at + len(name) : end if end >= 0 else None].strip()


def _more(source: socket.socket) -> bytes:
    piece = source.recv(_PIECE)
    if not piece:
        raise ValueError("the connection was closed before the answer was whole")
    return piece


def _until(source: socket.socket, data: bytes, end: bytes) -> tuple[bytes, bytes]:
    """Read up to a mark; return what is before and after it."""
    while end not in data:
        if len(data) > _HEAD_AT_MOST:
            raise ValueError("the answer's head does not end")
        data += _more(source)
    before, _, after = data.partition(end)
    return before, after


def _at_least(source: socket.socket, data: bytes, size: int) -> bytes:
    """Read until there are so many bytes."""
    if len(data) >= size:
        return data
    parts, missing = [data], size - len(data)
    while missing > 0:
        parts.append(_more(source))
        missing -= len(parts[-1])
    return b"".join(parts)


def _chunks(source: socket.socket, rest: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        line, rest = _until(source, rest, b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while line:
                line, rest = _until(source, rest, b"\r\n")
            return b"".join(parts)
        rest = _at_least(source, rest, size + 2)
        parts.append(rest[:size])
        rest = rest[size + 2 :]
