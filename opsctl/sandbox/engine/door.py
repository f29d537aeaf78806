"""Who may call: a program that has a key of this sandbox. A web page or a neighbour on the machine has none.

A page whose name is rebound to loopback sends that name as Host, and browsers send Origin or Sec-Fetch-* with what
pages ask for; no AWS tool does. Another user of the machine can connect to loopback, but not read the state file.
"""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from opsctl.sandbox.endpoint import HOST, REGION

# AWS-Signature-Version-4 names the credential first; a presigned request has the same words in its query.
_SIGNED = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^\s,]+)[\s,]")
_CREDENTIAL = re.compile(r"([A-Z0-9]{16,128})/\d{8}/([a-z0-9-]+)/([A-Za-z0-9._-]+)/aws4_request")
_NOT_AWS = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
"""What moto serves beside AWS: its own control API and dashboard, and instance metadata."""
_REST_XML = ("s3", "route53", "cloudfront")
INVALID_KEY = ("InvalidClientTokenId", "The security token included in the request is invalid.")
"""How AWS calls a key that nobody has."""


@dataclass(frozen=True)
class Claim:
    """Whose key a request carries, and which service of which region it is for."""

    key: str
    region: str
    service: str


def new_key() -> str:
    """A secret in the shape of an access key id; 80 bits that only the sandbox's user can read."""
    return "SBOX" + secret_part()


def secret_part() -> str:
    """The part of a key that cannot be guessed."""
    return base64.b32encode(secrets.token_bytes(10)).decode()


def same(one: str, other: str) -> bool:
    """Compare keys without telling how much of one was right."""
    return hmac.compare_digest(one.encode(), other.encode())


def claim_of(environ: Mapping[str, Any], port: int) -> Claim | None:
    """Read the claim of a request; None for one that no AWS tool of this machine sends."""
    if environ.get("HTTP_HOST", "").lower() not in (f"{HOST}:{port}", f"localhost:{port}"):
        return None
    if "HTTP_ORIGIN" in environ or any(name.startswith("HTTP_SEC_FETCH_") for name in environ):
        return None
    if environ.get("PATH_INFO", "").startswith(_NOT_AWS):
        return None
    return _claimed(environ)


def _claimed(environ: Mapping[str, Any]) -> Claim | None:
    if "HTTP_AUTHORIZATION" in environ:
        signed = _SIGNED.match(environ["HTTP_AUTHORIZATION"] + " ")
        return _scoped(signed[1]) if signed else None
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if len(query.get("X-Amz-Credential", ())) == 1:
        return _scoped(query["X-Amz-Credential"][0])
    # The older form of presigned requests, which the SDK still makes for S3, names no scope.
    older = query.get("AWSAccessKeyId", ())
    return Claim(older[0], REGION, "s3") if len(older) == 1 else None


def _scoped(credential: str) -> Claim | None:
    found = _CREDENTIAL.fullmatch(credential)
    return Claim(found[1], found[2], found[3].lower()) if found else None


def refuse(
    environ: Mapping[str, Any],
    start_response: Callable[..., Any],
    code: str = INVALID_KEY[0],
    message: str = INVALID_KEY[1],
) -> Iterable[bytes]:
    """Answer as AWS answers a refused request, in the form that the request's protocol has."""
    kind, text = refusal(environ, code, message)
    body = text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)]
    start_response("403 Forbidden", headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def refusal(environ: Mapping[str, Any], code: str, message: str) -> tuple[str, str]:
    """The content type and body of an error: each protocol has its own, and EC2 and S3 their own XML."""
    claim = _claimed(environ)
    service = claim.service if claim else ""
    is_query = "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "")
    if not is_query and service not in _REST_XML:
        return "application/json", json.dumps({"__type": code, "message": message})
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    number = "<RequestId>00000000-0000-4000-8000-000000000000</RequestId>"
    if service == "ec2":
        whole = f"<Response><Errors><Error>{error}</Error></Errors></Response>"
    elif service == "s3":
        whole = f"<Error>{error}{number}</Error>"
    else:
        whole = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>{number}</ErrorResponse>"
    return "text/xml", whole
