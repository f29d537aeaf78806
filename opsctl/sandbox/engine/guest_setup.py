"""What scripts do to a guest besides looking: files, the EFA installer and its signature, and what keeps an MTU.

Sources: POSIX utilities; README of AWS's EFA installer and EC2 user guide, "Get started with EFA" (what is
installed); fi_info(1) of libfabric; DETAILS in GnuPG's documentation (the lines of --status-fd); networkctl(1).
"""

import re
from collections.abc import Sequence
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.guest_shell import Done, Program, Shell

_SITE = "https://efa-installer.amazonaws.com/"
_SIGNER = "4E9091BCBB97A96B26B15E59A05480B1DD2D3CCC"
"""The key of the EFA installer, as the EC2 user guide prints it."""
_MODULE = "2.17.3g"
_KEEPS_MTU = re.compile(r"^(?:MTUBytes|ethernet\.mtu)=(\d+)$", re.MULTILINE)
_KEEPERS = {"amzn": "systemd-networkd", "rhel": "NetworkManager"}
"""What sets up the network of a system; others do it by themselves, with neither."""


def setup_files(guest: Any) -> dict[str, str]:
    """What devices and the kernel tell in files: an EFA is there with its module, huge pages once reserved."""
    files = {"/proc/sys/vm/nr_hugepages": "0\n", "/etc/security/limits.conf": "# limits\n"}
    if guest.module("efa") is not None:
        files |= {f"/dev/infiniband/uverbs{number}": "" for number in range(len(_efas(guest)))}
    return files


def kept_mtu(guest: Any) -> int | None:
    """The MTU that a file sets at every start, where something reads it."""
    found = [
        match
        for path, text in sorted(guest.files.items())
        if path.startswith(("/etc/systemd/network/", "/etc/NetworkManager/conf.d/"))
        for match in _KEEPS_MTU.findall(text)
    ]
    return int(found[-1]) if found and guest.system.id in _KEEPERS else None


def _efas(guest: Any) -> list[Any]:
    return [nic for nic in guest.instance.nics.values() if nic.interface_type in ("efa", "efa-only")]


def _curl(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    url = next((one for one in arguments if one.startswith("https://")), "")
    if not url.startswith(_SITE):
        return Done(err=f"curl: (6) Could not resolve host: {url.split('/')[2] if url else ''}\n", code=6)
    guest.write(arguments[list(arguments).index("-o") + 1], f"{url}\n")
    return Done()


def _gpg(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """The signature is of AWS's key, unless somebody put another file in its place."""
    guest: Any = shell.machine
    if "--verify" not in arguments:
        return Done()
    signature, signed = arguments[-2:]
    if guest.read(signature) is None or guest.read(signed) is None:
        return Done(err="gpg: can't open signed data\n", code=2)
    if guest.instance.id in conditions(guest.ec2.account_id).faults.forged_installers:
        return Done("[GNUPG:] BADSIG A05480B1DD2D3CCC AWS EFA\n", "gpg: BAD signature\n", 1)
    return Done(f"[GNUPG:] VALIDSIG {_SIGNER} 2026-01-01 1767225600 0 4 0 1 8 00 {_SIGNER}\n")


def _tar(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    if guest.read(arguments[-1]) is None:
        return Done(err=f"tar: {arguments[-1]}: Cannot open: No such file or directory\n", code=2)
    guest.programs["./efa_installer.sh"] = _efa_installer
    return Done()


def _efa_installer(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """Installs module, libfabric, limits and huge pages."""
    guest: Any = shell.machine
    if "--skip-kmod" not in arguments:
        guest.modules["efa"] = _MODULE
    guest.programs["fi_info"] = _fi_info
    guest.write("/etc/security/limits.d/efa.conf", "* soft memlock unlimited\n* hard memlock unlimited\n")
    guest.write("/proc/sys/vm/nr_hugepages", "5128\n")
    return Done("= EFA installation completed successfully =\n", slept=60)


def _fi_info(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    adapters = _efas(guest)
    if not adapters or guest.module("efa") is None:
        return Done(err="fi_getinfo: -61 (No data available)\n", code=61)
    kind = arguments[list(arguments).index("-t") + 1] if "-t" in arguments else "FI_EP_RDM"
    name = kind.rsplit("_", 1)[-1].lower()
    return Done(
        "".join(
            f"provider: efa\n    fabric: efa\n    domain: rdmap{number}s6-{name}\n    version: 122.0\n"
            f"    type: {kind}\n    protocol: FI_PROTO_EFA\n"
            for number in range(len(adapters))
        )
    )


def _mktemp(_: Shell, __: Sequence[str], ___: str) -> Done:
    return Done("/tmp/tmp.0pSc7lEf4a\n")  # noqa: S108


def _rm(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    for path in (one for one in arguments if not one.startswith("-")):
        inside = path.rstrip("/") + "/"
        for name in [one for one in guest.files if one == path or one.startswith(inside)]:
            del guest.files[name]
    return Done()


def _dirname(_: Shell, arguments: Sequence[str], __: str) -> Done:
    return Done(f"{arguments[0].rsplit('/', 1)[0] or '/'}\n")


def _mkdir(_: Shell, __: Sequence[str], ___: str) -> Done:
    return Done()


def _systemctl(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    guest: Any = shell.machine
    active = _KEEPERS.get(guest.system.id) == arguments[-1]
    return Done(code=0 if active else 3)


def _networkctl(_: Shell, arguments: Sequence[str], __: str) -> Done:
    if arguments[:1] == ["status"]:
        return Done(f"      Network File: /run/systemd/network/70-{arguments[1]}.network\n")
    return Done()


def _nmcli(_: Shell, __: Sequence[str], ___: str) -> Done:
    return Done()


SETUP: dict[str, Program] = {
    "curl": _curl,
    "dirname": _dirname,
    "gpg": _gpg,
    "mkdir": _mkdir,
    "mktemp": _mktemp,
    "networkctl": _networkctl,
    "nmcli": _nmcli,
    "rm": _rm,
    "systemctl": _systemctl,
    "tar": _tar,
}
