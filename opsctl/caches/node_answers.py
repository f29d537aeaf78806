"""What a script on an instance says of the nodes of a cache; pure.

Source: CLUSTER NODES in the Redis and Valkey documentation: id, address@port, flags, primary, two times, epoch,
the state of the link, and the slots; a primary without slots has no keys.
"""

import re

from opsctl.model.value import Value

_NODE = r"([\w.:-]+/\d+)"
_ITEMS = re.compile(rf"items {_NODE} (\d+)")
_FLUSHED = re.compile(rf"flushed {_NODE} (\d+) (\d+)")
_ADDRESS = re.compile(r"([\w.:-]+):(\d+)(?:@\d+)?(?:,[\w.-]*)?(?:,[\w=.-]*)*")


class NodeAnswer(Value):
    """A node, how many items it held, and how many right after it was emptied."""

    node: str
    before: int
    after: int = 0
    flushed: bool = False


def parse_answers(said: str) -> list[NodeAnswer]:
    """Read the lines that say what nodes hold, or held."""
    found = []
    for line in said.splitlines():
        if match := _ITEMS.fullmatch(line.strip()):
            found.append(NodeAnswer(node=match[1], before=int(match[2])))
        elif match := _FLUSHED.fullmatch(line.strip()):
            found.append(NodeAnswer(node=match[1], before=int(match[2]), after=int(match[3]), flushed=True))
    return found


def parse_primaries(said: str) -> list[str]:
    """Read the addresses of the primaries that have slots, as HOST/PORT; nothing where one has no address."""
    found = []
    for line in said.splitlines():
        words = line.split()
        if len(words) < 9 or "master" not in words[2].split(","):
            continue
        address = _ADDRESS.fullmatch(words[1])
        if address is None:
            return []
        found.append(f"{address[1]}/{address[2]}")
    return sorted(found)
