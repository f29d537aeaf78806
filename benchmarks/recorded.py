"""An account as it answered once, played back after the delay of a real one: a process between SDK and sandbox.

    python -m benchmarks.recorded --behind 41234 --delay-ms 30

What is asked for the first time goes to the sandbox at that port of loopback and is kept; asked again, the same
answer comes back after the delay, without any computing. `GET /calls` tells when each call since the last such
question began and ended, and how often one had to be passed on.
"""

import argparse
import asyncio
import json
import re
import time
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
MOST_HEAD = 2**20
# What makes two requests the same: signatures and times differ, the scope of the signature has region and service.
_TARGET = re.compile(rb"(?im)^x-amz-target:\s*(\S+)")
_SCOPE = re.compile(rb"Credential=[^/]+/\d{8}/([^,]+),")
_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\dZ")
_OF_ONE_HOP = re.compile(rb"(?im)^(?:connection|content-length|transfer-encoding|keep-alive):.*\r\n")
_HOST = re.compile(rb"(?im)^host:.*\r\n")


@dataclass
class Recorded:
    """The answers of one account, and the calls since somebody asked for them."""

    behind: int
    delay_s: float
    answers: dict[tuple[bytes, ...], bytes] = field(default_factory=dict)
    calls: list[tuple[float, float]] = field(default_factory=list)
    passed_on: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it is closed."""
        try:
            while True:
                head, body = await _request(reader)
                if head.startswith(b"GET /calls"):
                    writer.write(self._told())
                else:
                    began = time.monotonic()
                    writer.write(await self._answer(head, body))
                    self.calls.append((began, time.monotonic()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        found = [pattern.search(head) for pattern in (_TARGET, _SCOPE)]
        key = (head.partition(b"\r\n")[0], *(one[1] if one else b"" for one in found), _TIME.sub(b"", body))
        if key in self.answers:
            await asyncio.sleep(self.delay_s)
        else:
            self.passed_on += 1
            self.answers[key] = await self._passed_on(head, body)
        return self.answers[key]

    async def _passed_on(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.behind)
        # The sandbox answers only who calls it by its own name.
        ours = _HOST.sub(b"Host: 127.0.0.1:%d\r\n" % self.behind, head.replace(b"\r\nConnection: keep-alive", b""))
        writer.write(ours.removesuffix(b"\r\n") + b"Connection: close" + HEAD_END + body)
        told, _, answer = (await reader.read()).partition(HEAD_END)
        writer.close()
        return _OF_ONE_HOP.sub(b"", told + b"\r\n") + b"Content-Length: %d" % len(answer) + HEAD_END + answer

    def _told(self) -> bytes:
        text = json.dumps({"calls": self.calls, "passed_on": self.passed_on}).encode()
        self.calls, self.passed_on = [], 0
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d" % len(text) + HEAD_END + text


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(HEAD_END)
    length = _LENGTH.search(head)
    return head, await reader.readexactly(int(length[1])) if length else b""


async def main() -> None:
    """Serve at a free port of loopback, which is printed, until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--behind", type=int, required=True, help="the sandbox's port")
    parser.add_argument("--delay-ms", type=float, default=30)
    asked = parser.parse_args()
    account = Recorded(behind=asked.behind, delay_s=asked.delay_ms / 1000)
    server = await asyncio.start_server(account.serve, "127.0.0.1", 0, limit=MOST_HEAD)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
