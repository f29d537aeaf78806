"""What a drill begins with, as the lookup `ha.drill` finds it."""

from opsctl.model.value import Value


class DrillVolume(Value):
    """A data volume that has to come back."""

    volume: str
    device: str


class HaDrillFacts(Value):
    """What a drill of a group begins with, and the evidence against it; `since` is the newest activity so far."""

    group: str
    instance: str
    zone: str
    subnets: tuple[str, ...]
    elsewhere: tuple[str, ...]
    volumes: tuple[DrillVolume, ...]
    addresses: tuple[str, ...]
    newest_snapshot: str
    since: float
    marker: str
    log_group: str
    busy: tuple[str, ...]
    no_snapshot: tuple[str, ...]
    no_queue: tuple[str, ...]
    one_zone: tuple[str, ...]
