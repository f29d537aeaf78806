"""`opsctl sandbox attack`: requests through a sandbox that really listens, for whoever has its key."""

import os
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from opsctl.cli.sandbox_attack import attack_over, words_of
from opsctl.model.errors import InvalidInput
from opsctl.sandbox.client import SandboxEndpoint
from opsctl.sandbox.endpoint import ATTACK, HOST, control_headers
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import KEY, fresh_world, server


@pytest.fixture
def endpoint() -> Iterator[SandboxEndpoint]:
    with fresh_world(seed_network):
        yield SandboxEndpoint(endpoint_url=server().endpoint, pid=os.getpid(), key=KEY)


def test_requests_are_added_up_and_what_refused_them_is_named(endpoint: SandboxEndpoint) -> None:
    lines: list[str] = []
    done = attack_over(endpoint, "198.51.100.200", "direct-alb", 9, "0s", {"path": "/a"}, lines.append)
    assert (done.passed, done.refused) == (0, 9)
    assert lines == ["9 of 9 requests sent, 9 refused"]
    text = words_of("198.51.100.200", "direct-alb\x1b[31m", done)
    assert "0 passed, 9 refused" in text
    assert "by web ACL direct-acl rule known-scanners" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("address", "target", "over", "fault"),
    [
        ("nobody", "direct-alb", "0s", "is no address"),
        ("203.0.113.9", "nobody.example.com", "0s", "nothing in the sandbox answers"),
        ("203.0.113.9", "direct-alb", "soon", "is not a duration"),
    ],
)
def test_what_cannot_be_sent_is_bad_input(
    endpoint: SandboxEndpoint, address: str, target: str, over: str, fault: str
) -> None:
    with pytest.raises(InvalidInput, match=fault):
        attack_over(endpoint, address, target, 1, over, {}, lambda _: None)


def test_without_the_key_of_the_sandbox_nothing_is_sent(endpoint: SandboxEndpoint) -> None:
    connection = HTTPConnection(HOST, urlsplit(endpoint.endpoint_url).port, timeout=5)
    try:
        connection.request("POST", ATTACK, b"{}", headers=control_headers("SBOXSOMEBODYELSE2222"))
        assert connection.getresponse().status == 403
    finally:
        connection.close()
