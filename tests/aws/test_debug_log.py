"""A debug log tells which calls were made, and nothing of what was in them."""

import logging

from opsctl.aws.clients import Clients, Connection
from opsctl.aws.debug_log import WithoutContent
from tests.kit.moto_account import fresh_world, server


def test_bodies_and_credentials_are_not_in_the_debug_log() -> None:
    seen: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    handler, root = Keeping(), logging.getLogger()
    handler.addFilter(WithoutContent())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with fresh_world():
            clients = Clients(Connection(region="us-east-1", endpoint_url=server().endpoint), "r")
            entry = {"Source": "s", "DetailType": "d", "Detail": '{"card": "4111"}'}
            clients.get("events", None, writes=True).put_events(Entries=[entry])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert any("Making request for OperationModel(name=PutEvents)" in line for line in seen)
    assert not [line for line in seen if "4111" in line or "authorization" in line.lower()]
