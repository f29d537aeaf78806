"""The console command, also as `python -m opsctl`: answers Ctrl-C while all the rest is still being imported."""

import gc
import os
import signal

from opsctl.cli.leaving import end_with, leave

NEW_OBJECTS = 500_000
"""After so many more objects the collector looks for cycles: what is imported, and the SDK's service models, are
hundreds of thousands that live to the end, and looking through them every 700 is a fifth of a short command. The
first plan of a block makes a quarter of a million, a long list of addresses a third."""


def main() -> None:
    """Run the command line and leave with the contract's exit code."""
    signal.signal(signal.SIGINT, leave)
    gc.set_threshold(NEW_OBJECTS)
    # Pydantic looks through everything that is installed for plug-ins of its own, and hands them all values.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from opsctl.cli.main import main as run_command

    try:
        run_command()
    finally:
        gc.freeze()  # the interpreter looks for cycles once more as it ends; all of it ends with the process


def command() -> None:
    """Run the command line, and end the process with it: nothing else is going to be done in it."""
    try:
        main()
    except SystemExit as ending:
        end_with(ending.code)
        raise


if __name__ == "__main__":
    command()
