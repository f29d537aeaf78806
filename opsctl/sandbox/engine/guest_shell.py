"""Runs shell scripts in a guest of the sandbox: what it does not know is not found, as in any shell.

Nothing of a script touches the machine that the sandbox runs on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from opsctl.sandbox.engine.guest_syntax import (
    AndOr,
    Command,
    For,
    Group,
    If,
    Pipeline,
    Sequence_,
    Simple,
    parse,
)
from opsctl.sandbox.engine.guest_words import BadSyntax, Redirection, Word

NOT_FOUND, BAD = 127, 2


@dataclass
class Done:
    """What a program said and its exit code; `slept` are seconds that it took."""

    out: str = ""
    err: str = ""
    code: int = 0
    slept: float = 0


class GuestMachine(Protocol):
    """The machine that a shell runs on: its files and its programs."""

    def program(self, name: str) -> "Program | None":
        """A program by the name that it is called by."""
        ...

    def read(self, path: str) -> str | None:
        """A file's text."""
        ...

    def write(self, path: str, text: str) -> None:
        """Replace a file."""
        ...

    def listed(self, path: str) -> list[str]:
        """The names in a directory; none where there is no such directory."""
        ...


Program: TypeAlias = Callable[["Shell", Sequence[str], str], Done]
"""A program of a machine: is given the shell, its arguments and its input."""


class _Exit(Exception):
    """`exit`, or a failure under `set -e`."""

    def __init__(self, code: int) -> None:
        self.code = code


class _Next(Exception):
    """`continue`."""


class _Leave(Exception):
    """`break`."""


