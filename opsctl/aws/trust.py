"""Whom a TLS connection trusts, by the SDK's own rules, for connections that are not made by the SDK."""

import os
import ssl
from pathlib import Path

from botocore.httpsession import create_urllib3_context, get_cert_path

from opsctl.model.errors import InvalidInput

_BEGINNING = b"-----BEGIN "


def tls_context(bundle: str | bool, source: str) -> ssl.SSLContext:
    """Return the SDK's context for a bundle that the SDK chose (`Clients.bundle`) and where it is configured.

    Python's own default would differ: since 3.13 it refuses certificates that the SDK accepts, such as those of
    a company's proxy without the key identifiers that RFC 5280 asks for.

    Raises:
        InvalidInput: the bundle cannot be read.
    """
    path = refuse_unreadable(get_cert_path(bundle), source)
    context: ssl.SSLContext = create_urllib3_context()
    # The SDK's HTTP client compares the host's name itself, after the handshake.
    context.check_hostname = True
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(cafile=path)
    except OSError as fault:
        raise _refused(path, f"is no file of certificates in PEM ({fault})", source) from fault
    return context


def refuse_unreadable(bundle: str, source: str) -> str:
    """Refuse a CA bundle that cannot be read, which the SDK takes for a fault of the connection; return its path.

    Raises:
        InvalidInput: names the file and where it is configured.
    """
    path = os.path.expanduser(bundle)  # noqa: PTH111 - as the SDK's HTTP client does it
    try:
        content = Path(path).read_bytes()
    except OSError as fault:
        raise _refused(path, f"cannot be read: {fault.strerror or fault}", source) from fault
    if _BEGINNING not in content:
        raise _refused(path, "is no file of certificates in PEM", source)
    return path


def _refused(path: str, why: str, source: str) -> InvalidInput:
    hint = "name a file of PEM certificates, or unset it to trust the SDK's own"
    return InvalidInput.one(f"the CA bundle {path} {why}", source=source, hint=hint)
