"""Kills a redrive with a filter again and again, resumes it each time, and counts what that did.

PYTHONPATH=. python benchmarks/dlq/kills.py [--kills 20] [--messages 20000] [--seed 1]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from opsctl.journal.checkpoints import JobCheckpoint
from tests.kit.sqs_server import SqsServer

OPSCTL = [sys.executable, "-m", "opsctl"]
REDRIVE = ["dlq", "redrive", "orders-dlq", "--where", "body.keep", "--yes"]
RESUME = ["resume", "last"]
QUIET = ["-q", "-o", "json"]
HIDDEN_S = 130


class Trial:
    """One redrive of messages half of which are wanted."""

    def __init__(self, messages: int, seed: int, state: Path) -> None:
        self.server = SqsServer()
        self.chance = random.Random(seed)  # noqa: S311 - moments, not secrets
        self._state = state
        self._environment = os.environ | self.server.environment(str(state))
        sqs = self.server.sqs
        sqs.make("orders-dlq")
        policy = json.dumps({"deadLetterTargetArn": sqs.arn("orders-dlq"), "maxReceiveCount": "3"})
        sqs.make("orders", RedrivePolicy=policy)
        bodies = [json.dumps({"n": n, "keep": self.chance.random() < 0.5}) for n in range(messages)]
        ids = sqs.put("orders-dlq", *bodies, source="orders")
        self.ids = dict(zip(bodies, ids, strict=True))
        self.wanted = {body for body in bodies if json.loads(body)["keep"]}
        self.server.clock.ahead_s += 5

    def arrived(self) -> int:
        """Messages at the destination now."""
        return len(self.server.sqs.queues["orders"].messages)

    def kill_once(self, command: list[str]) -> set[str]:
        """Start a command, kill it at some moment, and return the ids it had in hand."""
        process = subprocess.Popen(
            [*OPSCTL, *command, *QUIET],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self.chance.random() < 0.25:
            time.sleep(self.chance.uniform(0.5, 3))
        else:
            enough = self.arrived() + self.chance.randrange(1, len(self.wanted) // 15)
            while self.arrived() < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(self.chance.uniform(0, 0.01))
        process.kill()
        process.wait()
        self.server.clock.ahead_s += HIDDEN_S
        held: set[str] = set()
        for log in (self._state / "jobs").glob("*.log"):
            copy = Path(self._state / "copy.log")
            copy.write_bytes(log.read_bytes())
            batches = JobCheckpoint(copy).open_batches()
            held |= {one.id for batch in batches if batch.state == "intended" for one in batch.messages}
        return held

    def finish(self) -> tuple[int, set[str]]:
        """Resume to the end; return the exit code and the ids the report names as perhaps twice."""
        done = subprocess.run(
            [*OPSCTL, *RESUME, *QUIET], env=self._environment, capture_output=True, text=True, check=False
        )
        (change,) = json.loads(done.stdout)["result"]["changes"]
        return done.returncode, set(change["result"]["may_be_twice"])

    def faults(self, code: int, named: set[str], in_hand: set[str]) -> list[str]:
        """Compare both queues and the report with what must be."""
        queues = self.server.sqs.queues
        counts = Counter(queues["orders"].bodies())
        twice = {self.ids[body] for body, count in counts.items() if count > 1}
        left = set(queues["orders-dlq"].bodies())
        extra = sum(counts.values()) - len(counts)
        print(
            f"  {extra} duplicates, {len(in_hand)} messages in hand at the kills, {len(named)} named, exit {code}"
        )
        found = {
            "lost": len(self.wanted - set(counts) - left),
            "not moved": len(self.wanted & left),
            "in both queues": len(set(counts) & left),
            "moved against the filter": len(set(counts) - self.wanted),
            "gone against the filter": len(set(self.ids) - self.wanted - left),
            "twice and not named": len(twice - named),
            "named and never in hand": len(named - in_hand),
            "wrong exit code": int(code != (6 if named else 0)),
        }
        return [f"{name}: {count}" for name, count in found.items() if count]


def main() -> int:
    """Run one trial and print what became of the messages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        trial = Trial(asked.messages, asked.seed, Path(state))
        in_hand: set[str] = set()
        command = REDRIVE
        for _ in range(asked.kills):
            in_hand |= trial.kill_once(command)
            command = RESUME if any(Path(state).glob("jobs/*.log")) else REDRIVE
        print(f"{asked.kills} kills, {trial.arrived():,} of {len(trial.wanted):,} moved before the last resume")
        code, named = trial.finish()
        faults = trial.faults(code, named, in_hand)
        trial.server.stop()
    print("  " + ("; ".join(faults) or "nothing lost, nothing in both queues, every duplicate named"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
