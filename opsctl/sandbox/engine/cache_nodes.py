"""Nodes of caches of the sandbox: the few commands of Redis, Valkey and Memcached that scripts send them.

Sources: the Redis and Valkey documentation of each command and of RESP's errors, compared by a test with the
answers of a real server where there is one; protocol.txt of Memcached; ElastiCache guide, "Restricted commands"
and its page of limits (a serverless cache shows one node that has all slots).
"""

import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

DATABASES, SLOTS = 16, 16_384
Reply: TypeAlias = str | int | None


class CacheError(Exception):
    """What a node answers to what it refuses, with its code in front."""


@dataclass
class CacheShard:
    """A shard of a cluster: its primary's address, and its slots."""

    at: str
    port: int
    first: int
    last: int


@dataclass
class CacheNode:
    """A node: what it holds by database, who may ask it, and which shards its cluster has."""

    at: str
    port: int
    vpc: str = ""
    groups: tuple[str, ...] = ()
    engine: str = "redis"
    tls: bool = False
    password: str = ""
    replica_of: str = ""
    counted: tuple[str, str] = ("", "")
    """The dimension of its metrics, and the value there."""
    shards: list[CacheShard] = field(default_factory=list)
    databases: dict[int, dict[str, str]] = field(default_factory=dict)
    flushes: int = 0
    stale: int = 0
    """Items of Memcached that were dropped and that nobody has asked for since: they are counted until then."""

    def count(self, database: int) -> int:
        """How many keys a database has."""
        return len(self.databases.get(database, {}))


@dataclass
class CacheSession:
    """A connection to a node."""

    node: CacheNode
    database: int = 0
    known: bool = False

    def reply(self, words: Sequence[str]) -> Reply:
        """Carry out a command.

        Raises:
            CacheError: the node refuses it.
        """
        name = words[0].upper()
        command = _COMMANDS.get(name)
        if command is None:
            raise CacheError(f"ERR unknown command '{words[0]}', with args beginning with: ")
        if self.node.password and not self.known and name != "AUTH":
            raise CacheError("NOAUTH Authentication required.")
        if name in _WRITES and self.node.replica_of:
            raise CacheError("READONLY You can't write against a read only replica.")
        return command(self, list(words[1:]))


def slot_of(key: str) -> int:
    """The slot of a key: CRC16 of what stands in the first braces, or of all of it (cluster specification)."""
    start = key.find("{")
    end = key.find("}", start + 1)
    hashed = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return binascii.crc_hqx(hashed.encode(), 0) % SLOTS


def _auth(session: CacheSession, words: list[str]) -> Reply:
    if not session.node.password:
        raise CacheError(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
            "configuration is correct?"
        )
    if words[-1] != session.node.password or (len(words) == 2 and words[0] != "default"):
        raise CacheError("WRONGPASS invalid username-password pair or user is disabled.")
    session.known = True
    return "OK"


def _select(session: CacheSession, words: list[str]) -> Reply:
    if session.node.shards and words[0] != "0":
        raise CacheError("ERR SELECT is not allowed in cluster mode")
    if not words[0].isdigit() or int(words[0]) >= DATABASES:
        raise CacheError("ERR DB index is out of range")
    session.database = int(words[0])
    return "OK"


def _refuse_moved(session: CacheSession, key: str) -> None:
    """A key of another shard is told where it is."""
    slot = slot_of(key)
    for shard in session.node.shards:
        if shard.first <= slot <= shard.last and shard.at != session.node.at:
            raise CacheError(f"MOVED {slot} {shard.at}:{shard.port}")


def _get(session: CacheSession, words: list[str]) -> Reply:
    _refuse_moved(session, words[0])
    return session.node.databases.get(session.database, {}).get(words[0])


def _set(session: CacheSession, words: list[str]) -> Reply:
    _refuse_moved(session, words[0])
    session.node.databases.setdefault(session.database, {})[words[0]] = words[1]
    return "OK"


def _flushed(session: CacheSession, words: list[str], *databases: int) -> Reply:
    if [one.upper() for one in words] not in ([], ["ASYNC"], ["SYNC"]):
        raise CacheError("ERR syntax error")
    for one in databases or tuple(session.node.databases):
        session.node.databases.pop(one, None)
    return "OK"


def _cluster(session: CacheSession, words: list[str]) -> Reply:
    node = session.node
    if not node.shards:
        raise CacheError("ERR This instance has cluster support disabled")
    if [one.upper() for one in words] != ["NODES"]:
        raise CacheError("ERR unknown subcommand. Try CLUSTER HELP.")
    lines = []
    for number, shard in enumerate(node.shards, 1):
        flags = "myself,master" if shard.at == node.at else "master"
        lines.append(
            f"{number:040x} {shard.at}:{shard.port}@{shard.port + 10_000} {flags} - 0 0 {number} connected "
            f"{shard.first}-{shard.last}\n"
        )
    return "".join(lines)


_COMMANDS: dict[str, Callable[[CacheSession, list[str]], Reply]] = {
    "AUTH": _auth,
    "SELECT": _select,
    "PING": lambda _, words: words[0] if words else "PONG",
    "DBSIZE": lambda session, _: session.node.count(session.database),
    "SET": _set,
    "GET": _get,
    "FLUSHALL": _flushed,
    "FLUSHDB": lambda session, words: _flushed(session, words, session.database),
    "CLUSTER": _cluster,
}
_WRITES = ("SET", "FLUSHALL", "FLUSHDB")


def memcached_reply(node: CacheNode, line: str) -> list[str]:
    """The lines that a node of Memcached answers to one line."""
    items = node.databases.setdefault(0, {})
    match line.split():
        case ["stats"]:
            return [f"STAT cmd_flush {node.flushes}", f"STAT curr_items {len(items) + node.stale}", "END"]
        case ["flush_all"]:
            node.flushes, node.stale = node.flushes + 1, node.stale + len(items)
            items.clear()
            return ["OK"]
        case ["set", key, _flags, _life, value]:
            items[key] = value
            return ["STORED"]
        case ["get", key]:
            return [f"VALUE {key} 0 {len(items[key])}", items[key], "END"] if key in items else ["END"]
        case ["quit"]:
            return []
    return ["ERROR"]
