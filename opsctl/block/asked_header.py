"""The header that was asked for, and what cannot be asked together with one."""

from typing import get_args

from opsctl.block.topology.forwarded import Forwarded, Position
from opsctl.model.errors import InvalidInput


def asked_header(
    header: str, position: Position, layer: str = "auto", countries: tuple[str, ...] = ()
) -> Forwarded | None:
    """Return the header that has the addresses, None where they are the source of what is blocked.

    Raises:
        InvalidInput: it is no header, or it is asked for with what does not look at headers.
    """
    if not header:
        if position != "auto":
            raise InvalidInput.one("a position was given without a header", source="position")
        return None
    if position not in get_args(Position):
        raise InvalidInput.one(f"{position!r} is none of {', '.join(get_args(Position))}", source="position")
    try:
        forwarded = Forwarded.of(header, position)
    except ValueError as fault:
        raise InvalidInput.one(str(fault), source="forwarded_header") from None
    if layer not in ("auto", "waf", "cloudfront") or countries:
        what = "a country" if countries else f"layer {layer}"
        raise InvalidInput.one(
            f"only AWS WAF looks at headers: {what} is judged by whoever connects, which is the proxy in front",
            source="forwarded_header",
            hint="block at the proxy itself, or leave the header out",
        )
    return forwarded
