"""Files of credentials and configuration that the SDK passes over without a word."""

import os
from pathlib import Path

_FILES = (
    # Variable and default: `botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES`.
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("AWS_CONFIG_FILE", "~/.aws/config"),
)


def passed_over() -> str:
    """Say which of them cannot be read, or are named by a variable and not there; empty when none.

    The SDK goes on as if such a file were empty, and then misses credentials or a profile.
    """
    told = []
    for variable, usual in _FILES:
        path = Path(os.path.expandvars(os.environ.get(variable) or usual)).expanduser()
        if not path.is_file():
            if os.environ.get(variable):
                told.append(f"{variable} names {path}, which is no file")
        elif not os.access(path, os.R_OK):
            told.append(f"{path} may not be read by this user")
    return "; ".join(told)
