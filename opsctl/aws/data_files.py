"""The data files of the installed SDK, read without importing it and each once in a process."""

import gzip
import json
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FORMATS = ((".json", open), (".json.gz", gzip.open))

_READ: dict[str, Any] = {}


def read_data(path: str) -> Any:
    """Return what a file says, its path given without the extension, or None when there is none.

    Into plain dicts, which keep their order too: half the time of the `OrderedDict` of the SDK's own reader.
    """
    if path not in _READ:
        for extension, opened in FORMATS:
            file = Path(path + extension)
            if file.is_file():
                with opened(file, "rb") as data:
                    _READ[path] = json.loads(data.read())
                break
        else:
            return None
    return _READ[path]


@lru_cache(maxsize=1)
def data_places() -> tuple[Path, ...]:
    """Return the directories that the SDK searches by itself, in its order: one's own models, then its own."""
    spec = find_spec("botocore")
    installed = [Path(one, "data") for one in (spec.submodule_search_locations or ())] if spec else []
    return (Path(os.path.expanduser("~/.aws/models")), *installed)  # noqa: PTH111 - a user without a home has none


def versions_of(directory: Path, kind: str) -> list[str]:
    """Return the API versions of a service's directory that have a file of a kind, such as `service-2`."""
    if not directory.is_dir():
        return []
    return [
        one.name
        for one in directory.iterdir()
        if any(Path(one, kind + extension).is_file() for extension, _ in FORMATS)
    ]
