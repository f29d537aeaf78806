"""The probe asks one URL, once, and nothing else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opsctl.aws.web_probe import probe

ASKED: list[str] = []


class Service(BaseHTTPRequestHandler):
    """Answers as its path says."""

    def do_GET(self) -> None:
        ASKED.append(self.path)
        code = int(self.path.strip("/").split("/")[0])
        self.send_response(code)
        self.send_header("Location", "/200/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    ASKED.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("code", "words"), [(200, ""), (204, ""), (404, "status 404"), (503, "status 503")])
def test_a_status_below_400_is_good(service: str, code: int, words: str) -> None:
    assert probe(f"{service}/{code}") == words


def test_a_redirect_is_good_and_not_followed(service: str) -> None:
    assert probe(f"{service}/302") == ""
    assert ASKED == ["/302"]


def test_no_proxy_is_used(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert probe(f"{service}/200") == ""


def test_no_connection_and_other_schemes_are_not_good() -> None:
    assert probe("http://127.0.0.1:9/").startswith("no answer: ")
    assert probe("file:///etc/passwd") == "only http and https can be probed"
