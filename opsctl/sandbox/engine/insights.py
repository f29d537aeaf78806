"""Queries of CloudWatch Logs Insights, carried out over events: fields, filter, parse, stats, sort, limit.

Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax" and "Supported operations and
functions". A query with anything else is malformed here, so that none is answered that was not understood.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.sandbox.engine.insights_conditions import Malformed, number, parse_condition
from opsctl.sandbox.engine.insights_fields import Fields, shown

DEFAULT_LIMIT = 10_000
"""Without a limit a query returns so many events (StartQuery's limit; the guide's page of the limit command)."""
_AGGREGATE = re.compile(
    r"(?P<how>count|sum|min|max|avg|count_distinct|earliest|latest)\s*\(\s*(?P<of>\*|[@\w.`-]*)\s*\)"
    r"(?:\s+as\s+(?P<alias>\w+))?",
    re.IGNORECASE,
)
_BIN = re.compile(r"bin\(\s*(\d+)\s*([smhd])\s*\)(?:\s+as\s+(\w+))?", re.IGNORECASE)
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAME = re.compile(r"`[^`]+`|[@A-Za-z_][\w.@-]*")

Row = dict[str, Any]


@dataclass
class QueryAnswer:
    """The rows of a query and how many events it matched; `plain` rows are events, each with its pointer."""

    rows: list[Row]
    matched: int
    plain: bool = True
    names: list[str] = field(default_factory=lambda: ["@timestamp", "@message"])

    def shown(self) -> list[list[dict[str, str]]]:
        """Return the rows as GetQueryResults has them: what an event does not have is left out."""
        names = [*self.names, *(["@ptr"] if self.plain else [])]
        return [
            [{"field": name, "value": shown(name, row[name])} for name in names if row.get(name) is not None]
            for row in self.rows
        ]


def answer_query(text: str, events: Sequence[Fields], limit: int = DEFAULT_LIMIT) -> QueryAnswer:
    """Carry a query out over all events of its span; the newest come first unless it sorts.

    Raises:
        Malformed: it has what the language has not, or what this sandbox does not know of it.
    """
    commands = [_command(part) for part in _parts(text)]
    newest_first = sorted(events, key=lambda one: one["@timestamp"], reverse=True)
    answer = QueryAnswer(rows=[dict(one) for one in newest_first], matched=len(events))
    for name, rest in commands:
        if name not in _COMMANDS:
            raise Malformed(f"unexpected symbol found {name}")
        _COMMANDS[name](answer, rest)
    if not any(name == "limit" for name, _ in commands):
        answer.rows = answer.rows[:limit]
    return answer


def _parts(text: str) -> list[str]:
    """The commands of a query; a bar within quotes or slashes divides nothing, a line with # is a comment."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    parts = re.findall(r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^|\"'])+", lines)
    if not any(part.strip() for part in parts):
        raise Malformed("the query is empty")
    return [part.strip() for part in parts if part.strip()]


def _command(part: str) -> tuple[str, str]:
    name, _, rest = part.partition(" ")
    return name.lower(), rest.strip()


def _fields(answer: QueryAnswer, rest: str) -> None:
    names = [one.strip() for one in rest.split(",")]
    if not all(_NAME.fullmatch(one) for one in names):
        raise Malformed(f"unexpected symbol found in {rest}")
    answer.names = [one.strip("`") for one in names]


def _filter(answer: QueryAnswer, rest: str) -> None:
    holds = parse_condition(rest)
    answer.rows = [row for row in answer.rows if holds(row)]
    if answer.plain:
        answer.matched = len(answer.rows)


def _parse(answer: QueryAnswer, rest: str) -> None:
    """`parse FIELD "glob" as a, b`: each star is a field; an event that does not fit has none of them."""
    found = re.fullmatch(r'([@\w.]+)\s+"([^"]*)"\s+as\s+([\w\s,]+)', rest)
    if found is None:
        raise Malformed(f"unexpected symbol found in {rest}")
    names = [one.strip() for one in found[3].split(",")]
    if found[2].count("*") != len(names):
        raise Malformed("the expression has another number of stars than there are names")
    pattern = re.compile("(.*?)".join(re.escape(part) for part in found[2].split("*")) + r"\s*$")
    for row in answer.rows:
        fits = pattern.match(str(row.get(found[1], "")))
        row |= dict(zip(names, fits.groups(), strict=True)) if fits else {}


