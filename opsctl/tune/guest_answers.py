"""What an instance is like from the inside, as far as its own answer tells."""

import json
import re
from collections.abc import Iterator
from typing import Literal

from opsctl.model.value import Json, Value

_COUNTER = re.compile(r"(\w+)_allowance_exceeded: (\d+)")
_TELLS = {"ethtool": "drivers, queues and counters", "modinfo": "modules"}
_ZEROS = re.compile(r"(0x0+\s*)+")


class GuestDevice(Value):
    """A network device in the guest; `third` tells an ENAv3 device, and is nothing where nobody can tell.

    `counted` are the allowance counters at first, `rose` by how much they did until they were read again. `queues`
    are those in use and the most there are; `srd_mode` is that of ENA Express, nothing where none is told.
    """

    name: str
    mac: str = ""
    mtu: int = 0
    driver: str = ""
    version: str = ""
    third: bool | None = None
    queues: tuple[int, int] = (0, 0)
    counted: dict[str, int] = {}
    rose: dict[str, int] = {}
    srd_mode: int | None = None


class GuestNetwork(Value):
    """The network of an instance from the inside; `at` is when it was read, in seconds since the epoch, UTC.

    `modules` are the versions that modules tell, by their names: empty where one tells none. `fabrics` are the
    domains that libfabric finds at EFAs. `missing` are programs that are not installed, so that what they tell is
    unknown. `unread` says why nothing, or not all, is known.
    """

    instance: str
    at: float = 0.0
    system: Literal["linux", "windows", ""] = ""
    release: str = ""
    kernel: str = ""
    modules: dict[str, str] = {}
    devices: tuple[GuestDevice, ...] = ()
    fabrics: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unread: str = ""


def parse_guest(ran: Json, at: float, *, windows: bool) -> GuestNetwork:
    """Parse what an instance answered to the script; what it did not answer is unknown, and says why."""
    instance = str(ran["instance"])
    if ran["exit"] != 0:
        how = ran["status"] if ran["exit"] is None else f"the script ended with exit code {ran['exit']}"
        return GuestNetwork(instance=instance, at=at, unread=f"nothing was read: {how}")
    if ran["truncated"]:
        return GuestNetwork(instance=instance, at=at, unread="what it said was too long, and was cut off")
    read = _windows if windows else _linux
    return read(str(ran["output"])).model_copy(update={"instance": instance, "at": at})


def _linux(said: str) -> GuestNetwork:
    first, _, again = said.partition("\nagain\n")
    head, *blocks = re.split(r"^device ", first, flags=re.MULTILINE)
    later = dict(map(_counted_again, _blocks(again)))
    devices = tuple(_device(block, later) for block in blocks)
    missing = tuple(re.findall(r"^missing (\S+)", head, re.MULTILINE))
    return GuestNetwork(
        instance="",
        system="linux",
        release=_after(head, "os"),
        kernel=_after(head, "kernel"),
        modules=dict(re.findall(r"^module (\S+) ?(.*)$", head, re.MULTILINE)),
        devices=devices,
        fabrics=tuple(re.findall(r"^\s*domain: (\S+)", first, re.MULTILINE)),
        missing=missing,
        unread="; ".join(f"{name} is not installed, so {_TELLS[name]} are unknown" for name in missing),
    )


def _blocks(text: str) -> list[str]:
    return re.split(r"^device ", text, flags=re.MULTILINE)[1:]


def _counted_again(block: str) -> tuple[str, dict[str, int]]:
    return block.split("\n", 1)[0].strip(), _counters(block)


def _counters(block: str) -> dict[str, int]:
    return {name: int(count) for name, count in _COUNTER.findall(block)}


def _device(block: str, later: dict[str, dict[str, int]]) -> GuestDevice:
    name, mac, mtu = [*block.split("\n", 1)[0].split(), "", ""][:3]
    region = _after(block, "region")
    queues = [int(one) for one in re.findall(r"^Combined:\s+(\d+)", block, re.MULTILINE)]
    counted, again = _counters(block), later.get(name, {})
    mode = re.search(r"ena_srd_mode: (\d+)", block)
    return GuestDevice(
        name=name,
        mac=mac,
        mtu=int(mtu) if mtu.isdigit() else 0,
        driver=_after(block, "driver:"),
        version=_after(block, "version:"),
        third=None if not region else _ZEROS.fullmatch(region) is None,
        queues=(queues[1], queues[0]) if len(queues) == 2 else (0, 0),
        counted=counted,
        rose={one: again[one] - count for one, count in counted.items() if again.get(one, 0) > count},
        srd_mode=int(mode[1]) if mode else None,
    )


def _after(text: str, word: str) -> str:
    found = re.search(rf"^{re.escape(word)} *(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _windows(said: str) -> GuestNetwork:
    try:
        told = json.loads(said)
    except ValueError:
        return GuestNetwork(instance="", system="windows", unread="what it said could not be parsed")
    return GuestNetwork(instance="", system="windows", devices=tuple(_adapters(told)))


def _adapters(told: Json) -> Iterator[GuestDevice]:
    for one in told if isinstance(told, list) else [told]:
        yield GuestDevice(
            name=str(one.get("Name", "")),
            mac=str(one.get("MacAddress", "")).lower().replace("-", ":"),
            mtu=int(one.get("MtuSize") or 0),
            driver=str(one.get("InterfaceDescription", "")),
            version=str(one.get("DriverVersion", "")),
        )


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it by: `2.13.2g` is (2, 13, 2)."""
    return tuple(int(one) for one in re.findall(r"\d+", version))
