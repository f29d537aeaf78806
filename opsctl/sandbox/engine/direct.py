"""Lets SDK clients of this process call the embedded AWS without a socket; what it answers is the same."""

import io
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSResponse


def call_directly(events: Any, endpoint: str, application: Callable[..., Any]) -> None:
    """Answer the calls of a client, or of a session's clients, that lead to an endpoint by a WSGI application."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if not request.url.startswith(f"{endpoint}/"):
            return None
        told: list[Any] = []
        parts = application(_environ(request), lambda status, headers, *_: told.extend((status, headers)))
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = told
        headers = {"Date": formatdate(usegmt=True), **dict(headers)}
        return AWSResponse(request.url, int(status.split()[0]), headers, _Body(body))

    events.register_first("before-send", answer, unique_id=f"opsctl-direct-{endpoint}")


class _Body(io.BytesIO):
    """A body as the SDK reads it from a connection."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


def _environ(request: Any) -> dict[str, Any]:
    url, body = urlsplit(request.url), request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    target = url.path + (f"?{url.query}" if url.query else "")
    environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "REMOTE_ADDR": url.hostname,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = value.decode() if isinstance(value, bytes) else str(value)
    return environ | {"CONTENT_LENGTH": str(len(body))}
