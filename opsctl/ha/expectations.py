"""How long each kind of failure would last, and what it would cost in data: estimates, by mode.

Alarm periods are AWS's own (60 seconds, two or three of them); starting an instance takes one to five minutes;
a snapshot takes minutes to hours, the first of a large volume longest.
"""

from typing import Literal

from opsctl.ha.inventory import Inventory
from opsctl.model.value import Value
from opsctl.resources.dlm_calls import START_WITHIN_S


class Cell(Value):
    """What one kind of failure means in one mode; `rto` and `rpo` say time and loss in two words."""

    time: str
    loss: str
    rto: str
    rpo: str


class Outlook(Cell):
    """A cell of the table, with the failure and the mode that it is about."""

    failure: str
    mode: str


def outlooks(inventory: Inventory, *, balanced: bool) -> tuple[Outlook, ...]:
    """Return the outlook of every kind of failure: as it is now, and in each mode that can be built."""
    return tuple(
        Outlook(failure=failure, mode=mode, **dict(cell))
        for failure, *cells in _table(inventory, balanced=balanced)
        for mode, cell in zip(MODES, cells, strict=True)
    )


MODES = ("now", "recover", "standby", "asg")
_ROOT = "root disk since the image"
_SINCE = "everything since the last snapshot"


def _cell(time: str, rto: str, loss: str, rpo: str) -> Cell:
    return Cell(time=time, loss=loss, rto=rto, rpo=rpo)


_UNTIL_RESTORED = _cell("notified; until someone restores it", "by hand", _SINCE, "to snapshot")
_ZONE_BACK = _cell("until the zone is back", "zone back", "none if it comes back", "none")


def _table(inventory: Inventory, *, balanced: bool) -> list[tuple[str, Cell, Cell, Cell, Cell]]:
    watched = (
        _cell("5 to 15 minutes, by the load balancer's check", "5-15 min", _ROOT, "root disk")
        if balanced
        else _cell("not noticed; add a load balancer", "unnoticed", "none", "none")
    )
    hanging = "only if the OS hangs:"
    return [
        (
            "process",
            _cell("until someone notices", "by hand", "none of its own", "none"),
            _cell(f"{hanging} 5 to 10 minutes", "if it hangs", "memory", "memory"),
            _elsewhere(inventory, f"{hanging} 10 to 15 minutes", "if it hangs"),
            watched,
        ),
        (
            "host",
            _cell("minutes if AWS recovers it, else until someone acts", "AWS or hand", "memory", "memory"),
            _cell("5 to 10 minutes", "5-10 min", "memory", "memory"),
            _elsewhere(inventory, "10 to 15 minutes", "10-15 min"),
            _cell("5 to 15 minutes", "5-15 min", _ROOT, "root disk"),
        ),
        (
            "host, zone full",
            _cell("until someone acts", "by hand", "memory", "memory"),
            _cell("until there is capacity", "capacity", "memory", "memory"),
            _elsewhere(inventory, "10 to 15 minutes", "10-15 min"),
            _elsewhere(inventory, "10 to 20 minutes", "10-20 min"),
        ),
        (
            "lost volume",
            _cell("until someone restores it", "by hand", _SINCE, "to snapshot"),
            _UNTIL_RESTORED,
            _UNTIL_RESTORED,
            _volume(inventory),
        ),
        ("zone", _ZONE_BACK, _ZONE_BACK, _zone(inventory), _zone(inventory)),
    ]


def _volume(inventory: Inventory) -> Cell:
    if not inventory.data_volumes:
        return _cell("5 to 15 minutes", "5-15 min", _ROOT, "root disk")
    if inventory.wanted.allow_data_loss_s:
        return _cell("15 minutes and more, from a snapshot", "15 min+", _bounded(inventory), _limit(inventory))
    return _UNTIL_RESTORED


def _elsewhere(inventory: Inventory, time: str, rto: str) -> Cell:
    """In another zone the data follows by a snapshot: of what has changed since the last, or of everything."""
    if not inventory.data_volumes:
        return _cell(time, rto, _ROOT, "root disk")
    spelt = rto if rto == "if it hangs" else f"{rto.partition('-')[0]} min-hours"
    return _cell(f"{time} and a snapshot, up to hours", spelt, _ROOT, "root disk")


def _zone(inventory: Inventory) -> Cell:
    if not inventory.data_volumes:
        return _cell("5 to 15 minutes", "5-15 min", _ROOT, "root disk")
    if inventory.wanted.allow_data_loss_s:
        time = "once it is confirmed down: 20 minutes and more"
        return _cell(time, "20 min+", _bounded(inventory), _limit(inventory))
    return _cell("notified; waits for the zone (see --allow-data-loss)", "zone back", "none", "none")


def _limit(inventory: Inventory) -> str:
    return f"<={duration(inventory.wanted.allow_data_loss_s)}"


class ModeRow(Value):
    """What every kind of failure means in one mode, in two words each; the mode that is planned has a mark."""

    mode: str
    process: str
    host: str
    zone_full: str
    volume: str
    zone: str


def matrix(found: tuple[Outlook, ...], chosen: str, what: Literal["rto", "rpo"]) -> tuple[ModeRow, ...]:
    """Return a row for each mode: how soon an instance is back, or what of its data is lost."""
    rows = []
    for mode in MODES:
        cells = [str(getattr(one, what)) for one in found if one.mode == mode]
        named = dict(zip(("process", "host", "zone_full", "volume", "zone"), cells, strict=True))
        rows.append(ModeRow(mode=f"> {mode}" if mode == chosen else f"  {mode}", **named))
    return tuple(rows)


def _bounded(inventory: Inventory) -> str:
    limit = f"at most {duration(inventory.wanted.allow_data_loss_s)}"
    if not inventory.wanted.rpo_s:
        return f"{limit}, if somebody else makes snapshots"
    usual = f"usually up to {duration(inventory.wanted.rpo_s)}"
    if inventory.wanted.snapshots == "dlm":
        usual += f", at worst {duration(inventory.wanted.rpo_s + START_WITHIN_S)},"
    return f"{limit}, {usual} plus the duration of a snapshot"


def duration(seconds: int) -> str:
    """Return seconds in the largest unit that divides them."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{seconds} seconds"
