"""Man pages, made of what `--help` and `opsctl help TOPIC` say; groff and mandoc read them."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from opsctl import __version__
from opsctl.cli.help_pages import record_of, summary_of
from opsctl.cli.topics import TOPICS, Topic
from opsctl.model.errors import InvalidInput

_TYPED = re.compile(r"(opsctl|eval|aws|[A-Z_]+=\S+) ")


def write_pages(root: Any, directory: Path) -> list[Path]:
    """Write a page for every command (section 1) and topic (section 7); returns the files.

    Raises:
        InvalidInput: the directory cannot be written to.
    """
    pages = {f"man1/{name}.1": text for name, text in _commands(root)}
    pages |= {f"man7/opsctl-{topic.name}.7": _topic(topic) for topic in TOPICS.values()}
    written: list[Path] = []
    try:
        for name, text in pages.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as fault:
        raise InvalidInput.one(f"{directory} cannot be written: {fault.strerror}", source="--man") from None
    return written


def _commands(root: Any) -> Iterator[tuple[str, str]]:
    yield from _walk(typer.Context(root, info_name="opsctl"), "opsctl")


def _walk(context: typer.Context, words: str) -> Iterator[tuple[str, str]]:
    yield words.replace(" ", "-"), _page(context, words)
    for name, command in getattr(context.command, "commands", {}).items():
        if not command.hidden:
            yield from _walk(type(context)(command, info_name=name, parent=context), f"{words} {name}")


def _page(context: typer.Context, words: str) -> str:
    command: Any = context.command
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = [*_head(words.replace(" ", "-"), 1, summary_of(command)), ".SH SYNOPSIS", f".B {_safe(words)}"]
    lines += [_safe(pieces), ".SH DESCRIPTION", *_prose(inspect.cleandoc(command.help or ""))]
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        record = record_of(parameter, context)
        if record is not None:
            own = "Arguments" if parameter.param_type_name == "argument" else "Options"
            groups.setdefault(getattr(parameter, "rich_help_panel", None) or own, []).append(record)
    for title, records in groups.items():
        lines.append(f".SH {_safe(title.upper())}")
        lines += [line for left, right in records for line in (".TP", f".B {_safe(left)}", _safe(right))]
    commands = {name: one for name, one in getattr(command, "commands", {}).items() if not one.hidden}
    if commands:
        lines.append(".SH COMMANDS")
        for name, one in commands.items():
            lines += [".TP", f".BR {_safe(f'{words} {name}'.replace(' ', '-'))} (1)", _safe(summary_of(one))]
    if command.epilog:
        lines += [".SH EXAMPLES", *_prose(re.sub(r"^Examples?:\n", "", inspect.cleandoc(command.epilog)))]
    return _whole([*lines, ".SH SEE ALSO", ", ".join(_safe(f"opsctl-{name}(7)") for name in TOPICS)])


def _topic(topic: Topic) -> str:
    lines = [*_head(f"opsctl-{topic.name}", 7, topic.summary), ".SH DESCRIPTION"]
    for paragraph in topic.paragraphs():
        lines += _prose(paragraph)
    return _whole([*lines, ".SH SEE ALSO", "opsctl(1)"])


def _head(name: str, section: int, summary: str) -> list[str]:
    title = f'.TH "{_safe(name.upper())}" {section} "" "opsctl {__version__}" "opsctl"'
    return [title, ".SH NAME", f"{_safe(name)} \\- {_safe(summary.rstrip('.'))}"]


def _prose(text: str) -> list[str]:
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", text):
        if part.startswith("  ") or _TYPED.match(part):
            lines += [".PP", ".nf", *(_safe(line) for line in part.split("\n")), ".fi"]
        elif part.strip():
            lines += [".PP", _safe(" ".join(part.split()))]
    return lines


def _safe(text: str) -> str:
    """Return text that no formatter takes for a request, an escape or a hyphen to break at."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


def _whole(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
