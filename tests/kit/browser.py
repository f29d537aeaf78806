"""A real browser for tests of pages: Chromium without a window, spoken to by its DevTools protocol over pipes."""

import base64
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import pytest

PATIENCE_S = 180
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
_PLAYWRIGHT = ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/*/*headless*shell")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_BECOME = "import os, sys; [os.dup2(int(sys.argv[n]), n + 2) for n in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"
_LOADED = (
    "new Promise(done => document.readyState === 'complete' ? done(1) : addEventListener('load', () => done(1)))"
)
_HOW = "no browser to look at pages with: install Debian's chromium, or `playwright install chromium`"


class BrowserGone(Exception):
    """The browser ended."""


def browser_path() -> str:
    """Return a Chromium of this machine, or nothing."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    places = (os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""), str(Path.home() / ".cache" / "ms-playwright"))
    there = [path for place in places if place for glob in _PLAYWRIGHT for path in Path(place).glob(glob)]
    return str(max(there)) if there else ""


@contextmanager
def browser() -> Iterator["Browser"]:
    """Start a browser for some tests, and end it; the test is skipped where there is none that runs at all."""
    path = browser_path()
    if not path:
        pytest.skip(_HOW)
    tried = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"{path} does not run here: {_last_line(tried.stderr)}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = Browser(path, Path(profile))
        try:
            yield started
        finally:
            started.end()


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


class Browser:
    """One browser process; `open` gives it a page."""

    def __init__(self, path: str, profile: Path) -> None:
        """Start it with a profile of its own."""
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # Out of the way of 3 and 4, on which DevTools speaks.
        passed = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (theirs_in, theirs_out)]
        self._errors = (profile / "stderr").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BECOME, *map(str, passed), path, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        for one in (*passed, theirs_in, theirs_out):
            os.close(one)
        self._to: BinaryIO = os.fdopen(ours_out, "wb", buffering=0)
        self._from: BinaryIO = os.fdopen(ours_in, "rb")
        self._number = 0
        # One that hangs must not hang whoever asks it.
        self._patience = threading.Timer(PATIENCE_S, self._process.kill)
        self._patience.daemon = True
        self._patience.start()
        self.events: list[Mapping[str, Any]] = []

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Call the protocol and return the answer; what happens meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        try:
            self._to.write(json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        except BrokenPipeError:
            raise BrowserGone(self._last_words()) from None
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def open(self, page: Path, *, width: int = 1200, height: int = 900, scheme: str = "light") -> "Tab":
        """Open a page of the disk in a window of that size, for a reader who likes it `light` or `dark`."""
        return Tab(self, width, height, scheme).go(page)

    def end(self) -> None:
        """End the process."""
        self._patience.cancel()
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()
        self._errors.close()

    def _next(self) -> bytes:
        parts = []
        while (byte := self._from.read(1)) != b"\0":
            if not byte:
                raise BrowserGone(self._last_words())
            parts.append(byte)
        return b"".join(parts)

    def _last_words(self) -> str:
        self._errors.seek(0)
        return _last_line(self._errors.read().decode(errors="replace"))


class Tab:
    """A page that is open."""

    def __init__(self, browser: Browser, width: int, height: int, scheme: str) -> None:
        """Open an empty page."""
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def go(self, page: Path) -> Self:
        """Load a page, and wait until it is."""
        self._call("Page.navigate", url=page.as_uri())
        self.ask(_LOADED)
        return self

    def ask(self, expression: str) -> Any:
        """Evaluate JavaScript in the page, beside its own, and return the value."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def on_paper(self, scheme: str) -> None:
        """Show the page as it would be printed for a reader who likes it so."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media="print", features=features)

    def picture(self, path: Path) -> Path:
        """Save how the whole page looks."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def printed(self) -> bytes:
        """Return the page as a PDF, on the browser's own paper."""
        return base64.b64decode(self._call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def requests(self) -> list[str]:
        """List what the page asked of anybody but itself."""
        sent = [one for one in self._events("Network.requestWillBeSent") if one["type"] != "Document"]
        return [one["request"]["url"] for one in sent]

    def complaints(self) -> list[str]:
        """List dialogs, exceptions and console messages: signs that something in the page ran."""
        names = ("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        return [f"{name}: {one}" for name in names for one in self._events(name)]

    def close(self) -> None:
        """Close it."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def _events(self, name: str) -> list[Mapping[str, Any]]:
        return [
            one["params"]
            for one in self._browser.events
            if one.get("method") == name and one.get("sessionId") == self._session
        ]


def pages_of(pdf: bytes) -> int:
    """Count the pages of a PDF as Chromium writes it: one object a page, not packed away."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
