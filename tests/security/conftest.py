"""An account of their own for tests of what is called in it."""

from collections.abc import Iterator

import pytest

from tests.kit.moto_account import WatchedServer, fresh_world, server


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world():
        watched = server()
        watched.calls.clear()
        yield watched
