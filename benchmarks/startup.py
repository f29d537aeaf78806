"""How long it takes until the first screen is there, as multiples of what the libraries take by themselves.

    python -m benchmarks.startup [--runs 15] [--delay-ms 30]

It starts a sandbox of its own and puts a recording between it and the commands, so that every call takes the delay
and none is computed. `block-ip --dry-run` is held against building the SDK clients that it builds: those that
deciding needs, and those of the evidence beside the plan. Commands that call nothing are held against importing
the libraries of the command line. All are run in turn, and the lowest of each is compared, for what else the
machine does only adds. Seconds are printed too, for this machine. The delay is the same on every machine, so one
that is fast waits for longer than it works: the ratio of the processor's time alone is comparable between two.

What a first screen was made of where its nine clients took 0.44 s to build: 0.14 s of the processor went into
importing the command line's library, pydantic, YAML and the SDK, 0.13 s into its own modules, 0.10 s into the same
nine clients (their models are read into plain dicts), 0.07 s into 47 calls and 0.10 s into checking, deciding and
showing. 0.08 s were waiting: three rounds depend on the first, and there is no more to do meanwhile.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.at_once import enter, opsctl

OPSCTL = [sys.executable, "-m", "opsctl"]
TARGET = "shop.example.com"
BLOCK = [*OPSCTL, "block-ip", "203.0.113.9", "--target", TARGET, "--dry-run", "--verbose"]
DECIDING = ("sts", "iam", "ec2", "elbv2", "route53", "cloudfront", "wafv2")
BESIDE = ("ssm", "resourcegroupstaggingapi")
BARE = [sys.executable, "-c", "import typer, rich.console"]


def clients(*services: str) -> list[str]:
    """Return the command that builds clients with boto3."""
    return [sys.executable, "-c", f"import boto3; s = boto3.Session(); [s.client(n) for n in {services}]"]


@dataclass(frozen=True)
class Took:
    """What one run of a command took, and what it wrote to stderr."""

    wall_s: float
    cpu_s: float
    told: str


def take(command: Sequence[str]) -> Took:
    """Run a command once."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Took(wall_s=wall, cpu_s=cpu, told=done.stderr)


def in_turn(runs: int, *commands: Sequence[str]) -> list[list[Took]]:
    """Run commands in turn, after one turn that fills caches; return what each took, run by run."""
    for command in commands:
        take(command)
    turns = [[take(command) for command in commands] for _ in range(runs)]
    return [list(column) for column in zip(*turns, strict=True)]


@contextmanager
def recording(delay_ms: float) -> Iterator[int]:
    """Put a recording in front of the sandbox that the environment names; gives its port."""
    behind = str(urlsplit(os.environ["AWS_ENDPOINT_URL"]).port)
    command = [sys.executable, "-m", "benchmarks.recorded", "--behind", behind, "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline() if process.stdout else 0)
            os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
            yield port
        finally:
            process.terminate()


def calls_since(port: int) -> dict[str, Any]:
    """Ask the recording for the calls since it was last asked."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/calls") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def idle_s(calls: Sequence[Sequence[float]]) -> float:
    """Return how long no call was under way between the first and the last."""
    idle, end = 0.0, min(began for began, _ in calls)
    for began, ended in sorted(map(tuple, calls)):
        idle += max(0.0, began - end)
        end = max(end, ended)
    return idle


def first_plan(runs: int, delay_ms: float) -> None:
    """Compare the first screen of a block with building its clients."""
    with recording(delay_ms) as port:
        deciding, all_of_them, blocks = in_turn(runs, clients(*DECIDING), clients(*DECIDING, *BESIDE), BLOCK)
        calls_since(port)
        last = take(BLOCK)
        seen = calls_since(port)
    ours, theirs, fewer = (min(one.wall_s for one in took) for took in (blocks, all_of_them, deciding))
    rounds = re.search(r"in (\d+) rounds", last.told)
    count = len(DECIDING) + len(BESIDE)
    print(f"block-ip --dry-run takes {ours / theirs:.2f} times what its {count} boto3 clients take")
    busy, theirs_busy = (min(one.cpu_s for one in took) for took in (blocks, all_of_them))
    print(f"  {ours:.2f} s against {theirs:.2f} s")
    print(f"  {ours / fewer:.2f} times the {len(DECIDING)} that deciding needs, without those of the evidence")
    print(f"  {busy / theirs_busy:.2f} times their CPU: {busy:.2f} s against {theirs_busy:.2f} s")
    print(f"  {len(seen['calls'])} calls at {delay_ms:.0f} ms, {seen['passed_on']} of them not recorded")
    print(f"  {int(rounds[1]) + 1 if rounds else '?'} rounds, who calls being the first")
    print(f"  {idle_s(seen['calls']):.2f} s between the first and the last without a call under way")


def commands_that_call_nothing(runs: int, plan: Path) -> None:
    """Compare what only reads files with importing the libraries of the command line."""
    mine = {"--help": ["--help"], "playbook list": ["playbook", "list"], "show FILE": ["show", str(plan)]}
    bare, *ours = in_turn(runs, BARE, *([*OPSCTL, *argv] for argv in mine.values()))
    least = min(one.cpu_s for one in bare)
    for name, took in zip(mine, ours, strict=True):
        cpu = min(one.cpu_s for one in took)
        print(f"opsctl {name:<14} {cpu / least:>5.1f} times a bare import of typer and rich, {cpu:.2f} s of CPU")


def main() -> None:
    """Start a sandbox, measure, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--delay-ms", type=float, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        # As an installed opsctl runs: its modules are compiled once.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ |= {"PYTHONPYCACHEPREFIX": f"{home}/compiled", "OPSCTL_STATE_DIR": f"{home}/laptop"}
        sandbox, plan = Path(home) / "sandbox", Path(home) / "plan.json"
        enter(sandbox)
        try:
            opsctl(Path(home) / "laptop", "block-ip", "203.0.113.9", "--target", TARGET, "--out", str(plan))
            commands_that_call_nothing(asked.runs, plan)
            first_plan(asked.runs, asked.delay_ms)
        finally:
            opsctl(sandbox, "sandbox", "stop")


if __name__ == "__main__":
    main()
