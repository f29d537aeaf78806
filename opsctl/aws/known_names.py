"""Names of AWS that this machine knows: profiles and regions; nobody is asked, and the SDK not loaded."""

import configparser
import importlib.util
import json
import os
from pathlib import Path


def profiles() -> list[str]:
    """Return the profiles of the AWS configuration and credentials files, sorted."""
    config = _sections("AWS_CONFIG_FILE", "~/.aws/config")
    named = {name.removeprefix("profile ").strip() for name in config if name.startswith("profile ")}
    credentials = _sections("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    return sorted(named | ({"default"} & set(config)) | set(credentials))


def regions() -> list[str]:
    """Return the regions of every partition that the installed SDK knows, those of `aws` first."""
    spec = importlib.util.find_spec("botocore")  # finds it, and imports nothing of it
    for place in (spec.submodule_search_locations or ()) if spec else ():
        try:
            data = json.loads((Path(place) / "data" / "partitions.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        names = [sorted(one["regions"]) for one in data["partitions"]]
        return [name for partition in names for name in partition if not name.endswith("-global")]
    return []


def _sections(variable: str, usual: str) -> list[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(Path(os.environ.get(variable, usual)).expanduser(), encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError, RuntimeError):
        return []
    return parser.sections()
