"""Signature Version 4 for one service and region, as cheap as it can be.

Source: AWS General Reference, "Create a signed AWS API request". The signing key is derived once a day and
credential; four headers are signed, five with a session token.
"""

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class SigningKeys(NamedTuple):
    """A frozen set of credentials; `token` is empty without a session."""

    access_key: str
    secret_key: str
    token: str


class _Derived(NamedTuple):
    """The signing key of one day: HMAC's two hashes, each with its half of the key taken in."""

    secret: str
    day: str
    inner: "_Hash"
    outer: "_Hash"


class Signer:
    """Signs JSON 1.0 POST requests to one path of one host; may be used by several threads."""

    def __init__(self, service: str, region: str, host: str, path: str = "/") -> None:
        self._scope = f"{region}/{service}/aws4_request"
        self._start = f"POST\n{path}\n\ncontent-type:application/x-amz-json-1.0\nhost:{host}\nx-amz-date:"
        self._derived: _Derived | None = None
        self._stamp = (0, "")

    def headers(self, keys: SigningKeys, body: bytes, target: str, now: float) -> dict[str, str]:
        """Return the headers that make a request valid; `now` is seconds since the epoch, UTC."""
        stamp = self._time(int(now))
        day = stamp[:8]
        names, token = "content-type;host;x-amz-date;x-amz-target", ""
        if keys.token:
            names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
            token = f"x-amz-security-token:{keys.token}\n"
        digest = hashlib.sha256(body).hexdigest()
        request = f"{self._start}{stamp}\n{token}x-amz-target:{target}\n\n{names}\n{digest}"
        scope = f"{day}/{self._scope}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signed = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": stamp,
            "X-Amz-Target": target,
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, "
                f"Signature={self._signature(keys.secret_key, day, text)}"
            ),
        }
        if keys.token:
            signed["X-Amz-Security-Token"] = keys.token
        return signed

    def _time(self, second: int) -> str:
        known, stamp = self._stamp
        if known != second:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._stamp = (second, stamp)
        return stamp

    def _signature(self, secret: str, day: str, text: str) -> str:
        # HMAC by its definition: the library's lets other threads run each time, and waits for its turn again.
        derived = self._derived
        if derived is None or derived.secret != secret or derived.day != day:
            derived = self._derived = self._derive(secret, day)
        inner, outer = derived.inner.copy(), derived.outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()

    def _derive(self, secret: str, day: str) -> _Derived:
        key = f"AWS4{secret}".encode()
        for part in (day, *self._scope.split("/")):
            key = hmac.digest(key, part.encode(), "sha256")
        padded = key.ljust(_BLOCK, b"\0")
        inner = hashlib.sha256(padded.translate(_INNER))
        return _Derived(secret, day, inner, hashlib.sha256(padded.translate(_OUTER)))
