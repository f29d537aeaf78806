"""Changes in one line each, and in fewer where there are many: those of one step together, and steps alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from opsctl.model.changes import Change
from opsctl.model.plan import Plan
from opsctl.render.words import mark_of

ONE_BY_ONE = 12
"""With more changes than this, those of one step are told by the first of them."""

_LONGEST = 74
_SHORTEST = 40
"""With less of an example than this nobody knows what it is one of."""
_AND_MORE = " … ("
_NOTES = ("CreateTags", "TagResource")
"""Operations that only write something down beside the rest: together they are one line, below the others."""


@dataclass(frozen=True)
class ChangeLine:
    """One line: the mark, what is done, how many changes that stands for, and whether conditions decide of one."""

    mark: str
    says: str
    stands_for: int
    conditional: bool = False


def change_lines(plan: Plan, *, calls: bool = False) -> list[ChangeLine]:
    """Return the lines of a plan's changes; what only waits has none when there are many.

    With `calls` each names the call that it is, for titles that somebody else may have written.
    """
    if len(plan.changes) <= ONE_BY_ONE:
        each, notes = (plan.changes, ()) if calls else notes_apart(plan.changes)
        lines = [_line(mark_of(change), [[change]], calls=calls) for change in each]
        return [*lines, *noted(notes)]
    steps: dict[str, list[Change]] = {}
    for change in plan.changes:
        if change.kind != "wait":
            step = "" if calls else change.id.rpartition("/")[0]
            steps.setdefault(step or change.id, []).append(change)
    alike: dict[tuple[str, str], list[list[Change]]] = {}
    for changes in steps.values():
        first = changes[0]
        alike.setdefault((mark_of(first), f"{first.api} {first.title.split(' ')[0]}"), []).append(changes)
    return [_line(mark, group, calls=calls) for (mark, _), group in alike.items()]


def alike_titles(changes: Sequence[Change]) -> list[str]:
    """Return the titles of changes, those of one call and first word in one line with how many they are."""
    alike: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        alike.setdefault((change.api, change.title.split(" ")[0]), []).append(change.title)
    return [together(some) + (f" ({len(some)})" if len(some) > 1 else "") for some in alike.values()]


def notes_apart(changes: Sequence[Change]) -> tuple[Sequence[Change], Sequence[Change]]:
    """Return the changes that do something, and those that only write something down."""
    notes = [change for change in changes if change.operation in _NOTES]
    return [change for change in changes if change not in notes], notes


def noted(notes: Sequence[Change]) -> list[ChangeLine]:
    """Return the one line of what only writes something down."""
    if not notes:
        return []
    many = f" ({len(notes)})" if len(notes) > 1 else ""
    conditional = any(one.only_if for one in notes)
    return [ChangeLine(mark_of(notes[-1]), together([one.title for one in notes]) + many, len(notes), conditional)]


def _told(change: Change, *, calls: bool) -> str:
    return f"{change.title} ({change.api})" if calls else change.title


def _line(mark: str, group: Sequence[Sequence[Change]], *, calls: bool) -> ChangeLine:
    alike = [one for changes in group for one in changes if one.api == changes[0].api]
    titles = [_told(one, calls=calls) for one in alike]
    stands_for = sum(map(len, group))
    says = together(titles)
    alone = stands_for == 1
    conditional = any(one.only_if for changes in group for one in changes)
    return ChangeLine(mark, says if alone else f"{says} ({stands_for})", stands_for, conditional)


def together(titles: Sequence[str]) -> str:
    """Return what several titles say as one: the words in which they differ stand in braces, as in a shell."""
    first = titles[0]
    if len(titles) == 1:
        return first
    words = [title.split(" ") for title in titles]
    if len({len(one) for one in words}) == 1:
        columns = list(zip(*words, strict=True))
        if sum(len(set(column)) > 1 for column in columns) == 1:
            merged = " ".join(column[0] if len(set(column)) == 1 else _braced(column) for column in columns)
            if len(merged) <= _LONGEST:
                return merged
    return f"{first} …"


def fitted(says: str, width: int) -> str:
    """Return what stands for several changes in one line, if it does: its example loses its last words."""
    example, more, how_many = says.rpartition(_AND_MORE)
    if not more or len(says) <= width:
        return says
    cut = example[: width - len(more) - len(how_many) + 1].rpartition(" ")[0]
    return f"{cut}{more}{how_many}" if len(cut) >= _SHORTEST else says


def _braced(words: Sequence[str]) -> str:
    least, most = min(words), max(words)
    same = next((at for at, pair in enumerate(zip(least, most, strict=False)) if len(set(pair)) > 1), len(least))
    start = least[:same]
    return f"{start}{{{','.join(word[len(start) :] for word in words)}}}"