def _stats(answer: QueryAnswer, rest: str) -> None:
    told, _, by = re.sub(r"\s+", " ", rest).partition(" by ")
    wanted = list(_AGGREGATE.finditer(told))
    if not wanted or _AGGREGATE.sub("", told).replace(",", "").strip():
        raise Malformed(f"unexpected symbol found in {told}")
    keys = [_key(one.strip()) for one in re.split(r",(?![^(]*\))", by)] if by else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in answer.rows:
        groups.setdefault(tuple(of(row) for _, of in keys), []).append(row)
    rows = []
    for values, members in groups.items():
        row = {name: value for (name, _), value in zip(keys, values, strict=True)}
        row |= {_called(one): _aggregate(one["how"].lower(), one["of"], members) for one in wanted}
        rows.append(row)
    answer.rows, answer.plain = rows, False
    answer.names = [*(name for name, _ in keys), *(_called(one) for one in wanted)]


def _called(one: re.Match[str]) -> str:
    return one["alias"] or re.sub(r"\s+", "", one[0])


def _key(text: str) -> tuple[str, Callable[[Row], Any]]:
    """A field to group by, or a span of time."""
    bins = _BIN.fullmatch(text)
    if bins:
        width = int(bins[1]) * _UNIT_MS[bins[2].lower()]
        return bins[3] or text, lambda row: shown("@timestamp", row["@timestamp"] // width * width)
    if not _NAME.fullmatch(text):
        raise Malformed(f"unexpected symbol found in {text}")
    plain = text.strip("`")
    return plain, lambda row: row.get(plain)


def _aggregate(how: str, of: str, rows: Sequence[Row]) -> Any:
    if how == "count":
        return sum(of in ("*", "") or row.get(of.strip("`")) is not None for row in rows)
    values = [row[of.strip("`")] for row in rows if row.get(of.strip("`")) is not None]
    if how == "count_distinct":
        return len({str(one) for one in values})
    if how in ("earliest", "latest"):
        ordered = sorted(rows, key=lambda row: row["@timestamp"])
        return ordered[0 if how == "earliest" else -1].get(of.strip("`"))
    numbers = [one for one in (number(value) for value in values) if one is not None]
    if not numbers:
        return None
    if how == "avg":
        return sum(numbers) / len(numbers)
    return sum(numbers) if how == "sum" else min(numbers) if how == "min" else max(numbers)


def _sort(answer: QueryAnswer, rest: str) -> None:
    """`sort a desc, b`: descending is what a key without a word is."""
    for part in reversed([one.strip() for one in rest.split(",")]):
        name, _, order = part.partition(" ")
        if not _NAME.fullmatch(name) or order.strip().lower() not in ("", "asc", "desc"):
            raise Malformed(f"unexpected symbol found in {part}")
        answer.rows.sort(key=_sortable(name.strip("`")), reverse=order.strip().lower() != "asc")


def _sortable(name: str) -> Callable[[Row], tuple[int, float, str]]:
    def key(row: Row) -> tuple[int, float, str]:
        value = row.get(name)
        as_number = number(value)
        return (int(value is not None), as_number or 0.0, "" if as_number is not None else str(value))

    return key


def _limit(answer: QueryAnswer, rest: str) -> None:
    if not rest.isdecimal() or not 1 <= int(rest) <= 100_000:
        raise Malformed(f"unexpected symbol found {rest}")
    answer.rows = answer.rows[: int(rest)]


_COMMANDS: dict[str, Callable[[QueryAnswer, str], None]] = {
    "fields": _fields,
    "display": _fields,
    "filter": _filter,
    "parse": _parse,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
}
