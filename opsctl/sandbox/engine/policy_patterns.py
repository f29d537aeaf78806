"""The patterns of IAM's policies: `*` and `?`, in texts and in ARNs. Pure."""

import re
from functools import lru_cache

_AS_THEY_ARE = {"*": "\ue000", "?": "\ue001"}
"""What a policy variable puts in is no pattern: its wildcards are kept apart by characters that no text has."""


def literal(text: str) -> str:
    """A text as part of a pattern that matches that text alone."""
    return "".join(_AS_THEY_ARE.get(one, one) for one in text)


def plain(pattern: str) -> str:
    """The text of a pattern, for operators that know no wildcards."""
    for sign, kept in _AS_THEY_ARE.items():
        pattern = pattern.replace(kept, sign)
    return pattern


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches the whole of a text; upper and lower case are different."""
    return _compiled(pattern).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Compare the six parts of an ARN one by one: a wildcard reaches no further than its own part."""
    if pattern == "*":
        return True
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(found) and all(map(matches, wanted, found))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."} | {kept: re.escape(sign) for sign, kept in _AS_THEY_ARE.items()}
    return re.compile("".join(signs.get(one, re.escape(one)) for one in pattern), re.DOTALL)
