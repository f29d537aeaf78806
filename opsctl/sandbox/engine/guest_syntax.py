"""Reads the part of the POSIX shell's language that scripts sent to instances are written in, from its words.

Source: POSIX, Shell Command Language, grammar. What is not known here (`while`, `case`, functions) is a
syntax error that says so: a guest never does half of what a script says.
"""

from dataclasses import dataclass
from typing import TypeAlias

from opsctl.sandbox.engine.guest_words import (
    NAME,
    BadSyntax,
    Redirection,
    Token,
    Word,
    WordPart,
    literal,
    tokens_of,
)

_KNOWN_NOT = ("while", "until", "case", "function", "select", "[[")


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


def parse(script: str) -> Sequence_:
    """Read a script.

    Raises:
        BadSyntax: it is none, or is written in what guests do not know.
    """
    reader = _Reader(tokens_of(script))
    found = reader.sequence(())
    if not reader.ended:
        raise BadSyntax(f'syntax error near unexpected token "{reader.shown()}"')
    return found


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
    if not equals or not NAME.fullmatch(name):
        return None
    return name, (WordPart("text", rest), *word[1:]) if rest else word[1:]
