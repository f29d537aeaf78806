"""How much memory and disk a move of very many messages takes.

PYTHONPATH=. python benchmarks/dlq/memory.py [--messages 1000000] [--where EXPRESSION]
PYTHONPATH=. python benchmarks/dlq/memory.py --messages 100000 --command export

The messages are made when they are asked for, so that only opsctl's own memory counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.dlq.endless import EndlessServer

COMMANDS = {
    "redrive": ["dlq", "redrive", "many-dlq", "--to", "many", "--via", "client", "--yes", "-q"],
    "export": ["dlq", "export", "many-dlq", "many.jsonl.gz"],
    "inspect": ["dlq", "inspect", "many-dlq", "--sample", "100000"],
}


def peak_mib(process: int) -> float:
    """The largest resident size of a process so far, or 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def largest_file(state: Path) -> int:
    """The bytes of the largest checkpoint there is now."""
    sizes = [0]
    for path in state.glob("jobs/*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return max(sizes)


def main() -> None:
    """Run one command against messages without end and print what it needed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--where", default="")
    parser.add_argument("--command", choices=COMMANDS, default="redrive")
    asked = parser.parse_args()
    server = EndlessServer(asked.messages)
    command = [sys.executable, "-m", "opsctl", *COMMANDS[asked.command]]
    command += ["--where", asked.where] if asked.where else []
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | server.environment(folder)
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        mib, file = 0.0, 0
        while process.poll() is None:
            mib, file = max(mib, peak_mib(process.pid)), max(file, largest_file(Path(folder)))
            time.sleep(0.05)
        seconds = time.monotonic() - began
        said = (process.stdout.read() if process.stdout else "").strip().splitlines()
    print(f"{asked.command} of {asked.messages:,} messages in {seconds:.0f} s, exit code {process.returncode}")
    print(f"  {server.received:,} received, {server.sent:,} sent, {server.deleted:,} deleted")
    print(f"  resident memory at most {mib:.0f} MiB, checkpoint at most {file / 1_000_000:.1f} MB")
    print("  | " + "\n  | ".join(said[-8:]))
    server.stop()


if __name__ == "__main__":
    main()
