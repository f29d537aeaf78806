"""Distributions with plug-ins as an installer leaves them: packages beside a `dist-info` on Python's path."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest


def install(
    site: Path, distribution: str, files: Mapping[str, str], points: Mapping[str, str], version: str = "1.2"
) -> None:
    """Write a distribution; `files` are its modules by path, `points` its entry points by name."""
    for path, text in files.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    (info / "METADATA").write_text(about, encoding="utf-8")
    lines = ["[opsctl.plugins]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def on_the_path(site: Path) -> Iterator[None]:
    """Have a directory of distributions on Python's path, and nothing of it imported afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(site), *sys.path])
        importlib.invalidate_caches()
        try:
            yield
        finally:
            there = {path.name for path in site.iterdir()}
            for name in [name for name in sys.modules if name.partition(".")[0] in there]:
                del sys.modules[name]
