"""Posts a text to a webhook as Slack takes it; the URL is a secret, and stands in no message of this module."""

import http.client
import ipaddress
import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 5


def fault_in(url: str) -> str:
    """Return why a URL is no webhook, or nothing: https is needed, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # one that is no number is found here, and not when a run has ended
    except ValueError:
        return "it is no URL"
    if not host or any(not char.isprintable() or char.isspace() for char in url):
        return "it is no URL"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        return "it is not https"
    return ""


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine and nowhere else."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def post(url: str, text: str) -> str:
    """Post a text and return why it was not taken, or nothing.

    Slack reads `&`, `<` and `>` as its own markup, so that names of the account could call everybody: they are
    escaped as its documentation asks (Formatting text for app surfaces). No redirect is followed.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    headers = {"Content-Type": "application/json", "User-Agent": "opsctl"}
    body = json.dumps({"text": escaped}).encode()
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - see fault_in
    handlers: list[Any] = [urllib.request.ProxyHandler({})] if is_loopback(url) else []
    opener = urllib.request.build_opener(_Stay(), *handlers)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return "" if answer.status < 300 else f"status {answer.status}"
    except urllib.error.HTTPError as answer:
        answer.close()
        return f"status {answer.code}"
    except urllib.error.URLError as fault:
        return _why(fault.reason)
    except (OSError, http.client.HTTPException, ValueError) as fault:
        return _why(fault)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Leave the redirect as the answer: the text goes where it was meant to go, or nowhere."""


def _why(fault: object) -> str:
    """Say what went wrong without the words of the fault, which may repeat the URL."""
    if isinstance(fault, socket.gaierror):
        return "its host has no address"
    if isinstance(fault, TimeoutError):
        return f"no answer within {TIMEOUT_S} s"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(fault, OSError) and fault.errno and fault.errno > 0:
        return os.strerror(fault.errno)
    return f"no answer ({type(fault).__name__})"
