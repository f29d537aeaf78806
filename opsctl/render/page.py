"""A page of text at a width: lines wrapped with hanging indents, everything on it made harmless."""

import io
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opsctl.render.inert import visible


class Page:
    """Collects lines at a width, wrapped with hanging indents."""

    def __init__(self, width: int, *, colour: bool) -> None:
        """Begin a page of so many columns."""
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def line(self, text: str, style: str = "") -> None:
        """Add a line."""
        self._print(Text(visible(text), style=style))

    def heading(self, text: str) -> None:
        """Add a heading after an empty line."""
        self.blank()
        self.line(text, "bold underline")

    def item(self, text: str, style: str = "", indent: int = 2) -> None:
        """Add an indented line, wrapped."""
        self._print(Padding(Text(visible(text), style=style), (0, 0, 0, indent)))

    def command(self, text: str, indent: int) -> None:
        """Add a command on one line whatever its length, so that it can be copied."""
        self._console.print(Text(" " * indent + visible(text)), soft_wrap=True)

    def following(self, commands: Iterable[str], because: Mapping[str, str]) -> None:
        """Add commands to type next, below each what it is good for."""
        for line in commands:
            self.command(f"next: {line}", indent=2)
            if line in because:
                self.item(because[line], indent=8)

    def literal(self, lines: Iterable[str]) -> None:
        """Add lines whose leading drawing stays as it is."""
        for line in lines:
            clean = visible(line)
            indent = len(clean) - len(clean.lstrip(" │├└─·"))
            if not indent:
                self.item(clean)
                continue
            grid = Table.grid()
            grid.add_column(width=indent, no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(Text(clean[:indent]), Text(clean[indent:]))
            self._print(Padding(grid, (0, 0, 0, 2)))

    def pairs(
        self, rows: Sequence[tuple[str, str]], indent: int = 2, styles: dict[str, str] | None = None
    ) -> None:
        """Add rows of a name and a value."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim" if self._console.color_system else "", min_width=8, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(name, Text(visible(value), style=(styles or {}).get(name, "")))
        self._print(Padding(grid, (0, 0, 0, indent)))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 2) -> None:
        """Add a table; cells are wrapped, and the first column is as wide as its words need."""
        grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
        for number, name in enumerate(columns):
            grid.add_column(Text(visible(name)), overflow="fold", ratio=None if number == 0 else 1)
        for row in rows:
            grid.add_row(*(Text(visible(cell)) for cell in row))
        self._print(Padding(grid, (0, 0, 0, indent)))

    def blank(self) -> None:
        """Add an empty line."""
        self._console.print()

    def text(self) -> str:
        """Return the whole."""
        lines = [line.rstrip() for line in self._file.getvalue().splitlines()]
        return "\n".join(lines).rstrip("\n") + "\n"

    def _print(self, what: RenderableType) -> None:
        self._console.print(what)
