"""Finds what makes file systems or partitions in user data: commands, cloud-config, Ignition, PowerShell.

Pure. Sources: cloud-init's module reference (disk_setup, fs_setup, device_aliases, #include), Ignition's
configuration specification (storage), EC2Launch v2's tasks (initializeVolume), Windows' Storage module.
"""

import re
from collections.abc import Iterable, Iterator

from opsctl.ha.checks.user_data_commands import commands_in
from opsctl.ha.checks.user_data_devices import UNTOLD
from opsctl.ha.checks.user_data_parts import UserDataPart
from opsctl.model.value import Value


class Making(Value):
    """Something that makes a file system or partitions: by what, where it stands, and on which names, if any."""

    by: str
    where: str
    names: tuple[str, ...] = ()


_WINDOWS = re.compile(
    r"\b(Initialize-Disk|Format-Volume|Clear-Disk|New-Partition|Remove-Partition|New-Volume|New-VirtualDisk|"
    r"New-StoragePool|Reset-PhysicalDisk|diskpart|InitializeDisks\.ps1|initializeVolume|format(?:\.com)?(?=\s+[a-z]:))",
    re.IGNORECASE,
)
_SETUP = re.compile(r"(?P<indent>[ \t]*)(?:- )?['\"]?(?P<key>disk_setup|fs_setup)['\"]?\s*:(?P<rest>.*)")
_NOTHING = ("{}", "[]", "null", "~")
_OVER = re.compile(r"overwrite['\"]?\s*:\s*['\"]?(true|yes|on)", re.IGNORECASE)
_IGNITION = re.compile(r'"(disks|filesystems|raid|luks)"\s*:\s*\[\s*\{')
_ALIAS = re.compile(r"^[ \t]*['\"]?([\w.]+)['\"]?[ \t]*:[ \t]*['\"]?(/dev/[^\s'\"]+)", re.MULTILINE)
_DEVICE = re.compile(r"/dev/[^\s,'\"\]\[{}:;|&<>()]+|\bephemeral\d+")


def makings_in(part: UserDataPart) -> tuple[Making, ...]:
    """Return everything in a part that makes file systems or partitions, or may."""
    if part.sealed:
        return (Making(by=f"user data that cannot be read ({part.sealed})", where=part.where or "the whole"),)
    found = [*_includes(part), *_windows(part), *_cloud_config(part), *_ignition(part)]
    for line, by, names in commands_in(part.text):
        found.append(Making(by=by, where=_at(part, line), names=names))
    return tuple(dict.fromkeys(found))


def _includes(part: UserDataPart) -> Iterator[Making]:
    """What an address answers when a replacement starts is nobody's to know now."""
    for number, line in enumerate(part.text.splitlines(), 1):
        if line.strip():
            if re.match(r"\s*#include(-once)?\b", line):
                yield Making(by="#include, whose content is not known here", where=_at(part, number))
            return


def _windows(part: UserDataPart) -> Iterator[Making]:
    for number, line in enumerate(part.text.splitlines(), 1):
        for found in [] if line.lstrip().startswith("#") else _WINDOWS.findall(line):
            yield Making(by=found, where=_at(part, number))


def _cloud_config(part: UserDataPart) -> Iterator[Making]:
    lines, aliases = part.text.splitlines(), dict(_ALIAS.findall(part.text))
    for number, line in enumerate(lines, 1):
        setup = _SETUP.fullmatch(line)
        if setup and setup["rest"].strip() not in _NOTHING:
            later = (lines[each] for each in range(number, len(lines)))
            block = [setup["rest"], *_block(later, setup["indent"])]
            over = " with overwrite" if any(map(_OVER.search, block)) else ""
            names = tuple(dict.fromkeys(_named_in(block, aliases)))
            yield Making(by=f"{setup['key']}{over}", where=_at(part, number), names=names)


def _block(lines: Iterable[str], indent: str) -> Iterator[str]:
    """Yield the lines that belong to a key; the items of its list may stand as far left as the key itself."""
    for line in lines:
        bare = re.sub(r"(^|\s)#.*", "", line)
        inside = bare.startswith(indent) and bare[len(indent) :].startswith((" ", "\t", "-", "}", "]"))
        if bare.strip() and not inside:
            return
        yield bare


def _named_in(block: Iterable[str], aliases: dict[str, str]) -> Iterator[str]:
    """Devices by name or by an alias of `device_aliases`; an alias that is not explained cannot be told."""
    for line in block:
        found = _DEVICE.findall(line)
        yield from found
        named = re.search(r"\bdevice['\"]?\s*:\s*['\"]?([\w.]+)", line)
        if named and not found:
            yield aliases.get(named[1], UNTOLD)


def _ignition(part: UserDataPart) -> Iterator[Making]:
    if '"ignition"' in part.text:
        for kind in dict.fromkeys(_IGNITION.findall(part.text)):
            names = tuple(dict.fromkeys(_DEVICE.findall(part.text)))
            yield Making(by=f"Ignition's {kind}", where=_at(part, 1), names=names)


def _at(part: UserDataPart, line: int) -> str:
    return ", ".join(each for each in (part.where, f"line {line}") if each)
