"""What a person may have go wrong in the sandbox, in a person's words. Light: commands use it."""

from collections.abc import Sequence
from dataclasses import dataclass

from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value


@dataclass(frozen=True)
class Switch:
    """A fault: the engine's name for it, what it befalls, and what happens."""

    field: str
    befalls: str
    says: str


SWITCHES = {
    "no-capacity": Switch("no_capacity", "ZONE", "EC2 has no room in the zone: to launch, to start, to reserve"),
    "no-room": Switch("no_room", "INSTANCE", "EC2 has no room to start it, not even in a reservation"),
    "no-room-later": Switch("no_room_later", "INSTANCE", "its start is taken; then it stops for want of room"),
    "dark-zone": Switch("dark_zones", "ZONE", "the zone does not answer: nothing in it completes"),
    "impaired": Switch("impaired", "INSTANCE", "it fails its status checks"),
    "lost-agent": Switch("lost_agents", "INSTANCE", "its SSM agent does not answer"),
    "forged-installer": Switch("forged_installers", "INSTANCE", "it fetches another EFA installer than AWS's"),
    "held-volume": Switch("held_volumes", "VOLUME", "its guest does not let go of the volume"),
    "busy-bucket": Switch("busy_buckets", "BUCKET", "another change of it is in progress, and S3 takes none"),
    "bad-key": Switch("bad_keys", "KEY", "nothing can be encrypted with the KMS key"),
}
"""The faults, by the name that a person gives them."""


class FaultsAsked(Value):
    """What is to go wrong from now on, and what no longer, each as FAULT=NAME; with `mend_all` nothing does."""

    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    mend_all: bool = False


class FaultsFound(Value):
    """What goes wrong now, each as FAULT=NAME; `unknown` are names that nothing in the sandbox has."""

    faults: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def refuse_bad_faults(asked: Sequence[str]) -> None:
    """Refuse what is no fault, or names nothing that it befalls.

    Raises:
        InvalidInput: with the faults that there are.
    """
    for one in asked:
        fault, _, name = one.partition("=")
        if fault not in SWITCHES:
            hint = f"one of {', '.join(SWITCHES)}"
            raise InvalidInput.one(f"{fault!r} is no fault of the sandbox", source="FAULT", hint=hint)
        if not name:
            hint = f"{fault}={SWITCHES[fault].befalls}"
            raise InvalidInput.one(f"{one!r} names nothing that it befalls", source="FAULT", hint=hint)
