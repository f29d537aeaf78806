"""A text goes to the webhook that was named and nowhere else, and its URL into no message."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from opsctl.aws.webhook import fault_in, is_loopback, post


class Hook(BaseHTTPRequestHandler):
    """Answers as the path says, and keeps what came."""

    came: list[tuple[str, object]] = []

    def do_POST(self) -> None:
        """Take a text."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.came.append((self.path, json.loads(body)))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests quiet."""


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hook, "came", [])
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


def test_markup_of_the_chat_in_a_name_calls_nobody(hook: str) -> None:
    """Slack, Formatting text for app surfaces: escape &, < and >, or <!channel> calls everybody."""
    assert post(f"{hook}/secret/200", "blocked <!channel> & more") == ""
    assert Hook.came == [("/secret/200", {"text": "blocked &lt;!channel&gt; &amp; more"})]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_was_not_taken_is_told_by_status_and_a_redirect_is_not_followed(hook: str, status: int) -> None:
    assert post(f"{hook}/secret/{status}", "text") == f"status {status}"
    assert len(Hook.came) == 1


def test_no_fault_repeats_the_url() -> None:
    for url in ("http://127.0.0.1:9/secret", "http://localhost:1/secret", "http://127.0.0.1:9/sec ret"):
        why = post(url, "text")
        assert why
        assert "sec" not in why
        assert "127" not in why


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8080/x", True),
        ("http://127.9.9.9/x", True),
        ("http://[::1]:80/x", True),
        ("https://hooks.slack.com/services/x", False),
        ("http://localhost.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://127.0.0.1@example.com/x", False),
        ("http://10.0.0.1/x", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_all_others(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_only_https_is_a_webhook_elsewhere() -> None:
    assert fault_in("https://hooks.slack.com/services/x") == ""
    assert fault_in("http://127.0.0.1:9/x") == ""
    for wrong in (
        "http://hooks.slack.com/x",
        "hooks.slack.com",
        "ftp://x/y",
        "https://a b",
        "https://",
        "https://[",
        "https://hooks.slack.com:port/x",
        "https://hooks.slack.com:99999/x",
    ):
        assert fault_in(wrong)