@dataclass
class Shell:
    """One shell on a machine."""

    machine: GuestMachine
    variables: dict[str, str] = field(default_factory=dict)
    slept: float = 0
    strict: bool = False
    pipefail: bool = False
    last: int = 0

    def run(self, script: str) -> Done:
        """Run a script to its end, or to where it gives up."""
        done = Done()
        try:
            self._sequence(parse(script), "", done)
            code = self.last
        except _Exit as left:
            code = left.code
        except BadSyntax as bad:
            done.err += f"sh: {bad}\n"
            code = BAD
        return Done(done.out, done.err, code, self.slept)

    def source(self, script: str) -> Done:
        """Run a script in this very shell, so that it sets its variables."""
        done = Done()
        self._sequence(parse(script), "", done)
        return Done(done.out, done.err, self.last)

    def _sequence(self, body: Sequence_, given: str, done: Done, *, tested: bool = False) -> None:
        for one in body:
            self._and_or(one, given, done, tested=tested)

    def _and_or(self, one: AndOr, given: str, done: Done, *, tested: bool) -> None:
        before = self.slept
        self._listed(one, given, done, tested=tested)
        if one.background:
            self.slept, self.last = before, 0

    def _listed(self, one: AndOr, given: str, done: Done, *, tested: bool) -> None:
        final = len(one.pipelines) - 1
        for number, (operator, pipeline) in enumerate(one.pipelines):
            if (operator == "&&" and self.last != 0) or (operator == "||" and self.last == 0):
                continue
            guarded = tested or number < final or pipeline.negated or one.background
            self._pipeline(pipeline, given, done, tested=guarded)
            if self.strict and self.last != 0 and not guarded:
                raise _Exit(self.last)

    def _pipeline(self, pipeline: Pipeline, given: str, done: Done, *, tested: bool) -> None:
        text, codes = given, []
        for number, command in enumerate(pipeline.commands):
            here = Done()
            try:
                self._command(command, text, here, tested=tested)
            finally:
                done.err += here.err
                if number == len(pipeline.commands) - 1:
                    done.out += here.out
            text = here.out
            codes.append(self.last)
        failed = [code for code in codes if code]
        code = failed[-1] if self.pipefail and failed else codes[-1]
        self.last = int(not code) if pipeline.negated else code

    def _command(self, command: Command, given: str, done: Done, *, tested: bool) -> None:
        if isinstance(command, Simple):
            self._simple(command, given, done)
        elif isinstance(command, Group):
            here = Done()
            try:
                self._sequence(command.body, given, here, tested=tested)
            finally:  # what was said before an `exit` is said
                self._redirect(command.redirections, here, done)
        elif isinstance(command, For):
            self._for(command, given, done, tested=tested)
        else:
            self._if(command, given, done, tested=tested)

    def _for(self, loop: For, given: str, done: Done, *, tested: bool) -> None:
        self.last = 0
        for value in [text for word in loop.words for text in self._expand(word, done)]:
            self.variables[loop.name] = value
            try:
                self._sequence(loop.body, given, done, tested=tested)
            except _Next:
                continue
            except _Leave:
                break

    def _if(self, choice: If, given: str, done: Done, *, tested: bool) -> None:
        for condition, body in choice.branches:
            self._sequence(condition, given, done, tested=True)
            if self.last == 0:
                self._sequence(body, given, done, tested=tested)
                return
        self.last = 0
        if choice.otherwise is not None:
            self._sequence(choice.otherwise, given, done, tested=tested)

    def _simple(self, command: Simple, given: str, done: Done) -> None:
        words = [text for word in command.words for text in self._expand(word, done)]
        values = {name: " ".join(self._expand(word, done, whole=True)) for name, word in command.assigns}
        here = Done()
        for one in command.redirections:
            if one.operator == "<":
                given = self.machine.read(self._path(one.target, done)) or ""
        if not words:
            self.variables |= values
            # An assignment has the exit code of the command that it takes its value from.
            self.last = (
                self.last if any(part.kind == "command" for _, word in command.assigns for part in word) else 0
            )
        else:
            here = self._called(words, given, values)
            self.last = here.code
            self.slept += here.slept
        self._redirect(command.redirections, here, done)

    def called(self, words: Sequence[str], given: str) -> Done:
        """Run a program that another one was given to run."""
        return self._called(words, given, {})

    def _called(self, words: Sequence[str], given: str, values: Mapping[str, str]) -> Done:
        name, *arguments = words
        own = getattr(self, f"_do_{'source' if name == '.' else name}", None)
        if own is not None:
            result: Done = own(arguments)
            return result
        program = self.machine.program(name)
        if program is None:
            return Done(err=f"sh: {name}: command not found\n", code=NOT_FOUND)
        kept, self.variables = self.variables, {**self.variables, **values}
        try:
            return program(self, arguments, given)
        finally:
            self.variables = kept

    def _do_set(self, arguments: Sequence[str]) -> Done:
        for one in arguments:
            if one == "pipefail":
                self.pipefail = True
            elif one.startswith(("-", "+")) and "e" in one:
                self.strict = one.startswith("-")
        return Done()

    def _do_export(self, arguments: Sequence[str]) -> Done:
        self.variables |= dict(one.split("=", 1) for one in arguments if "=" in one)
        return Done()

    def _do_cd(self, arguments: Sequence[str]) -> Done:
        return Done()

    def _do_exit(self, arguments: Sequence[str]) -> Done:
        raise _Exit(int(arguments[0]) if arguments else self.last)

    def _do_continue(self, _: Sequence[str]) -> Done:
        raise _Next

    def _do_break(self, _: Sequence[str]) -> Done:
        raise _Leave

    def _do_source(self, arguments: Sequence[str]) -> Done:
        text = self.machine.read(arguments[0]) if arguments else None
        if text is None:
            return Done(err=f"sh: {' '.join(arguments)}: No such file or directory\n", code=1)
        return self.source(text)

    def _do_command(self, arguments: Sequence[str]) -> Done:
        if arguments[:1] == ["-v"]:
            found = [one for one in arguments[1:] if self.machine.program(one)]
            return Done("".join(f"/usr/bin/{one}\n" for one in found), code=int(not found))
        return self._called(arguments, "", {})

    def _redirect(self, redirections: Sequence[Redirection], here: Done, done: Done) -> None:
        """Send what was said where it belongs: each redirection counts from where it stands, as in any shell."""
        goes = {"1": "&1", "2": "&2"}
        emptied: dict[str, str] = {}
        for one in redirections:
            if one.operator == "<":
                continue
            target = self._path(one.target, done)
            target = goes[target[1]] if target in ("&1", "&2") else target
            for stream in ("1", "2") if one.operator == "&>" else (one.operator[0].replace(">", "1"),):
                goes[stream] = target
            if not target.startswith("&"):
                kept = one.operator.endswith(">>") or target in emptied
                emptied[target] = (self.machine.read(target) or "") if kept else ""
        for stream, text in (("1", here.out), ("2", here.err)):
            target = goes[stream]
            if target == "&1":
                done.out += text
            elif target == "&2":
                done.err += text
            else:
                emptied[target] = emptied.get(target, "") + text
        for path, text in emptied.items():
            if path != "/dev/null":
                self.machine.write(path, text)

    def _path(self, word: Word, done: Done) -> str:
        return " ".join(self._expand(word, done, whole=True))

    def _expand(self, word: Word, done: Done, *, whole: bool = False) -> list[str]:
        """Put in what variables and commands say; what is not quoted is split at blanks."""
        fields: list[str] = []
        open_ = False
        for part in word:
            text = self._value(part.kind, part.text, done)
            if part.quoted or part.kind == "text" or whole:
                fields = [*fields[:-1], fields[-1] + text] if open_ else [*fields, text]
                open_ = True
                continue
            pieces = text.split()
            if pieces and open_ and not text[:1].isspace():
                fields[-1] += pieces.pop(0)
            fields += pieces
            open_ = bool(fields) and not text[-1:].isspace() if text else open_
        return fields

    def _value(self, kind: str, text: str, done: Done) -> str:
        if kind == "variable":
            return str(self.last) if text == "?" else self.variables.get(text, "")
        if kind == "command":
            inner = Shell(self.machine, dict(self.variables), self.slept, self.strict, self.pipefail)
            found = inner.run(text)
            self.slept = inner.slept
            self.last = found.code
            done.err += found.err
            return found.out.rstrip("\n")
        return text
