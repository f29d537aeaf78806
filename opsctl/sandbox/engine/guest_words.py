"""Reads the words, operators and redirections of a shell script that is sent to an instance.

Source: POSIX, Shell Command Language, token recognition and quoting. What is not known here (here-documents,
arithmetic, expansions but the plain one) is a syntax error that says so.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

_OPERATORS = ("&&", "||", ";;", ";", "|", "&", "(", ")", "\n")
_REDIRECTION = re.compile(r"(&>|[12]?>>?|<)(&[12])?")
NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[?#@]")


class BadSyntax(Exception):
    """What the shell says of a script that it cannot read."""


@dataclass(frozen=True)
class WordPart:
    """A part of a word: text, the value of a variable, or what a command says; unquoted values are split."""

    kind: Literal["text", "variable", "command"]
    text: str
    quoted: bool = False


Word: TypeAlias = tuple[WordPart, ...]


@dataclass(frozen=True)
class Redirection:
    """Where a stream goes: to a file, or to the other stream."""

    operator: str
    target: Word


Token: TypeAlias = str | Word | Redirection


def tokens_of(script: str) -> list[Token]:
    """Return what a script is made of: operators as text, words, and redirections.

    Raises:
        BadSyntax: a quote or a parenthesis does not end, or guests do not know something of it.
    """
    return _Lexer(script).tokens()


def literal(word: Token) -> str | None:
    """Return an unquoted word that is nothing but text: only such words are reserved."""
    if isinstance(word, tuple) and len(word) == 1 and word[0].kind == "text" and not word[0].quoted:
        return word[0].text
    return None


@dataclass
class _Lexer:
    text: str
    at: int = 0
    parts: list[WordPart] = field(default_factory=list)

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        while self.at < len(self.text):
            self._blanks()
            if self.at >= len(self.text):
                break
            redirection = _REDIRECTION.match(self.text, self.at)
            operator = next((one for one in _OPERATORS if self.text.startswith(one, self.at)), None)
            if redirection:
                found.append(self._redirection(redirection))
            elif operator:
                self.at += len(operator)
                found.append(operator)
            else:
                found.append(self._word())
        return found

    def _blanks(self) -> None:
        while self.at < len(self.text):
            if self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.text[self.at] in " \t":
                self.at += 1
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _redirection(self, match: re.Match[str]) -> Redirection:
        self.at = match.end()
        if match[1] == "<" and self.text.startswith("<", self.at):
            raise BadSyntax("here-documents are not known to guests of the sandbox")
        if match[2]:
            return Redirection(match[1], (WordPart("text", match[2]),))
        self._blanks()
        return Redirection(match[1], self._word())

    def _word(self) -> Word:
        self.parts = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t" or any(self.text.startswith(one, self.at) for one in _OPERATORS) or char in "<>":
                break
            self._piece(char)
        return tuple(self.parts)

    def _piece(self, char: str) -> None:
        if char == "'":
            self._add("text", self._until("'", self.at + 1), quoted=True)
        elif char == '"':
            self._double()
        elif char == "\\":
            escaped = self.text[self.at + 1 : self.at + 2]
            if escaped != "\n":
                self._add("text", escaped, quoted=True)
            self.at += 2
        elif char == "$":
            self._dollar(quoted=False)
        elif char == "`":
            self._add("command", self._until("`", self.at + 1))
        else:
            self._add("text", char)
            self.at += 1

    def _until(self, end: str, start: int) -> str:
        found = self.text.find(end, start)
        if found < 0:
            raise BadSyntax(f"unexpected EOF while looking for matching `{end}'")
        self.at = found + 1
        return self.text[start:found]

    def _double(self) -> None:
        self.at += 1
        self._add("text", "", quoted=True)
        while self.at < len(self.text) and self.text[self.at] != '"':
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "$", "\\", "`"):
                self._add("text", self.text[self.at + 1], quoted=True)
                self.at += 2
            elif char == "$":
                self._dollar(quoted=True)
            else:
                self._add("text", char, quoted=True)
                self.at += 1
        if self.at >= len(self.text):
            raise BadSyntax("unexpected EOF while looking for matching `\"'")
        self.at += 1

    def _dollar(self, *, quoted: bool) -> None:
        if self.text.startswith("$((", self.at):
            raise BadSyntax("arithmetic is not known to guests of the sandbox")
        if self.text.startswith("$(", self.at):
            self._add("command", self._nested(), quoted=quoted)
            return
        if self.text.startswith("${", self.at):
            name = self._until("}", self.at + 2)
            if not NAME.fullmatch(name):
                raise BadSyntax(f"${{{name}}}: not known to guests of the sandbox")
            self._add("variable", name, quoted=quoted)
            return
        name_at = NAME.match(self.text, self.at + 1)
        if name_at is None:
            self._add("text", "$", quoted=quoted)
            self.at += 1
            return
        self._add("variable", name_at[0], quoted=quoted)
        self.at = name_at.end()

    def _nested(self) -> str:
        """Return what is between `$(` and its parenthesis, which quotes may hide."""
        start, depth, quote = self.at + 2, 1, ""
        for number in range(start, len(self.text)):
            char = self.text[number]
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0:
                self.at = number + 1
                return self.text[start:number]
        raise BadSyntax("unexpected EOF while looking for matching `)'")

    def _add(self, kind: Literal["text", "variable", "command"], text: str, *, quoted: bool = False) -> None:
        last = self.parts[-1] if self.parts else None
        if last and kind == last.kind == "text" and last.quoted == quoted:
            self.parts[-1] = WordPart(kind, last.text + text, quoted)
        else:
            self.parts.append(WordPart(kind, text, quoted))
