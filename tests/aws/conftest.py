"""What the SDK's sessions read from its own files is read once for all of these tests."""

from functools import lru_cache

import pytest
from botocore import loaders

_loader = lru_cache(loaders.create_loader)


@pytest.fixture(autouse=True)
def one_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give all sessions the same loader."""
    monkeypatch.setattr(loaders, "create_loader", _loader)
