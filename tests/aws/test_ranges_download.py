"""A public file is fetched whole, within bounds, and from where it was named."""

import io
import urllib.error
import urllib.request
from typing import Any

import pytest

from opsctl.aws.ranges_download import _Stay, download
from opsctl.model.errors import OpsctlError

URL = "https://ranges.example/list.json"


class Opener:
    """Answers one request."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer

    def open(self, request: urllib.request.Request, timeout: float) -> Any:
        assert request.full_url == URL
        assert timeout
        if isinstance(self.answer, Exception):
            raise self.answer
        return io.BytesIO(self.answer)


def answering(patch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[Any]:
    handlers: list[Any] = []

    def build(*given: Any) -> Opener:
        handlers.extend(given)
        return Opener(answer)

    patch.setattr("urllib.request.build_opener", build)
    return handlers


def test_a_file_is_returned_whole_and_no_redirect_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = answering(monkeypatch, b"x" * 200_000)
    assert len(download(URL, 200_000)) == 200_000
    (stay,) = handlers
    assert isinstance(stay, _Stay)
    assert stay.redirect_request() is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"x" * 200_001, "more than 200,000 bytes"),
        (urllib.error.HTTPError(URL, 302, "Found", {}, io.BytesIO()), "status 302"),  # type: ignore[arg-type]
        (urllib.error.URLError("no route"), "no route"),
        (TimeoutError("timed out"), "timed out"),
    ],
)
def test_what_is_not_there_or_too_large_is_said(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception, why: str
) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(OpsctlError, match=why) as caught:
        download(URL, 200_000)
    assert "still used" in caught.value.hint


@pytest.mark.parametrize("url", ["http://ranges.example/list.json", "file:///etc/passwd"])
def test_only_https_is_asked(url: str) -> None:
    with pytest.raises(OpsctlError, match="not https"):
        download(url, 10)
