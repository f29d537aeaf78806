"""What a change of an instance does not reach: whoever launches it makes its replacement by a template."""

from collections.abc import Iterable

from opsctl.tune.fleet import FleetInstance


def launched_without(instances: Iterable[FleetInstance], what: str) -> tuple[str, ...]:
    """Say of each instance that somebody launches that its replacement has not what was switched on at it."""
    return tuple(
        f"{one.title}: what {one.manager} launches in its place has no {what}" for one in instances if one.manager
    )
