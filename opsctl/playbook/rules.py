"""The rules of the language that its shape alone cannot say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from opsctl.expressions.evaluate import ExpressionFault, adds_text, compiled, looks_at_anything
from opsctl.model.commands import presumes
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.durations import LONGEST_WAIT_S, parse_duration
from opsctl.model.playbook import (
    OF_A_CALL,
    OF_A_READ,
    OF_A_REFUSAL,
    CheckLine,
    CheckSpec,
    LoadedPlaybook,
    StepSpec,
    UndoCall,
)
from opsctl.model.value import Json, Value
from opsctl.planning.inputs import fault_in_default
from opsctl.planning.scope import expressions_in, step_references_in
from opsctl.playbook.shape_faults import MANY, Enough, did_you_mean


def rule_faults(loaded: LoadedPlaybook) -> list[Diagnostic]:
    """Return every breach, in the order of the file."""
    rules = _Rules(loaded)
    with suppress(Enough):
        rules.check()
    return sorted(rules.faults, key=lambda fault: (fault.where.line, fault.where.column))


class _Rules:
    def __init__(self, loaded: LoadedPlaybook) -> None:
        self._loaded = loaded
        self._book = loaded.playbook
        self.faults: list[Diagnostic] = []

    def check(self) -> None:
        for name, spec in self._book.inputs.items():
            problem = fault_in_default(name, spec)
            if problem:
                self._fault("default", problem, f"inputs.{name}.default")
        for name, fact in self._book.facts.items():
            self._exactly_one(f"facts.{name}", {"uses": bool(fact.uses), "read": bool(fact.read)})
            self._kept_apart(fact, f"facts.{name}", "uses", OF_A_READ, "a raw read")
            self._kept_apart(fact, f"facts.{name}", "read", ("with",), "a fact that is used")
        for number, guard in enumerate(self._book.guards):
            path = f"guards.{number}"
            self._exactly_one(path, {kind: bool(getattr(guard, kind)) for kind in ("refuse", "warn", "accept")})
            for kind in ("warn", "accept"):
                self._kept_apart(guard, path, kind, OF_A_REFUSAL, "a refusal")
        for number, check in enumerate(self._book.checks):
            self._duration(check.within, f"checks.{number}.within")
            self._acceptance(check, f"checks.{number}")
        self._unique("guards", [guard.id for guard in self._book.guards])
        self._unique("checks", [check.id for check in self._book.checks])
        self._unique("undo_warns", [one.id for one in self._book.undo_warns])
        self._unique("steps", [step.id for step in self._book.steps])
        for number, step in enumerate(self._book.steps):
            self._step(step, f"steps.{number}", number)
        self._order()
        for number, following in enumerate(self._book.next):
            for word in following.opsctl:
                if isinstance(word, str) and presumes(word):
                    said = "a command to type next must neither give consent nor use another account"
                    self._fault("next", said, f"next.{number}.opsctl", offending=word)
            if step_references_in(following.opsctl):
                path = f"next.{number}.opsctl"
                self._fault(
                    "apply-time", "a command to type next is made when planning, not of steps' outputs", path
                )
        for path, expression in self._expressions():
            try:
                compiled(expression)
            except ExpressionFault as fault:
                self._fault("expression", str(fault).splitlines()[0], path, offending=expression)

    def _kept_apart(self, part: Value, path: str, beside: str, keys: Sequence[str], of: str) -> None:
        """Refuse keys that say nothing beside another: whoever wrote them believes that they do something."""
        given = {name.rstrip("_") for name in part.model_fields_set}
        for key in keys if getattr(part, beside) else ():
            if key in given:
                summary = f"{key!r} says nothing beside {beside!r}: it belongs to {of}"
                self._fault("says-nothing", summary, f"{path}.{key}", hint="remove it")

    def _acceptance(self, check: CheckSpec, path: str) -> None:
        """A failure that is foreseen can be accepted, by the name of the guard that shows it in the plan."""
        if bool(check.stays) != bool(check.accept):
            self._fault("accept", "'stays' and 'accept' go together", path, hint="name the guard that warns of it")
        known = [guard.id for guard in self._book.guards]
        if check.accept and check.accept not in known:
            hint = did_you_mean(check.accept, known)
            self._fault("accept", "no such guard", f"{path}.accept", offending=check.accept, hint=hint)

    def _step(self, step: StepSpec, path: str, number: int) -> None:
        self._exactly_one(path, {"uses": bool(step.uses), "call": bool(step.call)})
        self._kept_apart(step, path, "uses", OF_A_CALL, "a call; an action brings its own")
        self._kept_apart(step, path, "call", ("with",), "an action")
        self._duration(step.within, f"{path}.within")
        for plan_time in ("when", "foreach"):
            if "steps." in getattr(step, plan_time):
                self._fault(
                    "apply-time",
                    f"{plan_time} is decided when planning, and outputs of steps are known only after apply",
                    f"{path}.{plan_time}",
                    offending=getattr(step, plan_time),
                )
        serial = {one.foreach for one in self._book.steps if one.serial}
        if step.serial and (not step.foreach or len(serial) > 1):
            self._fault("serial", "serial steps need a 'foreach', all of them the same", f"{path}.serial")
        if step.call:
            self._call(step, path)
        earlier = {one.id: one for one in self._book.steps[:number]}
        for name, output in sorted(step_references_in(step.model_dump(by_alias=True))):
            self._reference(name, output, earlier, path)

    def _call(self, step: StepSpec, path: str) -> None:
        for needed, given in (("why", step.why), ("proof", step.proof), ("undo", step.undo)):
            if not given:
                self._fault("call", f"a call needs {needed!r}", path, hint=_WHY_NEEDED[needed])
        if isinstance(step.undo, UndoCall):
            self._kept_apart(step, path, "undo", ("because",), "undo: none")
        if step.undo == "none" and not step.because:
            self._fault("call", "undo: none needs 'because'", f"{path}.undo", hint="say why it cannot be undone")
        if isinstance(step.undo, UndoCall) and all(line.context for line in step.expect):
            self._fault(
                "call",
                "an undo needs an 'expect' without context: what is so before the call shows that it was undone",
                f"{path}.expect" if step.expect else path,
                hint="the opposite of the proof, on the same read, such as empty: true",
            )
        for part, lines in (("expect", step.expect), ("proof", step.proof)):
            for number, line in enumerate(lines):
                self._comparison(line, f"{path}.{part}.{number}")
        for name, query in step.outputs.items():
            self._made_output(query, f"{path}.outputs.{name}")

    def _made_output(self, query: str, path: str) -> None:
        """An output is what AWS answers: text that the playbook brings along belongs where it is approved."""
        try:
            if not looks_at_anything(query):
                summary = "the output does not depend on the answer"
            elif adds_text(query):
                summary = "the output can be text of the playbook's own instead of the answer's"
            else:
                return
            self._fault("output", summary, path, offending=query, hint="write such text into the parameter itself")
        except ExpressionFault as fault:
            self._fault("expression", str(fault).splitlines()[0], path, offending=query)

    def _comparison(self, line: CheckLine, path: str) -> None:
        chosen = {
            "equals": line.equals is not None,
            "contains": line.contains is not None,
            "excludes": line.excludes is not None,
            "empty": line.empty,
            "present": line.present,
        }
        self._exactly_one(path, chosen)
        for comparison in ("contains", "excludes"):
            if getattr(line, comparison) == []:
                self._fault("call", f"{comparison}: [] holds whatever is found", f"{path}.{comparison}")
        try:
            if not looks_at_anything(line.query):
                self._fault("call", "the query does not look at the answer", f"{path}.query", offending=line.query)
        except ExpressionFault as fault:
            self._fault("expression", str(fault).splitlines()[0], f"{path}.query", offending=line.query)

    def _reference(self, name: str, output: str, earlier: dict[str, StepSpec], path: str) -> None:
        text = f"=steps.{name}.{output}"
        if name not in earlier:
            hint = did_you_mean(name, sorted(earlier))
            self._fault("reference", f"no earlier step is called {name!r}", path, offending=text, hint=hint)
        elif earlier[name].foreach:
            self._fault(
                "reference", f"step {name} runs for each item and has no single output", path, offending=text
            )
        elif earlier[name].call and output not in earlier[name].outputs:
            hint = did_you_mean(output, sorted(earlier[name].outputs))
            self._fault("reference", f"step {name} has no output {output!r}", path, offending=text, hint=hint)

    def _order(self) -> None:
        known = {step.id for step in self._book.steps}
        for number, step in enumerate(self._book.steps):
            for name in step.after:
                if name not in known:
                    hint = did_you_mean(name, sorted(known))
                    self._fault("after", "no such step", f"steps.{number}.after", offending=name, hint=hint)
        try:
            TopologicalSorter({step.id: step.after for step in self._book.steps}).prepare()
        except CycleError as cycle:
            self._fault("after", f"steps wait for one another: {' -> '.join(cycle.args[1])}", "steps")

    def _expressions(self) -> Iterator[tuple[str, str]]:
        book = self._book
        for name, fact in book.facts.items():
            yield from _valued(f"facts.{name}.with", fact.with_)
            yield from _valued(f"facts.{name}.params", fact.params)
            if fact.query:
                yield f"facts.{name}.query", fact.query
        if book.evidence is not None:
            yield from _valued("evidence.with", book.evidence.with_)
        for number, guard in enumerate(book.guards):
            kind, expression = guard.expression
            yield f"guards.{number}.{kind}", expression or "@"
        for number, step in enumerate(book.steps):
            path = f"steps.{number}"
            for part in ("when", "foreach"):
                if getattr(step, part):
                    yield f"{path}.{part}", getattr(step, part)
            for part, value in step.model_dump(by_alias=True).items():
                if part not in ("when", "foreach", "id", "uses", "call"):
                    yield from ((p, e) for p, e in _valued(f"{path}.{part}", value) if not e.startswith("steps."))
        for number, check in enumerate(book.checks):
            yield f"checks.{number}.none", check.none
            for part in ("shows", "stays", "tells", "foretells"):
                if getattr(check, part):
                    yield f"checks.{number}.{part}", getattr(check, part)
        for number, one in enumerate(book.undo_warns):
            yield f"undo_warns.{number}.warn", one.warn.removeprefix("=")
        for number, section in enumerate(book.sections):
            yield f"sections.{number}.rows", section.rows.removeprefix("=")
            for heading, expression in section.columns.items():
                yield f"sections.{number}.columns.{heading}", expression.removeprefix("=")
        for number, following in enumerate(book.next):
            if following.when:
                yield f"next.{number}.when", following.when.removeprefix("=")
            yield from _valued(f"next.{number}.opsctl", following.opsctl)
        for part in ("paths", "confirm"):
            if getattr(book, part):
                yield part, getattr(book, part).removeprefix("=")
        yield from _valued("title", book.title)
        yield from _valued("outputs", book.outputs)

    def _unique(self, part: str, ids: list[str]) -> None:
        for name, count in Counter(ids).items():
            if count > 1:
                last = len(ids) - 1 - ids[::-1].index(name)
                self._fault("id", f"{count} {part} have the id {name!r}", f"{part}.{last}.id", offending=name)

    def _exactly_one(self, path: str, chosen: dict[str, bool]) -> None:
        given = [name for name, is_given in chosen.items() if is_given]
        if len(given) != 1:
            names = ", ".join(chosen)
            what = f"exactly one of {names} is needed" + (f", not {' and '.join(given)}" if given else "")
            self._fault("choice", what, path)

    def _duration(self, text: str, path: str) -> None:
        try:
            seconds = parse_duration(text)
        except ValueError as fault:
            self._fault("duration", str(fault), path, offending=text)
            return
        if seconds > LONGEST_WAIT_S:
            self._fault("duration", f"at most {LONGEST_WAIT_S // 86_400} days are waited", path, offending=text)

    def _fault(self, code: str, summary: str, path: str, *, offending: str = "", hint: str = "") -> None:
        if len(self.faults) >= MANY:
            raise Enough
        line, column = self._loaded.line_of(path)
        where = Where(source=self._loaded.source, line=line, column=column)
        self.faults.append(Diagnostic(code=code, summary=summary, where=where, offending=offending, hint=hint))


_WHY_NEEDED = {
    "why": "one sentence for whoever approves",
    "proof": "a read that shows the call is done: it makes resume, verify and undo possible",
    "undo": "the inverse call, or `undo: none` with `because:`",
}


def _valued(path: str, value: Json) -> Iterator[tuple[str, str]]:
    for expression in expressions_in(value):
        yield path, expression
