"""How long `opsctl --help` takes, as a multiple of importing the libraries its command line is built on.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time

RUNS = 15
OURS = [sys.executable, "-m", "opsctl", "--help"]
BARE = [sys.executable, "-c", "import typer, rich.console"]


def seconds(command: list[str]) -> float:
    """Run a command once and return its wall time."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Run both in turn and print the median of the ratios."""
    seconds(OURS)
    seconds(BARE)
    ratios = [seconds(OURS) / seconds(BARE) for _ in range(RUNS)]
    print(f"opsctl --help takes {statistics.median(ratios):.2f} times as long as a bare import (median of {RUNS})")


if __name__ == "__main__":
    main()
