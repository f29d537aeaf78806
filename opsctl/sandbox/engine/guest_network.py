"""Network devices of a guest and the programs that show and set them.

Sources: ethtool(8), ip-link(8), modinfo(8) and iperf3(1); answers of ENA as recorded in the issues of
amzn/amzn-drivers (61, 184, 325) and in EC2's user guide (network performance metrics, ENA Express): the allowance
counters are there from driver 2.2.10 on, those of ENA Express from 2.8 on, in a kernel's own module neither.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.sandbox.engine.guest_setup import kept_mtu
from opsctl.sandbox.engine.guest_shell import Done, Program, Shell

A_CARD = 1000
"""An account's memory numbers the interfaces of an instance by their device alone: a card counts as so many."""
_JUMBO = 9001
_ALLOWANCES = ("bw_in", "bw_out", "pps", "conntrack", "linklocal")
_RISES_A_S = 1440
"""Packets a second that are dropped or queued in a guest that sends more than it may."""
_NITRO = "nitro"
_NEVER = "0x0000000000000000 0x0000000000000000 0x0000000000000000"
_BAR = "0x00000000fea0{0}000 0x00000000fea0{0}fff 0x0000000000040200"


@dataclass(frozen=True)
class GuestLink:
    """A network device; `card` and `index` are where its interface is attached."""

    name: str
    driver: str
    mac: str
    bus: str
    card: int
    index: int
    express: bool
    queues: int


def links_of(guest: Any) -> list[GuestLink]:
    """The devices that the attached interfaces make: an efa-only interface makes none."""
    of_type = _type_of(guest)
    nitro = of_type.get("Hypervisor") == _NITRO or of_type.get("BareMetal")
    driver = _driver(guest, of_type.get("NetworkInfo", {}))
    nics = sorted(guest.instance.nics.items(), key=lambda one: int(one[0]))
    found = []
    for number, (index, nic) in enumerate(nics):
        if nic.interface_type == "efa-only":
            continue
        card, device = divmod(int(index), A_CARD)
        name = f"ens{5 + number}" if nitro else f"eth{number}"
        found.append(
            GuestLink(
                name=name,
                driver=driver,
                mac=nic.mac_address,
                bus=f"0000:00:{5 + number:02x}.0" if driver != "vif" else f"vif-{number}",
                card=card,
                index=device,
                express=bool((getattr(nic, "opsctl_ena_srd", None) or {}).get("EnaSrdEnabled")),
                queues=int(getattr(nic, "ena_queue_count", 0) or 0),
            )
        )
    return found


def _type_of(guest: Any) -> dict[str, Any]:
    found: dict[str, Any] = guest.ec2.describe_instance_types(instance_types=[guest.instance.instance_type])[0]
    return found


def _driver(guest: Any, info: dict[str, Any]) -> str:
    if info.get("EnaSupport") in ("supported", "required") and guest.instance.ena_support:
        return "ena"
    vf = info.get("EnaSupport") == "unsupported" and guest.instance.sriov_net_support == "simple"
    return "ixgbevf" if vf else "vif"


def device_files(guest: Any) -> dict[str, str]:
    """What `/sys/class/net` has of the devices."""
    files = {"/sys/class/net/lo/mtu": "65536\n", "/sys/class/net/lo/address": "00:00:00:00:00:00\n"}
    for link in links_of(guest):
        at = f"/sys/class/net/{link.name}"
        files[f"{at}/mtu"] = f"{_mtu(guest, link)}\n"
        files[f"{at}/address"] = f"{link.mac}\n"
        if link.driver == "ena":
            second = _BAR.format(4) if _third_generation(guest) else _NEVER
            files[f"{at}/device/resource"] = f"{_BAR.format(0)}\n{second}\n{_NEVER}\n"
        elif link.driver == "ixgbevf":
            files[f"{at}/device/resource"] = f"{_BAR.format(0)}\n{_NEVER}\n{_NEVER}\n"
        else:
            files[f"{at}/device/devtype"] = "vif\n"
    return files


def _third_generation(guest: Any) -> bool:
    """ENAv3 has a second PCI region, and most types from the sixth generation on have it (ENA best practices)."""
    generation = re.match(r"[a-z-]*(\d+)", guest.instance.instance_type)
    return generation is not None and int(generation[1]) >= 6


