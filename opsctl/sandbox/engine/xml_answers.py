"""Writes moto's XML answers: the text is what xmltodict makes of the same, in a fifth of the time."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_NAME = re.compile(r"[\w.:-]+")


class _Unusual(Exception):
    """Something that moto's answers do not have."""


def quickly(original: Callable[..., str]) -> Callable[..., str]:
    """Return what writes as `xmltodict.unparse` does, which is left what moto hardly ever asks for."""

    def unparse(
        body: Mapping[str, Any],
        *,
        full_document: bool = True,
        short_empty_elements: bool = False,
        pretty: bool | None = False,
    ) -> str:
        writing = _Writing(short=short_empty_elements)
        try:
            if pretty or (full_document and not _has_one_root(body)):
                raise _Unusual
            for name, value in body.items():
                writing.element(name, value)
        except _Unusual:
            return original(
                body, full_document=full_document, short_empty_elements=short_empty_elements, pretty=pretty
            )
        return (_HEAD if full_document else "") + "".join(writing.parts)

    return unparse


class _Writing:
    """One document as far as it is written."""

    def __init__(self, *, short: bool) -> None:
        self.parts: list[str] = []
        self._short = short

    def element(self, name: str, value: Any) -> None:
        """Write an element, or one for each of many values."""
        _check(name)
        if isinstance(value, dict):
            self._structure(name, value)
        elif value is None or isinstance(value, str | bytes | bytearray | memoryview):
            self._whole(name, "", "" if value is None else escape(_text(value)))
        elif hasattr(value, "__iter__"):
            for one in value:
                # What is many inside of many is written as Python shows it.
                self.element(name, one if isinstance(one, dict) or one is None else _text(one))
        else:
            self._whole(name, "", escape(_text(value)))

    def _structure(self, name: str, members: dict[str, Any]) -> None:
        attributes, text, before = "", "", len(self.parts)
        self.parts.append("")
        for key, value in members.items():
            if not isinstance(key, str):
                raise _Unusual
            if key == "#text":
                text = "" if value is None else escape(_text(value))
            elif key.startswith("@"):
                attributes += _attribute(key[1:], value)
            elif not (isinstance(value, list) and not value):
                self.element(key, value)
        if len(self.parts) == before + 1:
            self.parts.pop()
            self._whole(name, attributes, text)
        else:
            self.parts[before] = f"<{name}{attributes}>"
            self.parts.append(f"{text}</{name}>")

    def _whole(self, name: str, attributes: str, text: str) -> None:
        if text or not self._short:
            self.parts.append(f"<{name}{attributes}>{text}</{name}>")
        else:
            self.parts.append(f"<{name}{attributes}/>")


def _has_one_root(body: Mapping[str, Any]) -> bool:
    return len(body) == 1 and all(
        value is None or isinstance(value, dict | str | bool | int | float) for value in body.values()
    )


def _check(name: Any, known: set[str] = set()) -> None:  # noqa: B006 - names of members, which are not many
    if name in known:
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Unusual
    known.add(name)


def _attribute(name: str, value: Any) -> str:
    _check(name)
    if isinstance(value, dict):
        raise _Unusual
    return f" {name}={quoteattr('' if value is None else _text(value))}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="replace")
    return str(value)
