"""One kept-alive HTTP/1.1 connection, with the status line and headers read by hand.

The SDK's own pipeline costs several times the CPU of everything else in moving a message
(docs/decisions/0003); this is the part of HTTP that AWS's JSON protocol needs and nothing more.
"""

import socket
import ssl
import time
from contextlib import suppress
from typing import IO, NamedTuple, cast

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
_IDLE_AT_MOST_S = 4.0
_LINE_LIMIT = 65536


class NotSent(Exception):
    """The request never reached the server."""


class AnswerLost(Exception):
    """The request was sent, and no whole answer came back."""


class HttpAnswer(NamedTuple):
    """Status, body, and the server's `Date` header."""

    status: int
    body: bytes
    date: bytes


class DirectConnection:
    """A connection to one host; used by one thread."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, authority: str, path: str) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._start = f"POST {path} HTTP/1.1\r\nHost: {authority}\r\n"
        self._socket: socket.socket | None = None
        self._file: IO[bytes] | None = None
        self._used = 0.0

    def post(self, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Send a request and read its answer.

        Raises:
            NotSent: no connection could be made; nothing was sent.
            AnswerLost: the connection failed later; the server may have acted.
        """
        # A server closes idle connections on its own; a request sent into one would leave its outcome unknown.
        if self._file is None or time.monotonic() - self._used > _IDLE_AT_MOST_S:
            self.close()
            self._open()
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{self._start}Content-Length: {len(body)}\r\n{lines}\r\n".encode("latin-1")
        try:
            assert self._socket is not None  # noqa: S101 - _open has made it, or raised
            self._socket.sendall(head + body)
            answer = self._read()
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
        for part in (self._file, self._socket):
            if part is not None:
                with suppress(OSError):
                    part.close()
        self._file = self._socket = None

    def _open(self) -> None:
        try:
            made = socket.create_connection((self._host, self._port), timeout=CONNECT_TIMEOUT_S)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.settimeout(READ_TIMEOUT_S)
            if self._tls is not None:
                made = self._tls.wrap_socket(made, server_hostname=self._host)
        except OSError as fault:
            raise NotSent(f"{self._host}:{self._port}: {fault}") from fault
        self._socket, self._file = made, cast("IO[bytes]", made.makefile("rb", _LINE_LIMIT))

    def _read(self) -> HttpAnswer:
        file = self._file
        assert file is not None  # noqa: S101 - only called on an open connection
        line = file.readline(_LINE_LIMIT)
        if not line.startswith(b"HTTP/1."):
            raise ValueError("the connection was closed without an answer" if not line else "no HTTP answer")
        status, length, chunked, date = int(line[9:12]), -1, False, b""
        closing = line.startswith(b"HTTP/1.0")
        while True:
            line = file.readline(_LINE_LIMIT)
            if line in (b"\r\n", b"\n"):
                break
            if not line:
                raise ValueError("the answer ends in its headers")
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length":
                length = int(value)
            elif name == b"date":
                date = value.strip()
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value.lower()
            elif name == b"connection":
                closing = b"close" in value.lower()
        body = _chunks(file) if chunked else file.read(length)
        if not chunked and length >= 0 and len(body) != length:
            raise ValueError("the answer is shorter than it says")
        if closing or (length < 0 and not chunked):
            self.close()
        return HttpAnswer(status, body, date)


def _chunks(file: IO[bytes]) -> bytes:
    parts: list[bytes] = []
    while True:
        size = int(file.readline(1024).split(b";")[0], 16)
        part = file.read(size)
        if len(part) != size:
            raise ValueError("the answer ends in the middle of a chunk")
        parts.append(part)
        if size == 0:
            while file.readline(_LINE_LIMIT) not in (b"\r\n", b"\n", b""):
                continue
            return b"".join(parts)
        file.readline(8)