def _mtu(guest: Any, link: GuestLink) -> int:
    at_start = kept_mtu(guest) or (_JUMBO if link.driver != "vif" else 1500)
    return int(guest.memory.get(("mtu", link.name), at_start))


def _link(guest: Any, name: str) -> GuestLink | None:
    return next((one for one in links_of(guest) if one.name == name), None)


def _ethtool(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    option, *rest = arguments or [""]
    name = rest[0] if rest else option
    link = _link(guest, name)
    if link is None:
        return Done(err="Cannot get driver information: No such device\n", code=71)
    if option == "-i":
        return Done(_driver_information(guest, link))
    if option == "-S":
        return _statistics(guest, link, guest.now() + shell.slept)
    if link.driver == "vif":
        return Done(err="netlink error: Operation not supported\n", code=95)
    if option in ("-l", "-g"):
        return _channels(guest, link) if option == "-l" else _rings(guest, link)
    if option in ("-L", "-G"):
        return _set(guest, link, option, rest[1:])
    return Done(err="ethtool: bad command line argument(s)\nFor more information run ethtool -h\n", code=1)


def _driver_information(guest: Any, link: GuestLink) -> str:
    version = guest.module(link.driver) if link.driver != "vif" else ""
    if link.driver == "ena" and not version:
        # A module of the kernel itself has told no version of its own since 5.7.
        version = guest.system.kernel
    return (
        f"driver: {link.driver}\nversion: {version}\nfirmware-version: \nexpansion-rom-version: \n"
        f"bus-info: {link.bus}\nsupports-statistics: yes\nsupports-test: no\nsupports-eeprom-access: no\n"
        "supports-register-dump: no\nsupports-priv-flags: no\n"
    )


def _statistics(guest: Any, link: GuestLink, now: float) -> Done:
    if link.driver == "vif":
        return Done("NIC statistics:\n     rx_gso_checksum_fixup: 0\n")
    lines = ["tx_timeout: 0", "suspend: 0", "resume: 0", "wd_expired: 0"]
    version = _numbers(guest.module("ena") or "") if link.driver == "ena" else ()
    own = (guest.module("ena") or "K").endswith("K")
    if version >= (2, 2, 10) and not own:
        lines += [f"{name}_allowance_exceeded: {_exceeded(guest, name, now)}" for name in _ALLOWANCES]
    if version >= (2, 8) and not own and link.express:
        lines += ["ena_srd_mode: 1", "ena_srd_tx_pkts: 0", "ena_srd_eligible_tx_pkts: 0", "ena_srd_rx_pkts: 0"]
    return Done("NIC statistics:\n" + "".join(f"     {line}\n" for line in lines))


def _exceeded(guest: Any, name: str, now: float) -> int:
    """The counter rises as long as the guest sends more than its type may."""
    since, until = guest.memory.get("load", (0.0, 0.0))
    busy = max(0.0, min(now, until) - since)
    return int(busy * _RISES_A_S) if name in ("bw_out", "pps") else 0


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:3])


def _channels(guest: Any, link: GuestLink) -> Done:
    most = _most_queues(guest, link)
    now = guest.memory.get(("queues", link.name), most)
    none = "RX:\t\tn/a\nTX:\t\tn/a\nOther:\t\tn/a\n"
    return Done(
        f"Channel parameters for {link.name}:\nPre-set maximums:\n{none}Combined:\t{most}\n"
        f"Current hardware settings:\n{none}Combined:\t{now}\n"
    )


def _most_queues(guest: Any, link: GuestLink) -> int:
    """As many as it was given, else those of its type; one for each vCPU at most (ENA best practices)."""
    of_type = _type_of(guest)
    cards = of_type["NetworkInfo"].get("NetworkCards", [])
    card: dict[str, Any] = next((one for one in cards if one["NetworkCardIndex"] == link.card), {})
    most = link.queues or int(card.get("DefaultEnaQueueCountPerInterface", 8))
    return min(most, int(of_type["VCpuInfo"]["DefaultVCpus"]))


def _rings(guest: Any, link: GuestLink) -> Done:
    now = guest.memory.get(("rx", link.name), 1024)
    part = "RX Mini:\tn/a\nRX Jumbo:\tn/a\n"
    return Done(
        f"Ring parameters for {link.name}:\nPre-set maximums:\nRX:\t\t16384\n{part}TX:\t\t1024\n"
        f"Current hardware settings:\nRX:\t\t{now}\n{part}TX:\t\t1024\n"
    )


