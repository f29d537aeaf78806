"""The SDK's own data files, each read once in a process: by the clients and by the checks that need no account."""

import gzip
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


class PlainFiles(JSONFileLoader):  # type: ignore[misc]
    """Reads the SDK's files into plain dicts, which keep their order too: half the time of its `OrderedDict`."""

    def load_file(self, file_path: str) -> Any:
        """Return what a file says, its path given without the extension, or None when there is none."""
        for extension, opened in ((".json", open), (".json.gz", gzip.open)):
            path = Path(file_path + extension)
            if path.is_file():
                with opened(path, "rb") as file:
                    return json.loads(file.read())
        return super().load_file(file_path)  # as a later SDK may pack them


def model_files(data_path: str | None = None) -> Loader:
    """Return the loader of the process for a search path, written as in AWS_DATA_PATH, before the SDK's own."""
    return _loader(data_path or "")


@lru_cache(maxsize=4)
def _loader(data_path: str) -> Loader:
    # What the SDK's `create_loader` makes, with another reader of files.
    extra = [os.path.expanduser(os.path.expandvars(one)) for one in data_path.split(os.pathsep) if one]  # noqa: PTH111
    return Loader(extra_search_paths=extra, file_loader=PlainFiles())
