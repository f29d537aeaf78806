"""The paths that CloudFront can invalidate; pure.

Source: CloudFront guide, "What you need to know when invalidating files": a path begins with a slash, a wildcard
stands at the end alone, at most 4,000 characters, and what has to be URL-encoded is.
"""

import re
from collections.abc import Sequence

LONGEST = 4000
WILDCARDS_AT_ONCE, PATHS_AT_ONCE = 15, 3000
EVERYTHING = "/*"
LETTERS, A_LOT = 26, 0.25
_UNSAFE = re.compile(r"[^\x21-\x7e]|[\"<>{}|\\^`]")


def why_no_path(path: str) -> str:
    """Say why a path is none that CloudFront takes; empty when it is one."""
    if not path.startswith("/"):
        return f"{path!r} does not begin with a slash"
    if "*" in path[:-1]:
        return f"{path!r} has a wildcard that is not at its end: CloudFront takes it for the character *"
    if len(path) > LONGEST:
        return f"a path of {len(path):,} characters is longer than {LONGEST:,}"
    if _UNSAFE.search(path):
        return f"{path!r} has characters that have to be URL-encoded"
    return ""


def is_everything(paths: Sequence[str]) -> bool:
    """Whether paths together are as good as `/*`: so many short wildcards that a quarter of all names is theirs.

    A name's next character is taken for one of 26 letters, so that `/a*` is a 26th, and `/ab*` a 26th of that.
    What another wildcard covers already is not counted again.
    """
    prefixes = sorted({one[1:-1].lower() for one in paths if one.endswith("*")})
    apart = [one for one in prefixes if not any(one != other and one.startswith(other) for other in prefixes)]
    return sum(1 / float(LETTERS) ** len(one) for one in apart) >= A_LOT


def slices_of(paths: Sequence[str], size: int) -> list[list[str]]:
    """Cut paths into invalidations of at most so many, each within what may be in progress at once."""
    cut: list[list[str]] = []
    wild = 0
    for one in paths:
        wild += one.endswith("*")
        if not cut or len(cut[-1]) == size or wild > WILDCARDS_AT_ONCE:
            cut.append([])
            wild = int(one.endswith("*"))
        cut[-1].append(one)
    return cut
