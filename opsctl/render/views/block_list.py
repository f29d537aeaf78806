"""The list of blocks as text and Markdown."""

from collections.abc import Sequence

from opsctl.block.block_rows import BlockRow
from opsctl.block.facts.block_ledger import Ledgered
from opsctl.block.terms import NEVER, seconds_of
from opsctl.model.commands import commands_there
from opsctl.model.sentences import first_few
from opsctl.model.spans import span
from opsctl.render.inert import markdown
from opsctl.render.page import Page

_COLUMNS = ("address", "ends", "where", "closes", "by", "incident", "reason")
_ALWAYS = 4
_NAMED = 3
"""Incidents and people that a line names; of more, how many: JSON has each."""
_FEW = 5
"""Addresses of one run at one resource that have a line each; of more, the first stands for all: JSON has each."""


def render_blocks(found: Ledgered, *, width: int, colour: bool) -> str:
    """Return the list: a line for each block, those that end first before the others."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    if found.rows:
        page.blank()
        styles = {ends_in(row, found.now): "yellow" for row in found.due}
        columns, *rows = _table(found)
        page.table(columns, rows, indent=0, styles=styles, whole=2)
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    following = _next(found)
    if following:
        page.blank()
        page.following(following, {})
    return page.text()


def markdown_blocks(found: Ledgered) -> str:
    """Return the list as a Markdown table."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    if found.rows:
        columns, *rows = _table(found)
        lines += [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(map(markdown, row)) + " |" for row in rows]
    if found.unknown:
        lines += ["", "Could not be read:", "", *(f"- {markdown(line)}" for line in found.unknown)]
    return "\n".join(lines) + "\n"


def heading_of(found: Ledgered) -> str:
    """Say how many blocks there are, of whom, where."""
    where = f"in {found.region} and at CloudFront, account {found.account}"
    if not found.rows:
        sure = ", as far as could be read" if found.unknown else ""
        if found.besides:
            besides = f"{found.besides:,} other{'s' * (found.besides != 1)}"
            return f"No such block{sure}, but {besides} {where}."
        return f"No blocks {where}{sure}."
    ours = sum(row.ours for row in found.rows)
    others = len(found.rows) - ours
    parts = [f"{ours:,} block{'s' * (ours != 1)} of opsctl"]
    if found.due:
        parts.append(f"{len(found.due):,} due to end")
    if others:
        parts.append(f"{others:,} of others")
    return f"{', '.join(parts)} {where}"


def ends_in(row: BlockRow, now: float) -> str:
    """Say when a block ends, from now."""
    if not row.until:
        return "nobody said"
    if row.until == NEVER:
        return NEVER
    left = seconds_of(row.until) - now
    return f"in {span(left)}" if left > 0 else f"due {span(-left)} ago"


def _table(found: Ledgered) -> list[list[str]]:
    """Return the columns that say something of any block, and the rows."""
    rows = [_every(group, found) for group in _groups(found.rows)]
    kept = [number for number in range(len(_COLUMNS)) if number < _ALWAYS or any(row[number] for row in rows)]
    return [[row[number] for number in kept] for row in (_COLUMNS, *rows)]


def _groups(rows: Sequence[BlockRow]) -> list[list[BlockRow]]:
    """Put together what one run blocked at one resource, where it is more than a few addresses."""
    groups: dict[tuple[str, ...], list[BlockRow]] = {}
    for row in rows:
        own_line = row.what if row.kind == "foreign" and row.layer == "nacl" else ""
        same = (
            row.resource_id,
            row.run,
            row.until,
            row.kind,
            row.listed,
            own_line,
            *(one.run for one in row.also),
        )
        groups.setdefault(same, []).append(row)
    many = {id(row): group for group in groups.values() if len(group) > _FEW or group[0].listed for row in group}
    shown: list[list[BlockRow]] = []
    for row in rows:
        group = many.get(id(row))
        if group is None:
            shown.append([row])
        elif group[0] is row:
            shown.append(group)
    return shown


def _every(group: Sequence[BlockRow], found: Ledgered) -> tuple[str, ...]:
    row = group[0]
    more = f" and {len(group) - 1:,} more" if len(group) > 1 else ""
    address = f"list {row.listed} ({len(group):,})" if row.listed else row.subject + more
    what = row.what.partition(" ")[0] + " rules" if more and row.layer == "nacl" else row.what
    mode = "" if row.mode == "block" else f", {row.mode} only"
    kind = "" if row.ours else f" ({row.kind})"
    return (
        address,
        ends_in(row, found.now),
        f"{row.resource}: {what}{mode}{kind}",
        row.closes,
        first_few(dict.fromkeys(one.by for one in row.needs if one.by), _NAMED),
        first_few(dict.fromkeys(one.incident for one in row.needs if one.incident), _NAMED),
        row.reason,
    )


def _next(found: Ledgered) -> list[str]:
    commands = commands_there(found.reached_by, found.region, found.endpoint)
    return [commands.opsctl("blocks", "expire")] if found.due else []
