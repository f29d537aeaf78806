"""The SDK's own loader, over data files that are read once in a process, whoever needs them."""

import os
from functools import lru_cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader

from opsctl.aws.data_files import read_data


class PlainFiles(JSONFileLoader):  # type: ignore[misc]
    """Reads what is packed as data files are today, and leaves the rest to the SDK."""

    def load_file(self, file_path: str) -> Any:
        """Return what a file says, its path given without the extension, or None when there is none."""
        found = read_data(file_path)
        return found if found is not None else super().load_file(file_path)


def model_files(data_path: str | None = None) -> Loader:
    """Return the loader of the process for a search path, written as in AWS_DATA_PATH, before the SDK's own."""
    return _loader(data_path or "")


@lru_cache(maxsize=4)
def _loader(data_path: str) -> Loader:
    # What the SDK's `create_loader` makes, with another reader of files.
    extra = [os.path.expanduser(os.path.expandvars(one)) for one in data_path.split(os.pathsep) if one]  # noqa: PTH111
    return Loader(extra_search_paths=extra, file_loader=PlainFiles())
