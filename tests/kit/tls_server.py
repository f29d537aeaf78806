"""A TLS server on loopback whose certificate comes from a CA of its own, and answers as it is told."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


class Authority(NamedTuple):
    """A CA's certificate, and a server's with its key, as files."""

    bundle: Path
    server: Path

    def context(self) -> ssl.SSLContext:
        """What a server needs to show its certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context


def authority(folder: Path) -> Authority:
    """Make a CA and a server's certificate for 127.0.0.1, plain as those of many companies' proxies.

    They are valid, and without the key identifiers that Python's default context wants since 3.13.
    """
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    own = _name("A company's own CA")
    ca = _signed(own, own, root, root, x509.BasicConstraints(ca=True, path_length=None))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = _signed(_name("sqs"), own, leaf, root, address)
    made = Authority(folder / "ca.pem", folder / "server.pem")
    made.bundle.write_bytes(ca.public_bytes(_PEM))
    key = leaf.private_bytes(_PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    made.server.write_bytes(certificate.public_bytes(_PEM) + key)
    return made


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(by, hashes.SHA256())
    )


@contextmanager
def tls_server(made: Authority, answer: Callable[[ssl.SSLSocket, bytes], None]) -> Iterator[str]:
    """Serve each connection's requests by calling `answer` with the socket and the request; yield the URL."""
    context = made.context()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
            while request := _request(secure):
                answer(secure, request)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def _request(secure: ssl.SSLSocket) -> bytes:
    """Read one request, or nothing when the connection ends."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = secure.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += secure.recv(65536)
    return head + b"\r\n\r\n" + body


def says_nothing(secure: ssl.SSLSocket, _request: bytes) -> None:
    """Answer an empty JSON object and keep the connection."""
    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
