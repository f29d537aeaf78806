"""Help as it is read at a terminal: options in groups, names for values, sentences that end, whole examples."""

import inspect
import re
from typing import Any

from typer.core import TyperCommand, TyperGroup

_TYPE = re.compile(r" <(?:str|path|int|int range|float|list\[[\w|]+\])>")
_RANGE = re.compile(r"(; |(?<=\[))(x>=-?\d+|-?\d+<=x<=\d+)")
_TYPED = re.compile(r"(opsctl|eval|aws|[A-Z_]+=\S+) ")
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)
_WORDS = {
    "profile": "NAME",
    "role_arn": "ARN",
    "endpoint_url": "URL",
    "query": "JMESPATH",
    "where": "JMESPATH",
    "edit": "JMESPATH",
    "override": "GUARD",
    "accept": "GUARD",
    "confirm": "NAME",
    "reason": "TEXT",
    "to": "DESTINATION",
    "set": "KEY=VALUE",
}
"""What stands for the value of an option whose own name does not say it."""


def record_of(parameter: Any, context: Any) -> tuple[str, str] | None:
    """Return how a parameter is typed and what it means; nothing for one that is hidden."""
    record = parameter.get_help_record(context)
    if record is None:
        return None
    left, right = record
    if parameter.param_type_name == "argument":
        name = _TYPE.sub("", left)
        left = name.upper() if name.islower() else name
    else:
        left = _TYPE.sub(f" {_value_of(parameter, left)}", left)
    return left, _RANGE.sub("", right).replace("  []", "").replace("[; ", "[")


def _value_of(parameter: Any, left: str) -> str:
    if parameter.name in _WORDS:
        return _WORDS[parameter.name]
    if "<int" in left:
        return "N"
    return "FILE" if "<path>" in left else str(parameter.opts[-1]).strip("-").replace("-", "_").upper()


def summary_of(command: Any) -> str:
    """Return the first sentence of what a command is for."""
    text = " ".join(inspect.cleandoc(command.short_help or command.help or "").split("\n\n")[0].split())
    found = _SENTENCE.match(text)
    return found[1] if found else text


class _Page:
    """What the pages of commands and groups share; stands before the library's class."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write the arguments as they are called everywhere."""
        pieces = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        return [_argument(piece) for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options group by group, those of the command itself first."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]
            record = record_of(parameter, ctx)
            if record is not None:
                own = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or own, []).append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        if isinstance(self, TyperGroup):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write examples as they are typed, never broken, and wrap what is said about them."""
        for part in re.split(r"\n\s*\n", inspect.cleandoc(self.epilog or "")):  # type: ignore[attr-defined]
            text = part.strip()
            if _TYPED.match(text):
                formatter.write(f"  {text}\n")
            elif text:
                formatter.write_paragraph()
                formatter.write_text(text)


def _argument(piece: str) -> str:
    found = re.fullmatch(r"(\{|\[)(.+?)(\.\.\.)?[}\]](\.\.\.)?", piece)
    if not found or found[2] == "OPTIONS":
        return piece.replace("[ARGS]...", "[ARGS...]")
    name = f"{found[2].upper()}{'...' if found[4] else ''}"
    return f"[{name}]" if found[1] == "[" else name


class PageCommand(_Page, TyperCommand):
    """A command whose help is written by the rules of this module."""


class PageGroup(_Page, TyperGroup):
    """A group whose help is written by the rules of this module."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what each command is for, in a whole sentence."""
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, summary_of(command)) for name, command in known if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
