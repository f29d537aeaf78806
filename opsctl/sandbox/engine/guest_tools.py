"""The small programs that every Linux has, as far as scripts for guests of the sandbox use them. Source: POSIX."""

import re
from collections.abc import Sequence
from typing import Any

from opsctl.sandbox.engine.guest_shell import Done, Program, Shell


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _inputs(shell: Shell, program: str, paths: Sequence[str], given: str) -> Done:
    """What is read: the files that are named, else the input."""
    if not paths:
        return Done(given)
    done = Done()
    for path in paths:
        text = given if path == "-" else shell.machine.read(path)
        if text is None:
            done.err += f"{program}: {path}: No such file or directory\n"
            done.code = 1
        else:
            done.out += text
    return done


def _options(arguments: Sequence[str], valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Tell single-letter options, some of which have a value, from the rest."""
    options: dict[str, str] = {}
    rest: list[str] = []
    left = list(arguments)
    while left:
        one = left.pop(0)
        if one == "--":
            return options, rest + left
        if not one.startswith("-") or one == "-":
            rest.append(one)
            continue
        for number, letter in enumerate(one[1:], start=2):
            if letter in valued:
                options[letter] = one[number:] or (left.pop(0) if left else "")
                break
            options[letter] = ""
    return options, rest


def _cat(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    return _inputs(shell, "cat", [one for one in arguments if one != "-u"], given)


def _echo(_: Shell, arguments: Sequence[str], __: str) -> Done:
    bare = arguments[:1] == ["-n"]
    return Done(" ".join(arguments[1:] if bare else arguments) + ("" if bare else "\n"))


def _printf(_: Shell, arguments: Sequence[str], __: str) -> Done:
    form, *left = arguments or [""]
    pieces = re.split(r"(%[sd])", form.replace("\\n", "\n").replace("\\t", "\t").replace("%%", "%"))
    wanted, out = len(pieces) // 2, ""
    while True:
        now, left = [*left[:wanted], *[""] * wanted], left[wanted:]
        out += "".join(now[number // 2] if number % 2 else text for number, text in enumerate(pieces))
        if not (left and wanted):
            return Done(out)


def _test(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    words = [one for one in arguments if one != "]"]
    negated = words[:1] == ["!"]
    return Done(code=int(_holds(shell, words[1:] if negated else words) == negated))


def _holds(shell: Shell, words: Sequence[str]) -> bool:
    match words:
        case [operator, word] if operator in ("-n", "-z"):
            return bool(word) == (operator == "-n")
        case [operator, path] if operator in ("-e", "-f", "-d", "-r", "-s", "-x", "-c"):
            return shell.machine.read(path) is not None or bool(shell.machine.listed(path))
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, operator, right] if left.lstrip("-").isdigit() and right.lstrip("-").isdigit():
            one, other = int(left), int(right)
            return {"-eq": one == other, "-ne": one != other, "-lt": one < other, "-le": one <= other,
                    "-gt": one > other, "-ge": one >= other}.get(operator, False)  # fmt: skip
        case [word]:
            return bool(word)
    return False


def _grep(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    options, rest = _options(arguments, valued="em")
    pattern, paths = (options["e"], rest) if "e" in options else (rest[0] if rest else "", rest[1:])
    if "r" in options:
        paths = [inner for path in paths for inner in _below(shell, path)]
    read = _inputs(shell, "grep", paths, given)
    if "s" in options:
        read.err, read.code = "", 0
    text = pattern if "E" in options else re.sub(r"[+?(){}|]", r"\\\g<0>", pattern.replace(r"\|", "\0"))
    matcher = re.compile(
        re.escape(pattern) if "F" in options else text.replace("\0", "|"), re.I if "i" in options else 0
    )
    found = [one for one in _lines(read.out) if (matcher.search(one) is None) == ("v" in options)]
    if "m" in options:
        found = found[: int(options["m"])]
    if "o" in options:
        found = [match[0] for one in found for match in matcher.finditer(one)]
    out = f"{len(found)}\n" if "c" in options else "" if "q" in options else _joined(found)
    return Done(out, read.err, read.code or int(not found))


def _below(shell: Shell, path: str) -> list[str]:
    """The files of a directory, or the file itself."""
    inside = [f"{path.rstrip('/')}/{name}" for name in shell.machine.listed(path)]
    return [each for one in inside for each in _below(shell, one)] or [path]


def _head(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    count, rest = _count(arguments)
    read = _inputs(shell, "head", rest, given)
    return Done(_joined(_lines(read.out)[:count]), read.err, read.code)


def _tail(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    count, rest = _count(arguments)
    read = _inputs(shell, "tail", rest, given)
    return Done(_joined(_lines(read.out)[-count:]), read.err, read.code)


def _count(arguments: Sequence[str]) -> tuple[int, list[str]]:
    """How many lines: `-n 3`, `-n3` or `-3`."""
    short = [one for one in arguments if re.fullmatch(r"-\d+", one)]
    options, rest = _options([one for one in arguments if one not in short], valued="n")
    return int(short[0][1:] if short else options.get("n", "10")), rest


def _cut(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    options, rest = _options(arguments, valued="df")
    read = _inputs(shell, "cut", rest, given)
    wanted = [int(one) for one in options.get("f", "1").split(",")]
    by = options.get("d", "\t")
    lines = []
    for line in _lines(read.out):
        fields = line.split(by)
        lines.append(
            line if len(fields) == 1 else by.join(fields[one - 1] for one in wanted if one <= len(fields))
        )
    return Done(_joined(lines), read.err, read.code)


def _tr(_: Shell, arguments: Sequence[str], given: str) -> Done:
    options, rest = _options(arguments)
    first, second = (_class(one) for one in [*rest, "", ""][:2])
    if "d" in options:
        return Done("".join(one for one in given if one not in first))
    if "s" in options and not second:
        return Done(re.sub(f"([{re.escape(first)}])\\1+", r"\1", given))
    padded = second + second[-1:] * len(first)
    return Done(given.translate(str.maketrans(first, padded[: len(first)])))


def _class(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("[:space:]", " \t\n")


def _sort(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    options, rest = _options(arguments, valued="k")
    read = _inputs(shell, "sort", rest, given)
    lines = sorted(set(_lines(read.out)) if "u" in options else _lines(read.out), reverse="r" in options)
    return Done(_joined(lines), read.err, read.code)


def _wc(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    rest = _options(arguments)[1]
    read = _inputs(shell, "wc", rest, given)
    return Done(f"{read.out.count(chr(10))}\n", read.err, read.code)


def _ls(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    rest = _options(arguments)[1]
    done: Done = Done()
    for path in rest or ["."]:
        names = shell.machine.listed(path)
        if names:
            done.out += _joined(names)
        elif shell.machine.read(path) is not None:
            done.out += f"{path}\n"
        else:
            done.err += f"ls: cannot access '{path}': No such file or directory\n"
            done.code = 2
    return done


def _sleep(_: Shell, arguments: Sequence[str], __: str) -> Done:
    return Done(slept=float(arguments[0])) if arguments else Done(err="sleep: missing operand\n", code=1)


def _expr(_: Shell, arguments: Sequence[str], __: str) -> Done:
    """A sum, a difference, or what a whole number divided by another leaves."""
    match arguments:
        case [left, operator, right] if left.lstrip("-").isdigit() and right.lstrip("-").isdigit():
            one, other = int(left), int(right)
            if operator in ("/", "%") and other == 0:
                return Done(err="expr: division by zero\n", code=2)
            if operator in ("+", "-", "/", "%"):
                found = {"+": one + other, "-": one - other}.get(operator)
                if found is None:
                    found = one // other if operator == "/" else one % other
                return Done(f"{found}\n", code=int(found == 0))
    return Done(err="expr: syntax error\n", code=2)


def _date(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """The seconds since the epoch, by the account's clock."""
    guest: Any = shell.machine
    if list(arguments) != ["+%s"]:
        return Done(err="date: invalid date\n", code=1)
    return Done(f"{int(guest.now() + shell.slept)}\n")


def _timeout(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    """Nothing in a guest takes longer than it is given."""
    return shell.called(arguments[1:], given)


def _sudo(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    """Agents run scripts as root already."""
    words = [one for one in arguments if not one.startswith("-")]
    return shell.called(words, given) if words else Done()


def _nothing(_: Shell, __: Sequence[str], ___: str) -> Done:
    return Done()


def _false(_: Shell, __: Sequence[str], ___: str) -> Done:
    return Done(code=1)


TOOLS: dict[str, Program] = {
    "[": _test,
    ":": _nothing,
    "cat": _cat,
    "cut": _cut,
    "date": _date,
    "echo": _echo,
    "expr": _expr,
    "false": _false,
    "grep": _grep,
    "head": _head,
    "ls": _ls,
    "nohup": _sudo,
    "printf": _printf,
    "sleep": _sleep,
    "sort": _sort,
    "sudo": _sudo,
    "sync": _nothing,
    "tail": _tail,
    "test": _test,
    "timeout": _timeout,
    "tr": _tr,
    "true": _nothing,
    "wc": _wc,
}
