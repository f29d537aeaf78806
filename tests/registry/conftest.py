"""Queues of an example are made and deleted again and again, and their names are free by the example's clock."""

import pytest

from opsctl.sandbox.rules import queue_settings as rules_queue_settings


@pytest.fixture(autouse=True)
def no_cool_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS keeps a deleted queue's name for a minute, which other tests are about."""
    monkeypatch.setattr(rules_queue_settings, "COOL_DOWN_S", 0)
