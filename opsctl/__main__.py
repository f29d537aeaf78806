"""The console command, also as `python -m opsctl`: answers Ctrl-C while all the rest is still being imported."""

import signal

from opsctl.cli.leaving import leave


def main() -> None:
    """Run the command line and leave with the contract's exit code."""
    signal.signal(signal.SIGINT, leave)
    from opsctl.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
