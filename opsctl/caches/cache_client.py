# ruff: noqa: T201, RUF005, UP006, UP035
"""Asks the nodes of a cache, or empties them: a program for the instance that reaches them, which imports nothing.

It is sent as text and run by whatever python3 is there, 3.6 or newer. What it is to do stands in its environment,
the password in REDISCLI_AUTH; each node has a line of output. Sources: the Redis and Valkey documentation of RESP,
AUTH, DBSIZE and FLUSHALL; protocol.txt of Memcached.
"""

import os
import socket
import ssl
import sys
from typing import IO, Dict, List, Tuple

Link = Tuple[socket.socket, IO[bytes]]
TOLD = os.environ


def opened(at: str, port: str) -> Link:
    """Connect, with TLS where the cache has it; its certificate is for the name that AWS tells of it."""
    link = socket.create_connection((at, int(port)), timeout=20)
    if TOLD["CACHE_TLS"] == "1":
        link = ssl.create_default_context().wrap_socket(link, server_hostname=TOLD["CACHE_NAME"])
    return link, link.makefile("rb")


def asked(link: Link, *words: str) -> str:
    """Send a command and return its reply; an error is text that begins with a minus."""
    parts = b"".join(f"${len(one.encode())}\r\n{one}\r\n".encode() for one in words)
    link[0].sendall(f"*{len(words)}\r\n".encode() + parts)
    line = link[1].readline()
    if not line.endswith(b"\r\n"):
        raise OSError("the connection ended")
    kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
    if kind == b"$" and int(rest) >= 0:
        return link[1].read(int(rest) + 2)[:-2].decode("utf-8", "replace")
    return "-" + rest if kind == b"-" else rest


def must(said: str, wanted: str = "") -> str:
    """Return what was wanted, or a number where nothing is named; anything else ends it all."""
    if said != wanted and (wanted or not said.isdigit()):
        raise ValueError(said)
    return said


def redis(node: str, at: str, port: str) -> List[str]:
    """Say who asks, choose the database, and ask or empty a node of Redis or Valkey."""
    link = opened(at, port)
    user, token, database = TOLD["CACHE_USER"], TOLD.get("REDISCLI_AUTH", ""), TOLD["CACHE_DB"]
    if token:
        must(asked(link, *(["AUTH"] + ([user] if user else []) + [token])), "OK")
    if database != "0":
        must(asked(link, "SELECT", database), "OK")
    if TOLD["CACHE_ASKED"] == "nodes":
        return ["nodes"] + asked(link, "CLUSTER", "NODES").splitlines()
    before = must(asked(link, "DBSIZE"))
    if TOLD["CACHE_ASKED"] == "look":
        return [f"items {node} {before}"]
    must(asked(link, *TOLD["CACHE_FLUSH"].split()), "OK")
    return [f"flushed {node} {before} " + must(asked(link, "DBSIZE"))]


def statistics(link: Link) -> Dict[str, str]:
    """The counters of a node of Memcached."""
    link[0].sendall(b"stats\r\n")
    found = {}
    for line in iter(link[1].readline, b"END\r\n"):
        words = line.decode("utf-8", "replace").split()
        if words[:1] != ["STAT"]:
            raise ValueError(" ".join(words) or "the connection ended")
        found[words[1]] = words[-1]
    return found


def memcached(node: str, at: str, port: str) -> List[str]:
    """Ask or empty a node of Memcached; it drops an item when that is asked for, so that only its count tells."""
    link = opened(at, port)
    before = statistics(link)
    if TOLD["CACHE_ASKED"] == "look":
        return [f"items {node} " + before.get("curr_items", "0")]
    link[0].sendall(b"flush_all\r\n")
    must(link[1].readline().decode().strip(), "OK")
    # A serverless cache need not tell all counters.
    if "cmd_flush" in before and int(statistics(link)["cmd_flush"]) <= int(before["cmd_flush"]):
        raise ValueError("it counted no flush_all")
    return [f"flushed {node} " + before.get("curr_items", "0") + " 0"]


def main() -> None:
    """Go through the nodes; the first that refuses ends it."""
    ask = memcached if TOLD["CACHE_ENGINE"] == "memcached" else redis
    for node in TOLD["CACHE_NODES"].split():
        at, port = node.split("/")
        try:
            print("\n".join(ask(node, at, port)), flush=True)
        except (OSError, ValueError, KeyError) as fault:
            print(f"refused {node} {fault}", flush=True)
            sys.exit(76)


if __name__ == "__main__":
    main()