def _set(guest: Any, link: GuestLink, option: str, arguments: Sequence[str]) -> Done:
    what, value = [*arguments, "", ""][:2]
    if option == "-L" and what == "combined" and value.isdigit() and 1 <= int(value) <= _most_queues(guest, link):
        guest.memory["queues", link.name] = int(value)
    elif option == "-G" and what == "rx" and value.isdigit() and 256 <= int(value) <= 16384:
        guest.memory["rx", link.name] = int(value)
    else:
        return Done(err="Cannot set device parameters: Invalid argument\n", code=1)
    return Done()


def _ip(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    words = [one for one in arguments if one not in ("-o", "dev")]
    match words:
        case ["link" | "l", "set", name, "mtu", value] if value.isdigit():
            link = _link(guest, name)
            if link is None:
                return Done(err=f'Cannot find device "{name}"\n', code=1)
            if not 128 <= int(value) <= 9216:
                return Done(err="RTNETLINK answers: Invalid argument\n", code=2)
            guest.memory["mtu", name] = int(value)
            return Done()
        case ["route" | "r", "show", "default"]:
            gateway = re.sub(r"\d+$", "1", guest.instance.private_ip)
            device = links_of(guest)[0].name
            return Done(f"default via {gateway} dev {device} proto dhcp src {guest.instance.private_ip}\n")
        case ["link" | "l"] | ["link" | "l", "show"]:
            return Done(_shown(guest, links_of(guest)))
        case ["link" | "l", "show", name]:
            found = [one for one in links_of(guest) if one.name == name]
            return Done(_shown(guest, found)) if found else Done(err=f'Device "{name}" does not exist.\n', code=1)
    return Done(err=f'Object "{" ".join(arguments)}" is unknown, try "ip help".\n', code=1)


def _shown(guest: Any, links: Sequence[GuestLink]) -> str:
    return "".join(
        f"{link.index + 2}: {link.name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu {_mtu(guest, link)} "
        f"qdisc mq state UP mode DEFAULT group default qlen 1000\n"
        f"    link/ether {link.mac} brd ff:ff:ff:ff:ff:ff\n"
        for link in links
    )


def _modinfo(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    wanted = arguments[arguments.index("-F") + 1] if "-F" in arguments else ""
    name = arguments[-1] if arguments else ""
    version = guest.module(name)
    if version is None:
        return Done(err=f"modinfo: ERROR: Module {name} not found.\n", code=1)
    fields = {"filename": f"/lib/modules/{guest.system.kernel}/{name}.ko"}
    fields |= {"version": version} if version else {}
    fields |= {"license": "GPL", "vermagic": f"{guest.system.kernel} SMP mod_unload modversions "}
    if wanted:
        return Done(f"{fields[wanted]}\n" if wanted in fields else "")
    return Done("".join(f"{f'{key}:':<16}{value}\n" for key, value in fields.items()))


def _uname(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    host = "ip-" + guest.instance.private_ip.replace(".", "-")
    shown = {"-r": guest.system.kernel, "-s": "Linux", "-m": "x86_64", "-n": host}
    if list(arguments) == ["-a"]:
        return Done(f"Linux {host} {guest.system.kernel} #1 SMP x86_64 GNU/Linux\n")
    option = arguments[0] if arguments else "-s"
    if option not in shown:
        return Done(err=f"uname: invalid option -- '{option.lstrip('-')}'\n", code=1)
    return Done(f"{shown[option]}\n")


def _iperf3(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """A client that sends for a while: as much as it can, which is more than it may."""
    guest: Any = shell.machine
    if "-c" not in arguments:
        return Done(err="iperf3: parameter error - must either be a client (-c) or server (-s)\n", code=1)
    lasts = float(arguments[arguments.index("-t") + 1]) if "-t" in arguments else 10.0
    guest.memory["load"] = (guest.now(), guest.now() + lasts)
    return Done(slept=lasts)


NETWORK: dict[str, Program] = {
    "ethtool": _ethtool,
    "ip": _ip,
    "iperf3": _iperf3,
    "modinfo": _modinfo,
    "uname": _uname,
}
