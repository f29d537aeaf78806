"""The end that was asked for, or that the configuration gives."""

from opsctl.block.terms import NEVER, TTL, ends_at
from opsctl.model.durations import parse_duration
from opsctl.model.errors import InvalidInput
from opsctl.model.run import Context


def asked_end(ttl: str, until: str, about: Context) -> str:
    """Return when a block ends that is for so long, or until a moment, else for as long as `block_ttl` says.

    Raises:
        InvalidInput: neither is one, both were given, or the moment has passed.
    """
    if ttl and until:
        raise InvalidInput.one("an end and a time to live were both given", source="until")
    lasting = ttl or about.settings.block_ttl
    if not TTL.fullmatch(lasting):
        raise InvalidInput.one(f"{lasting!r} is neither a duration nor never", source="ttl")
    try:
        return ends_at(None if lasting == NEVER else parse_duration(lasting), until, about.now)
    except ValueError as fault:
        raise InvalidInput.one(str(fault), source="until" if until else "ttl") from None
