"""The SDK's files of credentials and configuration, and its variables: what is in use, and what is passed over."""

import os
from collections.abc import Iterator
from pathlib import Path

_FILES = (
    # Variable and default: `botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES`.
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("AWS_CONFIG_FILE", "~/.aws/config"),
)
_SHOWN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
)
"""Variables whose values are no secret; of any other only the name is told."""


def _places() -> Iterator[tuple[str, Path]]:
    for variable, usual in _FILES:
        yield variable, Path(os.path.expandvars(os.environ.get(variable) or usual)).expanduser()


def passed_over() -> str:
    """Say which of them cannot be read, or are named by a variable and not there; empty when none.

    The SDK goes on as if such a file were empty, and then misses credentials or a profile.
    """
    told = []
    for variable, path in _places():
        if not path.is_file():
            if os.environ.get(variable) and str(path) != os.devnull:
                told.append(f"{variable} names {path}, which is no file")
        elif not os.access(path, os.R_OK):
            told.append(f"{path} may not be read by this user")
    return "; ".join(told)


def files_in_use() -> list[str]:
    """The files that are there."""
    return [str(path) for _, path in _places() if path.is_file()]


def variables_set() -> list[str]:
    """AWS's variables that are set, with the values of those that hold no secret."""
    names = sorted(name for name in os.environ if name.startswith("AWS_") and os.environ[name])
    return [f"{name}={os.environ[name]}" if name in _SHOWN else name for name in names]
