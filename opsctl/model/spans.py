"""Spans and moments of time as they are written down."""

from datetime import datetime

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def span(seconds: float) -> str:
    """Say a span in its two largest units, rounded down: `3d 21h`, `5m`, `0s`."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in _UNITS:
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size}{unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts) or "0s"


def seconds_after(at: float, start: float) -> str:
    """Say how long after something a moment was, as `+12.0 s`; a moment before it has a minus."""
    # Adding zero turns the minus zero of a rounded difference into zero.
    return f"{round(at - start, 1) + 0.0:+.1f} s"


def utc(moment: datetime) -> str:
    """Write a moment of UTC as RFC 3339 does, in whole seconds: `2026-11-24T18:11:39Z`."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
