"""Reads the part of the POSIX shell's language that scripts sent to instances are written in.

Source: POSIX, Shell Command Language. What is not known here (here-documents, `while`, `case`, functions) is a
syntax error that says so: a guest never does half of what a script says.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

_OPERATORS = ("&&", "||", ";;", ";", "|", "&", "(", ")", "\n")
_REDIRECTION = re.compile(r"(&>|[12]?>>?|<)(&[12])?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[?#@]")
_KNOWN_NOT = ("while", "until", "case", "function", "select", "[[")


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


@dataclass(frozen=True)
class Simple:
    """A program with its arguments, or assignments alone."""

    assigns: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True)
class For:
    """A loop over words."""

    name: str
    words: tuple[Word, ...]
    body: "Sequence_"


@dataclass(frozen=True)
class If:
    """Conditions with what each is for, and what else."""

    branches: tuple[tuple["Sequence_", "Sequence_"], ...]
    otherwise: "Sequence_ | None"


@dataclass(frozen=True)
class Group:
    """Commands in braces or parentheses."""

    body: "Sequence_"
    redirections: tuple[Redirection, ...]


Command: TypeAlias = Simple | For | If | Group


@dataclass(frozen=True)
class Pipeline:
    """Commands whose output is the next one's input."""

    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True)
class AndOr:
    """Pipelines, each with how it follows the one before: `;`, `&&` or `||`; nobody waits for the background."""

    pipelines: tuple[tuple[str, Pipeline], ...]
    background: bool = False


Sequence_: TypeAlias = tuple[AndOr, ...]
Token: TypeAlias = str | Word | Redirection


def parse(script: str) -> Sequence_:
    """Read a script.

    Raises:
        BadSyntax: it is none, or is written in what guests do not know.
    """
    reader = _Reader(_tokens(script))
    found = reader.sequence(())
    if not reader.ended:
        raise BadSyntax(f'syntax error near unexpected token "{reader.shown()}"')
    return found


def literal(word: Token) -> str | None:
    """Return an unquoted word that is nothing but text: only such words are reserved."""
    if isinstance(word, tuple) and len(word) == 1 and word[0].kind == "text" and not word[0].quoted:
        return word[0].text
    return None


def _tokens(script: str) -> list[Token]:
    return _Lexer(script).tokens()


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
            if not _NAME.fullmatch(name):
                raise BadSyntax(f"${{{name}}}: not known to guests of the sandbox")
            self._add("variable", name, quoted=quoted)
            return
        name_at = _NAME.match(self.text, self.at + 1)
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


@dataclass
class _Reader:
    tokens: list[Token]
    at: int = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.tokens)

    def shown(self) -> str:
        token = None if self.ended else self.tokens[self.at]
        return "end of file" if token is None else literal(token) or (token if isinstance(token, str) else "word")

    def sequence(self, ends: tuple[str, ...]) -> Sequence_:
        """Read commands up to a reserved word or the end."""
        found: list[AndOr] = []
        while True:
            self._skip(";", "\n")
            if self.ended or self._is(*ends):
                return tuple(found)
            one = self._and_or()
            after = self._take(";", "\n", "&")
            found.append(AndOr(one.pipelines, background=after == "&"))
            if after is None and not self.ended and not self._is(*ends):
                raise BadSyntax(f'syntax error near unexpected token "{self.shown()}"')

    def _and_or(self) -> AndOr:
        found = [(";", self._pipeline())]
        while (operator := self._take("&&", "||")) is not None:
            self._skip("\n")
            found.append((operator, self._pipeline()))
        return AndOr(tuple(found))

    def _pipeline(self) -> Pipeline:
        negated = self._word_is("!")
        commands = [self._command()]
        while self._take("|") is not None:
            self._skip("\n")
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        if not self.ended and (word := literal(self.tokens[self.at])) in _KNOWN_NOT:
            raise BadSyntax(f"`{word}' is not known to guests of the sandbox")
        if self._word_is("for"):
            return self._for()
        if self._word_is("if"):
            return self._if()
        if self._word_is("{"):
            return self._group("}")
        if self._take("(") is not None:
            return self._group(")")
        return self._simple()

    def _for(self) -> For:
        name = literal(self._next()) or ""
        self._must("in")
        words: list[Word] = []
        while not self.ended and isinstance(self.tokens[self.at], tuple):
            words.append(self.tokens[self.at])  # type: ignore[arg-type]
            self.at += 1
        self._skip(";", "\n")
        self._must("do")
        body = self.sequence(("done",))
        self._must("done")
        return For(name, tuple(words), body)

    def _if(self) -> If:
        branches, otherwise = [], None
        while True:
            condition = self.sequence(("then",))
            self._must("then")
            branches.append((condition, self.sequence(("elif", "else", "fi"))))
            if not self._word_is("elif"):
                break
        if self._word_is("else"):
            otherwise = self.sequence(("fi",))
        self._must("fi")
        return If(tuple(branches), otherwise)

    def _group(self, end: str) -> Group:
        body = self.sequence((end,))
        if self._take(")") is None:
            self._must(end)
        return Group(body, self._redirections())

    def _redirections(self) -> tuple[Redirection, ...]:
        found = []
        while not self.ended and isinstance(token := self.tokens[self.at], Redirection):
            found.append(token)
            self.at += 1
        return tuple(found)

    def _simple(self) -> Simple:
        assigns: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while not self.ended and not isinstance(token := self.tokens[self.at], str):
            self.at += 1
            if isinstance(token, Redirection):
                redirections.append(token)
            elif not words and (assign := _assignment(token)) is not None:
                assigns.append(assign)
            else:
                words.append(token)
        if not (assigns or words or redirections):
            raise BadSyntax(f'syntax error near unexpected token "{self.shown()}"')
        return Simple(tuple(assigns), tuple(words), tuple(redirections))

    def _is(self, *words: str) -> bool:
        token = self.tokens[self.at]
        return (token if isinstance(token, str) else literal(token)) in words

    def _word_is(self, word: str) -> bool:
        if not self.ended and literal(self.tokens[self.at]) == word:
            self.at += 1
            return True
        return False

    def _take(self, *operators: str) -> str | None:
        if not self.ended and (token := self.tokens[self.at]) in operators and isinstance(token, str):
            self.at += 1
            return token
        return None

    def _skip(self, *operators: str) -> None:
        while self._take(*operators) is not None:
            pass

    def _next(self) -> Token:
        if self.ended:
            raise BadSyntax("syntax error: unexpected end of file")
        self.at += 1
        return self.tokens[self.at - 1]

    def _must(self, word: str) -> None:
        if not self._word_is(word):
            raise BadSyntax(f'syntax error near unexpected token "{self.shown()}" (expecting "{word}")')


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0] if word else None
    if first is None or first.kind != "text" or first.quoted:
        return None
    name, equals, rest = first.text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        return None
    return name, (WordPart("text", rest), *word[1:]) if rest else word[1:]
