"""The background process of the sandbox: serves, seeds, writes its state file, and ends when idle."""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from opsctl.sandbox.client import IDLE_S
from opsctl.sandbox.engine.conditions import PACES, Durations
from opsctl.sandbox.engine.server import EmbeddedServer
from opsctl.sandbox.pace import slow_thing
from opsctl.sandbox.worlds.seeding import seed_all


def main(state_file: Path, pace: str) -> None:
    """Serve until told to stop, or until nobody has called for a long time."""
    os.umask(0o077)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    server = EmbeddedServer()
    server.start()
    seed_all(lru_cache(server.client))
    server.begin(pace_of(pace))
    partial = state_file.with_suffix(f".{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        json.dump({"endpoint_url": server.endpoint, "pid": os.getpid(), "key": server.key}, file)
    partial.replace(state_file)
    while not stopping.wait(1):
        if time.monotonic() - server.last_call > IDLE_S:
            break
    with suppress(OSError, ValueError):
        # Another sandbox may be the one that the file names by now.
        if json.loads(state_file.read_text(encoding="utf-8"))["pid"] == os.getpid():
            state_file.unlink()
    server.stop()


def pace_of(text: str) -> Durations:
    """Return the durations of a pace and its slow things, such as `quick,stop=30m,snapshot=hangs`.

    Raises:
        InvalidInput: a thing or a time is none.
    """
    pace, *slow = text.split(",")
    return replace(PACES[pace], **dict(map(slow_thing, slow)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
