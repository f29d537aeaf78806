"""A small server of RESP or of Memcached's protocol over TCP, around a node of the sandbox; with TLS on demand."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import Any

from opsctl.sandbox.engine.cache_nodes import CacheError, CacheNode, CacheSession, memcached_reply


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer until the client goes."""
        node: CacheNode = self.server.node  # type: ignore[attr-defined]
        session = CacheSession(node)
        while True:
            if node.engine == "memcached":
                line = self.rfile.readline().decode().strip()
                if line in ("", "quit"):
                    return
                self.wfile.write("".join(f"{one}\r\n" for one in memcached_reply(node, line)).encode())
                continue
            words = _words(self.rfile)
            if not words:
                return
            self.wfile.write(_answer(session, words))


def _words(stream: BufferedIOBase) -> list[str]:
    """Read a command as RESP has it: an array of bulk strings."""
    first = stream.readline()
    if not first.startswith(b"*"):
        return []
    found = []
    for _ in range(int(first[1:])):
        size = int(stream.readline()[1:])
        found.append(stream.read(size + 2)[:-2].decode())
    return found


def _answer(session: CacheSession, words: list[str]) -> bytes:
    try:
        said = session.reply(words)
    except CacheError as refused:
        return f"-{refused}\r\n".encode()
    if said is None:
        return b"$-1\r\n"
    if isinstance(said, int):
        return f":{said}\r\n".encode()
    if words[0].upper() in ("GET", "CLUSTER"):
        return f"${len(said.encode())}\r\n{said}\r\n".encode()
    return f"+{said}\r\n".encode()


@contextmanager
def cache_server(node: CacheNode, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve a node on the loopback; gives the port."""

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def get_request(self) -> tuple[Any, Any]:
            link, at = super().get_request()
            return (context.wrap_socket(link, server_side=True) if context else link), at

    with Server(("127.0.0.1", 0), _Handler) as server:
        server.node = node  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
