"""Signature Version 4 for one service and region, as cheap as it can be.

Source: AWS General Reference, "Create a signed AWS API request". The signing key is derived once a day and
credential; four headers are signed, five with a session token.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple


class Keys(NamedTuple):
    """A frozen set of credentials; `token` is empty without a session."""

    access_key: str
    secret_key: str
    token: str


class Signer:
    """Signs JSON 1.0 POST requests to `/` of one host."""

    def __init__(self, service: str, region: str, host: str, path: str = "/") -> None:
        self._service = service
        self._region = region
        self._host = host
        self._path = path
        self._derived: tuple[str, str, bytes] = ("", "", b"")

    def headers(self, keys: Keys, body: bytes, target: str, now: float) -> dict[str, str]:
        """Return the headers that make a request valid; `now` is seconds since the epoch, UTC."""
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        names = "content-type;host;x-amz-date"
        lines = f"content-type:application/x-amz-json-1.0\nhost:{self._host}\nx-amz-date:{stamp}\n"
        if keys.token:
            names += ";x-amz-security-token"
            lines += f"x-amz-security-token:{keys.token}\n"
        names += ";x-amz-target"
        lines += f"x-amz-target:{target}\n"
        digest = hashlib.sha256(body).hexdigest()
        request = hashlib.sha256(f"POST\n{self._path}\n\n{lines}\n{names}\n{digest}".encode()).hexdigest()
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{request}"
        signature = hmac.digest(self._key(keys.secret_key, stamp[:8]), text.encode(), "sha256").hex()
        signed = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": stamp,
            "X-Amz-Target": target,
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, "
                f"Signature={signature}"
            ),
        }
        if keys.token:
            signed["X-Amz-Security-Token"] = keys.token
        return signed

    def _key(self, secret: str, day: str) -> bytes:
        known_secret, known_day, key = self._derived
        if (known_secret, known_day) != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = (secret, day, key)
        return key
