"""How long the whole plan of a long list of addresses takes, as a multiple of parsing the list.

    python -m benchmarks.many_addresses [--addresses 10000] [--runs 5]

It starts a sandbox of its own and reads it once. Then plans are made from what was read, so that the SDK's time is
in none of them: inputs, facts, guards, steps, IAM policy and digest. Each run has addresses of its own, as in a
process that parses a file and plans once. The processor's time is compared within each run, so the ratio holds on
any machine; the middle one of the runs counts.
"""

import argparse
import gc
import ipaddress
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.at_once import enter, opsctl
from opsctl.aws.clients import Connection
from opsctl.model.plan import Plan
from opsctl.model.ports import Reader
from opsctl.model.reads import Answer, Read
from opsctl.planning.address_text import addresses_in
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import load_playbook
from opsctl.wiring import Runtime, checked

TARGET = "shop.example.com"
FIRST = int(ipaddress.IPv4Address("45.0.0.0"))


class Replayed:
    """Answers what was asked before from memory, and asks only the rest."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Answer] = {}

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer all in order."""
        new = [read for read in reads if read.key not in self._known]
        if new:
            answers = self._reader.read_many(new)
            self._known |= {read.key: answer for read, answer in zip(new, answers, strict=True)}
        return [self._known[read.key] for read in reads]


def listed(addresses: int, run: int) -> str:
    """Return a file's text: addresses that no other run has, none beside another."""
    first = FIRST + run * (8 * addresses)
    return "\n".join(str(ipaddress.IPv4Address(first + 7 * number)) for number in range(addresses))


def planned(addresses: Sequence[str], runtime: Runtime, reader: Reader) -> Plan:
    """Make the plan that `block-ip` makes of a list."""
    loaded = checked(load_playbook("block-ip"))
    inputs = parse_inputs(loaded.playbook.inputs, {"addresses": list(addresses), "target": TARGET}, source={})
    return make_plan(
        loaded,
        inputs,
        about=runtime.about,
        reader=reader,
        registry=runtime.registry,
        overrides=(),
        now=runtime.clock.now(),
    )


def compare(addresses: int, runs: int) -> None:
    """Parse and plan, run by run, and print the ratios."""
    runtime = Runtime(Connection(), lambda _: None, lambda: False)
    reader = Replayed(runtime.reader())
    plan = planned(addresses_in(listed(addresses, runs), "file"), runtime, reader)
    ratios, took = [], []
    for run in range(runs):
        text = listed(addresses, run)
        began = time.process_time()
        parsed = addresses_in(text, "file")
        parsing = time.process_time()
        planned(parsed, runtime, reader)
        ended = time.process_time()
        ratios.append((ended - parsing) / (parsing - began))
        took.append((parsing - began, ended - parsing))
    print(f"{addresses:,} addresses: {len(plan.changes)} changes in all, at every way in")
    spread = ", ".join(f"{one:.2f}" for one in sorted(ratios))
    print(f"the whole plan takes {statistics.median(ratios):.2f} times as long as parsing the file ({spread})")
    parsing, planning = (statistics.median(column) for column in zip(*took, strict=True))
    print(f"  {parsing:.3f} s of CPU to parse, {planning:.3f} s to plan")


def main() -> None:
    """Start a sandbox, measure, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    gc.set_threshold(200_000)  # as the command does
    with tempfile.TemporaryDirectory() as home:
        sandbox = Path(home) / "sandbox"
        enter(sandbox)
        try:
            compare(asked.addresses, asked.runs)
        finally:
            opsctl(sandbox, "sandbox", "stop")


if __name__ == "__main__":
    main()
