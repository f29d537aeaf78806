"""What expressions of a playbook can see, and faults in them told with file and line."""

import re
from collections.abc import Iterator

from opsctl.expressions.evaluate import ExpressionFault, evaluate, is_expression, resolved
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.references import MARK
from opsctl.model.run import Context
from opsctl.model.value import Json

_STEP_OUTPUT = re.compile(r"^=steps\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_]+)$")
_FACT = re.compile(r"\bfacts\.(?:\"([^\"]+)\"|([A-Za-z_]\w*))")


class Scope:
    """Evaluates the expressions of one playbook over inputs, facts and the run."""

    def __init__(self, loaded: LoadedPlaybook, inputs: dict[str, Json], about: Context) -> None:
        self._loaded = loaded
        self._values: dict[str, Json] = {
            "inputs": inputs,
            "facts": {},
            "run": {
                "id": about.plan_id,
                "account": about.account,
                "region": about.region,
                "partition": about.identity.partition,
                "caller": about.identity.arn,
            },
        }

    @property
    def facts(self) -> dict[str, Json]:
        """The facts known so far."""
        facts: dict[str, Json] = self._values["facts"]
        return facts

    def add_fact(self, name: str, value: Json) -> None:
        """Make a fact visible to the expressions evaluated from now on."""
        self._values["facts"][name] = value

    def find(self, expression: str, path: str, each: Json = None) -> Json:
        """Evaluate an expression that may find nothing.

        Raises:
            InvalidInput: it cannot be evaluated.
        """
        try:
            return evaluate(expression.removeprefix("="), self._values | {"each": each})
        except ExpressionFault as fault:
            raise self._invalid(fault, expression, path) from None

    def resolve(self, value: Json, path: str, each: Json = None) -> Json:
        """Replace the expressions inside a value; references to steps become references to changes.

        Raises:
            InvalidInput: an expression finds null where a value is needed.
        """
        try:
            return resolved(_with_step_references(value), self._values | {"each": each})
        except ExpressionFault as fault:
            raise self._invalid(fault, "", path) from None

    def fault(self, summary: str, path: str, offending: str = "") -> InvalidInput:
        """Make the error of a part of the playbook that turns out wrong when it is evaluated."""
        line, column = self._loaded.line_of(path)
        where = Where(source=self._loaded.source, line=line, column=column)
        return InvalidInput([Diagnostic(code="expression", summary=summary, offending=offending, where=where)])

    def _invalid(self, fault: ExpressionFault, offending: str, path: str) -> InvalidInput:
        return self.fault(str(fault), path, offending)


def expressions_in(value: Json) -> Iterator[str]:
    """Yield every expression inside a value, without its `=`."""
    if is_expression(value):
        yield value[1:]
    elif isinstance(value, dict):
        for item in value.values():
            yield from expressions_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from expressions_in(item)


def facts_named_in(*values: Json) -> set[str]:
    """Return the names of the facts that expressions inside values look at."""
    return {
        quoted or plain
        for value in values
        for expression in expressions_in(value)
        for quoted, plain in _FACT.findall(expression)
    }


def step_references_in(value: Json) -> set[tuple[str, str]]:
    """Return the (step, output) pairs that a value refers to."""
    if isinstance(value, str):
        match = _STEP_OUTPUT.match(value)
        return {(match[1], match[2])} if match else set()
    if isinstance(value, dict):
        return {pair for item in value.values() for pair in step_references_in(item)}
    if isinstance(value, (list, tuple)):
        return {pair for item in value for pair in step_references_in(item)}
    return set()


def _with_step_references(value: Json) -> Json:
    if isinstance(value, str):
        match = _STEP_OUTPUT.match(value)
        return {MARK: f"steps.{match[1]}.{match[2]}"} if match else value
    if isinstance(value, dict):
        return {name: _with_step_references(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_step_references(item) for item in value]
    return value
