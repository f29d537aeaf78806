"""A page of text at a width: lines wrapped between words with hanging indents, everything on it made harmless.

A word is never broken: an ARN that is longer than the line runs over it, and can still be copied whole.
"""

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len

from opsctl.render.inert import visible

UNWRAPPED = 1_000_000
"""The width of what no person looks at line by line: a pipe, a file."""

HIGH = 3
"""Lines of a cell that are read at ease."""

_CUT = " … (-d: all)"
_CODES = {"bold": "1", "dim": "2", "underline": "4", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_NONE: Mapping[str, str] = {}


def wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of at most so many columns, broken between words only."""
    if len(text) * 2 <= room or cell_len(text) <= room:
        return [text]
    lines, taken = [""], 0
    for number, word in enumerate(text.split(" ")):
        size = cell_len(word)
        if number and taken + 1 + size > room:
            lines.append(word)
            taken = size
        else:
            lines[-1] += f" {word}" if number else word
            taken += size + (1 if number else 0)
    return [line.rstrip() for line in lines]


class Page:
    """Collects lines at a width, wrapped with hanging indents."""

    def __init__(self, width: int, *, colour: bool) -> None:
        """Begin a page of so many columns."""
        self.width = width
        self._colour = colour
        self._lines: list[str] = []

    def line(self, text: str, style: str = "") -> None:
        """Add a line."""
        self.item(text, style, indent=0)

    def heading(self, text: str) -> None:
        """Add a heading after an empty line."""
        self.blank()
        self.line(text, "bold underline")

    def item(self, text: str, style: str = "", indent: int = 2, hang: int = 0, at_most: int = 0) -> None:
        """Add an indented line, wrapped; what goes on stands `hang` columns further in.

        With `at_most`, of more lines than that the rest is left out, between two words.
        """
        clean = visible(text)
        lines = wrapped(clean, self.width - indent)
        if hang and len(lines) > 1:
            rest = wrapped(clean[len(lines[0]) :].lstrip(), self.width - indent - hang)
            lines = [lines[0], *(" " * hang + one for one in rest)]
        if at_most and len(lines) > at_most:
            lines = [*lines[: at_most - 1], _left_off(lines[at_most - 1], self.width - indent)]
        self._lines += [" " * indent + self._styled(one, style) for one in lines]

    def command(self, text: str, indent: int) -> None:
        """Add a command on one line whatever its length, so that it can be copied."""
        self._lines.append(" " * indent + visible(text))

    def following(self, commands: Iterable[str], because: Mapping[str, str], indent: int = 2) -> None:
        """Add commands to type next, below each what it is good for."""
        for line in commands:
            self.command(f"next: {line}", indent=indent)
            if line in because:
                self.item(because[line], indent=indent + 6)

    def literal(self, lines: Iterable[str]) -> None:
        """Add lines whose leading drawing stays as it is."""
        for line in lines:
            clean = visible(line)
            text = clean.lstrip(" │├└─·")
            drawing = clean[: len(clean) - len(text)]
            for number, part in enumerate(wrapped(text, self.width - 2 - len(drawing))):
                self._lines.append(f"  {_continued(drawing) if number else drawing}{part}")

    def pairs(self, rows: Sequence[tuple[str, str]], indent: int = 2, styles: Mapping[str, str] = _NONE) -> None:
        """Add rows of a name and a value."""
        names = max((cell_len(visible(name)) for name, _ in rows), default=0)
        size = max(8, names)
        for name, value in rows:
            clean = visible(name)
            label = self._styled(clean, "dim") + " " * (size - cell_len(clean) + 1)
            for number, part in enumerate(wrapped(visible(value), self.width - indent - size - 1)):
                start = " " * (size + 1) if number else label
                self._lines.append(" " * indent + start + self._styled(part, styles.get(name, "")))

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        indent: int = 2,
        styles: Mapping[str, str] = _NONE,
        whole: int = 1,
    ) -> None:
        """Add a table; cells of the `whole` first columns are not wrapped. `styles` are by what a cell says.

        Where that is too wide, or cells would be a word wide and many lines high, the last columns stand below
        each row instead.
        """
        cells = [[visible(cell) for cell in row] for row in (columns, *rows)]
        widths = _widths(cells, self.width - indent, whole)
        below = _below(cells, widths, self.width - indent, whole)
        names, cells = cells[0][below:], [row[:below] for row in cells]
        widths = _widths(cells, self.width - indent, whole)
        for number, row in enumerate(cells):
            parts = [wrapped(cell, size) for cell, size in zip(row, widths, strict=True)]
            shown = ["dim"] * len(row) if number == 0 else [styles.get(cell, "") for cell in row]
            for level in range(max(map(len, parts))):
                at_level = [part[level] if level < len(part) else "" for part in parts]
                padded = (
                    self._styled(text, style) + " " * (size - cell_len(text))
                    for text, style, size in zip(at_level, shown, widths, strict=True)
                )
                self._lines.append(" " * indent + "  ".join(padded))
            left = rows[number - 1][below:] if number else [""] * len(names)
            said = [
                (f"{name}: {cell}", styles.get(cell, "")) for name, cell in zip(names, left, strict=True) if cell
            ]
            for text, style in _side_by_side(said, self.width - indent - 4):
                self.item(text, style, indent=indent + 2, hang=2)

    def blank(self) -> None:
        """Add an empty line."""
        self._lines.append("")

    def text(self) -> str:
        """Return the whole."""
        return "\n".join(line.rstrip() for line in self._lines).rstrip("\n") + "\n"

    def _styled(self, text: str, style: str) -> str:
        if not (self._colour and style and text):
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in style.split())}m{text}\x1b[0m"


def _left_off(line: str, room: int) -> str:
    """Return a line that says that more would follow, and what shows it."""
    while " " in line and cell_len(line) + len(_CUT) > room:
        line = line.rpartition(" ")[0]
    return f"{line}{_CUT}"


def _continued(drawing: str) -> str:
    """What stands left of a line that goes on: branches that continue below it, and no new one."""
    return drawing.replace("├", "│").replace("└", " ").replace("─", " ").replace("·", " ")


def _below(cells: Sequence[Sequence[str]], widths: Sequence[int], room: int, whole: int) -> int:
    """Return how many columns stay beside each other: all, unless they do not fit, or a cell gets too high."""
    high = max(
        (len(wrapped(cell, size)) for row in cells for cell, size in zip(row, widths, strict=True)), default=1
    )
    fitting = _fitting(widths, room)
    if high <= HIGH:
        return max(fitting, whole)
    taken = -2
    for number, column in enumerate(zip(*cells, strict=True)):
        taken += max(map(cell_len, column)) + 2
        if taken > room:
            return max(min(number, fitting), whole)
    return max(fitting, whole)


def _side_by_side(said: Sequence[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """Put texts of the same style into one line as long as they fit."""
    lines: list[tuple[str, str]] = []
    for text, style in said:
        if lines and lines[-1][1] == style and cell_len(lines[-1][0]) + 3 + cell_len(text) <= room:
            lines[-1] = (f"{lines[-1][0]}   {text}", style)
        else:
            lines.append((text, style))
    return lines


def _fitting(widths: Sequence[int], room: int) -> int:
    """Return how many of the columns have room beside each other, where none can be narrower."""
    taken = -2
    for number, width in enumerate(widths):
        taken += width + 2
        if taken > room:
            return number
    return len(widths)


def _widths(cells: Sequence[Sequence[str]], room: int, whole: int) -> list[int]:
    """Return the columns' widths: narrowed until they fit, the widest first, none below its longest word."""
    columns = list(zip(*cells, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [max(cell_len(word) for cell in column for word in cell.split(" ")) for column in columns]
    least[:whole] = widths[:whole]
    over = sum(widths) + 2 * (len(widths) - 1) - room
    while over > 0:
        spare = [width - small for width, small in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widest = max(range(len(widths)), key=lambda number: (spare[number] > 0, widths[number]))
        widths[widest] -= 1
        over -= 1
    return widths
