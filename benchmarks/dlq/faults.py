"""What becomes of each message of a redrive when calls, entries and answers fail, on both types of queue.

PYTHONPATH=. python benchmarks/dlq/faults.py [--messages 1000] [--seed 1]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from typing import Any

from tests.kit.memory_sqs import Faults
from tests.kit.sqs_server import SqsServer

GROUPS = 40
REDRIVE = ["dlq", "redrive", "--via", "client", "--canary", "0", "--yes", "-q", "-o", "json"]
PARTLY: dict[str, Any] = {"send_entry": 0.02, "delete_entry": 0.02, "throttled": 0.02}
LOST: dict[str, Any] = {"lost": {"SendMessageBatch": 0.02}}
ALL: dict[str, Any] = {
    "send_entry": 0.05,
    "delete_entry": 0.05,
    "throttled": 0.05,
    "lost": {"SendMessageBatch": 0.05, "DeleteMessageBatch": 0.05, "ReceiveMessage": 0.05},
}
FAULTS = {
    "2 % of send and delete entries fail, 2 % of calls are throttled": PARTLY,
    "2 % of sends are carried out and their answer is lost": LOST,
    "all of these at 5 %, and answers to receives and deletes lost too": ALL,
}


def filled(messages: int, suffix: str) -> tuple[SqsServer, dict[str, str]]:
    """A server with a full dead-letter queue, and the ids of the messages by their bodies."""
    server = SqsServer()
    sqs = server.sqs
    dead, home = f"orders-dlq{suffix}", f"orders{suffix}"
    sqs.make(dead)
    policy = json.dumps({"deadLetterTargetArn": sqs.arn(dead), "maxReceiveCount": "3"})
    sqs.make(home, RedrivePolicy=policy)
    ids: dict[str, str] = {}
    for number in range(messages):
        group = f"g{number % GROUPS}"
        body = json.dumps({"group": group, "n": number})
        (ids[body],) = sqs.put(dead, body, source=home, group=group if suffix else "")
    server.clock.ahead_s += 5
    return server, ids


def redriven(server: SqsServer, suffix: str) -> tuple[int, set[str]]:
    """Redrive the queue; return the exit code and the ids that the report names as perhaps twice."""
    with tempfile.TemporaryDirectory() as state:
        done = subprocess.run(
            [sys.executable, "-m", "opsctl", *REDRIVE[:2], f"orders-dlq{suffix}", *REDRIVE[2:]],
            env=os.environ | server.environment(state),
            capture_output=True,
            text=True,
            check=False,
        )
    (change,) = json.loads(done.stdout)["result"]["changes"]
    return done.returncode, set(change["result"]["may_be_twice"])


def keeps_order(bodies: list[str]) -> bool:
    """Tell whether each group arrived in order, copies aside."""
    last: dict[str, int] = {}
    for one in map(json.loads, bodies):
        if one["n"] < last.get(one["group"], -1):
            return False
        last[one["group"]] = one["n"]
    return True


def trial(faults: dict[str, Any], messages: int, seed: int, suffix: str) -> bool:
    """Run one redrive under faults and print what became of the messages; tell whether that is as it must be."""
    server, ids = filled(messages, suffix)
    server.sqs.faults = Faults(seed=seed, **faults)
    code, named = redriven(server, suffix)
    arrived = server.sqs.queues[f"orders{suffix}"].bodies()
    left = set(server.sqs.queues[f"orders-dlq{suffix}"].bodies())
    server.stop()
    counts = Counter(arrived)
    twice = {ids[body] for body, count in counts.items() if count > 1}
    found = {
        "lost": len(set(ids) - set(counts) - left),
        "in both queues": len(set(counts) & left),
        "left": len(left),
        "twice and not named": len(twice - named),
        "out of order": int(bool(suffix) and not keeps_order(arrived)),
        "twice on FIFO": len(twice) if suffix else 0,
        "wrong exit code": int(code != (6 if named else 0)),
    }
    bad = "; ".join(f"{name}: {count}" for name, count in found.items() if count)
    print(f"  {'FIFO' if suffix else 'standard'}: {len(twice)} twice, {len(named)} named, exit code {code}")
    print(f"    {bad or 'nothing lost, nothing in both queues, every duplicate named'}")
    return not bad


def main() -> int:
    """Run every fault on both types of queue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    good = []
    for name, faults in FAULTS.items():
        print(name)
        good += [trial(faults, asked.messages, asked.seed, suffix) for suffix in ("", ".fifo")]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
