"""Copies of this process, for what may not be seen by what comes after it."""

import gc
import os
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Fork:
    """A copy of this process that ends by itself, or with an exception that is raised here again."""

    def __init__(self) -> None:
        assert threading.current_thread() is threading.main_thread(), "a copy has no other thread"
        self._heard, self._told = os.pipe()
        with warnings.catch_warnings():
            # The server's thread waits for connections, which copies do not make.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self.is_new:
            # The garbage collector would write into every page, and so have each of them copied.
            gc.disable()
        os.close(self._heard if self.is_new else self._told)

    @property
    def is_new(self) -> bool:
        """Whether this process is the copy."""
        return self._pid == 0

    def end(self, told: bytes = b"", *, fault: bool = False) -> None:
        """End the copy, which says something."""
        with os.fdopen(self._told, "wb") as out:
            out.write(told)
        os._exit(1 if fault else 0)

    def ended(self) -> bytes:
        """Wait for the copy; return what it said, raised where it failed."""
        with os.fdopen(self._heard, "rb") as heard:
            told = heard.read()
        _, status = os.waitpid(self._pid, 0)
        assert status == 0, told.decode()
        return told


class Aside:
    """Whether this process is the copy, what the copy says, and what it said once it has ended."""

    def __init__(self, *, is_copy: bool) -> None:
        self.is_copy = is_copy
        self.told = b""


@contextmanager
def aside(path: Path | None = None) -> Iterator[Aside]:
    """Do a block in a copy of this process alone; the files of a folder are put back as they were.

    Both go through the block, which looks at `is_copy`; the copy ends with it, and what fails in it fails here.
    """
    with _kept(path):
        fork = Fork()
        about = Aside(is_copy=fork.is_new)
        if not fork.is_new:
            yield about
            about.told = fork.ended()
            return
        try:
            yield about
        except BaseException:  # noqa: BLE001 - nothing of a copy may go on in the test runner
            fork.end(traceback.format_exc().encode(), fault=True)
        fork.end(about.told)


@contextmanager
def _kept(path: Path | None) -> Iterator[None]:
    """Put files back, in place, for they may be open."""
    kept = [(one, one.with_name(f"{one.name}.kept"), one.read_bytes()) for one in files_in(path)]
    for one, beside, _ in kept:
        os.link(one, beside)
    try:
        yield
    finally:
        for one in files_in(path):
            if one.suffix != ".kept":
                one.unlink()
        for one, beside, data in kept:
            beside.rename(one)
            with one.open("r+b") as file:
                file.truncate(len(data))
                file.write(data)


def files_in(path: Path | None) -> list[Path]:
    """All files of a folder and of those in it."""
    return [] if path is None else sorted(one for one in path.rglob("*") if one.is_file())
