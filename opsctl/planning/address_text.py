"""Addresses in the texts that people have at hand: lists with comments, CSV, providers' JSON, fields of logs."""

import csv
import json
import re
from collections.abc import Iterator, Sequence

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.model.value import Json, Value

MOST_FAULTS = 1000
_MEMBERS = ("ip_prefix", "ipv6_prefix", "cidr")
"""What AWS's ip-ranges.json and Spamhaus's lines call a network."""

_LISTS = ("prefixes", "ipv6_prefixes", "result", "ipv4_cidrs", "ipv6_cidrs")
"""What holds networks in AWS's ip-ranges.json and in Cloudflare's answer."""

_JSON = re.compile(r'\s*(\{|\[\s*[\]\["{])')
_V4_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})")
_V6_PORT = re.compile(r"\[([^\]]+)\](?::(\d{1,5}))?")
_KNOWN = (
    "a list of addresses, AWS's ip-ranges.json, Cloudflare's list of IP ranges, Spamhaus's lines, or objects with"
    " the member that --column names"
)


class Found(Value):
    """One text that should be an address, and where it stands; line 0 is unknown."""

    text: str
    line: int = 0


def addresses_in(text: str, source: str, column: str = "") -> tuple[str, ...]:
    """Return the addresses and blocks of a list in canonical form, each once, in their order.

    Plain lists have one a line, with comments after `#` or `;`. Of CSV the first column counts, or the one that
    `column` names, or numbers from 1. Of JSON the lists of AWS, Cloudflare and Spamhaus are known, and lists of
    texts. `ip:port` and `[v6]:port` are read as the address.

    Raises:
        InvalidInput: with every fault, by line.
    """
    faults: list[Diagnostic] = []
    found: Iterator[Found]
    if _JSON.match(text):
        found = _of_json(text, source, column, faults)
    elif column:
        found = _of_column(text, source, column, faults)
    else:
        found = _of_lines(text, source, faults)
    addresses: dict[str, None] = {}
    for one in found:
        try:
            addresses[normal(bare(one.text))] = None
        except ValueError as fault:
            _add(faults, str(fault), source, one.line, _hint(one.text))
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise InvalidInput(faults)
    if not addresses:
        raise InvalidInput.one("it contains no address", source=source)
    return tuple(addresses)


def bare(text: str) -> str:
    """Return an address without the port and the brackets that logs write beside it, as it is otherwise."""
    word = text.strip().strip("\"'")
    for pattern in (_V4_PORT, _V6_PORT):
        match = pattern.fullmatch(word)
        if match and int(match[2] or 0) <= 65535:
            return match[1]
    return word


def _of_lines(text: str, source: str, faults: list[Diagnostic]) -> Iterator[Found]:
    """Yield the first cell of each line; a line that could mean several addresses means none."""
    first = True
    for number, line in enumerate(_lines(text), start=1):
        cells = _cells(re.split("[#;]", line, maxsplit=1)[0])
        if not cells:
            continue
        header = first and len(cells) > 1 and not any(_is_address(cell) for cell in cells)
        first = False
        if header:
            continue
        several = sum(_is_address(cell) for cell in cells)
        if several > 1:
            hint = "put one address on each line, or select a column with --column"
            _add(faults, f"{several} addresses on a line", source, number, hint, line)
        else:
            yield Found(text=cells[0], line=number)


def _cells(line: str) -> list[str]:
    if "," in line or "\t" in line:
        cells = _row(line.strip(), "," if "," in line else "\t")
        return cells if any(cells) else []
    return [line.strip()] if line.strip() else []


def _of_column(text: str, source: str, column: str, faults: list[Diagnostic]) -> Iterator[Found]:
    """Yield one column of a table; a first line that has no address there is taken for its heading."""
    lines = [(number, line) for number, line in enumerate(_lines(text), start=1) if _says(line)]
    if not lines:
        return
    heading = lines[0][1]
    delimiter = max(",\t;", key=heading.count)
    rows = [(number, _row(line, delimiter)) for number, line in lines]
    numbered = column.isascii() and column.isdigit()
    index = int(column) - 1 if numbered else _index(rows[0][1], column)
    if index < 0:
        named = ", ".join(rows[0][1])
        _add(faults, f"there is no column {column!r}", source, rows[0][0], f"columns: {named}")
        return
    for number, row in rows:
        cell = row[index] if index < len(row) else ""
        if number == rows[0][0] and (not numbered or not _is_address(cell)):
            continue
        if cell:
            yield Found(text=cell, line=number)
        else:
            _add(faults, f"the line has no column {column}", source, number, "", delimiter.join(row))


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _row(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell of more than 100,000 characters
        return [line]


def _lines(text: str) -> list[str]:
    """Split as editors count lines, so that a fault's number leads to it."""
    return re.split(r"\r\n|\n|\r", text)


def _index(heading: Sequence[str], column: str) -> int:
    names = [name.lower() for name in heading]
    return names.index(column.lower()) if column.lower() in names else -1


def _of_json(text: str, source: str, column: str, faults: list[Diagnostic]) -> Iterator[Found]:
    """Yield what one document has, or one document a line; a fault in the first line is the document's own."""
    members = (column,) if column else _MEMBERS
    try:
        yield from _in_document(json.loads(text), members, source, 0, faults)
        return
    except RecursionError:
        _add(faults, "the JSON is nested too deeply", source, 0)
        return
    except json.JSONDecodeError as fault:
        whole = fault
    first = True
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            if first:
                _add(faults, f"not JSON: {whole.msg}", source, whole.lineno)
                return
            _add(faults, "not a JSON object", source, number, "", line)
        else:
            yield from _in_document(document, members, source, number, faults)
        first = False


def _in_document(
    document: Json, members: Sequence[str], source: str, line: int, faults: list[Diagnostic]
) -> Iterator[Found]:
    if isinstance(document, list):
        yield from _items(document, members, source, line, faults)
        return
    parts = document if isinstance(document, dict) else {}
    if parts.get("type") == "metadata":
        return  # the last of Spamhaus's lines
    known = [name for name in (*members, *_LISTS) if isinstance(parts.get(name), (str, list, dict))]
    if not known:
        _add(faults, "the JSON has no addresses in a known place", source, line, (f"known forms: {_KNOWN}"))
    for name in known:
        part = parts[name]
        if isinstance(part, str):
            yield Found(text=part, line=line)
        else:
            yield from _in_document(part, members, source, line, faults)


def _items(
    items: Sequence[Json], members: Sequence[str], source: str, line: int, faults: list[Diagnostic]
) -> Iterator[Found]:
    for number, item in enumerate(items, start=1):
        given = [item] if isinstance(item, str) else []
        if isinstance(item, dict):
            given = [item[name] for name in members if isinstance(item.get(name), str)]
        if not given:
            _add(faults, f"item {number} of the JSON list has no address", source, line, f"known forms: {_KNOWN}")
        for text in given:
            yield Found(text=text, line=line)


def _is_address(text: str) -> bool:
    try:
        normal(bare(text))
    except ValueError:
        return False
    return True


def _hint(text: str) -> str:
    if re.fullmatch(r"\S+[.:]\S+\s*-\s*\S+[.:]\S+", text.strip()):
        return "write a range as CIDR blocks"
    return ""


def _add(
    faults: list[Diagnostic], summary: str, source: str, line: int, hint: str = "", offending: str = ""
) -> None:
    where = Where(source=source, line=line)
    faults.append(Diagnostic(code="input", summary=summary, where=where, hint=hint, offending=offending))
