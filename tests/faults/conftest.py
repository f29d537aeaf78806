"""Settings of the fault matrices."""

import pytest

from opsctl.sandbox.rules import queue_settings as rules_queue_settings


@pytest.fixture(autouse=True)
def no_cool_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix makes and deletes one queue again and again, on a clock of its own."""
    monkeypatch.setattr(rules_queue_settings, "COOL_DOWN_S", 0)
