"""Settings of the whole suite."""

import pytest
from hypothesis import settings

# A test may not depend on how busy the machine is.
settings.register_profile("opsctl", deadline=None)
settings.load_profile("opsctl")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the ordinary run left out."""
    if config.option.markexpr == "not exhaustive":
        terminalreporter.write_line(
            "faults: each call was put through one of them, another at each; -m exhaustive puts it through all"
        )
