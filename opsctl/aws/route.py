"""Where the SDK sends the calls of a service, for calls that are not sent by the SDK."""

from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class RequestRoute(NamedTuple):
    """A URL without a query, its parts, and the scope that requests to it are signed for."""

    url: str
    secure: bool
    host: str
    port: int
    authority: str
    path: str
    region: str
    service: str


def route_of(client: Any, method: str) -> RequestRoute:
    """Ask the SDK's endpoint rules where a client's method goes, by having it signed.

    `client.meta.endpoint_url` is older than the rules and differs from them, among others for FIPS endpoints of
    isolated regions. The method may have no parameters.

    Raises:
        BotoCoreError, ClientError, OSError: there are no credentials, or the rules know no endpoint.
    """
    parts = urlsplit(client.generate_presigned_url(method))
    _, _, region, service, _ = parse_qs(parts.query)["X-Amz-Credential"][0].rsplit("/", 4)
    secure = parts.scheme == "https"
    usual = 443 if secure else 80
    host, port = parts.hostname or "", parts.port or usual
    named = f"[{host}]" if ":" in host else host
    authority = named if port == usual else f"{named}:{port}"
    path = parts.path or "/"
    url = f"{parts.scheme}://{authority}{path}"
    return RequestRoute(url, secure, host, port, authority, path, region, service)
