"""Settings of the whole suite."""

import gc
import os
import sys
from pathlib import Path
from unittest import mock

import pytest
import typer
from _pytest.assertion.rewrite import AssertionRewritingHook

from tests.kit import (
    beside_plans,
    command_line,
    quick_journal,  # noqa: F401 - in force once it is imported
)
from tests.kit.samples import SAMPLE, digest_of_the_code

# What the workers and hundreds of processes import is compiled once, also where the environment says otherwise.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# pytest rewrites the asserts of all that comes with a plugin: those of Hypothesis take 3 s a process, for nothing.
_HOOKS = [one for one in sys.meta_path if type(one) is not AssertionRewritingHook]
with mock.patch.object(sys, "meta_path", _HOOKS):
    from hypothesis import settings, strategies  # noqa: F401 - strategies are imported with it

# A test may not depend on how busy the machine is.
settings.register_profile("opsctl", deadline=None)
settings.load_profile("opsctl")

# An account begins with the one image that the sandbox's worlds use: moto's own 1,300 cost 0.1 s an account.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).parent / "kit" / "images.json")

typer.main.get_command = command_line.get_command

beside_plans.ask_nobody()

# The workers are told, so that all of them take the same sample.
os.environ.setdefault(SAMPLE, digest_of_the_code())


LONG = ("tests/faults", "tests/ha/jobs", "tests/worlds", "tests/cli", "tests/registry")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, so that no worker has one left when the other is through."""
    items.sort(key=lambda one: not one.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the ordinary run left out."""
    if "not exhaustive" in config.option.markexpr:
        terminalreporter.write_line(
            "a sample of the matrices of faults, deaths and refusals, another with each change of the code; "
            f"{SAMPLE}={os.environ[SAMPLE]} takes the same again, -m exhaustive takes the rest"
        )
