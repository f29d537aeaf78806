"""Finds commands that make file systems or partitions in a script, whatever language it is in. Pure.

It reads text, not a shell: what it cannot be sure of it names, without a device where that cannot be told. Growing
a partition or a file system that is there (growpart, resize2fs) makes none.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from opsctl.ha.checks.user_data_devices import UNTOLD

Words: TypeAlias = Sequence[str]
Acts: TypeAlias = Callable[[Words], bool]
Found: TypeAlias = tuple[int, str, tuple[str, ...]]
"""The number of a line, what makes something there, and the devices or files that it names."""


def _always(_: Words) -> bool:
    return True


def _unless(*reads: str) -> Acts:
    """A command that acts with any argument but these; alone, it is a package's name or asks a person."""
    return lambda words: bool(words) and not set(words) & set(reads)


def _with(*acts: str) -> Acts:
    return lambda words: bool(set(words) & set(acts))


def _wipes(words: Words) -> bool:
    short = "".join(each for each in words if re.fullmatch(r"-[a-zA-Z]+", each))
    return ("a" in short or "o" in short or "--all" in words) and "--no-act" not in words and "n" not in short


def _parts(words: Words) -> bool:
    acts = any(each.startswith("mk") or each in ("rm", "rescue") for each in words)
    return acts or _unless("print", "p", "-l", "--list", "-v", "--version", "resizepart", "align-check")(words)


def _writes(words: Words) -> bool:
    return any(re.match(r"/dev/(sd|xvd|nvme)", each) for each in words)


_COMMANDS: tuple[tuple[re.Pattern[str], Acts], ...] = tuple(
    (re.compile(pattern), acts)
    for pattern, acts in (
        (r"mkfs(\.\w+)?|mke2fs|mkswap|mkudffs|newfs(_\w+)?|mkntfs|mkdosfs|make-bcache", _always),
        (r"pvcreate|pvremove|vgcreate|vgextend|vgremove|blkdiscard|shred|btrfs-convert", _always),
        (r"fdisk|cfdisk|gdisk|cgdisk", _unless("-l", "--list", "-v", "-V", "--version")),
        (
            r"sfdisk",
            _unless("-l", "--list", "-d", "--dump", "-J", "--json", "-s", "--show-size", "-V", "--verify"),
        ),
        (r"sgdisk", _unless("-p", "--print", "-v", "--verify", "-i", "--version")),
        (r"parted", _parts),
        (r"wipefs", _wipes),
        (r"mdadm", _with("--create", "-C", "--zero-superblock", "--build", "-B", "--add")),
        (r"cryptsetup", _with("luksFormat", "reencrypt", "erase", "luksErase", "format")),
        (r"zpool", _with("create", "add", "labelclear", "replace")),
        (r"btrfs", _with("add", "replace")),
        (r"nvme", _with("format", "sanitize")),
        (r"tee", _writes),
        (r"dd", lambda words: any(each.startswith("of=") for each in words)),
    )
)
_LOOKS_ONLY = {"install", "which", "type", "hash", "modprobe", "rpm", "dpkg", "man", "-v"}
_BARE = re.compile(r"(sd|xvd)[a-z]{1,2}\d*|nvme\d+n\d+(p\d+)?")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^{}]*)|[^{}\w][^{}]*)?\}|(\w+))")
_INNER = (re.compile(r"\$\(([^()]*)\)"), re.compile(r"`([^`]*)`"))
_NESTED, _MOST_VALUES, _LONGEST_VALUE = 3, 16, 200


def commands_in(text: str) -> Iterator[Found]:
    """Yield what makes file systems or partitions, line by line, with what variables are set to filled in."""
    values: dict[str, tuple[str, ...]] = {}
    for number, line in _lines(text):
        for raw in _simple(line):
            command = _VARIABLE.sub(lambda found: _value(found, values), raw)
            words = re.sub(r"[\[\],'\"(){}`]", " ", command).split()
            _remember(words, values)
            yield from ((number, by, names) for by, names in _of_words(words))
            for written in re.findall(r">\s*['\"]?(/dev/(?:sd|xvd|nvme)[^\s'\"]+)", command):
                yield number, "a write over the device", (written,)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, those that go on joined, each with the number of its first."""
    kept, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#(?!!).*", r"\1", line).rstrip()
        begun = begun or number
        if bare.endswith("\\"):
            kept += bare[:-1] + " "
            continue
        yield begun, kept + bare
        kept, begun = "", 0
    if kept:
        yield begun, kept


def _simple(line: str) -> list[str]:
    """Return the simple commands of a line, those whose output is put into another first."""
    inner: list[str] = []
    line = re.sub(r"\{\{[^{}]*\}\}", lambda _: UNTOLD, line)
    for pattern in _INNER:
        for _ in range(_NESTED):
            inner += pattern.findall(line)
            line = pattern.sub(lambda _: UNTOLD, line)
    return re.split(r"[;|&]+|\b(?:then|do|else)\b", "; ".join([*inner, line]))


def _value(found: re.Match[str], values: dict[str, tuple[str, ...]]) -> str:
    return " ".join(values.get(found[1] or found[3], (found[2] or UNTOLD,)))


def _short(words: Words) -> tuple[str, ...]:
    """Values as far as they are short: one that is set to itself over and over would grow without end."""
    fits = len(words) <= _MOST_VALUES and all(len(each) <= _LONGEST_VALUE for each in words)
    return tuple(words) if fits else (UNTOLD,)


def _remember(words: Words, values: dict[str, tuple[str, ...]]) -> None:
    """Keep what variables are set to, and what a loop goes through."""
    if len(words) > 3 and words[0] == "for" and words[2] == "in":
        values[words[1]] = _short(words[3:])
        return
    for each in words:
        name, equals, value = each.partition("=")
        if equals and re.fullmatch(r"\w+", name):
            values[name] = _short((value or UNTOLD,))
        elif each not in ("export", "local", "readonly", "declare", "-r"):
            return


def _of_words(words: Words) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the first command among the words that acts; what is installed or looked for does not."""
    for at, word in enumerate(words):
        name = re.split("[/=]", word)[-1]
        if name in _LOOKS_ONLY:
            return
        acts = next((acts for pattern, acts in _COMMANDS if pattern.fullmatch(name)), None)
        if acts is not None:
            rest = words[at + 1 :]
            if acts(rest):
                yield name, _names(name, rest)
            return


def _names(command: str, words: Words) -> tuple[str, ...]:
    """Return the devices that a command's words name, or the file that it works on, if any."""
    if command == "dd":
        words = [each.removeprefix("of=") for each in words if each.startswith("of=")]
    told = [each for each in words if each.startswith("/dev/")]
    if command == "zpool":
        told += [f"/dev/{each}" for each in words if _BARE.fullmatch(each)]
    told = told or [each for each in words if re.match(r"(LABEL|UUID|PARTUUID|PARTLABEL)=", each)]
    told = told or [each for each in words if UNTOLD in each]
    if not told and words and words[-1].startswith("/"):
        told = [words[-1]]
    return tuple(dict.fromkeys(told))
