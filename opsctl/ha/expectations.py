"""How long each kind of failure would last, and what it would cost in data: estimates, by mode.

Alarm periods are AWS's own (60 seconds, two or three of them); starting an instance takes one to five minutes;
a snapshot takes minutes to hours, the first of a large volume longest.
"""

from opsctl.ha.inventory import Inventory
from opsctl.model.value import Value
from opsctl.resources.dlm_calls import START_WITHIN_S


class Outlook(Value):
    """What one kind of failure means in one mode."""

    failure: str
    mode: str
    time: str
    loss: str


def outlooks(inventory: Inventory, *, balanced: bool) -> tuple[Outlook, ...]:
    """Return the outlook of every kind of failure: as it is now, and in each mode that can be built."""
    rows: list[Outlook] = []
    for failure, now, recover, standby, asg in _table(inventory, balanced=balanced):
        for mode, (time, loss) in (("now", now), ("recover", recover), ("standby", standby), ("asg", asg)):
            rows.append(Outlook(failure=failure, mode=mode, time=time, loss=loss))
    return tuple(rows)


Cell = tuple[str, str]


def _table(inventory: Inventory, *, balanced: bool) -> list[tuple[str, Cell, Cell, Cell, Cell]]:
    unnoticed = ("until someone notices", "none of its own")
    root = "root disk since the image"
    watched = (
        ("5 to 15 minutes, by the load balancer's check", root)
        if balanced
        else ("not noticed; add a load balancer", "none")
    )
    return [
        (
            "process",
            unnoticed,
            ("only if the system hangs: 5 to 10 minutes", "memory"),
            _elsewhere(inventory, root, "only if the system hangs: 10 to 15 minutes"),
            watched,
        ),
        (
            "host",
            ("minutes if AWS recovers it, else until someone acts", "memory"),
            ("5 to 10 minutes", "memory"),
            _elsewhere(inventory, root, "10 to 15 minutes"),
            ("5 to 15 minutes", root),
        ),
        (
            "host, zone full",
            ("until someone acts", "memory"),
            ("until there is capacity", "memory"),
            _elsewhere(inventory, root, "10 to 15 minutes"),
            _elsewhere(inventory, root, "10 to 20 minutes"),
        ),
        (
            "lost volume",
            ("until someone restores it", "all since the last snapshot"),
            ("announced; until someone restores it", "all since the last snapshot"),
            ("announced; until someone restores it", "all since the last snapshot"),
            _volume(inventory),
        ),
        (
            "zone",
            ("until the zone is back", "none if it comes back"),
            ("until the zone is back", "none if it comes back"),
            _zone(inventory),
            _zone(inventory),
        ),
    ]


def _volume(inventory: Inventory) -> Cell:
    if not inventory.data_volumes:
        return "5 to 15 minutes", "root disk since the image"
    if inventory.wanted.allow_data_loss_s:
        return "15 minutes and more, from a snapshot", _bounded(inventory)
    return "announced; until someone restores it", "all since the last snapshot"


def _elsewhere(inventory: Inventory, root: str, time: str) -> Cell:
    """In another zone the data follows by a snapshot: of what has changed since the last, or of everything."""
    return f"{time}{' and a snapshot, up to hours' if inventory.data_volumes else ''}", root


def _zone(inventory: Inventory) -> Cell:
    if not inventory.data_volumes:
        return "5 to 15 minutes", "root disk since the image"
    if inventory.wanted.allow_data_loss_s:
        return "once it is shown to be down: 20 minutes and more", _bounded(inventory)
    return "announced; waits for the zone (see --allow-data-loss)", "none"


def _bounded(inventory: Inventory) -> str:
    limit = f"at most {duration(inventory.wanted.allow_data_loss_s)}"
    if not inventory.wanted.rpo_s:
        return f"{limit}, if somebody else makes snapshots"
    usual = f"usually up to {duration(inventory.wanted.rpo_s)}"
    if inventory.wanted.snapshots == "dlm":
        usual += f", at worst {duration(inventory.wanted.rpo_s + START_WITHIN_S)},"
    return f"{limit}, {usual} and the time of a snapshot"


def duration(seconds: int) -> str:
    """Return seconds in the largest unit that divides them."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{seconds} seconds"
