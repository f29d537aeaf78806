"""The end that was asked for, or that the configuration gives."""

from opsctl.block.terms import ends_at, parse_ttl
from opsctl.model.errors import InvalidInput
from opsctl.model.run import Context


def asked_end(ttl: str, until: str, about: Context) -> str:
    """Return when a block ends that is for so long, or until a moment, else for as long as `block_ttl` says.

    Raises:
        InvalidInput: neither is one, both were given, or the moment has passed.
    """
    if ttl and until:
        raise InvalidInput.one("an end and a time to live were both given", source="until")
    source = "until" if until else "ttl" if ttl else "block_ttl"
    try:
        lasting = None if until else parse_ttl(ttl or about.settings.block_ttl)
        return ends_at(lasting, until, about.now)
    except ValueError as fault:
        raise InvalidInput.one(str(fault), source=source) from None
