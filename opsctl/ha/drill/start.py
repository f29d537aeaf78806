"""What a drill begins with, as the fact `ha.drill` finds it."""

from typing import Literal

from opsctl.model.value import Value


class DrillVolume(Value):
    """A data volume that has to come back."""

    volume: str
    device: str


class HaDrillFacts(Value):
    """What a drill begins with, and the evidence against it; `since` is the newest activity so far.

    `by` is how the failure is brought about. `placed` says that the handler chooses the subnets. In mode
    standby there are no subnets to choose from, and there is a `standby_instance`.
    """

    group: str
    by: Literal["replace", "unhealthy", "stop"]
    standby: bool = False
    instance: str
    standby_instance: str = ""
    run_of_standby: str = ""
    zone: str
    subnets: tuple[str, ...]
    elsewhere: tuple[str, ...]
    placed: bool = False
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
    unread: tuple[str, ...] = ()
