"""What `opsctl sandbox attack` does: requests in lots, a second apart, added up."""

import time
from typing import TYPE_CHECKING

from opsctl.model.commands import local_command
from opsctl.model.durations import parse_duration
from opsctl.model.errors import InvalidInput
from opsctl.render.inert import visible

if TYPE_CHECKING:
    from opsctl.model.run import Progress
    from opsctl.sandbox.attack import Attacked
    from opsctl.sandbox.client import SandboxEndpoint


def attack_over(
    endpoint: "SandboxEndpoint",
    address: str,
    target: str,
    requests: int,
    over: str,
    asked: dict[str, str],
    progress: "Progress",
) -> "Attacked":
    """Send the requests, spread over a time, and add up what became of them.

    Raises:
        InvalidInput: the address is none, the time is none, or the requests arrive nowhere.
    """
    from opsctl.sandbox.attack import Attack, Attacked
    from opsctl.sandbox.client import send_attack

    lots = max(1, min(_seconds(over), requests))
    done = Attacked(arrived=True)
    for number in range(lots):
        count = requests // lots + (number < requests % lots)
        sent = send_attack(endpoint, Attack(address=_one(address), target=target, requests=count, **asked))
        if not sent.arrived:
            raise InvalidInput.one(
                f"nothing in the sandbox answers to {target!r}",
                source="--target",
                hint=f"{local_command('sandbox', 'worlds')} lists what does",
            )
        done = done.with_more(sent)
        progress(f"{done.passed + done.refused} of {requests} requests sent, {done.refused} refused")
        if number + 1 < lots:
            time.sleep(1)
    return done


def words_of(address: str, target: str, done: "Attacked") -> str:
    """Say what became of the requests."""
    whole = done.passed + done.refused
    lines = [f"{whole} requests from {address} to {visible(target)}: {done.passed} passed, {done.refused} refused"]
    lines += [f"  {count:>6} by {visible(why)}" for why, count in done.by.items()]
    return "\n".join(lines)


def _one(address: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise InvalidInput.one(f"{address!r} is no address", source="ADDRESS", hint="") from None


def _seconds(text: str) -> int:
    if text in ("0", "0s"):
        return 0
    try:
        return int(parse_duration(text))
    except ValueError:
        raise InvalidInput.one(f"{text!r} is not a duration", source="--over", hint="such as 40s") from None
