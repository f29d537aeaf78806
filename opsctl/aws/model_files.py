"""The SDK's own loader, over data files that are read once in a process, whoever needs them."""

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from botocore.exceptions import DataNotFoundError
from botocore.loaders import JSONFileLoader, Loader

from opsctl.aws.data_files import read_data


class PlainFiles(JSONFileLoader):  # type: ignore[misc]
    """Reads what is packed as data files are today, and leaves the rest to the SDK."""

    def load_file(self, file_path: str) -> Any:
        """Return what a file says, its path given without the extension, or None when there is none."""
        found = read_data(file_path)
        return found if found is not None else super().load_file(file_path)


class Services:
    """The services that have data of a kind: one is looked up by itself, and all are listed when asked for."""

    def __init__(self, loader: "ModelFiles", kind: str) -> None:
        self._loader = loader
        self._kind = kind

    def __contains__(self, name: object) -> bool:
        try:
            return bool(self._loader.list_api_versions(name, self._kind))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._loader.list_all(self._kind))

    def __len__(self) -> int:
        return len(self._loader.list_all(self._kind))


class ModelFiles(Loader):  # type: ignore[misc]
    """The SDK's loader, which does not go through the directories of 400 services to find one."""

    def list_available_services(self, type_name: str) -> Services:
        """Return the services that have data of a kind."""
        return Services(self, type_name)

    def list_all(self, type_name: str) -> list[str]:
        """Go through all directories; the SDK remembers what it found."""
        found: list[str] = super().list_available_services(type_name)
        return found


def model_files(data_path: str | None = None) -> ModelFiles:
    """Return the loader of the process for a search path, written as in AWS_DATA_PATH, before the SDK's own."""
    return _loader(data_path or "")


@lru_cache(maxsize=4)
def _loader(data_path: str) -> ModelFiles:
    # What the SDK's `create_loader` makes, with another reader of files.
    extra = [os.path.expanduser(os.path.expandvars(one)) for one in data_path.split(os.pathsep) if one]  # noqa: PTH111
    return ModelFiles(extra_search_paths=extra, file_loader=PlainFiles())
